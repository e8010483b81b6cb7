// The same with an upstream that nobody here wrote: npm's aimock, which speaks both formats.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {fileURLToPath} from 'node:url';
import {Api} from '../support/api_client.mjs';
import {freePort, Parley, until} from '../support/parley_process.mjs';
import {EventStream} from './sse_client.mjs';
import {test} from './world.mjs';

const long = Array.from({length: 60}, (_, i) => `Sentence number ${i} has some words: äöü, 世界, 👋.`).join(' ');
const fixtures = [
  {match: {userMessage: 'capital of Germany'}, response: {content: 'And that one is Berlin.'}},
  {match: {userMessage: 'capital of France'}, response: {content: 'The capital of France is Paris.'}},
  {match: {userMessage: 'tell me a story'}, response: {content: long}, latency: 5, chunkSize: 40},
  {match: {userMessage: 'think first'}, response: {content: 'Forty-two.', reasoning: 'What is six times seven?'}},
  {match: {userMessage: 'weather'}, response: {toolCalls: [{name: 'get_weather', arguments: '{"city":"Paris"}'}]}},
  {match: {userMessage: 'fail'}, response: {error: {message: 'The mock is overloaded', type: 'server_error'}, status: 503}},
  {match: {userMessage: 'break off'}, response: {content: long}, latency: 20, chunkSize: 20, truncateAfterChunks: 6},
];

const folder = mkdtempSync(path.join(tmpdir(), 'parley-mock-'));
writeFileSync(path.join(folder, 'fixtures.json'), JSON.stringify({fixtures}));
const port = await freePort();
// Its ES modules want a newer Node than Debian 12's; its CommonJS ones, which are the same code, don't.
const cli = fileURLToPath(new URL('node_modules/@copilotkit/aimock/dist/cli.cjs', import.meta.url));
const mock = spawn(process.execPath, [cli, '-p', `${port}`, '-h', '127.0.0.1', '-f', path.join(folder, 'fixtures.json'), '--log-level', 'warn'], {stdio: 'inherit'});
await until('the mock server listens', () => fetch(`http://127.0.0.1:${port}/health`).then((response) => response.ok, () => false));

const formats = ['openai', 'anthropic'];
const parley = await Parley.start({
  config: {
    providers: formats.map((kind) => ({name: `mock-${kind}`, kind, base_url: `http://127.0.0.1:${port}/v1`, api_key: 'mock'})),
    models: formats.map((kind) => ({id: kind, provider: `mock-${kind}`, retries: 0})),
  },
});
const api = new Api(parley.origin);
after(async () => {
  mock.kill();
  rmSync(folder, {recursive: true});
  await parley.stop();
});

async function ask(models, content) {
  const session = await api.session(models);
  const run = await api.send(session, content);
  await run.all();
  return {run, session};
}

for (const format of formats) {
  test(`${format}: an answer and a second one`, async () => {
    const {run, session} = await ask(format, 'What is the capital of France?');
    assert.equal(run.text(), 'The capital of France is Paris.');
    assert.equal(run.finish().finishReason, 'stop');
    const next = await api.send(session, 'And the capital of Germany?');
    await next.all();
    assert.equal(next.text(), 'And that one is Berlin.');
    assert.deepEqual((await api.transcript(session)).map(({status}) => status), Array(4).fill('success'));
  });

  test(`${format}: a long answer in many pieces`, async () => {
    const {run} = await ask(format, 'Please tell me a story');
    assert.equal(run.text(), long);
    assert.ok(run.lines.length > 20);
  });

  test(`${format}: the same as Server-Sent Events`, async () => {
    const run = await EventStream.send(api, await api.session(format), 'Please tell me a story');
    await run.all();
    assert.equal(run.text(), long);
  });

  test(`${format}: reasoning`, async () => {
    const {run} = await ask(format, 'Do think first');
    assert.equal(run.text(), 'Forty-two.');
    assert.equal(run.text('a', 'g'), 'What is six times seven?');
  });

  test(`${format}: a tool call`, async () => {
    const {run} = await ask(format, 'How is the weather?');
    assert.equal(run.finish().finishReason, 'tool-calls');
    const message = await api.message(run.ids.a);
    assert.equal(message.tool_calls[0].name, 'get_weather');
  });

  test(`${format}: an error status`, async () => {
    const {run} = await ask(format, 'Please fail');
    assert.equal(run.finish().code, 'upstream_overloaded');
  });

  test(`${format}: a stream that breaks off`, async () => {
    const {run} = await ask(format, 'Please break off');
    assert.equal(run.finish().code, 'upstream_truncated');
    assert.equal(run.text(), long.slice(0, run.text().length));
    assert.ok(run.text().length > 0);
  });
}

test('both formats side by side', async () => {
  const {run} = await ask(formats, 'What is the capital of France?');
  assert.equal(run.text('a'), run.text('b'));
});
