// `parley migrate`, `backup` and `copy`, beside a server and after it.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {copyFile, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {binary, Parley, postgres} from '../support/parley_process.mjs';
import {Api} from '../support/api_client.mjs';
import {test, world} from './world.mjs';

const embeddedOnly = {skip: postgres ? 'it is about the embedded store' : false};

/** Runs a command of the binary; what it printed. */
async function parley(args, env = {}) {
  const done = await promisify(execFile)(binary(), args, {timeout: 30_000, env: {...process.env, ...env}}).catch((error) => error);
  return {status: done.code ?? 0, stdout: done.stdout, stderr: done.stderr};
}

async function folderFor(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-commands-'));
  t.after(() => rm(folder, {recursive: true}));
  return folder;
}

/** A server on another embedded store, for reading what is there. */
async function serverOn(file, t) {
  const server = await Parley.start({config: {store: {url: ''}}});
  t.after(() => server.stop());
  await server.terminate();
  await copyFile(file, path.join(server.dataDir, 'parley.db'));
  await server.launch();
  return new Api(server.origin);
}

test('a backup that is made under load has each answer that was finished before, whole', async (t) => {
  const {parley: server, api} = await world({config: {limits: {checkpoint_interval: '100ms'}}}, t);
  const folder = await folderFor(t);
  const model = server.model({reply: Array.from({length: 40}, (_, i) => `word${i} `), pace: 10});
  const running = server.model({reply: ['one ', 'two'], holdAfter: 1});
  const held = await api.send(await api.session(running), 'Wait');
  await held.take(1);
  const finished = new Map();
  let stop = false;
  const client = async () => {
    while (!stop) {
      const session = await api.session(model);
      const run = await api.send(session, 'Hello');
      await run.all();
      finished.set(session, run.text());
    }
  };
  const clients = Array.from({length: 4}, client);
  while (finished.size < 6) await new Promise((resolve) => setTimeout(resolve, 20));
  const before = new Map(finished);
  const file = path.join(folder, 'backup.db');
  const {status, stdout, stderr} = await parley(['backup', '--data', server.dataDir, '--to', file]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /backup\.db: \d+ sessions with \d+ messages/);
  stop = true;
  await Promise.all(clients);
  const restored = await serverOn(file, t);
  for (const [session, text] of before) assert.equal((await restored.transcript(session))[1].content, text);
  const kept = await restored.message(held.ids.a);
  assert.deepEqual([kept.status, kept.finish_reason], ['failed', 'interrupted']);
}, embeddedOnly);

test('a backup of PostgreSQL is a thing for pg_dump', async () => {
  const {status, stderr} = await parley(['backup', '--to', '/nowhere/at/all'], {PARLEY_STORE_URL: 'postgresql://me:geheim@127.0.0.1:1/x'});
  assert.equal(status, 1);
  assert.ok(stderr.includes('pg_dump') && !stderr.includes('geheim'), stderr);
});

test('what is copied to another store is served there as it was', async (t) => {
  const {parley: server, api} = await world({}, t);
  const session = await api.session([server.model({reply: ['A ', 'B'], reasoning: ['hm']}), server.model({reply: ['C']}, 'anthropic')]);
  for (const text of ['One', 'Two'])
    await (await api.send(session, text)).all();
  const transcript = await api.transcript(session);
  assert.equal(transcript.length, 6);
  const from = server.storeUrl ?? path.join(server.dataDir, 'parley.db');
  const to = path.join(await folderFor(t), 'copy.db');
  if (!server.storeUrl) {
    const refused = await parley(['copy', '--from', from, '--to', to]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /in use by process \d+/);
  }
  await server.terminate();
  const {status, stdout, stderr} = await parley(['copy', '--from', from, '--to', to]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^Copied 1 sessions with 6 messages/);
  assert.deepEqual(await (await serverOn(to, t)).transcript(session), transcript);
  const again = await parley(['copy', '--from', from, '--to', to]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /already has 1 sessions; a copy goes into an empty store only\.\n$/);
});

test('migrate says which schema the store has', async (t) => {
  const folder = await folderFor(t);
  const args = ['migrate', '--data', path.join(folder, 'data')];
  for (const round of ['made', 'there already']) {
    const {status, stdout, stderr} = await parley(args);
    assert.equal(status, 0, `${round}: ${stderr}`);
    assert.match(stdout, /parley\.db has schema \d+, the newest/);
  }
  const {parley: server} = await world({}, t);
  if (!server.storeUrl) return;
  const {stdout} = await parley(['migrate'], {PARLEY_STORE_URL: server.storeUrl});
  assert.match(stdout, /^PostgreSQL at 127\.0\.0\.1:\d+\/\w+ has schema \d+/);
});
