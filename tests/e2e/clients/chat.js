// SPDX-License-Identifier: MIT
// chat.js LIBRARY BASE [FOLDER…]: one chat request, as a program written with LIBRARY sends it.
// The same settings as chat.py; an unset key gives "Bearer undefined".
'use strict';
const [library, base, ...folders] = process.argv.slice(2);
const url = new URL(base + '/chat/completions');
const body = {
  model: process.env.MODEL || 'openai/gpt-4o-mini',
  messages: [{ role: 'user', content: 'Say hello' }],
};
if (process.env.STREAM) body.stream = true;
const payload = JSON.stringify(body);
const headers = { 'Content-Type': 'application/json' };
if (!process.env.NO_AUTH) headers.Authorization = `Bearer ${process.env.OPENROUTER_API_KEY}`;

const ways = {
  async fetch() {
    const answer = await fetch(url, { method: 'POST', headers, body: payload });
    return [answer.status, await answer.text()];
  },
  https() {
    return new Promise((resolve, reject) => {
      const request = require(url.protocol.slice(0, -1)).request(url, { method: 'POST', headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (piece) => { text += piece; });
        answer.on('end', () => resolve([answer.statusCode, text]));
      });
      request.on('error', reject);
      request.end(payload);
    });
  },
  // wreq-js and its add-on, which npm would have laid beside each other; the FOLDERs hold them.
  async wreq() {
    const Module = require('module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, ...rest) =>
      resolve.call(Module, name.startsWith('@wreq-js/binding-') ? folders[1] : name, ...rest);
    const answer = await require(folders[0]).fetch(url.href, { method: 'POST', headers, body: payload });
    return [answer.status, await answer.text()];
  },
  http2() {
    return new Promise((resolve, reject) => {
      const session = require('http2').connect(url.origin);
      session.on('error', reject);
      const lower = Object.fromEntries(Object.entries(headers).map(([n, v]) => [n.toLowerCase(), v]));
      const stream = session.request({ ':method': 'POST', ':path': url.pathname, ...lower });
      let status;
      let text = '';
      stream.on('response', (got) => { status = got[':status']; });
      stream.setEncoding('utf8');
      stream.on('data', (piece) => { text += piece; });
      stream.on('end', () => { session.close(); resolve([status, text]); });
      stream.on('error', reject);
      stream.end(payload);
    });
  },
};

ways[library]().then(([status, text]) => {
  console.log(status);
  console.log(text);
  process.exitCode = status === 200 ? 0 : 3;
}, (problem) => {
  console.error(String(problem), String(problem.cause || ''));
  process.exitCode = 4;
});
