// SPDX-License-Identifier: MIT
// ask.js URL: one fetch(), and what came of it in one line. It stays a moment: the
// connection is let go of by another thread in Bun.
fetch(process.argv[2], { headers: { authorization: "Bearer sk-or-v1-" + "6b86b273".repeat(8) } })
	.then(async (answer) => {
		await answer.text();
		console.log(answer.status);
	})
	.catch((error) => console.log((error.cause || error).code))
	.finally(() => setTimeout(() => {}, 50));
