// Anthropic's API, by Anthropic's own client: an upstream of either kind behind it.

import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import {closesUpstream, test, world} from './world.mjs';

const {upstream, parley, api} = await world({config: {http: {max_body_bytes: '256KiB'}, limits: {heartbeat: '1s'}}});
const client = new Anthropic({baseURL: parley.origin, apiKey: 'unused', maxRetries: 0});
const messages = [{role: 'user', content: 'Hello'}];
const create = (model, more = {}, options = {}) => client.messages.create({model, max_tokens: 100, messages, ...more}, options);

/** What the client raises. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was raised');
}

const look = {name: 'look', description: 'Looks', input_schema: {type: 'object', properties: {zone: {type: 'string'}, at: {type: 'string'}}}};

for (const provider of ['openai', 'anthropic']) {
  test(`${provider}: a whole message`, async () => {
    const model = parley.model({reply: ['Grüße, ', '世界'], reasoning: ['hm']}, provider);
    const whole = await create(model);
    assert.match(whole.id, /^msg_[0-9a-f]{32}$/);
    assert.ok(whole._request_id);
    assert.deepEqual({...whole}, {
      ...{id: whole.id, type: 'message', role: 'assistant', model},
      content: [{type: 'thinking', thinking: 'hm', signature: ''}, {type: 'text', text: 'Grüße, 世界'}],
      ...{stop_reason: 'end_turn', stop_sequence: null},
      usage: {input_tokens: 9, output_tokens: 5},
    });
  });

  test(`${provider}: a stream, put together by the client's helper`, async () => {
    const calls = [
      {id: 'call_1', name: 'look', arguments: ['{"at":', '"here"}']},
      {id: 'call_2', name: 'look', arguments: ['{"at":"there"}']},
    ];
    const model = parley.model({reasoning: ['h', 'm'], reply: ['Hel', 'lo "you"\n'], toolCalls: calls}, provider);
    const stream = client.messages.stream({model, max_tokens: 100, messages, tools: [look]});
    const types = [];
    let text = '';
    stream.on('streamEvent', (event) => types.push(event.type)).on('text', (piece) => (text += piece));
    const whole = await stream.finalMessage();
    assert.equal(text, 'Hello "you"\n');
    assert.deepEqual(whole.content.map(({type, thinking, text: said, id, input}) => [type, thinking ?? said ?? id, input]), [
      ['thinking', 'hm', undefined],
      ['text', 'Hello "you"\n', undefined],
      ['tool_use', 'call_1', {at: 'here'}],
      ['tool_use', 'call_2', {at: 'there'}],
    ]);
    assert.equal(whole.stop_reason, 'tool_use');
    assert.deepEqual([whole.usage.input_tokens, whole.usage.output_tokens], [9, 5]);
    const count = (type) => types.filter((other) => other === type).length;
    assert.deepEqual([types[0], types.at(-1)], ['message_start', 'message_stop']);
    assert.deepEqual(['content_block_start', 'content_block_stop', 'message_delta'].map(count), [4, 4, 1]);
  });

  test(`${provider}: a tool's round trip, a system prompt and an image`, async () => {
    const model = parley.model([{reply: [], toolCalls: [{id: 'call_1', name: 'look', arguments: ['{"at":"here"}']}]}, {reply: ['Rain.']}], provider);
    const image = {type: 'image', source: {type: 'base64', media_type: 'image/png', data: Buffer.from('not really').toString('base64')}};
    const asked = [{role: 'user', content: [{type: 'text', text: 'Look'}, image]}];
    const more = {system: 'Be brief.', tools: [look], tool_choice: {type: 'any'}, stop_sequences: ['END'], temperature: 0.5};
    const first = await create(model, {messages: asked, ...more});
    const [call] = first.content;
    assert.deepEqual([first.stop_reason, call.name, call.input], ['tool_use', 'look', {at: 'here'}]);
    asked.push({role: 'assistant', content: first.content}, {role: 'user', content: [{type: 'tool_result', tool_use_id: call.id, content: 'wet'}]});
    const second = await create(model, {messages: asked, ...more});
    assert.equal(second.content[0].text, 'Rain.');
    const body = (await upstream.request(model, 2)).body;
    assert.equal(body.temperature, 0.5);
    if (provider === 'anthropic') {
      assert.deepEqual([body.system, body.messages, body.tools, body.stop_sequences], ['Be brief.', asked, [look], ['END']]);
      assert.equal(JSON.stringify(body.tools[0].input_schema), JSON.stringify(look.input_schema));
    } else {
      assert.deepEqual(body.messages.map(({role}) => role), ['system', 'user', 'assistant', 'tool']);
      assert.equal(body.messages[1].content[1].image_url.url, `data:image/png;base64,${image.source.data}`);
      assert.deepEqual([body.messages[3].tool_call_id, body.messages[3].content], ['call_1', 'wet']);
      assert.deepEqual([body.tool_choice, body.stop, body.max_tokens], ['required', ['END'], 100]);
      assert.equal(JSON.stringify(body.tools[0].function.parameters), JSON.stringify(look.input_schema));
    }
  });

  test(`${provider}: who aborts ends the upstream's request`, async () => {
    const model = parley.model({reply: ['One', 'two'], holdAfter: 1}, provider);
    const stream = client.messages.stream({model, max_tokens: 100, messages});
    await new Promise((resolve) => stream.on('text', resolve));
    stream.abort();
    assert.ok((await failure(stream.done())) instanceof Anthropic.APIUserAbortError);
    await closesUpstream(await upstream.request(model));
    const held = parley.model({holdAfter: 0}, provider);
    const abort = new AbortController();
    const whole = failure(create(held, {}, {signal: abort.signal}));
    const request = await upstream.request(held);
    abort.abort();
    assert.ok((await whole) instanceof Anthropic.APIUserAbortError);
    await closesUpstream(request);
  });

  test(`${provider}: an error in mid-stream is raised, after what came`, async () => {
    const model = parley.model({reply: ['Half', ' whole'], after: 1, then: 'error'}, provider);
    const stream = await create(model, {stream: true});
    let text = '';
    const error = await failure((async () => {
      for await (const event of stream) text += event.delta?.text ?? '';
    })());
    assert.equal(text, 'Half');
    assert.ok(error instanceof Anthropic.APIError, String(error));
    assert.match(error.type, /_error$/);
  });
}

test('what goes wrong before the first token has its status and its class', async () => {
  const raises = async (behaviour, status, type, Class, more) => {
    const error = await failure(create(parley.model(behaviour, 'anthropic'), more));
    assert.ok(error instanceof Class, String(error));
    assert.deepEqual([error.status, error.type, error.error.type], [status, type, 'error'], error.message);
    assert.equal(error.requestID, error.error.request_id);
    assert.ok(error.requestID);
  };
  for (const more of [{}, {stream: true}]) {
    await raises({status: 400}, 400, 'invalid_request_error', Anthropic.BadRequestError, more);
    await raises({status: 429}, 429, 'rate_limit_error', Anthropic.RateLimitError, more);
    await raises({status: 529}, 529, 'overloaded_error', Anthropic.InternalServerError, more);
  }
  const unknown = await failure(create('no-such-model'));
  assert.ok(unknown instanceof Anthropic.NotFoundError);
  assert.equal(unknown.type, 'not_found_error');
  const refused = await failure(create(parley.model(), {max_tokens: 0}));
  assert.ok(refused instanceof Anthropic.BadRequestError);
  assert.match(refused.message, /max_tokens/);
  assert.match((await failure(create(parley.model(), {top_k: 5}))).message, /top_k/);
});

test('what is not there says so in the same shape', async () => {
  const counted = await failure(client.messages.countTokens({model: 'openai-1', messages}));
  assert.deepEqual([counted.status, counted.type], [404, 'not_found_error']);
  const got = await api.get('/v1/messages');
  assert.deepEqual([got.status, got.json.type, got.json.error.type], [405, 'error', 'invalid_request_error']);
  const form = await api.post('/v1/messages', 'x', {headers: {'Content-Type': 'text/plain'}});
  assert.deepEqual([form.status, form.json.type], [415, 'error']);
});

test('silence is filled with pings', async () => {
  const model = parley.model({reply: ['One', 'two'], holdAfter: 1});
  const response = await api.fetch('POST', '/v1/messages', {model, max_tokens: 9, messages, stream: true}, {headers: {'x-api-key': 'any', 'anthropic-version': '2023-06-01'}});
  let text = '';
  for await (const bytes of response.body) {
    text += Buffer.from(bytes).toString();
    if (text.includes('event: ping\n')) (await upstream.request(model)).release();
  }
  assert.match(text, /event: ping\ndata: {"type":"ping"}\n\n/);
  assert.match(text, /event: message_stop\ndata: {"type":"message_stop"}\n\n$/);
});

test('fields that only the provider knows reach it as they are', async () => {
  const model = parley.model({}, 'anthropic');
  const more = {thinking: {type: 'enabled', budget_tokens: 1024}, top_k: 5, metadata: {user_id: 'u'}, service_tier: 'auto'};
  await create(model, more);
  const {body} = await upstream.request(model);
  for (const [field, value] of Object.entries(more)) assert.deepEqual(body[field], value);
  assert.equal(body.max_tokens, 100);
});
