// SPDX-License-Identifier: MIT
// As server.py, without what it does as a client; for Node and Bun.
const https = require("https");
const fs = require("fs");
const pem = fs.readFileSync(process.argv[2]);
const body = '{"error":{"message":"No auth credentials found","code":401}}';

const server = https.createServer({ key: pem, cert: pem, keepAliveTimeout: 600000 }, (asked, answer) => {
	asked.on("data", () => {});
	asked.on("end", () => {
		answer.writeHead(401, { "Content-Type": "application/json", "Content-Length": body.length });
		answer.write(body.slice(0, 20));
		setTimeout(() => answer.end(body.slice(20)), 2);
	});
});
process.on("SIGTERM", () => process.exit(0));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
