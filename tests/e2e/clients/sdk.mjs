// SPDX-License-Identifier: MIT
// sdk.mjs PACKAGE_FOLDER BASE: one chat request with OpenAI's own SDK.
import { pathToFileURL } from 'node:url';

const [folder, baseURL] = process.argv.slice(2);
const { default: OpenAI } = await import(pathToFileURL(`${folder}/index.mjs`).href);
const client = new OpenAI({ baseURL, apiKey: `${process.env.OPENROUTER_API_KEY}`, maxRetries: 0 });
const body = {
  model: process.env.MODEL || 'openai/gpt-4o-mini',
  messages: [{ role: 'user', content: 'Say hello' }],
};
try {
  if (process.env.STREAM) {
    for await (const part of await client.chat.completions.create({ ...body, stream: true })) {
      console.log(part.choices[0]?.delta?.content ?? '');
    }
  } else {
    console.log((await client.chat.completions.create(body)).choices?.[0]?.message?.content);
  }
} catch (problem) {
  console.log(problem.status, problem.message);
  process.exitCode = 3;
}
