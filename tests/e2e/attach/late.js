// SPDX-License-Identifier: MIT
// late.js BASE: one HTTP/2 session for ever: a long answer that is always on its way, and
// short requests beside it. On SIGTERM: how many answers came, and what went wrong.
'use strict';
const http2 = require('http2');
const crypto = require('crypto');
const fs = require('fs');
const base = new URL(process.argv[2]);
const session = http2.connect(base.origin);
const count = { answers: 0, long: 0, failures: [] };
const sums = new Set();
const fail = (problem) => count.failures.push(String(problem));

function request(headers, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    const sum = crypto.createHash('sha256');
    let status;
    stream.on('response', (head) => { status = head[':status']; });
    stream.on('data', (piece) => sum.update(piece));
    stream.on('error', reject);
    stream.on('end', () => resolve([status, sum.digest('hex')]));
    stream.end(body);
  });
}

async function short(i) {
  const [status] = await request({
    ':method': 'POST',
    ':path': `${base.pathname}/chat/completions`,
    authorization: `Bearer ${process.env.OPENROUTER_API_KEY}`,
    'content-type': 'application/json',
    'x-title': 'late',
    'x-number': String(i % 7),
  }, '{"model":"a/b","messages":[{"role":"user","content":"hi"}]}');
  if (status !== 401) fail(`status ${status}`);
  count.answers += 1;
  if (count.answers === 20) fs.writeFileSync(`${process.env.LATE_READY}.${process.pid}`, '');
  setTimeout(() => short(i + 1).catch(fail), 10);
}

async function long() {
  const [status, sum] = await request({ ':path': '/long/body' });
  sums.add(sum);
  if (status !== 200 || sums.size !== 1) fail(`long: ${status}, ${sums.size} different`);
  count.long += 1;
  long().catch(fail);
}

session.on('error', fail);
session.on('close', () => fail('the session ended'));
process.on('SIGTERM', () => {
  console.log(JSON.stringify(count));
  process.exit(0);
});
short(0).catch(fail);
long().catch(fail);
