// SPDX-License-Identifier: MIT
// An extension that asks OpenRouter by https as one assistant and by fetch as another, as
// soon as the window is there, and writes what it was answered to $ORSHIM_TEST_ANSWERS.
// With $ORSHIM_TEST_TRAFFIC it goes on without an end, by https on a kept connection and on
// new ones, and by fetch; how it fares is in $ORSHIM_TEST_TRAFFIC/PID, a moment later.
'use strict';
const https = require('https');
const fs = require('fs');

const url = process.env.ORSHIM_TEST_URL;
const body = JSON.stringify({ model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content: 'x' }] });
const headers = (more) => ({ Authorization: `Bearer ${process.env.OPENROUTER_API_KEY}`,
  'Content-Type': 'application/json', ...more });
const say = (line) => fs.appendFileSync(process.env.ORSHIM_TEST_ANSWERS, JSON.stringify(line) + '\n');

const byHttps = (agent) => new Promise((resolve) => {
  const request = https.request(url, { method: 'POST', agent,
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

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function goOn(folder) {
  const kept = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const ways = { kept: () => byHttps(kept), anew: () => byHttps(false), fetch: byFetch };
  const fares = { answers: { kept: 0, anew: 0, fetch: 0 }, failures: [] };
  const file = `${folder}/${process.pid}`;
  for (const way of Object.keys(ways)) {
    (async () => {
      for (;;) {
        const answer = await ways[way]();
        if (answer !== 401) fares.failures.push(`${way}: ${answer}`);
        fares.answers[way] += 1;
        await pause(20);
      }
    })();
  }
  setInterval(() => {
    fs.writeFileSync(`${file}.new`, JSON.stringify(fares));
    fs.renameSync(`${file}.new`, file);
  }, 100);
}

exports.activate = async () => {
  const answers = { https: await byHttps(), fetch: await byFetch() };
  say({ pid: process.pid, preload: process.env.LD_PRELOAD || '', argv: process.argv.slice(2), ...answers });
  if (process.env.ORSHIM_TEST_TRAFFIC) goOn(process.env.ORSHIM_TEST_TRAFFIC);
};
