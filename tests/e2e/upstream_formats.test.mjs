// What providers send when all goes well, in every shape that the formats allow, and split in every way a network can.

import assert from 'node:assert/strict';
import {test, world} from './world.mjs';
import {EventStream} from './sse_client.mjs';

const {upstream, parley, api} = await world();

async function answer(model) {
  const run = await api.send(await api.session(model), 'Hello');
  await run.all();
  return {run, finish: run.finish(), stored: await api.message(run.ids.a)};
}

/** Each loop keeps connections of its own, and has one again a moment after an answer is whole: it takes some turns. */
async function turnsUntilReuse(model) {
  const session = await api.session(model);
  for (let turn = 0; turn < 20; ++turn) {
    const run = await api.send(session, `Turn ${turn}`);
    await run.all();
    assert.equal(run.finish().finishReason, 'stop', JSON.stringify(run.finish()));
    if (upstream.requestsFor(model).some((request) => request.nthOnConnection > 1)) return;
  }
  assert.fail('no connection was used again');
}

const text = ['Grüße, ', '世界! ', '👩‍👩‍👧', ' "quoted" \\ \n\ttabbed ', '\u2028end'];

for (const provider of ['openai', 'anthropic']) {
  test(`${provider}: text is passed on unaltered`, async () => {
    const {run, stored} = await answer(parley.model({reply: text}, provider));
    assert.equal(run.text(), text.join(''));
    assert.equal(stored.content, text.join(''));
  });

  for (const split of [1, 2, 3, 7])
    for (const newline of ['\n', '\r\n', '\r'])
      test(`${provider}: ${split} bytes a write, lines ended by ${JSON.stringify(newline)}`, async () => {
        const {run, finish} = await answer(parley.model({reply: text.slice(0, 3), reasoning: ['é'], split, newline}, provider));
        assert.equal(run.text(), text.slice(0, 3).join(''));
        assert.equal(run.text('a', 'g'), 'é');
        assert.equal(finish.finishReason, 'stop');
      });

  test(`${provider}: what is not valid Unicode becomes U+FFFD, the same in stream and store`, async () => {
    const reply = ['a\ud800b', Buffer.from([0x63, 0xff, 0x64]), 'nul\u0000nul', Buffer.from([0xe4, 0xb8]), 'end'];
    const {run, stored} = await answer(parley.model({reply}, provider));
    assert.equal(run.text(), 'a\ufffdbc\ufffddnul\ufffdnul\ufffdend');
    assert.equal(stored.content, run.text());
  });

  test(`${provider}: reasoning, text and a tool call of one answer`, async () => {
    const call = {id: 'call_1', name: 'get_weather', arguments: ['{"city":', ' "Pa', 'ris"}']};
    const model = parley.model({reasoning: ['think ', 'hard'], reply: ['Let me see.'], toolCalls: [call]}, provider);
    const {run, finish, stored} = await answer(model);
    assert.equal(finish.finishReason, 'tool-calls');
    const of = (kind) => run.lines.filter((line) => line.kind === kind).map((line) => line.value);
    assert.equal(run.text('a', 'g'), 'think hard');
    assert.deepEqual(of('b'), [{toolCallId: 'call_1', toolName: 'get_weather'}]);
    assert.equal(of('c').map((delta) => delta.argsTextDelta).join(''), '{"city": "Paris"}');
    const [{args, ...whole}] = of('9');
    assert.deepEqual(whole, {toolCallId: 'call_1', toolName: 'get_weather'});
    assert.deepEqual(typeof args === 'string' ? JSON.parse(args) : args, {city: 'Paris'});
    assert.equal(stored.status, 'success');
    assert.equal(stored.reasoning, 'think hard');
    assert.equal(stored.tool_calls.length, 1);
    assert.equal(stored.tool_calls[0].name, 'get_weather');
  });

  test(`${provider}: two tool calls and no text`, async () => {
    const toolCalls = [
      {id: 'c1', name: 'first', arguments: ['{}']},
      {id: 'c2', name: 'second', arguments: ['{"a"', ':1}']},
    ];
    const {stored} = await answer(parley.model({reply: [], toolCalls}, provider));
    assert.deepEqual(stored.tool_calls.map(({id, name}) => [id, name]), [['c1', 'first'], ['c2', 'second']]);
  });

  test(`${provider}: an empty answer is a success`, async () => {
    const {run, finish, stored} = await answer(parley.model({reply: []}, provider));
    assert.deepEqual([finish.finishReason, run.text(), stored.status, stored.content], ['stop', '', 'success', '']);
  });

  test(`${provider}: a body that ends with its connection is whole if it has its end mark`, async () => {
    const {run, finish} = await answer(parley.model({reply: ['fine'], framing: 'close'}, provider));
    assert.deepEqual([run.text(), finish.finishReason], ['fine', 'stop']);
  });

  test(`${provider}: unknown events and comments are passed over`, async () => {
    const raw = ': a comment\n\nevent: something_new\ndata: {"type":"something_new","index":0}\n\n';
    const {run} = await answer(parley.model({reply: ['be', 'fore and after'], after: 1, then: 'raw', raw}, provider));
    assert.equal(run.text(), 'before and after');
  });

  test(`${provider}: 4 MiB of answer come through whole`, async () => {
    const reply = Array.from({length: 100}, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(40_000));
    const {run, stored} = await answer(parley.model({reply}, provider));
    assert.ok(run.text() === reply.join(''), 'the stream has it all');
    assert.ok(stored.content === reply.join(''), 'the store has it all');
  });

  test(`${provider}: connections are kept and used again`, async () => {
    const model = parley.model({reply: ['again']}, provider);
    await turnsUntilReuse(model);
  });

  test(`${provider}: an upstream that closes after each response is no trouble`, async () => {
    const model = parley.model({reply: ['once'], keepAlive: false}, provider);
    const session = await api.session(model);
    for (const content of ['One', 'Two', 'Three']) {
      const run = await api.send(session, content);
      await run.all();
      assert.equal(run.finish().finishReason, 'stop');
    }
  });

  test(`${provider}: a kept connection that turns out to be closed is no trouble`, async () => {
    const model = parley.model({reply: ['once'], dropsReused: true}, provider);
    await turnsUntilReuse(model);
  });

  test(`${provider}: interim responses are passed over`, async () => {
    const {run} = await answer(parley.model({reply: ['fine'], interim: 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'}, provider));
    assert.equal(run.text(), 'fine');
  });
}

const finishes = [
  ['openai', 'stop', 'stop'],
  ['openai', 'length', 'length'],
  ['openai', 'content_filter', 'content-filter'],
  ['anthropic', 'end_turn', 'stop'],
  ['anthropic', 'stop_sequence', 'stop'],
  ['anthropic', 'max_tokens', 'length'],
  ['anthropic', 'refusal', 'content-filter'],
];
for (const [provider, theirs, ours] of finishes)
  test(`${provider}: ${theirs} is ${ours}`, async () => {
    const {finish, stored} = await answer(parley.model({finish: theirs}, provider));
    assert.deepEqual([finish.finishReason, stored.finish_reason, stored.status], [ours, ours, 'success']);
  });

test('openai: reasoning under its other name', async () => {
  const {run} = await answer(parley.model({reasoning: ['hm'], reasoningField: 'reasoning'}));
  assert.equal(run.text('a', 'g'), 'hm');
});

test('openai: a refusal is text for the reader', async () => {
  const {run, stored} = await answer(parley.model({reply: [], refusal: ['I can', 'not.']}));
  assert.equal(run.text(), 'I cannot.');
  assert.equal(stored.content, 'I cannot.');
});

test('openai: usage in the chunk of the finish counts too', async () => {
  const raw = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}\n\n';
  const {finish} = await answer(parley.model({reply: ['x'], usage: null, after: 1, then: 'raw', raw}));
  assert.deepEqual(finish.usage, {promptTokens: 7, completionTokens: 3, source: 'reported'});
});

test('tool calls as Server-Sent Events', async () => {
  const call = {id: 'call_1', name: 'f', arguments: ['{}']};
  const run = await EventStream.send(api, await api.session(parley.model({reply: [], toolCalls: [call]})), 'Hello');
  const types = (await run.all()).map(({data}) => data.type);
  assert.deepEqual(types, ['tool_call_begin', 'tool_call_delta', 'tool_call', 'finish', 'turn_done']);
});
