// SPDX-License-Identifier: MIT
// openai.mjs PACKAGE_FOLDER BASE MODEL: what programs do with OpenAI's own SDK, all of it right.
// Prints a line for each thing done.
import { pathToFileURL } from 'node:url';

const [folder, baseURL, model] = process.argv.slice(2);
const { default: OpenAI, toFile } = await import(pathToFileURL(`${folder}/index.mjs`).href);
const ai = new OpenAI({
  baseURL,
  apiKey: process.env.KEY,
  maxRetries: 2,
  defaultHeaders: { 'HTTP-Referer': 'https://example.com', 'X-Title': 'Clean' },
});
const user = (content) => [{ role: 'user', content }];
const done = (name, proof) => {
  if (!proof) throw new Error(`${name}: not what was expected`);
  console.log(name);
};

const chat = await ai.chat.completions.create({
  model,
  messages: [{ role: 'system', content: 'Be brief. 👋 “quoted” \\ "and" \u0007' }, ...user('Say hello')],
  temperature: 0.7, top_p: 1, max_tokens: 64, stop: ['\n\n'], seed: 7, n: 1,
  response_format: { type: 'json_object' }, user: 'someone',
});
done('chat', chat.choices[0].message.content);

async function text(stream) {
  let all = '';
  for await (const part of stream) all += part.choices[0]?.delta?.content ?? '';
  return all;
}
done('stream', await text(await ai.chat.completions.create({
  model, messages: user('Say hello'), stream: true, stream_options: { include_usage: true },
})));

const tools = [{
  type: 'function',
  function: {
    name: 'get_weather', description: 'Weather of a city', strict: true,
    parameters: {
      type: 'object', properties: { city: { type: 'string', enum: ['Paris', 'Rome'] } },
      required: ['city'], additionalProperties: false,
    },
  },
}, {
  type: 'function',
  function: { name: 'no-arguments', parameters: { type: 'object', properties: {} } },
}];
const asked = user('What is the weather in Paris?');
const first = await ai.chat.completions.create({ model, messages: asked, tools, tool_choice: 'auto' });
const call = first.choices[0].message;
done('tool call', call.tool_calls.length === 1);
const answered = await ai.chat.completions.create({
  model,
  tools,
  messages: [...asked, call,
    { role: 'tool', tool_call_id: call.tool_calls[0].id, content: '{"celsius":21}' }],
  parallel_tool_calls: false,
});
done('tool result', answered.choices[0].message.content);
let streamed = 0;
for await (const part of await ai.chat.completions.create({ model, messages: asked, tools, stream: true }))
  streamed += part.choices[0]?.delta?.tool_calls?.length ?? 0;
done('tool call, stream', streamed === 1);

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const picture = (url) => user([{ type: 'text', text: 'What is this?' },
  { type: 'image_url', image_url: { url, detail: 'low' } }]);
done('image', await ai.chat.completions.create({ model, messages: picture(`data:image/png;base64,${pixel}`) }));
const large = Buffer.concat([Buffer.from(pixel, 'base64'), Buffer.alloc(5 << 20, 7)]).toString('base64');
done('image of 5 MB', await ai.chat.completions.create({ model, messages: picture(`data:image/png;base64,${large}`) }));
done('image by address', await ai.chat.completions.create({ model, messages: picture('https://example.com/a.jpg') }));

done('response', (await ai.responses.create({ model, input: 'Say hello', store: false })).id);
done('response, list', await ai.responses.create({
  model,
  instructions: 'Be brief.',
  input: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
  tools: [{ type: 'function', name: 'get_weather', parameters: tools[0].function.parameters, strict: true }],
  store: false,
}));
let events = 0;
for await (const _ of await ai.responses.create({ model, input: 'hi', stream: true, store: false })) events++;
done('response, stream', events);

done('embedding', await ai.embeddings.create({ model, input: 'hello' }));
done('embeddings', await ai.embeddings.create({ model, input: ['hello', 'there'], encoding_format: 'float' }));
done('completion', await ai.completions.create({ model, prompt: 'Once upon', max_tokens: 8 }));
done('models', (await ai.models.list()).data.length);
done('upload', await ai.files.create({ file: await toFile(Buffer.from('notes\n'), 'notes.txt'), purpose: 'user_data' }));
done('delete', await ai.files.delete('file-standin').then(() => true));

const stopped = await ai.chat.completions.create({ model, messages: user('Count'), stream: true });
for await (const _ of stopped) break;
done('stream stopped early', true);
const many = await Promise.all([1, 2, 3, 4].map((i) =>
  ai.chat.completions.create({ model, messages: user(`Say ${i}`) })));
done('four at once', many.length === 4);
done('tried again', await ai.chat.completions.create({ model: 'trouble/once', messages: user('hi') }));
const gone = new AbortController();
const aborted = ai.chat.completions.create({ model, messages: user('hi'), stream: true }, { signal: gone.signal })
  .then((stream) => stream.controller.abort());
await aborted;
done('aborted', true);
