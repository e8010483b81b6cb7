// `parley serve`, `check-config` and `--version`, as a person starts them.

import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {finishOf, parseLine} from '../support/api_client.mjs';
import {binary, root, until} from '../support/parley_process.mjs';
import {test, world} from './world.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'parley-command-'));
after(() => rmSync(folder, {recursive: true}));

function parley(args, env = {}) {
  const {status, signal, stdout, stderr} = spawnSync(binary(), args, {cwd: folder, encoding: 'utf8', timeout: 20_000, env: {...process.env, ...env}});
  assert.equal(signal, null, `it ends by itself: ${stdout}${stderr}`);
  return {status, stdout, stderr};
}

function config(text) {
  const file = path.join(folder, 'test.toml');
  writeFileSync(file, text);
  return file;
}

test('--version says the version', () => {
  const {status, stdout} = parley(['--version']);
  assert.equal(status, 0);
  assert.match(stdout, /\d+\.\d+\.\d+/);
});

test('--help names the commands, and nonsense is told in a line', () => {
  const help = parley(['--help']);
  assert.equal(help.status, 0);
  for (const command of ['serve', 'check-config']) assert.ok(help.stdout.includes(command));
  for (const nonsense of [['dance'], ['serve', '--dance'], ['serve', '--listen']]) {
    const {status, stderr} = parley(nonsense);
    assert.notEqual(status, 0);
    assert.ok(stderr.length > 0);
  }
});

test('the configuration that is shipped is right', () => {
  for (const args of [['check-config'], ['check-config', '--config', path.join(root, 'config/parley.toml')]]) {
    const {status, stderr} = parley(args);
    assert.equal(status, 0, stderr);
  }
});

const mistakes = [
  ['[server]\nlisten = "127.0.0.1:8080"\nlisen = "x"\n', 'lisen', 3],
  ['[sever]\n', 'sever', 1],
  ['[http]\n\nidle_timeout = "10 bananas"\n', 'idle_timeout', 3],
  ['[http]\nmax_body_bytes = -1\n', 'max_body_bytes', 2],
  ['[server]\nlisten = "0.0.0.0:8080"\n', 'listen', 2],
  ['[[models]]\nid = "x"\nprovider = "nobody"\n', 'nobody', 1],
  ['[server\n', 'test.toml', 1],
];
for (const [text, name, line] of mistakes)
  test(`a mistake in ${JSON.stringify(text)} is named with its line`, () => {
    const file = config(text);
    for (const command of ['check-config', 'serve']) {
      const {status, stderr} = parley([command, '--config', file]);
      assert.notEqual(status, 0);
      assert.ok(stderr.includes(name) && stderr.includes(`test.toml:${line}`), stderr);
    }
  });

test('no secret shows in what check-config prints', () => {
  const file = config('[[providers]]\nname = "mine"\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\napi_key = "${MY_KEY}"\n[[models]]\nid = "x"\nprovider = "mine"\n');
  const {status, stdout, stderr} = parley(['check-config', '--config', file], {MY_KEY: 'sk-very-secret-indeed'});
  assert.equal(status, 0, stderr);
  assert.ok(stdout.includes('mine') && !`${stdout}${stderr}`.includes('sk-very-secret-indeed'));
});

test('flags count over variables, and variables over the file', () => {
  const file = config('[http]\nidle_timeout = "11s"\nbody_timeout = "12s"\nheader_timeout = "13s"\n');
  const {stdout} = parley(['check-config', '--config', file, '--set', 'http.idle_timeout=31s'], {PARLEY_HTTP_IDLE_TIMEOUT: '21s', PARLEY_HTTP_BODY_TIMEOUT: '22s'});
  for (const value of ['31s', '22s', '13s']) assert.ok(stdout.includes(value), stdout);
  for (const value of ['11s', '21s', '12s']) assert.ok(!stdout.includes(`"${value}"`), stdout);
});

test('a port that is taken, and a data directory that cannot be made, are told', async (t) => {
  const {parley: running} = await world({}, t);
  const taken = parley(['serve', '--listen', `127.0.0.1:${running.port}`, '--data', path.join(folder, 'a')]);
  assert.notEqual(taken.status, 0);
  assert.match(taken.stderr + taken.stdout, new RegExp(`${running.port}`));
  const file = config('');
  const nowhere = parley(['serve', '--listen', '127.0.0.1:0', '--data', path.join(file, 'data')]);
  assert.notEqual(nowhere.status, 0);
  assert.ok((nowhere.stderr + nowhere.stdout).includes('test.toml'));
});

test('what it prints at its start can be pasted into a shell, and streams', async () => {
  const child = spawn(binary(), ['serve', '--listen', '127.0.0.1:0', '--data', path.join(folder, 'fresh')], {stdio: ['ignore', 'pipe', 'pipe']});
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const [script] = await until('it has said what to try', () => /^ *session=\$\([\s\S]*?\n\n/m.exec(printed));
    const shell = spawnSync('bash', ['-c', script], {encoding: 'utf8', timeout: 30_000});
    assert.equal(shell.status, 0, shell.stderr);
    const lines = shell.stdout.split('\n').filter(Boolean).map(parseLine);
    for (const seat of 'ab') assert.equal(finishOf(lines, seat).finishReason, 'stop');
  } finally {
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
  }
});

test('log lines name their request, in text and as JSON', async (t) => {
  for (const format of ['text', 'json']) {
    const {parley: server, api} = await world({config: {log: {level: 'debug', format}}}, t);
    const run = await api.send(await api.session(server.model()), 'A text that no log may show', {headers: {'X-Request-Id': 'my-very-request'}});
    await run.all();
    const line = await until('the request is logged', () => server.log.split('\n').find((entry) => entry.includes('my-very-request')));
    if (format === 'json') assert.equal(typeof JSON.parse(line), 'object');
    assert.ok(!server.log.includes('A text that no log may show'));
  }
});

test('a signal while it starts, or two of them, end it all the same', async () => {
  for (const signals of [['SIGTERM'], ['SIGINT'], ['SIGTERM', 'SIGTERM']]) {
    const child = spawn(binary(), ['serve', '--listen', '127.0.0.1:0', '--data', path.join(folder, 'signals')], {stdio: ['ignore', 'ignore', 'pipe']});
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
    const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const signal of signals) child.kill(signal);
    const how = await Promise.race([ended, new Promise((resolve) => setTimeout(() => resolve('hangs'), 10_000).unref())]);
    if (how === 'hangs') child.kill('SIGKILL');
    assert.notEqual(how, 'hangs');
    assert.ok(!/Sanitizer|runtime error:/.test(log), log);
  }
});

test('at rest it uses no CPU', async (t) => {
  const {parley: server, api} = await world({}, t);
  // Resting is also what it does between turns: with a session in memory and kept-alive connections.
  const run = await api.send(await api.session(server.model()), 'Hello');
  await run.all();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = server.cpuSeconds();
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const share = (server.cpuSeconds() - before) / 4;
  assert.ok(share < 0.006, `${(share * 100).toFixed(2)} %`);
});
