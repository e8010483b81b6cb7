// Many at once, slow ones among them: nothing is lost, nothing is left behind.

import assert from 'node:assert/strict';
import {RawConnection} from '../support/raw_http.mjs';
import {until} from '../support/parley_process.mjs';
import {Random} from '../soak/kill/random.mjs';
import {EventStream, offsetOf} from './sse_client.mjs';
import {newId, test, world} from './world.mjs';

const {upstream, parley, api} = await world({
  config: {http: {write_timeout: '1s'}, limits: {max_session_bytes: '32MiB', replay_window: '1s'}},
});

test('after a hundred compare streams all files are closed again', async () => {
  const models = [parley.model({reply: Array(20).fill('word '), pace: 10, keepAlive: false}), parley.model({pace: 10, keepAlive: false}, 'anthropic')];
  const sessions = [];
  for (let i = 0; i < 100; ++i) sessions.push(await api.session(models));
  const before = parley.openFiles();
  const runs = await Promise.all(sessions.map((session) => api.send(session, 'Hello', {headers: {Connection: 'close'}})));
  assert.ok(parley.openFiles() > before + 100, 'they were open');
  await Promise.all(runs.map((run) => run.all()));
  for (const run of runs) for (const seat of 'ab') assert.equal(run.finish(seat).finishReason, 'stop');
  await until('the files are closed', () => parley.openFiles() <= before + 5);
});

test('a reader that is far behind gets all of it, in fewer and larger pieces, and its offsets rise', async () => {
  const reply = Array.from({length: 8000}, (_, i) => `${i} and a little more text so that it adds up to something; `);
  const model = parley.model({reply});
  const session = await api.session(model);
  const run = await EventStream.send(api, session, 'Hello');
  await until('the answer is whole', async () => (await api.message(run.ids.a)).status === 'success');
  await run.all();
  assert.ok(run.text() === reply.join(''), 'no gap, nothing twice');
  const offsets = run.events.slice(0, -1).map(offsetOf);
  assert.ok(offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]));
  assert.equal(run.events.at(-2).data.type, 'finish');
});

test('a client that takes nothing is given up, and its answers are stored all the same', async () => {
  // Four times four megabytes: more than the kernel's buffers between the two take.
  const model = parley.model({reply: Array(100).fill('x'.repeat(40_000))});
  const session = await api.session(Array(4).fill(model));
  const connection = await RawConnection.open(parley.port);
  connection.socket.pause();
  const body = JSON.stringify({session_id: session, messages: [{role: 'user', content: 'Hello'}]});
  connection.write(`POST /api/messages/stream/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await upstream.request(model, 4);
  await until('the run is over', async () => (await api.get(`/api/sessions/${session}/`)).json.running === null);
  const [, ...answers] = await api.transcript(session);
  assert.deepEqual(answers.map(({status, content}) => [status, content.length]), Array(4).fill(['success', 4_000_000]));
  await new Promise((resolve) => setTimeout(resolve, 2500)); // beyond write_timeout
  connection.socket.resume();
  assert.ok(await connection.untilEnd(5000), 'its connection is closed');
  assert.ok(connection.received.length < 16_000_000);
  connection.close();
});

test('a session over max_session_bytes takes no new turn', async (t) => {
  const small = await world({config: {limits: {max_session_bytes: '100KiB'}}}, t);
  const {api} = small;
  const session = await api.session(small.parley.model({reply: ['y'.repeat(60_000)]}));
  for (const content of ['One', 'Two']) await (await api.send(session, content)).all();
  const refused = await api.post('/api/messages/stream/', {session_id: session, messages: [{role: 'user', content: 'Three'}]});
  assert.deepEqual([refused.status, refused.json.error.code], [413, 'too_large']);
  assert.equal((await api.transcript(session)).length, 4, 'and it can still be read');
});

test('when the replay window is over, attaching yields a restart and the stored answer', async () => {
  const run = await api.send(await api.session(parley.model({reply: ['one ', 'two']})), 'Hello');
  await run.all();
  const again = await until('the log is forgotten', async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const stream = await api.attach(run.ids.user, 0);
    await stream.all();
    return stream.lines[0].kind === '2' && stream;
  });
  assert.deepEqual(again.lines.map((line) => line.kind), ['2', '0', 'd']);
  assert.equal(again.text(), 'one two');
  assert.deepEqual(again.finish(), run.finish());
});

test('a seeded mixture of everything at once breaks nothing', async () => {
  const random = new Random(7);
  const models = [
    parley.model({reply: Array(15).fill('word '), pace: 5}),
    parley.model({reply: Array(10).fill('word '), pace: 10}, 'anthropic'),
    parley.model({reply: Array(10).fill('word '), after: 4, then: 'reset', pace: 3}),
    parley.model([{status: 503}, {status: 429}, {reply: ['ok']}]),
  ];
  const problems = [];
  const expect = (what, response, ...statuses) => {
    if (!statuses.includes(response.status)) problems.push(`${what}: ${response.status} ${response.text ?? ''}`);
  };

  async function user() {
    const pick = () => models[random.between(0, models.length - 1)];
    for (let turn = 0; turn < 6; ++turn) {
      const session = await api.session(random.chance(0.5) ? [pick(), pick()] : pick());
      const message = {content: 'Hello', id: newId()};
      const abort = new AbortController();
      const run = await api.send(session, message, {signal: abort.signal, more: random.chance(0.3) ? {on_disconnect: 'cancel'} : {}});
      const reading = run.all().catch((error) => (abort.signal.aborted ? undefined : problems.push(`${error.stack}`)));
      for (let action = 0; action < 4; ++action) {
        await new Promise((resolve) => setTimeout(resolve, random.between(0, 30)));
        const choice = random.between(0, 8);
        if (choice === 0) abort.abort();
        if (choice === 1) expect('stop', await api.post(`/api/messages/${run.ids.user}/stop/`), 200);
        if (choice === 2) expect('stop one', await api.post(`/api/messages/${run.ids.a}/stop/`), 200);
        if (choice === 3) expect('transcript', await api.get(`/api/sessions/${session}/messages/`), 200);
        if (choice === 4) expect('rename', await api.patch(`/api/sessions/${session}/`, {title: `${action}`}), 200);
        if (choice === 5) expect('attach', await api.get(`/api/messages/${run.ids.a}/stream/`), 200);
        if (choice === 6) expect('again', await api.post('/api/messages/stream/', {session_id: session, messages: [{role: 'user', ...message}]}), 200);
        if (choice === 7) expect('regenerate', await api.post(`/api/messages/${run.ids.a}/regenerate/`), 200, 409);
        if (choice === 8 && action === 3) expect('delete', await api.delete(`/api/sessions/${session}/`), 204);
      }
      await reading;
    }
  }
  await Promise.all(Array.from({length: 15}, user));
  assert.deepEqual(problems, []);
  assert.ok((await api.get('/health/')).status === 200);
});
