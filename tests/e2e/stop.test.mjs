// Stopping answers, and deleting a session under them.

import assert from 'node:assert/strict';
import {closesUpstream, newId, test, world} from './world.mjs';

const {upstream, parley, api} = await world();

test('stopping a user message stops all answers of its turn, and keeps their text', async () => {
  const models = [parley.model({reply: ['a1', 'a2'], holdAfter: 1}), parley.model({reply: ['b1', 'b2'], holdAfter: 1}, 'anthropic')];
  const session = await api.session(models);
  const run = await api.send(session, 'Hello');
  await run.take(2);
  const stopped = await api.post(`/api/messages/${run.ids.user}/stop/`);
  assert.equal(stopped.status, 200, stopped.text);
  await run.all();
  for (const seat of 'ab') {
    assert.equal(run.finish(seat).finishReason, 'cancelled');
    assert.equal(run.text(seat), `${seat}1`);
    const message = await api.message(run.ids[seat]);
    assert.deepEqual([message.status, message.finish_reason, message.content], ['failed', 'cancelled', `${seat}1`]);
  }
  for (const model of models) await closesUpstream(await upstream.request(model));
  for (const id of [run.ids.a, run.ids.b]) assert.ok(stopped.text.includes(id), 'the states are named');
});

test('stopping an assistant message stops that answer alone', async () => {
  const models = [parley.model({reply: ['a1', 'a2'], holdAfter: 1}), parley.model({reply: ['b1', 'b2'], holdAfter: 1})];
  const run = await api.send(await api.session(models), 'Hello');
  await run.take(2);
  assert.equal((await api.post(`/api/messages/${run.ids.a}/stop/`)).status, 200);
  (await upstream.request(models[1])).release();
  await run.all();
  assert.equal(run.finish('a').finishReason, 'cancelled');
  assert.equal(run.finish('b').finishReason, 'stop');
  assert.equal(run.text('b'), 'b1b2');
});

test('an answer can be stopped before its first token', async () => {
  const model = parley.model({holdAfter: 0});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await upstream.request(model);
  assert.equal((await api.post(`/api/messages/${run.ids.a}/stop/`)).status, 200);
  await run.all();
  assert.equal(run.finish().finishReason, 'cancelled');
  assert.equal((await api.message(run.ids.a)).content, '');
});

test('repeating a stop is harmless, and so is stopping what has finished', async () => {
  const run = await api.send(await api.session(parley.model()), 'Hello');
  await run.all();
  for (const id of [run.ids.user, run.ids.a, run.ids.a]) {
    const stopped = await api.post(`/api/messages/${id}/stop/`);
    assert.equal(stopped.status, 200, stopped.text);
    assert.ok(stopped.text.includes('"success"'), stopped.text);
  }
  assert.equal((await api.message(run.ids.a)).finish_reason, 'stop');
  assert.equal((await api.post(`/api/messages/${newId()}/stop/`)).status, 404);
});

test('after a stop the conversation goes on with the kept text', async () => {
  const model = parley.model([{reply: ['half', ' x'], holdAfter: 1}, {reply: ['fine']}]);
  const session = await api.session(model);
  const run = await api.send(session, 'One');
  await run.take(1);
  await api.post(`/api/messages/${run.ids.user}/stop/`);
  const next = await api.send(session, 'Two');
  await next.all();
  assert.equal(next.text(), 'fine');
  assert.deepEqual((await upstream.request(model, 2)).body.messages.map(({content}) => content), ['One', 'half', 'Two']);
});

test('deleting a session stops its run and forgets its messages', async () => {
  const model = parley.model({reply: ['one', 'two'], holdAfter: 1});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await run.take(1);
  assert.equal((await api.delete(`/api/sessions/${session}/`)).status, 204);
  await closesUpstream(await upstream.request(model));
  await run.all();
  assert.notEqual(run.finish().finishReason, 'stop', 'its reader sees an end that is no success');
  assert.equal((await api.get(`/api/sessions/${session}/`)).status, 404);
  assert.equal((await api.get(`/api/sessions/${session}/messages/`)).status, 404);
  assert.equal((await api.get(`/api/messages/${run.ids.a}/`)).status, 404);
  const again = await api.post('/api/messages/stream/', {session_id: session, messages: [{role: 'user', content: 'Hello?'}]});
  assert.equal(again.status, 404);
});
