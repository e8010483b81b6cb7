// A PostgreSQL that comes, stands still and goes: then the test has one of its own.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {binary, postgres, until} from '../support/parley_process.mjs';
import {Postgres, sql} from '../support/postgres.mjs';
import {test as anyTest, world} from './world.mjs';

function test(name, body) {
  return anyTest(name, body, {skip: postgres ? false : 'it is about PostgreSQL'});
}

async function database(t) {
  const server = await Postgres.start();
  t.after(() => server.stop());
  return server;
}

/** `parley serve` on a database that isn't there; what becomes of it. */
async function startWithout(server, t, args = [], act = () => {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-waiting-'));
  t.after(() => rm(folder, {recursive: true}));
  const child = spawn(binary(), ['serve', '--listen', '127.0.0.1:0', '--data', folder, ...args], {
    env: {...process.env, PARLEY_STORE_URL: server.url},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const run = {child, log: ''};
  child.stderr.setEncoding('utf8').on('data', (text) => (run.log += text));
  const begun = Date.now();
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  await act(run);
  run.status = await ended;
  run.took = Date.now() - begun;
  return run;
}

test('a database that comes later is waited for', async (t) => {
  const server = await database(t);
  await server.kill();
  const started = world({config: {store: {url: server.url}}}, t);
  await sleep(1500);
  await server.launch();
  const {parley, api} = await started;
  assert.equal(parley.log.match(/Connection refused\. Waiting for it, for 60 s at most\./g)?.length, 1, parley.log);
  const run = await api.send(await api.session(parley.model({reply: ['Hi']})), 'Hello');
  await run.all();
  assert.equal((await api.message(run.ids.a)).content, 'Hi');
});

test('a database that never comes is told with what to do about it', async (t) => {
  const server = await database(t);
  await server.kill();
  const {status, log, took} = await startWithout(server, t, ['--set', 'store.connect_patience=2s']);
  assert.equal(status, 1);
  assert.match(log, /was waited for for 2 s.* Start it, or correct \[store\] url\./);
  assert.ok(took > 1000 && took < 20_000, `${took} ms`);
});

test('a signal ends the waiting for a database', async (t) => {
  const server = await database(t);
  await server.kill();
  const {status, took} = await startWithout(server, t, [], async (run) => {
    await until('it waits', () => run.log.includes('Waiting for it'));
    run.child.kill('SIGTERM');
  });
  assert.equal(status, 0);
  assert.ok(took < 20_000, `${took} ms`);
});

test('a database that only a person can mend is not waited for', async (t) => {
  const server = await database(t);
  const {status, log} = await startWithout(server, t, ['--set', 'store.migrate=false']);
  assert.equal(status, 1);
  assert.match(log, /run `parley migrate`/);
  assert.doesNotMatch(log, /Waiting/);
});

test('while the database is frozen, ready and health say so soon, and take it back', async (t) => {
  const server = await database(t);
  const {parley, api} = await world({config: {store: {url: server.url}}}, t);
  const ask = async (route) => {
    const begun = Date.now();
    const {status} = await api.get(route);
    return {status, took: Date.now() - begun};
  };
  assert.equal((await ask('/ready/')).status, 200);
  server.freeze();
  for (const route of ['/ready/', '/health/', '/ready/']) {
    const {status, took} = await ask(route);
    assert.ok(status === 503 && took < 3000, `${route}: ${status} after ${took} ms`);
  }
  assert.equal((await ask('/live/')).status, 200);
  server.thaw();
  await until('it is ready again', () => parley.ready());
});

test('a server deletes the sessions that have expired, and no others', async (t) => {
  const {parley, api} = await world({config: {store: {retention: '1h'}}}, t);
  const [old, recent] = [await api.session(parley.model()), await api.session(parley.model())];
  await parley.terminate();
  // Its id has the time of its making.
  const expired = '01900000-0000-7000-8000-000000000000';
  const change = `UPDATE sessions SET id = '${expired}', updated_at = now() - interval '61 minutes' WHERE id = '${old}' RETURNING id`;
  assert.deepEqual(await sql(parley.storeUrl, change), [expired]);
  await parley.launch();
  await until('it is gone', async () => (await api.get(`/api/sessions/${expired}/`)).status === 404);
  assert.equal((await api.get(`/api/sessions/${recent}/`)).status, 200);
});
