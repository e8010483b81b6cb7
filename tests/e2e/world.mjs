// What a test file lives in: an upstream, a server that knows it, and a client. Each file has its own, so that files run side by
// side; at the end the server must end cleanly.

import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {after, test as nodeTest} from 'node:test';
import {Api} from '../support/api_client.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {Parley} from '../support/parley_process.mjs';

/** A test that can't hang. `options` as Node's test runner has them. */
export function test(name, body, options = {}) {
  return nodeTest(name, {timeout: 60_000, ...options}, body);
}

/** `scope`: the test that the world is for; without one, the file. */
export async function world(options = {}, scope = {after}) {
  const upstream = await FaultUpstream.start();
  let parley;
  scope.after(async () => {
    try {
      await parley?.stop();
    } finally {
      await upstream.stop();
    }
  });
  parley = await Parley.start({upstream, ...options});
  return {upstream, parley, api: new Api(parley.origin)};
}

/** The options of a world for random sessions: its models are drawn, so none may be slow or quick to give up, and no test takes one. */
export const forDraws = {pools: ['openai', 'anthropic']};

/** A UUID of version 7 (RFC 9562), as clients make them for their messages. */
export function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The upstream's request was closed by the server, and soon. */
export async function closesUpstream(request) {
  const outcome = await Promise.race([request.outcome, new Promise((resolve) => setTimeout(() => resolve('still open'), 5000))]);
  assert.equal(outcome, 'gone');
}

/** A promise's state after what is already under way has had its time. */
export async function settled(promise, ms = 200) {
  const pending = Symbol('pending');
  const winner = await Promise.race([promise, new Promise((resolve) => setTimeout(() => resolve(pending), ms))]);
  return winner !== pending;
}
