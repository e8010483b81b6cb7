// OpenAI's API, by OpenAI's own client: an upstream of either kind behind it.

import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import OpenAI from 'openai';
import {Curl} from '../support/curl.mjs';
import {closesUpstream, settled, test, world} from './world.mjs';

const {upstream, parley, api} = await world({
  config: {
    http: {max_body_bytes: '256KiB'},
    limits: {heartbeat: '1s', max_answer_bytes: '64KiB'},
    models: [{id: 'with/slashes:7b', provider: 'openai', retries: 0}],
  },
});
const client = new OpenAI({baseURL: `${parley.origin}/v1`, apiKey: 'unused', maxRetries: 0});
const user = (content) => [{role: 'user', content}];
const complete = (model, more = {}, options = {}) => client.chat.completions.create({model, messages: user('Hello'), ...more}, options);

/** All chunks of a stream. */
async function chunksOf(stream) {
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks, index = 0) =>
  chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index).map((choice) => choice.delta.content ?? '').join('');

/** What the client raises. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was raised');
}

const weather = {type: 'function', function: {name: 'get_weather', description: 'The weather', parameters: {type: 'object', properties: {zone: {type: 'string'}, city: {type: 'string'}}, required: ['city']}}};

for (const provider of ['openai', 'anthropic']) {
  test(`${provider}: a whole answer`, async () => {
    const model = parley.model({reply: ['Grüße, ', '世界'], reasoning: ['hm']}, provider);
    const {data, response} = await complete(model).withResponse();
    const now = Date.now() / 1000;
    assert.match(data.id, /^chatcmpl-[0-9a-f]{32}$/);
    assert.ok(Math.abs(data.created - now) < 60, `${data.created} is not now`);
    assert.deepEqual(
      {...data, id: undefined, created: undefined},
      {
        ...{id: undefined, object: 'chat.completion', created: undefined, model, system_fingerprint: null},
        choices: [
          {index: 0, message: {role: 'assistant', content: 'Grüße, 世界', refusal: null, reasoning_content: 'hm'}, logprobs: null, finish_reason: 'stop'},
        ],
        usage: {prompt_tokens: 9, completion_tokens: 5, total_tokens: 14},
      },
    );
    assert.ok(response.headers.get('x-request-id'));
  });

  test(`${provider}: a stream`, async () => {
    const model = parley.model({reply: ['Hel', 'lo'], reasoning: ['hm'], pace: 20}, provider);
    const chunks = await chunksOf(complete(model, {stream: true, stream_options: {include_usage: true}}));
    assert.equal(textOf(chunks), 'Hello');
    assert.equal(new Set(chunks.map(({id}) => id)).size, 1);
    for (const chunk of chunks) assert.deepEqual([chunk.object, chunk.model, chunk.system_fingerprint], ['chat.completion.chunk', model, null]);
    assert.deepEqual(chunks.flatMap(({choices}) => choices).map(({delta}) => delta.role).filter(Boolean), ['assistant']);
    const finishes = chunks.flatMap(({choices}) => choices).map((choice) => choice.finish_reason);
    assert.deepEqual([finishes.at(-1), finishes.filter(Boolean).length], ['stop', 1]);
    const last = chunks.at(-1);
    assert.deepEqual([last.choices, last.usage], [[], {prompt_tokens: 9, completion_tokens: 5, total_tokens: 14}]);
    assert.ok(chunks.slice(0, -1).every((chunk) => chunk.usage === null));
  });

  test(`${provider}: the stream's own helper puts it together`, async () => {
    const toolCalls = [
      {id: 'call_1', name: 'get_weather', arguments: ['{"city":', '"Paris"}']},
      {id: 'call_2', name: 'get_weather', arguments: ['{"city":"Rome"}']},
    ];
    const model = parley.model({reply: ['Let me see.'], toolCalls}, provider);
    const whole = await client.chat.completions.stream({model, messages: user('Weather?'), tools: [weather]}).finalChatCompletion();
    const [choice] = whole.choices;
    assert.deepEqual([choice.finish_reason, choice.message.content], ['tool_calls', 'Let me see.']);
    assert.deepEqual(
      choice.message.tool_calls.map((call) => [call.id, call.type, call.function.name, JSON.parse(call.function.arguments)]),
      [['call_1', 'function', 'get_weather', {city: 'Paris'}], ['call_2', 'function', 'get_weather', {city: 'Rome'}]],
    );
  });

  test(`${provider}: a tool's round trip`, async () => {
    const model = parley.model([{reply: [], toolCalls: [{id: 'call_1', name: 'get_weather', arguments: ['{"city":"Paris"}']}]}, {reply: ['It rains.']}], provider);
    const runner = client.chat.completions.runTools({
      model,
      messages: [{role: 'developer', content: 'Be brief.'}, ...user('Weather?')],
      tools: [{type: 'function', function: {...weather.function, parse: JSON.parse, function: ({city}) => `rain in ${city}`}}],
    });
    assert.equal(await runner.finalContent(), 'It rains.');
    const [first, second] = upstream.requestsFor(model).map(({body}) => body);
    // The order of a schema's properties is that in which a model writes them.
    const schema = provider === 'openai' ? first.tools[0].function.parameters : first.tools[0].input_schema;
    assert.equal(JSON.stringify(schema), JSON.stringify(weather.function.parameters));
    if (provider === 'openai') {
      assert.equal(second.messages[0].role, 'developer');
      assert.deepEqual(second.messages.at(-1), {role: 'tool', tool_call_id: 'call_1', content: 'rain in Paris'});
      const {name, arguments: said} = second.messages.at(-2).tool_calls[0].function;
      assert.deepEqual([name, said], ['get_weather', '{"city":"Paris"}']);
    } else {
      assert.equal(second.system, 'Be brief.');
      assert.deepEqual(second.messages.slice(1), [
        {role: 'assistant', content: [{type: 'tool_use', id: 'call_1', name: 'get_weather', input: {city: 'Paris'}}]},
        {role: 'user', content: [{type: 'tool_result', tool_use_id: 'call_1', content: 'rain in Paris'}]},
      ]);
    }
  });

  test(`${provider}: images reach the upstream unaltered`, async () => {
    const model = parley.model({}, provider);
    const data = Buffer.from(Array.from({length: 60_000}, (_, i) => (i * 31) % 256)).toString('base64');
    const parts = [
      {type: 'text', text: 'Which is older?'},
      {type: 'image_url', image_url: {url: `data:image/png;base64,${data}`}},
      {type: 'image_url', image_url: {url: 'https://example.org/a.png?x=1&y=2'}},
    ];
    const answer = await complete(model, {messages: user(parts)});
    assert.equal(answer.choices[0].message.content, 'Hello from the upstream.');
    const [{body}] = upstream.requestsFor(model);
    if (provider === 'openai') return assert.deepEqual(body.messages, user(parts));
    assert.deepEqual(body.messages[0].content, [
      parts[0],
      {type: 'image', source: {type: 'base64', media_type: 'image/png', data}},
      {type: 'image', source: {type: 'url', url: 'https://example.org/a.png?x=1&y=2'}},
    ]);
  });

  test(`${provider}: aborting a stream closes the upstream's request within a second`, async () => {
    const model = parley.model({reply: ['one', 'two'], holdAfter: 1}, provider);
    const stream = await complete(model, {stream: true});
    const request = await upstream.request(model);
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break; // leaving the loop aborts
    const begun = Date.now();
    await closesUpstream(request);
    assert.ok(Date.now() - begun < 1000, `it took ${Date.now() - begun} ms`);
  });

  test(`${provider}: aborting a whole answer closes the upstream's request within a second`, async () => {
    const model = parley.model({reply: ['one', 'two'], holdAfter: 1}, provider);
    const abort = new AbortController();
    const answer = failure(complete(model, {}, {signal: abort.signal}));
    const request = await upstream.request(model);
    await sleep(50);
    const begun = Date.now();
    abort.abort();
    assert.ok((await answer) instanceof OpenAI.APIUserAbortError);
    await closesUpstream(request);
    assert.ok(Date.now() - begun < 1000, `it took ${Date.now() - begun} ms`);
  });

  test(`${provider}: an error before the answer is the response's status`, async () => {
    for (const stream of [false, true]) {
      const cases = [[429, OpenAI.RateLimitError, 'upstream_rate_limited'], [400, OpenAI.BadRequestError, 'upstream_rejected'], [529, OpenAI.InternalServerError, 'upstream_overloaded']];
      for (const [status, type, code] of cases) {
        const error = await failure(complete(parley.model({status}, provider), {stream}));
        assert.ok(error instanceof type, `${status} was ${error}`);
        assert.equal(error.code, code);
      }
    }
  });

  test(`${provider}: trouble in mid-stream is raised by the client`, async () => {
    for (const then of ['error', 'reset', 'malformed']) {
      const seen = [];
      const stream = await complete(parley.model({reply: ['one', 'two', 'three'], after: 2, then}, provider), {stream: true});
      const error = await failure((async () => {
        for await (const chunk of stream) seen.push(chunk);
      })());
      assert.ok(error instanceof OpenAI.APIError, `${then}: ${error}`);
      assert.match(error.code, /^upstream_/);
      assert.equal(textOf(seen), 'onetwo', then);
    }
  });

  test(`${provider}: n choices are n answers`, async () => {
    const model = parley.model([{reply: ['first']}, {reply: ['second']}], provider);
    const {choices, usage} = await complete(model, {n: 2});
    assert.deepEqual(choices.map(({index}) => index), [0, 1]);
    assert.deepEqual(choices.map(({message}) => message.content).sort(), ['first', 'second']);
    assert.deepEqual(usage, {prompt_tokens: 18, completion_tokens: 10, total_tokens: 28});
    assert.ok(upstream.requestsFor(model).every(({body}) => body.n === undefined));
  });

  test(`${provider}: the usage is estimated where the upstream gives none`, async () => {
    const {usage} = await complete(parley.model({reply: ['12345678'], usage: null}, provider));
    assert.equal(usage.source, 'estimated');
    assert.equal(usage.completion_tokens, 2);
    assert.ok(usage.prompt_tokens > 0);
  });
}

// -- what goes up ---------------------------------------------------------------------------------------------------------

test('openai: all parameters go up as they came', async () => {
  const model = parley.model();
  const asked = {
    ...{temperature: 0.1, top_p: 0.9, seed: 7, user: 'u1', stop: ['END'], presence_penalty: 0.5, frequency_penalty: -0.5},
    ...{logit_bias: {50256: -100}, response_format: {type: 'json_object'}, reasoning_effort: 'low', parallel_tool_calls: false},
    ...{tools: [weather], tool_choice: 'required', metadata: {a: 'b'}, max_completion_tokens: 77, vendor_field: {x: [1, 2.5, null]}},
  };
  await complete(model, asked);
  const [{body, headers}] = upstream.requestsFor(model);
  const {max_completion_tokens, ...same} = asked;
  assert.deepEqual(body, {...same, model, messages: user('Hello'), stream: true, stream_options: {include_usage: true}, max_tokens: max_completion_tokens});
  assert.ok(!headers.authorization.includes('unused'), "the client's key went up");
});

test('anthropic: parameters are translated', async () => {
  const model = parley.model({}, 'anthropic');
  await complete(model, {temperature: 1.5, top_p: 0.9, user: 'u1', stop: 'END', max_tokens: 77, tools: [weather], tool_choice: 'required', parallel_tool_calls: false});
  const [{body}] = upstream.requestsFor(model);
  assert.deepEqual(
    {...body, tools: undefined},
    {
      ...{model, stream: true, messages: [{role: 'user', content: [{type: 'text', text: 'Hello'}]}], tools: undefined},
      ...{temperature: 1, top_p: 0.9, metadata: {user_id: 'u1'}, stop_sequences: ['END'], max_tokens: 77},
      tool_choice: {type: 'any', disable_parallel_tool_use: true},
    },
  );
});

test('anthropic: what has no equivalent is refused before it is asked', async () => {
  const model = parley.model({}, 'anthropic');
  for (const [field, value] of Object.entries({seed: 1, response_format: {type: 'json_object'}, logit_bias: {1: 2}})) {
    const error = await failure(complete(model, {[field]: value}));
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.param, error.type, error.code], [field, 'invalid_request_error', 'invalid_request']);
  }
  assert.equal(upstream.requestsFor(model).length, 0);
});

// -- several models -------------------------------------------------------------------------------------------------------

test('models between commas answer side by side, each by its index', async () => {
  const [a, b] = [parley.model({reply: ['from ', 'a'], holdAfter: 1}), parley.model({reply: ['from ', 'b'], holdAfter: 1}, 'anthropic')];
  const stream = complete(`${a},${b}`, {stream: true});
  const [first, second] = await Promise.all([upstream.request(a), upstream.request(b)]);
  const chunks = chunksOf(stream);
  second.release();
  assert.ok(!(await settled(chunks)), 'one of them is still held');
  first.release();
  const all = await chunks;
  assert.deepEqual([textOf(all, 0), textOf(all, 1)], ['from a', 'from b']);
  assert.ok(all.every((chunk) => chunk.choices.every((choice) => chunk.model === [a, b][choice.index])));
});

test('models between commas, as a whole', async () => {
  const [a, b] = [parley.model({reply: ['from a']}), parley.model({reply: ['from b']}, 'anthropic')];
  const whole = await complete(`${a},${b}`);
  assert.equal(whole.model, `${a},${b}`);
  assert.deepEqual(whole.choices.map((choice) => [choice.index, choice.model, choice.message.content]), [[0, a, 'from a'], [1, b, 'from b']]);
});

test('one failing choice leaves the others', async () => {
  const make = () => `${parley.model({status: 500})},${parley.model({reply: ['fine']})}`;
  const whole = await complete(make());
  assert.deepEqual(whole.choices.map((choice) => [choice.finish_reason, choice.message.content, choice.error?.code]), [['error', '', 'upstream_overloaded'], ['stop', 'fine', undefined]]);
  const chunks = await chunksOf(complete(make(), {stream: true}));
  assert.equal(textOf(chunks, 1), 'fine');
  const failed = chunks.flatMap(({choices}) => choices).find((choice) => choice.index === 0);
  assert.deepEqual([failed.finish_reason, failed.error.code], ['error', 'upstream_overloaded']);
});

test('if all choices fail, so does the request', async () => {
  const [a, b] = [parley.model({status: 429}), parley.model({status: 500})];
  for (const stream of [false, true]) assert.ok((await failure(complete(`${a},${b}`, {stream}))) instanceof OpenAI.RateLimitError);
});

// -- errors ---------------------------------------------------------------------------------------------------------------

test('a model that is not there is 404 model_not_found', async () => {
  for (const model of ['nothing', `${parley.model()},nothing`, '']) {
    const error = await failure(complete(model));
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.deepEqual([error.code, error.param, error.type], ['model_not_found', 'model', 'invalid_request_error']);
  }
});

test('every error has the shape that clients of OpenAI know', async () => {
  const path = '/v1/chat/completions';
  const ok = {model: parley.model(), messages: user('x')};
  const cases = [
    [await api.call('GET', path), 405, 'method_not_allowed'],
    [await api.get('/v1/nothing'), 404, 'not_found'],
    [await api.get('/v1/models/nothing'), 404, 'model_not_found'],
    [await api.post(path, {...ok, messages: user('x'.repeat(300_000))}), 413, 'too_large'],
    [await api.post(path, '{', {headers: {'Content-Type': 'application/json'}}), 400, 'invalid_request'],
    [await api.post(path, 'a=b', {headers: {'Content-Type': 'application/x-www-form-urlencoded'}}), 415, 'unsupported_media_type'],
    [await api.post(path, {...ok, n: 9}), 400, 'invalid_request'],
    [await api.post(path, {...ok, logprobs: true}), 400, 'invalid_request'],
    [await api.post(path, {...ok, stream_options: {include_usage: true}}), 400, 'invalid_request'],
  ];
  for (const [response, status, code] of cases) {
    assert.equal(response.status, status, response.text);
    const {error} = response.json;
    assert.deepEqual([error.code, error.type], [code, 'invalid_request_error']);
    assert.ok(error.message && 'param' in error, response.text);
  }
});

test('a provider that cannot be reached is a server error', async () => {
  const error = await failure(complete(parley.model({then: 'reset', after: 0})));
  assert.ok(error instanceof OpenAI.InternalServerError, String(error));
});

// -- limits ---------------------------------------------------------------------------------------------------------------

test('an answer that grows over the limit ends as length', async () => {
  const {choices} = await complete(parley.model({reply: Array.from({length: 100}, () => 'x'.repeat(1000))}));
  assert.equal(choices[0].finish_reason, 'length');
  assert.ok(choices[0].message.content.length <= 64 * 1024);
});

test('silence is a comment that clients pass over', async () => {
  const model = parley.model({reply: ['late'], beforeFirst: 2500});
  const curl = Curl.post(`${parley.origin}/v1/chat/completions`, {model, messages: user('x'), stream: true});
  const output = await curl.output();
  assert.match(output, /^: keep-alive\n\n/);
  assert.match(output, /\ndata: \[DONE\]\n/);
  assert.equal(textOf(await chunksOf(complete(parley.model({reply: ['late'], beforeFirst: 2500}), {stream: true}))), 'late');
});

// -- models ---------------------------------------------------------------------------------------------------------------

test('the models are listed, and can be looked at', async () => {
  const {data} = await client.models.list();
  const model = parley.model();
  assert.deepEqual(data.find(({id}) => id === model), {id: model, object: 'model', created: 0, owned_by: 'openai'});
  assert.equal((await client.models.retrieve(model)).id, model);
  assert.equal((await client.models.retrieve('with/slashes:7b')).id, 'with/slashes:7b');
  assert.equal((await api.get('/v1/models/with/slashes:7b')).json.id, 'with/slashes:7b');
});

// -- the node's end -------------------------------------------------------------------------------------------------------

test('a node that ends tells its streams and takes no new ones', async (t) => {
  const own = await world({config: {server: {shutdown_grace: '600ms'}}}, t);
  const mine = new OpenAI({baseURL: `${own.parley.origin}/v1`, apiKey: 'x', maxRetries: 0});
  const model = own.parley.model({reply: ['one', 'two'], holdAfter: 1});
  const stream = await mine.chat.completions.create({model, messages: user('x'), stream: true});
  const seen = [];
  const ended = failure((async () => {
    for await (const chunk of stream) seen.push(chunk);
  })());
  await own.upstream.request(model);
  const down = own.parley.terminate();
  await sleep(100);
  const refused = await fetch(`${own.parley.origin}/v1/chat/completions`, {
    ...{method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({model, messages: user('x')})},
  });
  assert.deepEqual([refused.status, (await refused.json()).error.type], [503, 'server_error']);
  assert.ok(refused.headers.get('retry-after'));
  assert.equal((await ended).code, 'unavailable');
  assert.equal(textOf(seen), 'one');
  await down;
});
