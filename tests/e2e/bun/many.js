// SPDX-License-Identifier: MIT
// many.js BASE COUNT: COUNT requests, each on a connection of its own, forty at a
// time, each for a model of its own that nobody serves. Prints how many answers named
// their model, and the process' memory in KiB.
const [base, count] = [process.argv[2], Number(process.argv[3])];
let next = 0, right = 0;

async function ask() {
  while (next < count) {
    const model = `nobody/m-${next++}`;
    const answer = await fetch(`${base}/chat/completions`, {
      method: "POST", keepalive: false,
      headers: { authorization: `Bearer ${process.env.OPENROUTER_API_KEY}`, connection: "close",
                 "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    });
    const { error } = await answer.json();
    right += answer.status === 400 && error.message.startsWith(`${model} `);
  }
}

await Promise.all(Array.from({ length: 40 }, ask));
Bun.gc(true);
console.log(right, Math.round(process.memoryUsage().rss / 1024));
