// What goes wrong at a provider: each way has its code, what came before is kept, and no secret shows.

import assert from 'node:assert/strict';
import net from 'node:net';
import {freePort, secrets} from '../support/parley_process.mjs';
import {closesUpstream, test, world} from './world.mjs';

const nobody = await freePort();
const silent = await listen(() => {});
const babbling = await listen((socket) => socket.end('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'));
const {upstream, parley, api} = await world({
  config: {
    limits: {max_answer_bytes: '1MiB'},
    providers: [
      {name: 'nobody', kind: 'openai', base_url: `http://127.0.0.1:${nobody}/v1`, connect_timeout: '1s'},
      {name: 'nameless', kind: 'openai', base_url: 'http://no-such-host.invalid/v1', connect_timeout: '3s'},
      {name: 'silent', kind: 'openai', base_url: `https://127.0.0.1:${silent}/v1`, connect_timeout: '300ms'},
      {name: 'babbling', kind: 'openai', base_url: `http://127.0.0.1:${babbling}/v1`},
    ],
    models: [
      ...['nobody', 'nameless', 'silent', 'babbling'].map((provider) => ({id: provider, provider, retries: 0})),
      {id: 'tries-twice', provider: 'openai', retries: 1},
      {id: 'falls-back', provider: 'openai', retries: 0, fallback: 'anthropic-60'},
      {id: 'begins-again', provider: 'openai', retries: 1, restart_on_failure: true},
    ],
  },
});

/** The port of a server that does this to each connection. */
async function listen(handle) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    handle(socket);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return server.address().port;
}

async function answer(models) {
  const session = await api.session(models);
  const run = await api.send(session, 'Hello');
  await run.all();
  return {run, session, finish: run.finish(), stored: await api.message(run.ids.a)};
}

/** A failed answer, the same in the stream and in the store. */
async function failsWith(code, model, text = '') {
  const {run, finish, stored} = await answer(model);
  assert.equal(finish.finishReason, 'error');
  assert.equal(finish.code, code);
  assert.ok(finish.error.length > 0);
  assert.equal(run.text(), text);
  assert.deepEqual([stored.status, stored.finish_reason, stored.error.code, stored.content], ['failed', 'error', code, text]);
  return finish;
}

const statuses = [
  [400, 'upstream_rejected'],
  [401, 'upstream_rejected'],
  [403, 'upstream_rejected'],
  [404, 'upstream_rejected'],
  [429, 'upstream_rate_limited'],
  [500, 'upstream_overloaded'],
  [502, 'upstream_overloaded'],
  [503, 'upstream_overloaded'],
  [529, 'upstream_overloaded'],
];
for (const [status, code] of statuses)
  test(`status ${status} of an upstream is ${code}`, async () => {
    for (const provider of ['openai', 'anthropic']) await failsWith(code, parley.model({status}, provider));
  });

test("an error page that isn't JSON is no matter", () =>
  failsWith('upstream_overloaded', parley.model({status: 502, body: '<html>Bad Gateway</html>', headers: {'Content-Type': 'text/html'}})));

test('a refused connection is upstream_unreachable', () => failsWith('upstream_unreachable', 'nobody'));

test('an unknown host is upstream_unreachable', async () => {
  const {finish} = await answer('nameless');
  assert.ok(['upstream_unreachable', 'upstream_timeout'].includes(finish.code), finish.code);
});

test('a handshake that never comes is upstream_timeout', () => failsWith('upstream_timeout', 'silent'));

test('a server that does not speak HTTP is a failure', async () => {
  const {finish} = await answer('babbling');
  assert.match(finish.code, /^upstream_(malformed|truncated)$/);
});

test('headers without an end are upstream_malformed', () => failsWith('upstream_malformed', parley.model({headers: {'X-Long': 'x'.repeat(300_000)}})));

test('a 200 that is no event stream is a failure', async () => {
  for (const body of ['{"choices":[{"message":{"content":"not streamed"}}]}', '<html>Welcome to the hotel</html>', '']) {
    const {finish} = await answer(parley.model({body}));
    assert.match(finish.code ?? '', /^upstream_(malformed|truncated)$/, JSON.stringify(finish));
  }
});

test('a redirect is not followed: it would take the key elsewhere', async () => {
  const target = parley.model();
  const model = parley.model({status: 307, headers: {Location: `${upstream.origin}/v1/chat/completions?model=${target}`}});
  const {finish} = await answer(model);
  assert.equal(finish.finishReason, 'error');
  assert.equal(upstream.requestsFor(model).length, 1);
});

test('no first token in time is upstream_timeout', async () => {
  const model = parley.model({holdAfter: 0}, 'quick');
  await failsWith('upstream_timeout', model);
  await closesUpstream(await upstream.request(model));
});

test('headers that never come are upstream_timeout', () => failsWith('upstream_timeout', parley.model({beforeHeaders: 20_000}, 'quick')));

test('silence in the middle is upstream_timeout, and the text is kept', () =>
  failsWith('upstream_timeout', parley.model({reply: ['one ', 'two'], after: 1, then: 'stall'}, 'quick'), 'one '));

test('an answer that takes too long as a whole is upstream_timeout', async () => {
  const {finish, stored} = await answer(parley.model({reply: Array.from({length: 100}, () => 'word '), pace: 100}, 'quick'));
  assert.equal(finish.code, 'upstream_timeout');
  assert.ok(stored.content.length >= 20, stored.content);
});

for (const provider of ['openai', 'anthropic']) {
  const three = {reply: ['one ', 'two ', 'three ', 'four'], after: 3};

  for (const then of ['fin', 'reset', 'end of body'])
    test(`${provider}: a stream cut by ${then} is upstream_truncated`, () => failsWith('upstream_truncated', parley.model({...three, then}, provider), 'one two three '));

  test(`${provider}: a body that ends without the end mark is upstream_truncated`, () =>
    failsWith('upstream_truncated', parley.model({reply: ['all of it'], endMark: false}, provider), 'all of it'));

  test(`${provider}: the same, ended by closing the connection`, () =>
    failsWith('upstream_truncated', parley.model({reply: ['all of it'], endMark: false, framing: 'close'}, provider), 'all of it'));

  test(`${provider}: malformed JSON is upstream_malformed`, () => failsWith('upstream_malformed', parley.model({...three, then: 'malformed'}, provider), 'one two three '));

  test(`${provider}: an event over 1 MiB is upstream_malformed`, () => failsWith('upstream_malformed', parley.model({...three, then: 'huge event'}, provider), 'one two three '));

  test(`${provider}: an error event in mid-stream fails the answer with the text kept`, async () => {
    const {run, finish} = await answer(parley.model({...three, then: 'error'}, provider));
    assert.equal(finish.finishReason, 'error');
    assert.match(finish.code, /^upstream_(rejected|overloaded)$/);
    assert.equal(run.text(), 'one two three ');
  });

  test(`${provider}: an answer over max_answer_bytes ends, and what came is kept`, async () => {
    const model = parley.model({reply: Array.from({length: 90}, () => 'x'.repeat(20_000))}, provider);
    const {finish, stored, run} = await answer(model);
    assert.equal(finish.code, 'answer_too_large');
    assert.ok(stored.content.length > 900_000 && stored.content.length <= 1024 * 1024, `${stored.content.length}`);
    assert.equal(run.text(), stored.content);
  });

  test(`${provider}: a key that the upstream echoes is seen by no client and stands in no log`, async () => {
    const model = parley.model({echoKey: true}, provider);
    const {run, session, finish} = await answer(model);
    assert.equal(finish.code, 'upstream_rejected');
    const request = await upstream.request(model);
    assert.ok(JSON.stringify(request.headers).includes(secrets[provider]), 'the upstream does get it');
    const transcript = await api.get(`/api/sessions/${session}/messages/`);
    const shown = run.lines.map((line) => line.raw).join('\n') + transcript.text + parley.log;
    assert.ok(!shown.includes(secrets[provider]));
    assert.ok(!shown.includes(secrets[provider].slice(0, 20)), 'nor its beginning');
  });

  test(`${provider}: a key in an error event, or in the message of a 400, is taken out`, async () => {
    const quoting = {message: `bad key ${secrets[provider]}!`, type: 'invalid_request_error'};
    const models = [parley.model({after: 1, then: 'error', error: quoting}, provider), parley.model({status: 400, body: JSON.stringify({error: quoting})}, provider)];
    for (const model of models) {
      const {run} = await answer(model);
      assert.ok(!run.lines.map((line) => line.raw).join('').includes(secrets[provider]));
    }
  });
}

test('no answer to a client names an upstream address', async () => {
  const {run, session} = await answer('nobody');
  const all = [run.lines.map((line) => line.raw).join(''), (await api.get(`/api/sessions/${session}/messages/`)).text, (await api.get('/api/models/')).text];
  for (const text of all) assert.ok(!text.includes(`127.0.0.1`) && !text.includes(`${nobody}`), text);
});

test('before the first token a failed try is repeated', async () => {
  upstream.behave('tries-twice', [{status: 503}, {reply: ['second try']}]);
  const {run, finish} = await answer('tries-twice');
  assert.equal(finish.finishReason, 'stop');
  assert.equal(run.text(), 'second try');
  assert.equal(upstream.requestsFor('tries-twice').length, 2);
});

test('Retry-After of a 429 is waited for', async () => {
  upstream.behave('tries-twice', [{status: 429, headers: {'Retry-After': '1'}}, {reply: ['later']}]);
  const before = upstream.requestsFor('tries-twice').length;
  const {run} = await answer('tries-twice');
  assert.equal(run.text(), 'later');
  const [first, second] = upstream.requestsFor('tries-twice').slice(before);
  assert.ok(second.at - first.at >= 990, `${second.at - first.at} ms`);
});

test('after the first token a failed try is not repeated', async () => {
  upstream.behave('tries-twice', [{reply: ['some', 'thing'], after: 1, then: 'reset'}, {reply: ['never']}]);
  const before = upstream.requestsFor('tries-twice').length;
  const {finish} = await answer('tries-twice');
  assert.equal(finish.code, 'upstream_truncated');
  assert.equal(upstream.requestsFor('tries-twice').length, before + 1);
});

test('a model that failed before its first token is replaced by its fallback, which the answer names', async () => {
  upstream.behave('falls-back', {status: 500});
  upstream.behave('anthropic-60', {reply: ['from the fallback']});
  const {run, stored} = await answer('falls-back');
  assert.equal(run.text(), 'from the fallback');
  assert.equal(stored.model.id, 'anthropic-60');
});

test('with restart_on_failure an answer begins again after a restart event', async () => {
  upstream.behave('begins-again', [{reply: ['wrong', 'x'], after: 1, then: 'reset'}, {reply: ['right']}]);
  const {run, stored, finish} = await answer('begins-again');
  assert.equal(finish.finishReason, 'stop');
  const kinds = run.lines.map((line) => (line.kind === '2' ? line.value[0].type : line.kind));
  assert.deepEqual(kinds, ['0', 'restart', '0', 'd']);
  assert.equal(stored.content, 'right');
});
