// Whoever watches a session sees every answer grow, from any device, without gaps.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {until} from '../support/parley_process.mjs';
import {Browser} from '../support/browser.mjs';
import {test, world} from './world.mjs';
import {Watcher, checkRising} from './ws_watcher.mjs';

const origin = 'https://chat.example.org';
const {upstream, parley, api} = await world({
  config: {server: {allowed_origins: [origin]}, http: {write_timeout: '1s'}, limits: {replay_window: '1min'}},
});

const words = Array.from({length: 40}, (_, i) => `wörd-${i} `);

test('a subscriber from the start sees the whole turn', async () => {
  const model = parley.model({reply: words, reasoning: ['Hm, ', 'well.'], pace: 2});
  const session = await api.session(model);
  const watcher = await Watcher.open(parley, session);
  const state = await watcher.find((frame) => frame.type === 'session_state');
  const greeting = watcher.frames[0];
  assert.equal(greeting.type, 'connection_established');
  assert.deepEqual([greeting.recovered, greeting.cursor, greeting.session.id], [false, null, session]);
  assert.deepEqual([state.messages, state.cursor, state.session.id], [[], null, session]);

  const run = await api.send(session, 'Hello');
  await run.all();
  await watcher.completed(run.ids.a);
  await watcher.find((frame) => frame.type === 'delta' && frame.event.type === 'finish');
  const created = watcher.frames.filter((frame) => frame.action === 'created').map((frame) => [frame.message.role, frame.message.id]);
  assert.deepEqual(created, [['user', run.ids.user], ['assistant', run.ids.a]]);
  assert.equal(watcher.text(run.ids.a), words.join(''));
  assert.equal(watcher.text(run.ids.a), run.text());
  const deltas = watcher.ofType('delta');
  checkRising(deltas);
  assert.ok(deltas.every((frame) => frame.attempt === 1 && frame.participant === 'a'));
  assert.ok(deltas.every((frame) => frame.cursor.startsWith(run.headers.get('x-run-id'))));
  assert.equal(deltas.filter((frame) => frame.event.type === 'reasoning').map((frame) => frame.event.content).join(''), 'Hm, well.');
  const finish = deltas.find((frame) => frame.event.type === 'finish');
  assert.equal(finish.event.finishReason, 'stop');
  const completed = await watcher.completed(run.ids.a);
  assert.deepEqual(completed.message, await api.message(run.ids.a), 'as it is stored');
  assert.equal((await watcher.close()).code, 1000);
});

test('both answers of a comparison, and a regenerated one', async () => {
  const models = [parley.model({reply: ['A1 ', 'A2']}), parley.model([{reply: ['B1 ', 'B2']}, {reply: ['C1 ', 'C2'], pace: 5}])];
  const session = await api.session(models);
  const watcher = await Watcher.open(parley, session);
  const run = await api.send(session, 'Hello');
  await run.all();
  await watcher.completed(run.ids.a);
  await watcher.completed(run.ids.b);
  assert.deepEqual([watcher.text(run.ids.a), watcher.text(run.ids.b)], ['A1 A2', 'B1 B2']);
  const again = await api.regenerate(run.ids.b);
  await again.all();
  await watcher.completed(again.ids.b);
  assert.equal(watcher.text(again.ids.b), 'C1 C2');
  const attempts = watcher.ofType('delta').filter((frame) => frame.message_id === again.ids.b);
  assert.ok(attempts.length > 0 && attempts.every((frame) => frame.attempt === 2));
  await watcher.close();
});

test('one that comes in the middle gets the text so far and then what follows', async () => {
  const model = parley.model({reply: words, holdAfter: 10});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await run.take(10);
  const watcher = await Watcher.open(parley, session);
  const state = await watcher.find((frame) => frame.type === 'session_state');
  const growing = state.messages.find((message) => message.id === run.ids.a);
  assert.equal(growing.content, words.slice(0, 10).join(''));
  assert.equal(growing.status, 'streaming');
  assert.equal(state.cursor, `${run.headers.get('x-run-id')}:10`);
  (await upstream.request(model)).release();
  await run.all();
  await watcher.completed(run.ids.a);
  assert.equal(watcher.text(run.ids.a, growing.content), words.join(''));
  await watcher.close();
});

test('a watcher that is cut again and again misses nothing and hears nothing twice', async () => {
  const model = parley.model({reply: words, pace: 15});
  const session = await api.session(model);
  let watcher = await Watcher.open(parley, session);
  const run = await api.send(session, 'Hello');
  const ending = run.all();
  const deltas = [];
  let cuts = 0;
  for (let enough = 3; ; enough = 1 + ((enough * 5) % 7), ++cuts) {
    const own = watcher;
    await own.find((frame) => frame.type === 'delta' && (frame.event.type === 'finish' || own.ofType('delta').length >= enough));
    own.cut();
    await own.closed;
    deltas.push(...own.ofType('delta'));
    if (deltas.at(-1).event.type === 'finish') break;
    watcher = await Watcher.open(parley, session, {from: deltas.at(-1).cursor});
    const greeting = await watcher.find((frame) => frame.type === 'connection_established');
    assert.deepEqual([greeting.recovered, greeting.cursor], [true, deltas.at(-1).cursor]);
    assert.equal(watcher.ofType('session_state').length, 0);
  }
  await ending;
  assert.ok(cuts >= 3, `${cuts}`);
  checkRising(deltas);
  assert.equal(deltas.map((frame) => frame.event.content ?? '').join(''), words.join(''));
});

test('a cursor that is gone, or was never there, is answered with the state', async () => {
  const model = parley.model([{reply: ['old']}, {reply: ['new']}]);
  const session = await api.session(model);
  const first = await api.send(session, 'Hello');
  await first.all();
  const old = `${first.headers.get('x-run-id')}:1`;
  await (await api.send(session, 'Again')).all();
  for (const from of [old, '0190b6f0-7c1e-7d5a-9f3e-0123456789ab:3']) {
    const watcher = await Watcher.open(parley, session, {from});
    const state = await watcher.find((frame) => frame.type === 'session_state');
    assert.equal(watcher.frames[0].recovered, false);
    assert.deepEqual(state.messages.map((message) => message.content), ['Hello', 'old', 'Again', 'new']);
    await watcher.close();
  }
  const wrong = await Watcher.open(parley, session, {from: 'nonsense'});
  assert.equal((await wrong.closed).code, 1008);
  assert.deepEqual(wrong.frames.map((frame) => [frame.type, frame.code]), [['error', 'invalid_request']]);
});

test('two windows hear of each other: typing, a new name, and the end', async () => {
  const session = await api.session(parley.model());
  const [mine, other] = [await Watcher.open(parley, session), await Watcher.open(parley, session)];
  for (const each of [mine, other]) await each.find((frame) => frame.type === 'session_state');
  mine.say({type: 'typing_indicator', is_typing: true});
  const typing = await other.find((frame) => frame.type === 'typing_indicator');
  assert.equal(typing.is_typing, true);
  assert.match(typing.user_id, /^[0-9a-f-]{36}$/);
  await api.patch(`/api/sessions/${session}/`, {title: 'Renamed'});
  for (const each of [mine, other]) {
    const update = await each.find((frame) => frame.type === 'session_update');
    assert.deepEqual([update.action, update.session.title], ['updated', 'Renamed']);
  }
  assert.equal(mine.ofType('typing_indicator').length, 0, 'not its own');
  mine.say({type: 'ping', timestamp: 17});
  assert.equal((await mine.find((frame) => frame.type === 'pong')).timestamp, 17);
  const before = mine.frames.length;
  mine.say({type: 'request_state'});
  assert.equal((await mine.find((frame) => frame.type === 'session_state', before)).session.title, 'Renamed');
  mine.say('nonsense');
  assert.equal((await mine.find((frame) => frame.type === 'error')).code, 'invalid_request');
  await api.delete(`/api/sessions/${session}/`);
  for (const each of [mine, other]) {
    assert.equal((await each.closed).code, 4404);
    assert.equal(each.frames.at(-1).action, 'deleted');
  }
  const late = await Watcher.open(parley, session);
  assert.equal((await late.closed).code, 4404);
});

test('pages of other origins are refused', async () => {
  const session = await api.session(parley.model());
  await (await Watcher.open(parley, session, {origin})).close();
  await assert.rejects(Watcher.open(parley, session, {origin: 'https://evil.example'}), /403/);
});

test('a bearer token may come as a subprotocol and stays out of the log', async () => {
  const session = await api.session(parley.model());
  const watcher = await Watcher.open(parley, session, {protocols: ['bearer', 'sk-of-a-client']});
  assert.equal(watcher.socket.protocol, 'bearer');
  await watcher.close();
  assert.ok(!parley.log.includes('sk-of-a-client'));
});

test('one that reads slowly misses nothing, and one that stalls is closed', async () => {
  const big = Array.from({length: 700}, (_, i) => `${i} `.padEnd(4096, 'x'));
  const model = parley.model({reply: big});
  const session = await api.session(model);
  const slow = await Watcher.open(parley, session);
  const stalled = await Watcher.open(parley, session);
  const quick = await Watcher.open(parley, session);
  for (const each of [slow, stalled, quick]) await each.find((frame) => frame.type === 'session_state');
  stalled.socket.pause();
  const nap = setInterval(() => {
    slow.socket.pause();
    setTimeout(() => slow.socket.resume(), 40);
  }, 50);
  const run = await api.send(session, 'Hello');
  await run.all();
  await quick.completed(run.ids.a);
  await slow.completed(run.ids.a);
  clearInterval(nap);
  const whole = big.join('');
  assert.ok(quick.text(run.ids.a) === whole);
  assert.ok(slow.text(run.ids.a) === whole);
  checkRising(slow.ofType('delta'));
  await until('the stalled one is given up', async () => parley.log.includes('closing a WebSocket with 4408'));
  stalled.socket.resume();
  const {code} = await stalled.closed;
  assert.ok(code === 4408 || code === 1006, `${code}`);
  assert.ok(whole.startsWith(stalled.text(run.ids.a)), 'no gap until then');
  const again = await Watcher.open(parley, session, {from: stalled.cursor});
  await again.find((frame) => frame.type === 'delta' && frame.event.type === 'finish');
  assert.ok(stalled.text(run.ids.a) + again.text(run.ids.a) === whole);
  for (const each of [slow, quick, again]) await each.close();
});

test('with deflate the frames are compressed for those who can', async (t) => {
  const here = await world({config: {websocket: {deflate: true}}}, t);
  const model = here.parley.model({reply: words, pace: 2});
  const session = await here.api.session(model);
  const packed = await Watcher.open(here.parley, session, {perMessageDeflate: true});
  const plain = await Watcher.open(here.parley, session);
  assert.match(packed.socket.extensions, /permessage-deflate/);
  assert.equal(plain.socket.extensions, '');
  for (const each of [packed, plain]) await each.find((frame) => frame.type === 'session_state');
  packed.say({type: 'ping', timestamp: 'x'.repeat(20_000)});
  assert.equal((await packed.find((frame) => frame.type === 'pong')).timestamp.length, 20_000);
  const bomb = await Watcher.open(here.parley, session, {perMessageDeflate: true});
  bomb.say('x'.repeat(10_000_000));
  assert.equal((await bomb.closed).code, 1009);
  const run = await here.api.send(session, 'Hello');
  await run.all();
  for (const each of [packed, plain]) {
    await each.completed(run.ids.a);
    assert.equal(each.text(run.ids.a), words.join(''));
  }
  const bytes = (watcher) => watcher.socket._socket.bytesRead;
  assert.ok(bytes(packed) < 0.85 * bytes(plain), `${bytes(packed)} of ${bytes(plain)} bytes`);
  await here.api.delete(`/api/sessions/${session}/`);
  assert.equal((await packed.closed).code, 4404);
  assert.equal(packed.frames.at(-1).action, 'deleted');
});

test('a node that shuts down sends watchers away', async (t) => {
  const here = await world({}, t);
  const watcher = await Watcher.open(here.parley, await here.api.session(here.parley.model()));
  await watcher.find((frame) => frame.type === 'session_state');
  const [{code}] = await Promise.all([watcher.closed, here.parley.terminate()]);
  assert.equal(code, 1001);
});

test('Python\'s websockets watches a turn', async () => {
  const model = parley.model({reply: words, pace: 2, holdAfter: 1});
  const session = await api.session(model);
  const script = fileURLToPath(new URL('watch.py', import.meta.url));
  // Debian's, for which the package is installed.
  const watching = promisify(execFile)('/usr/bin/python3', [script, `${parley.origin.replace('http', 'ws')}/ws/chat/session/${session}/`]);
  const run = await api.send(session, 'Hello');
  await run.take(1);
  await until('it is there', async () => parley.log.includes(`/ws/chat/session/${session}/`));
  (await upstream.request(model)).release();
  await run.all();
  const seen = JSON.parse((await watching).stdout);
  assert.equal(seen.text, words.join(''));
  assert.equal(seen.close_code, 1000);
});

test('a browser watches a turn, and is told why it is closed', async (t) => {
  const browser = await Browser.start();
  t.after(() => browser.stop());
  const model = parley.model({reply: words, pace: 2, holdAfter: 1});
  const session = await api.session(model);
  const page = await (await browser.window(parley.origin)).newPage();
  await page.goto('/live/');
  const watching = page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const frames = [];
        const socket = new WebSocket(address);
        socket.onmessage = ({data}) => frames.push(JSON.parse(data));
        socket.onclose = ({code, reason, wasClean}) => resolve({frames, code, reason, wasClean});
      }),
    `${parley.origin.replace('http', 'ws')}/ws/chat/session/${session}/`,
  );
  await until('it is there', async () => parley.log.includes(`/ws/chat/session/${session}/`));
  const run = await api.send(session, 'Hello');
  await run.take(1);
  (await upstream.request(model)).release();
  await run.all();
  await api.delete(`/api/sessions/${session}/`);
  const {frames, code, wasClean} = await watching;
  assert.deepEqual([code, wasClean], [4404, true]);
  const text = frames.reduce((known, {type, event, messages}) => {
    if (type === 'session_state') return messages.find((message) => message.id === run.ids.a)?.content ?? '';
    return type === 'delta' && event.type === 'text' ? known + event.content : known;
  }, '');
  assert.equal(text, words.join(''));
  assert.ok(frames.some((frame) => frame.action === 'completed' && frame.message.id === run.ids.a));
});
