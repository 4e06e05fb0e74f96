// SPDX-License-Identifier: MIT
// anthropic.mjs PACKAGE_FOLDER BASE MODEL HOW: what programs do with Anthropic's SDK; HOW is the
// option that takes the key, apiKey or authToken. Prints a line for each thing done.
import { pathToFileURL } from 'node:url';

const [folder, baseURL, model, how] = process.argv.slice(2);
const { default: Anthropic } = await import(pathToFileURL(`${folder}/index.mjs`).href);
const claude = new Anthropic({ baseURL, apiKey: null, authToken: null, [how]: process.env.KEY });
const done = (name, proof) => {
  if (!proof) throw new Error(`${name}: not what was expected`);
  console.log(name);
};
const hello = { model, max_tokens: 64, messages: [{ role: 'user', content: 'Say hello' }] };

done('message', (await claude.messages.create(hello)).content[0].text);
done('message with system', await claude.messages.create({
  ...hello, temperature: 1, stop_sequences: ['END'], metadata: { user_id: 'someone' },
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
}));
let events = 0;
for await (const _ of await claude.messages.create({ ...hello, stream: true })) events++;
done('stream', events);
done('stream helper', await claude.messages.stream(hello).finalText());

const tools = [{
  name: 'get_weather', description: 'Weather of a city', cache_control: { type: 'ephemeral' },
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}];
const first = await claude.messages.create({ ...hello, tools, tool_choice: { type: 'auto' } });
done('tool call', first.content[0].type === 'tool_use');
done('tool result', await claude.messages.create({
  ...hello,
  tools,
  messages: [...hello.messages, { role: 'assistant', content: first.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content[0].id, content: '21' }] }],
}));

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
done('image', await claude.messages.create({
  ...hello,
  messages: [{
    role: 'user',
    content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
      { type: 'text', text: 'What is this?' }],
  }],
}));
done('thinking', await claude.messages.create({
  ...hello,
  max_tokens: 4096,
  thinking: { type: 'enabled', budget_tokens: 2048 },
  messages: [...hello.messages,
    { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm.', signature: 'c2ln' }, { type: 'text', text: 'Hello' }] },
    { role: 'user', content: 'Again' }],
}));
done('models', (await claude.models.list()).data.length);
done('tried again', await claude.messages.create({ ...hello, model: 'trouble/once' }));
