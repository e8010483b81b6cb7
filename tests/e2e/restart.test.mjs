// What outlives the process: transcripts, finished answers, idempotence; and how it ends with streams under way.

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {binary, until} from '../support/parley_process.mjs';
import {EventStream} from './sse_client.mjs';
import {newId, test, world} from './world.mjs';

async function say(api, session, message, more) {
  const run = await api.send(session, message, {more});
  await run.all();
  return run;
}

test('a restart leaves the transcript as it was, and the conversation goes on', async (t) => {
  const {upstream, parley, api} = await world({}, t);
  const models = [parley.model([{reply: ['A1']}, {reply: ['A2']}]), parley.model([{reply: ['B1'], reasoning: ['hm']}, {reply: ['B2']}], 'anthropic')];
  const session = await api.session(models, {title: 'Kept', system_prompt: 'Be.', parameters: {temperature: 0.5}});
  await say(api, session, 'One');
  const before = [await api.transcript(session), (await api.get(`/api/sessions/${session}/`)).json];
  await parley.terminate();
  await parley.launch();
  assert.deepEqual([await api.transcript(session), (await api.get(`/api/sessions/${session}/`)).json], before);
  await say(api, session, 'Two');
  assert.deepEqual((await upstream.request(models[0], 2)).body.messages.map(({content}) => content), ['Be.', 'One', 'A1', 'Two']);
});

test('the same message id sent after a restart makes no second turn: a restart, the stored answers, their finishes', async (t) => {
  const {upstream, parley, api} = await world({}, t);
  const call = {id: 'c1', name: 'f', arguments: ['{}']};
  const models = [parley.model({reply: ['one ', 'two'], reasoning: ['hm ', 'hm']}), parley.model({reply: ['three'], toolCalls: [call]})];
  const session = await api.session(models);
  const message = {content: 'Hi', id: newId()};
  const first = await say(api, session, message);
  await parley.terminate();
  await parley.launch();
  const again = await say(api, session, message);
  const of = (seat) => again.lines.filter((line) => line.participant === seat).map((line) => (line.kind === '2' ? line.value[0].type : line.kind));
  assert.equal(of('a')[0], 'restart');
  assert.deepEqual(of('a').slice(1).sort(), ['0', 'd', 'g'], 'one event per kind');
  assert.equal(of('b')[0], 'restart');
  assert.equal(again.text('a'), 'one two');
  assert.equal(again.text('a', 'g'), 'hm hm');
  assert.equal(again.text('b'), 'three');
  assert.deepEqual([again.finish('a'), again.finish('b')], [first.finish('a'), first.finish('b')]);
  assert.deepEqual(again.ids, first.ids);
  for (const model of models) assert.equal(upstream.requestsFor(model).length, 1);
  assert.equal((await api.transcript(session)).length, 3);
  const sse = await EventStream.attach(api, first.ids.b, {from: 0});
  await sse.all();
  assert.equal(sse.text('b'), 'three');
  assert.equal(sse.events.at(-1).data.type, 'turn_done');
});

test('SIGTERM lets streams under way end, stores them, and the process ends cleanly', async (t) => {
  const {upstream, parley, api} = await world({config: {server: {shutdown_grace: '5s'}}}, t);
  const model = parley.model({reply: ['one ', 'two'], holdAfter: 1});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await run.take(1);
  const ended = parley.terminate();
  await new Promise((resolve) => setTimeout(resolve, 200));
  (await upstream.request(model)).release();
  await run.all();
  assert.equal(run.finish().finishReason, 'stop');
  assert.equal(run.text(), 'one two');
  await ended;
  await parley.launch();
  assert.equal((await api.message(run.ids.a)).content, 'one two');
});

test('after the grace of a SIGTERM streams end as interrupted, with their text stored', async (t) => {
  const {parley, api} = await world({}, t);
  const models = [parley.model({reply: ['one ', 'two'], holdAfter: 1}), parley.model({holdAfter: 0}, 'anthropic')];
  const session = await api.session(models);
  const run = await api.send(session, 'Hello');
  await run.take(1);
  const idle = await api.send(await api.session(parley.model()), 'Hello');
  await idle.all();
  await parley.terminate();
  await run.all();
  for (const seat of 'ab') assert.equal(run.finish(seat).finishReason, 'interrupted');
  await parley.launch();
  const [, a, b] = await api.transcript(session);
  assert.deepEqual([a.status, a.finish_reason, a.content], ['failed', 'interrupted', 'one ']);
  assert.deepEqual([b.status, b.finish_reason, b.content], ['failed', 'interrupted', '']);
});

test('while it drains no new turn is taken, and ready says so', async (t) => {
  const {upstream, parley, api} = await world({config: {server: {shutdown_grace: '5s'}}}, t);
  const model = parley.model({holdAfter: 1});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await run.take(1);
  // Connections from before: a server that drains may refuse new ones.
  const ended = parley.terminate();
  const refused = await until('it drains', async () => {
    const ready = await api.get('/ready/').catch((error) => error);
    return ready instanceof Error ? ready : ready.status === 503 && ready;
  });
  if (!(refused instanceof Error)) {
    const turn = await api.post('/api/messages/stream/', {session_id: await api.session(model).catch(() => session), messages: [{role: 'user', content: 'More'}]}).catch(() => undefined);
    if (turn) assert.deepEqual([turn.status, turn.json.error.code, Boolean(turn.headers.get('retry-after'))], [503, 'unavailable', true]);
  }
  (await upstream.request(model)).release();
  await run.all();
  assert.equal(run.finish().finishReason, 'stop');
  await ended;
});

test('kill -9 leaves an answer under way as interrupted with its checkpointed text, and the finished ones whole', async (t) => {
  const {parley, api} = await world({config: {limits: {checkpoint_interval: '200ms'}}}, t);
  const model = parley.model([{reply: ['done']}, {reply: ['one ', 'two ', 'three'], holdAfter: 2}]);
  const session = await api.session(model);
  await say(api, session, 'First');
  const run = await api.send(session, 'Second');
  await run.take(2);
  await until('a checkpoint was made', async () => (await api.message(run.ids.a)).content === 'one two ' && new Promise((resolve) => setTimeout(() => resolve(true), 1000)));
  await parley.kill();
  await parley.launch();
  const messages = await api.transcript(session);
  assert.deepEqual(messages.map(({role, content, status}) => [role, content, status]), [
    ['user', 'First', 'success'],
    ['assistant', 'done', 'success'],
    ['user', 'Second', 'success'],
    ['assistant', 'one two ', 'failed'],
  ]);
  assert.equal(messages[3].finish_reason, 'interrupted');
  const attached = await api.attach(run.ids.user, 0);
  await attached.all();
  assert.equal(attached.text(), 'one two ');
  assert.equal(attached.finish().finishReason, 'interrupted');
});

test('a session that was idle leaves memory, and its next request finds it as it was', async (t) => {
  const {upstream, parley, api} = await world({config: {limits: {session_idle: '1s', replay_window: '1s'}}}, t);
  const model = parley.model([{reply: ['A1']}, {reply: ['A2']}]);
  const session = await api.session(model, {system_prompt: 'Be.'});
  const message = {content: 'One', id: newId()};
  const first = await say(api, session, message);
  await until('the session left memory', async () => {
    // The replay then comes from the store, which shows as a restart.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const again = await say(api, session, message);
    return again.lines[0].kind === '2';
  });
  await say(api, session, 'Two');
  assert.deepEqual((await upstream.request(model, 2)).body.messages.map(({content}) => content), ['Be.', 'One', 'A1', 'Two']);
  assert.equal((await api.transcript(session)).length, 4);
  assert.equal((await api.transcript(session))[1].id, first.ids.a);
});

test('a second server refuses the data of one that runs', async (t) => {
  const {parley} = await world({}, t);
  const second = spawnSync(binary(), ['serve', '--config', parley.configFile, '--listen', '127.0.0.1:0'], {
    encoding: 'utf8',
    timeout: 10_000,
    env: {...process.env, E2E_OPENAI_KEY: 'x', E2E_ANTHROPIC_KEY: 'x'},
  });
  assert.notEqual(second.status, 0);
  assert.equal(second.signal, null, 'it ends by itself');
  assert.ok((second.stderr + second.stdout).includes(parley.dataDir), 'and says which data');
});
