// Readers come and go; the answer goes on, and whoever comes back gets exactly what is missing.

import assert from 'node:assert/strict';
import {until} from '../support/parley_process.mjs';
import {closesUpstream, newId, test, world} from './world.mjs';
import {EventStream, offsetOf} from './sse_client.mjs';

const {upstream, parley, api} = await world({config: {limits: {heartbeat: '1s', cancel_grace: '400ms'}}});
const words = ['one ', 'two ', 'three ', 'four ', 'five ', 'six'];

async function finished(id) {
  return until('the answer is finished', async () => {
    const message = await api.message(id);
    return ['success', 'failed'].includes(message.status) && message;
  });
}

test('a client that disconnects in the middle finds the whole answer in the transcript', async () => {
  const model = parley.model({reply: words, holdAfter: 2});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await run.take(2);
  await run.disconnect();
  (await upstream.request(model)).release();
  const answer = await finished(run.ids.a);
  assert.equal(answer.content, words.join(''));
  assert.equal(answer.finish_reason, 'stop');
});

test('attaching with from= gives exactly the missing events, then the live ones', async () => {
  const model = parley.model({reply: words, holdAfter: 4});
  const session = await api.session(model);
  const first = await EventStream.send(api, session, 'Hello');
  const [, second] = await first.take(2);
  assert.equal(offsetOf(second), 2);
  await first.disconnect();
  const attached = await EventStream.attach(api, first.ids.user, {from: 2});
  const missed = await attached.take(2);
  assert.deepEqual(missed.map((event) => [offsetOf(event), event.data.content]), [[3, 'three '], [4, 'four ']]);
  (await upstream.request(model)).release();
  await attached.all();
  assert.equal(attached.text(), 'three four five six');
  const withId = attached.events.filter((event) => event.data.type !== 'turn_done');
  assert.deepEqual(withId.map(offsetOf), [3, 4, 5, 6, 7], 'no gap, nothing twice');
  assert.equal(attached.events.at(-1).data.type, 'turn_done');
});

test('Last-Event-ID resumes where an EventSource lost its connection', async () => {
  const model = parley.model({reply: words, holdAfter: 3});
  const session = await api.session(model);
  const first = await EventStream.send(api, session, 'Hello');
  const seen = await first.take(3);
  await first.disconnect();
  (await upstream.request(model)).release();
  const again = await EventStream.attach(api, first.ids.a, {lastEventId: seen.at(-1).id});
  await again.all();
  assert.equal(again.text(), 'four five six');
  assert.equal(again.headers.get('x-run-id'), first.headers.get('x-run-id'));
});

test('Last-Event-ID of another run begins at 0', async () => {
  const model = parley.model([{reply: ['old ', 'answer']}, {reply: ['new ', 'answer']}]);
  const first = await EventStream.send(api, await api.session(model), 'Hello');
  const [, second] = await first.all();
  await (await api.regenerate(first.ids.a)).all();
  const again = await EventStream.attach(api, first.ids.user, {lastEventId: second.id});
  await again.all();
  assert.equal(again.text(), 'new answer');
});

test('lines from 0 begin anew', async () => {
  const model = parley.model({reply: words, holdAfter: 3});
  const first = await api.send(await api.session(model), 'Hello');
  await first.take(3);
  await first.disconnect();
  const again = await api.attach(first.ids.user, 0);
  await again.take(3);
  (await upstream.request(model)).release();
  await again.all();
  assert.equal(again.text(), words.join(''));
});

test('attaching to a finished run replays it as it was', async () => {
  const models = [parley.model({reply: words, pace: 5}), parley.model({reply: ['b1', 'b2'], pace: 8})];
  const first = await EventStream.send(api, await api.session(models), 'Hello');
  await first.all();
  for (const id of [first.ids.user, first.ids.a, first.ids.b]) {
    const again = await EventStream.attach(api, id, {from: 0});
    await again.all();
    assert.deepEqual(again.events, first.events);
  }
  const tail = await EventStream.attach(api, first.ids.user, {from: offsetOf(first.events.at(-2)) - 1});
  await tail.all();
  assert.deepEqual(tail.events, first.events.slice(-2));
});

test('an assistant message leads to the run that made it, a user message to the latest run of its turn', async () => {
  const model = parley.model([{reply: ['first']}, {reply: ['second']}]);
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await run.all();
  const again = await api.regenerate(run.ids.a);
  await again.all();
  const of = async (id) => {
    const stream = await api.attach(id, 0);
    await stream.all();
    return stream.text();
  };
  assert.equal(await of(run.ids.a), 'first');
  assert.equal(await of(again.ids.a), 'second');
  assert.equal(await of(run.ids.user), 'second');
});

test('an offset beyond the end of the log is refused', async () => {
  const run = await api.send(await api.session(parley.model()), 'Hello');
  await run.all();
  const beyond = await api.get(`/api/messages/${run.ids.user}/stream/?from=1000`);
  assert.equal(beyond.status, 400, beyond.text);
  for (const from of ['-1', 'x', '1.5', '99999999999999999999'])
    assert.equal((await api.get(`/api/messages/${run.ids.user}/stream/?from=${from}`)).status, 400, from);
  assert.equal((await api.get(`/api/messages/${newId()}/stream/`)).status, 404);
});

test('many readers of one run, coming at any time, all see all of it', async () => {
  const reply = Array.from({length: 40}, (_, i) => `word${i} `);
  const model = parley.model({reply, pace: 10});
  const first = await api.send(await api.session(model), 'Hello');
  const readers = [first.all()];
  for (let i = 0; i < 20; ++i) {
    readers.push(api.attach(first.ids.user, 0).then((stream) => stream.all().then(() => stream)));
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  const [, ...streams] = await Promise.all(readers);
  for (const stream of streams) {
    assert.equal(stream.text(), reply.join(''));
    assert.equal(stream.finish().finishReason, 'stop');
  }
});

test('Server-Sent Events carry the cursor as their id, rising without gaps', async () => {
  const models = [parley.model({reply: ['a1', 'a2'], reasoning: ['hm']}), parley.model({reply: ['b1', 'b2']}, 'anthropic')];
  const run = await EventStream.send(api, await api.session(models), 'Hello');
  const events = await run.all();
  const runId = run.headers.get('x-run-id');
  const numbered = events.slice(0, -1);
  assert.deepEqual(numbered.map(({id}) => id), numbered.map((_, i) => `${runId}:${i + 1}`));
  assert.deepEqual(events.at(-1).data, {type: 'turn_done'});
  const ofA = numbered.filter(({data}) => data.participant === 'a').map(({data}) => data);
  assert.deepEqual(ofA.slice(0, 3), [
    {participant: 'a', type: 'reasoning', content: 'hm'},
    {participant: 'a', type: 'text', content: 'a1'},
    {participant: 'a', type: 'text', content: 'a2'},
  ]);
  const {usage, ...finish} = ofA.at(-1);
  assert.deepEqual(finish, {participant: 'a', type: 'finish', finishReason: 'stop', messageId: run.ids.a});
  assert.equal(usage.source, 'reported');
});

test('silence brings heartbeats, which are no events', async () => {
  const model = parley.model({reply: ['one', 'two'], holdAfter: 1});
  const session = await api.session(model);
  const lines = await api.send(session, 'Hello');
  const sse = await EventStream.attach(api, lines.ids.user, {from: 0});
  const [beat] = await lines.take(1, (line) => line.kind === '2');
  assert.deepEqual(beat.value, [{type: 'heartbeat'}]);
  const rest = sse.all();
  await until('a comment came', () => sse.comments.length > 0);
  assert.equal(sse.comments[0], 'keep-alive');
  (await upstream.request(model)).release();
  await Promise.all([rest, lines.all()]);
  assert.equal(lines.text(), 'onetwo');
  const ids = sse.events.slice(0, -1).map(offsetOf);
  assert.deepEqual(ids, [1, 2, 3]);
});

test('a slow first token brings heartbeats too', async () => {
  const models = [parley.model({reply: ['late'], holdAfter: 0}), parley.model({holdAfter: 0})];
  const run = await api.send(await api.session(models), 'Hello');
  await run.take(1, (line) => line.kind === '2');
  for (const model of models) (await upstream.request(model)).release();
  await run.all();
  assert.equal(run.text(), 'late');
});

test('with on_disconnect cancel the upstream is closed when no reader is left, and the text is kept', async () => {
  const model = parley.model({reply: words, holdAfter: 2});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello', {more: {on_disconnect: 'cancel'}});
  await run.take(2);
  await run.disconnect();
  await closesUpstream(await upstream.request(model));
  const answer = await finished(run.ids.a);
  assert.deepEqual([answer.status, answer.finish_reason, answer.content], ['failed', 'cancelled', 'one two ']);
});

test('with on_disconnect cancel a reader that comes back in time keeps the answer going', async () => {
  const model = parley.model({reply: words, holdAfter: 2});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello', {more: {on_disconnect: 'cancel'}});
  await run.take(2);
  await run.disconnect();
  const again = await api.attach(run.ids.user, 0);
  await new Promise((resolve) => setTimeout(resolve, 800));
  (await upstream.request(model)).release();
  await again.all();
  assert.equal(again.text(), words.join(''));
  assert.equal(again.finish().finishReason, 'stop');
});

test('with on_disconnect cancel a second reader keeps the answer going', async () => {
  const model = parley.model({reply: words, holdAfter: 2});
  const run = await api.send(await api.session(model), 'Hello', {more: {on_disconnect: 'cancel'}});
  const second = await api.attach(run.ids.user, 0);
  await run.take(2);
  await run.disconnect();
  await new Promise((resolve) => setTimeout(resolve, 800));
  (await upstream.request(model)).release();
  await second.all();
  assert.equal(second.finish().finishReason, 'stop');
});
