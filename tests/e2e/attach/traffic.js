// SPDX-License-Identifier: MIT
// traffic.js BASE [WORKERS]: asks for the key's data without an end, on kept connections, by
// node:https and by fetch, while so many workers call spawnSync(). On SIGTERM: how many
// answers came, and what went wrong.
'use strict';
const https = require('https');
const base = process.argv[2];
const headers = { Authorization: `Bearer ${process.env.OPENROUTER_API_KEY}` };
const agent = new https.Agent({ keepAlive: true });
const count = { answers: 0, failures: [] };
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function byHttps() {
  return new Promise((resolve, reject) => {
    const request = https.request(`${base}/key`, { agent, headers }, (answer) => {
      let text = '';
      answer.on('data', (piece) => { text += piece; });
      answer.on('end', () => resolve([answer.statusCode, text]));
    });
    request.on('error', reject);
    request.end();
  });
}

async function byFetch() {
  const answer = await fetch(`${base}/key`, { headers });
  return [answer.status, await answer.text()];
}

async function ask(way) {
  for (;;) {
    try {
      const [status, text] = await way();
      JSON.parse(text);
      if (status !== 401) count.failures.push(`status ${status}`);
      count.answers += 1;
    } catch (problem) {
      count.failures.push(String(problem));
    }
    await pause(5);
  }
}

process.on('SIGTERM', () => {
  console.log(JSON.stringify(count));
  process.exit(0);
});
if (Number(process.argv[3])) {
  const { Worker } = require('worker_threads');
  const spawn = "const c = require('child_process'); for (;;) c.spawnSync('/bin/true');";
  for (let i = 0; i < Number(process.argv[3]); i += 1) new Worker(spawn, { eval: true });
}
ask(byHttps);
if (typeof fetch === 'function') ask(byFetch); // since Node 18
