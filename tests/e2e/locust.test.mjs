// The load test's user (bench/locustfile.py) as Locust runs it, without its page: ten seconds on the models that come with Parley.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import path from 'node:path';
import {root} from '../support/parley_process.mjs';
import {test, world} from './world.mjs';

// Debian's, for it has Debian's packages; another Python may come first in PATH.
const locust = '/usr/bin/locust';

const {parley} = await world();

/** Runs users for that long, and lets them finish. Returns the exit code and the statistics: name → {requests, failures}. */
async function runUsers({models, seconds}) {
  const args = ['-f', path.join(root, 'bench/locustfile.py'), '--host', parley.origin, '--headless', '--only-summary'];
  args.push('--users', '3', '--spawn-rate', '3', '--run-time', `${seconds}s`, '--stop-timeout', '40');
  const env = {...process.env, PARLEY_MODELS: models, PYTHONDONTWRITEBYTECODE: '1'};
  const {code, output} = await new Promise((resolve) => {
    execFile(locust, args, {env, timeout: 80_000}, (error, stdout, stderr) => resolve({code: error ? (error.code ?? error.signal) : 0, output: stdout + stderr}));
  });
  // stream     first token          8     0(0.00%) |    187 …
  const rows = [...output.matchAll(/^(\w+) +(\S.*?) +(\d+) +(\d+)\(/gm)];
  const seen = Object.fromEntries(rows.map(([, type, name, requests, failures]) => [`${type} ${name}`, {requests: Number(requests), failures: Number(failures)}]));
  return {code, output, seen};
}

test('users talk to two models for ten seconds, by lines and WebSocket, and nothing fails', async () => {
  const {code, output, seen} = await runUsers({models: 'demo-swift,demo-thoughtful', seconds: 10});
  assert.equal(code, 0, output);
  const kinds = ['stream first token', 'stream whole answer', 'websocket joined', 'websocket first delta', 'websocket answer completed'];
  for (const kind of [...kinds, 'POST /api/messages/{id}/regenerate/', 'GET /api/sessions/{id}/messages/']) {
    assert.ok(seen[kind]?.requests >= 3, `each user has at least one ${kind}: ${output}`);
    assert.equal(seen[kind].failures, 0, output);
  }
}, {timeout: 90_000});

test('an answer that fails is a failure in the statistics, and of the run', async () => {
  const model = parley.model({status: 500});
  const {code, output, seen} = await runUsers({models: model, seconds: 1});
  assert.notEqual(code, 0, output);
  assert.ok(seen['user a conversation that broke off']?.failures >= 3, output);
}, {timeout: 90_000});
