// Answers come while they are generated, and no participant or client waits for another.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {Curl} from '../support/curl.mjs';
import {finishOf, parseLine, textOf} from '../support/api_client.mjs';
import {Parley, root} from '../support/parley_process.mjs';
import {test, world} from './world.mjs';

const {upstream, parley, api} = await world();
const streamUrl = `${parley.origin}/api/messages/stream/`;

function turn(session, content = 'Hello') {
  return {session_id: session, messages: [{role: 'user', content}]};
}

test('curl shows each line while the upstream still holds back the rest', async () => {
  const model = parley.model({reply: ['one', 'two', 'three', 'four'], holdAfter: 2});
  const curl = Curl.post(streamUrl, turn(await api.session(model)));
  assert.deepEqual(await curl.untilLines(2), ['a0:{"content":"one"}', 'a0:{"content":"two"}']);
  assert.equal(curl.code, undefined, 'the stream is still open');
  (await upstream.request(model)).release();
  const lines = (await curl.output()).split('\n').map(parseLine);
  assert.equal(textOf(lines), 'onetwothreefour');
  assert.equal(finishOf(lines).finishReason, 'stop');
  assert.equal(lines.at(-1).kind, 'd', 'the finish is the last line');
});

test('two curls at once do not wait for each other, in either order', async () => {
  const held = parley.model({reply: ['held'], holdAfter: 1});
  const free = parley.model({reply: ['free']});
  const slow = Curl.post(streamUrl, turn(await api.session(held)));
  await slow.untilLines(1);
  const fast = Curl.post(streamUrl, turn(await api.session(free)));
  assert.equal(finishOf((await fast.output()).split('\n').map(parseLine)).finishReason, 'stop');
  assert.equal(slow.code, undefined, 'the first one is still at it');
  (await upstream.request(held)).release();
  assert.equal(finishOf((await slow.output()).split('\n').map(parseLine)).finishReason, 'stop');
});

test("in compare mode the fast model's lines and its finish come while the slow one is silent", async () => {
  const slow = parley.model({reply: ['slow ', 'answer'], holdAfter: 0});
  const fast = parley.model({reply: ['fast ', 'answer']});
  const run = await api.send(await api.session([slow, fast]), 'Hello');
  await run.take(1, (line) => line.participant === 'b' && line.kind === 'd');
  assert.equal(run.text('b'), 'fast answer');
  assert.equal(run.text('a'), '');
  (await upstream.request(slow)).release();
  await run.all();
  assert.equal(run.text('a'), 'slow answer');
  assert.equal(run.finish('a').finishReason, 'stop');
});

test('both models of a compare turn are asked at the same time', async () => {
  const models = [parley.model({holdAfter: 0}), parley.model({holdAfter: 0})];
  const run = await api.send(await api.session(models), 'Hello');
  const requests = await Promise.all(models.map((model) => upstream.request(model)));
  for (const request of requests) request.release();
  await run.all();
});

test('a participant that fails after three chunks keeps them, and the other finishes', async () => {
  const failing = parley.model({reply: ['one ', 'two ', 'three ', 'four'], after: 3, then: 'reset'});
  const fine = parley.model({reply: ['all ', 'is ', 'well'], pace: 30});
  const session = await api.session([failing, fine]);
  const run = await api.send(session, 'Hello');
  await run.all();
  const finish = run.finish('a');
  assert.equal(finish.finishReason, 'error');
  assert.equal(finish.code, 'upstream_truncated');
  assert.ok(finish.error.length > 0, 'a sentence says what happened');
  assert.equal(run.text('a'), 'one two three ');
  assert.equal(run.finish('b').finishReason, 'stop');
  assert.equal(run.text('b'), 'all is well');

  const [, a, b] = await api.transcript(session);
  assert.equal(a.content, 'one two three ');
  assert.equal(a.status, 'failed');
  assert.equal(a.finish_reason, 'error');
  assert.equal(a.error.code, 'upstream_truncated');
  assert.equal(b.content, 'all is well');
  assert.equal(b.status, 'success');
  assert.equal(b.error, null);
});

test('eight models answer side by side', async () => {
  const models = Array.from({length: 8}, (_, i) => parley.model({reply: [`I am `, `${i}`], pace: 10}, i % 2 ? 'anthropic' : 'openai'));
  const run = await api.send(await api.session(models), 'Who are you?');
  await run.all();
  for (const [i, seat] of [...'abcdefgh'].entries()) {
    assert.equal(run.text(seat), `I am ${i}`);
    assert.equal(run.finish(seat).finishReason, 'stop');
  }
});

test('the response names the turn, the run, the messages and the request, and may be neither cached nor buffered', async () => {
  const run = await api.send(await api.session([parley.model(), parley.model()]), 'Hello');
  await run.all();
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(run.headers.get('x-turn-id'), uuid);
  assert.match(run.headers.get('x-run-id'), uuid);
  assert.deepEqual(Object.keys(run.ids), ['user', 'a', 'b']);
  for (const id of Object.values(run.ids)) assert.match(id, uuid);
  assert.ok(run.headers.get('x-request-id'));
  assert.equal(run.headers.get('cache-control'), 'no-cache, no-transform');
  assert.equal(run.headers.get('x-accel-buffering'), 'no');
  assert.equal(run.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(run.finish('a').messageId, run.ids.a);
  assert.equal(run.finish('b').messageId, run.ids.b);
});

test('usage is what the upstream reports, and an estimate where it never does', async () => {
  const reported = parley.model({usage: {prompt: 17, completion: 4}});
  const silent = parley.model({usage: null, reply: ['12345678']});
  const run = await api.send(await api.session([reported, silent]), 'Hello');
  await run.all();
  assert.deepEqual(run.finish('a').usage, {promptTokens: 17, completionTokens: 4, source: 'reported'});
  const estimate = run.finish('b').usage;
  assert.equal(estimate.source, 'estimated');
  assert.equal(estimate.completionTokens, 2, 'four characters a token');
  assert.equal((await upstream.request(reported)).body.stream_options.include_usage, true);
});

test('the transcript has both answers with their models, usage and latency', async () => {
  const models = [parley.model({reply: ['A'], usage: {prompt: 3, completion: 1}}), parley.model({reply: ['B']})];
  const session = await api.session(models);
  const run = await api.send(session, 'Hello');
  await run.all();
  const [user, a, b] = await api.transcript(session);
  assert.deepEqual([user.role, user.content, user.parent_id, user.id], ['user', 'Hello', null, run.ids.user]);
  assert.deepEqual([a.participant, a.content, a.attempt, a.parent_id, a.id], ['a', 'A', 1, user.id, run.ids.a]);
  assert.deepEqual([b.participant, b.content, b.model.id], ['b', 'B', models[1]]);
  assert.deepEqual(a.usage, {prompt_tokens: 3, completion_tokens: 1, source: 'reported'});
  assert.ok(a.latency_ms.total >= a.latency_ms.first_token && a.latency_ms.first_token >= 0);
  assert.equal(a.turn_id, run.headers.get('x-turn-id'));
  for (const time of [user.created_at, a.created_at, a.completed_at]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(await api.message(a.id), a);
});

test("nothing of an answer is shown before the user's message can be read back", async () => {
  const model = parley.model({holdAfter: 1});
  const session = await api.session(model);
  const run = await api.send(session, 'Is it there?');
  const [user, answer] = await api.transcript(session);
  assert.equal(user.content, 'Is it there?');
  assert.ok(['pending', 'streaming'].includes(answer.status), answer.status);
  assert.equal((await api.get(`/api/sessions/${session}/`)).json.running.run_id, run.headers.get('x-run-id'));
  (await upstream.request(model)).release();
  await run.all();
  assert.equal((await api.message(run.ids.a)).status, 'success', 'a finish is sent when the answer is stored');
  assert.equal((await api.get(`/api/sessions/${session}/`)).json.running, null);
});

test('stream-simple streams contents and then done', async () => {
  const session = await api.session(parley.model({reply: ['Hel', 'lo "you"\n']}));
  const response = await api.post('/api/messages/stream-simple/', {session_id: session, message: 'Hi'});
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  assert.equal(response.text, 'data: {"content":"Hel"}\n\ndata: {"content":"lo \\"you\\"\\n"}\n\ndata: {"done":true}\n\n');
  assert.deepEqual((await api.transcript(session)).map((message) => message.content), ['Hi', 'Hello "you"\n']);
});

test('stream-simple ends with an error when the answer fails, and is for direct sessions only', async () => {
  const session = await api.session(parley.model({after: 1, then: 'error'}));
  const response = await api.post('/api/messages/stream-simple/', {session_id: session, message: 'Hi'});
  const events = response.text.trim().split('\n\n').map((event) => JSON.parse(event.slice('data: '.length)));
  assert.equal(events[0].content, 'Hello');
  assert.equal(typeof events.at(-1).error, 'string');
  assert.ok(!events.some((event) => event.done));
  const both = await api.session([parley.model(), parley.model()]);
  assert.equal((await api.post('/api/messages/stream-simple/', {session_id: both, message: 'Hi'})).status, 400);
});

test('a client that does not read costs another client nothing', async () => {
  const lots = parley.model({reply: Array.from({length: 60}, () => 'x'.repeat(20_000))});
  const stalled = await api.send(await api.session(lots), 'Hello');
  const other = await api.send(await api.session(parley.model({reply: ['quick']})), 'Hello');
  await other.all();
  assert.equal(other.finish().finishReason, 'stop');
  await stalled.all();
  assert.equal(stalled.text().length, 1_200_000);
});

test("the README's curl streams line by line, from models that need no key and say so", async (t) => {
  const readme = readFileSync(`${root}/README.md`, 'utf8');
  const [command] = [...readme.matchAll(/```\w*\n([\s\S]*?)```/g)].map((block) => block[1]).filter((block) => /^curl .*\/api\/messages\/stream\//m.test(block));
  assert.ok(command, 'the README has a curl that streams');
  const alone = await Parley.start();
  t.after(() => alone.stop());
  const shell = spawn('bash', ['-c', command.replaceAll('127.0.0.1:8080', `127.0.0.1:${alone.port}`)], {stdio: ['ignore', 'pipe', 'ignore']});
  const arrivals = [];
  shell.stdout.setEncoding('utf8').on('data', (text) => arrivals.push({at: performance.now(), text}));
  assert.equal(await new Promise((resolve) => shell.once('close', resolve)), 0);
  const lines = arrivals.map(({text}) => text).join('').split('\n').filter(Boolean).map(parseLine);
  for (const seat of 'ab') {
    assert.match(textOf(lines, seat), /demo|no model/i);
    assert.equal(finishOf(lines, seat).finishReason, 'stop');
  }
  const duration = arrivals.at(-1).at - arrivals[0].at;
  assert.ok(arrivals.length >= 10 && duration > 200, `${arrivals.length} pieces over ${duration} ms`);
});
