// What pages of a browser may do: none by default, those of the configured origins, and never by a foreign name.

import assert from 'node:assert/strict';
import {RawConnection} from '../support/raw_http.mjs';
import {test, world} from './world.mjs';

const origin = 'https://chat.example.org';
const {parley} = await world({config: {server: {allowed_origins: [origin], allowed_hosts: ['parley.example.org']}}});

async function ask(parleyPort, method, path, headers, body = '') {
  const all = {Host: 'localhost', Connection: 'close', ...(body ? {'Content-Length': body.length, 'Content-Type': 'application/json'} : {}), ...headers};
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const [response] = await RawConnection.exchange(parleyPort, `${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}`);
  return response;
}

test('a preflight of an allowed origin is answered, and the X- headers are exposed', async () => {
  const preflight = await ask(parley.port, 'OPTIONS', '/api/messages/stream/', {
    Origin: origin,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'content-type',
  });
  assert.ok([200, 204].includes(preflight.status));
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  assert.match(preflight.headers['access-control-allow-methods'], /POST/);
  assert.match(preflight.headers['access-control-allow-headers'], /content-type/i);
  const response = await ask(parley.port, 'GET', '/live/', {Origin: origin});
  assert.equal(response.headers['access-control-allow-origin'], origin);
  assert.match(response.headers['access-control-expose-headers'], /X-Message-Ids/i);
  assert.match(response.headers.vary, /Origin/i);
});

test('other origins get no leave, and can not write', async () => {
  for (const other of ['https://evil.example', 'null', `${origin}.evil.example`]) {
    const response = await ask(parley.port, 'GET', '/live/', {Origin: other});
    assert.equal(response.headers['access-control-allow-origin'], undefined);
    // A form or a `no-cors` fetch needs no preflight.
    const write = await ask(parley.port, 'POST', '/api/sessions/', {Origin: other}, '{"mode":"direct","models":["openai-1"]}');
    assert.equal(write.status, 403, other);
  }
});

test('the names that were allowed for the Host header are taken, others are not', async () => {
  assert.equal((await ask(parley.port, 'GET', '/live/', {Host: 'parley.example.org'})).status, 200);
  assert.equal((await ask(parley.port, 'GET', '/live/', {Host: 'parley.example.org.evil.example'})).status, 403);
});

test('without configured origins CORS is off', async (t) => {
  const {parley: closed} = await world({}, t);
  const preflight = await ask(closed.port, 'OPTIONS', '/api/sessions/', {Origin: origin, 'Access-Control-Request-Method': 'POST'});
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
});
