// SPDX-License-Identifier: MIT
// An extension that asks OpenRouter by https as one assistant and by fetch as another, as
// soon as the window is there, and writes what it was answered to $ORSHIM_TEST_ANSWERS.
'use strict';
const https = require('https');
const fs = require('fs');

const url = process.env.ORSHIM_TEST_URL;
const body = JSON.stringify({ model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content: 'x' }] });
const headers = (more) => ({ Authorization: `Bearer ${process.env.OPENROUTER_API_KEY}`,
  'Content-Type': 'application/json', ...more });
const say = (line) => fs.appendFileSync(process.env.ORSHIM_TEST_ANSWERS, JSON.stringify(line) + '\n');

const byHttps = () => new Promise((resolve) => {
  const request = https.request(url, { method: 'POST',
    headers: headers({ 'X-Title': 'Cline', 'HTTP-Referer': 'https://cline.bot' }) }, (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode));
  });
  request.on('error', (problem) => resolve(String(problem)));
  request.end(body);
});
const byFetch = () => fetch(url, { method: 'POST', body,
  headers: headers({ 'User-Agent': 'RooCode/3.25.0' }) }).then(
  async (answer) => { await answer.text(); return answer.status; }, (problem) => String(problem));

exports.activate = async () => {
  const answers = { https: await byHttps(), fetch: await byFetch() };
  say({ pid: process.pid, preload: process.env.LD_PRELOAD || '', argv: process.argv.slice(2), ...answers });
};
