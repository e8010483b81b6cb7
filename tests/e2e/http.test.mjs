// HTTP on the wire: what Beast 1.74 would let pass, old and impatient clients, and too many of them.

import assert from 'node:assert/strict';
import {RawConnection} from '../support/raw_http.mjs';
import {Parley, until} from '../support/parley_process.mjs';
import {settled, test, world} from './world.mjs';

const {upstream, parley, api} = await world();
const host = `Host: 127.0.0.1:${parley.port}\r\n`;
const send = (text, timeout) => RawConnection.exchange(parley.port, Buffer.from(text, 'latin1'), timeout);

function post(body, more = '') {
  return `POST /api/messages/stream/ HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
}

async function turn(behaviour) {
  const model = parley.model(behaviour);
  return {model, body: JSON.stringify({session_id: await api.session(model), messages: [{role: 'user', content: 'Hello'}]})};
}

// Each could make a proxy and us see different requests: refused, and the connection closed, so that nothing hidden behind it is
// taken for a request. The `GET /hidden` after each must never be answered.
const hidden = `GET /hidden HTTP/1.1\r\n${host}\r\n`;
const smuggling = {
  'Content-Length and Transfer-Encoding': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding and Content-Length': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  'a Transfer-Encoding that does not end in chunked': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
  'an unknown Transfer-Encoding': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding identity': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: identity\r\n\r\n`,
  'Transfer-Encoding twice': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
  'chunked twice': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding in HTTP/1.0': `POST /api/sessions/ HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Content-Length twice, different': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}\n`,
  'Content-Length twice, the same': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`,
  'a list of Content-Lengths': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: 2, 2\r\n\r\n{}`,
  'a Content-Length with a sign': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: +2\r\n\r\n{}`,
  'a negative Content-Length': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: -2\r\n\r\n{}`,
  'a hexadecimal Content-Length': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: 0x2\r\n\r\n{}`,
  'an enormous Content-Length': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length: 99999999999999999999999\r\n\r\n{}`,
  'a bare LF between header lines': `GET /live/ HTTP/1.1\r\n${host}X-A: b\nX-C: d\r\n\r\n`,
  'bare LFs throughout': `GET /live/ HTTP/1.1\n${host.replace('\r', '')}\n`,
  'a bare CR in a header': `GET /live/ HTTP/1.1\r\n${host}X-A: b\rTransfer-Encoding: chunked\r\n\r\n`,
  'a NUL in a header': `GET /live/ HTTP/1.1\r\n${host}X-A: b\u0000c\r\n\r\n`,
  'a folded header': `GET /live/ HTTP/1.1\r\n${host}X-A: b\r\n  c\r\n\r\n`,
  'a space before the colon': `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Length : 2\r\n\r\n{}`,
  'a space before the first header': `GET /live/ HTTP/1.1\r\n X-A: b\r\n${host}\r\n`,
  'no Host': 'GET /live/ HTTP/1.1\r\n\r\n',
  'two Hosts': `GET /live/ HTTP/1.1\r\n${host}Host: elsewhere.example\r\n\r\n`,
  'a chunk size with a sign': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n`,
  'a chunk size that is no number': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  'a chunk longer than it says': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
  'a chunk ended by a bare LF': `POST /api/sessions/ HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n`,
  'an unknown version': `GET /live/ HTTP/3.7\r\n${host}\r\n`,
  'a request line without a version': `GET /live/\r\n${host}\r\n`,
  'garbage': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n',
};
for (const [name, bytes] of Object.entries(smuggling))
  test(`${name} is refused, and the connection closed`, async () => {
    const connection = await RawConnection.open(parley.port);
    connection.write(Buffer.from(bytes + hidden, 'latin1'));
    assert.ok(await connection.untilEnd(5000), `the connection is closed; so far: ${connection.received}`);
    const answers = connection.received.match(/HTTP\/1\.[01] \d+/g) ?? [];
    assert.ok(answers.length <= 1, connection.received);
    // A reset may overtake the answer; then there is none to look at.
    if (answers.length) assert.match(answers[0], /(4\d\d|505|501)$/);
    assert.ok(!connection.received.includes('/hidden'));
    connection.close();
  });

test('pipelined requests are answered in their order', async () => {
  const {body} = await turn({reply: ['streamed', '!'], pace: 100});
  const responses = await send(`GET /live/ HTTP/1.1\r\n${host}X-Request-Id: one\r\n\r\n${post(body, 'X-Request-Id: two\r\n')}GET /health/ HTTP/1.1\r\n${host}X-Request-Id: three\r\nConnection: close\r\n\r\n`);
  assert.deepEqual(responses.map(({status, headers}) => [status, headers['x-request-id']]), [[200, 'one'], [200, 'two'], [200, 'three']]);
  assert.match(responses[1].body.toString(), /a0:\{"content":"streamed"\}\n/);
});

test('a hundred pipelined requests are answered', async () => {
  const responses = await send(`GET /live/ HTTP/1.1\r\n${host}\r\n`.repeat(99) + `GET /live/ HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  assert.equal(responses.length, 100);
  assert.ok(responses.every(({status}) => status === 200));
});

test('a request that comes byte by byte is understood', async () => {
  const connection = await RawConnection.open(parley.port);
  for (const byte of `GET /live/ HTTP/1.1\r\n${host}\r\n`) {
    connection.write(byte);
    await new Promise(setImmediate);
  }
  assert.equal((await connection.response()).status, 200);
  connection.close();
});

test('a chunked request body is understood', async () => {
  const {body} = await turn({reply: ['yes']});
  const half = Math.floor(body.length / 2);
  const chunk = (part) => `${part.length.toString(16)}\r\n${part}\r\n`;
  const [response] = await send(
    `POST /api/messages/stream/ HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk(body.slice(0, half))}${chunk(body.slice(half))}0\r\n\r\n`,
  );
  assert.equal(response.status, 200, response.body.toString());
  assert.match(response.body.toString(), /"yes"/);
});

test('a chunked request body over the limit is 413', async () => {
  const connection = await RawConnection.open(parley.port);
  connection.write(`POST /api/sessions/ HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 40 && !connection.ended; ++i) {
    connection.write(`10000\r\n${'x'.repeat(65_536)}\r\n`);
    await new Promise(setImmediate);
  }
  const response = await connection.response(5000);
  if (response) assert.equal(response.status, 413);
  assert.ok(await connection.untilEnd(5000));
  connection.close();
});

test('HTTP/1.1 streams in chunks and the connection can be used again', async () => {
  const {body} = await turn({reply: ['one']});
  const connection = await RawConnection.open(parley.port);
  connection.write(post(body));
  const first = await connection.response();
  assert.ok(first.chunked);
  assert.match(first.body.toString(), /^a0:/);
  connection.write(`GET /live/ HTTP/1.1\r\n${host}\r\n`);
  assert.equal((await connection.response()).status, 200);
  connection.close();
});

test('HTTP/1.0 gets a body that ends with the connection, never chunks', async () => {
  const {body} = await turn({reply: ['one', 'two']});
  const [response] = await send(`POST /api/messages/stream/ HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  assert.equal(response.status, 200);
  assert.equal(response.headers['transfer-encoding'], undefined);
  assert.match(response.body.toString(), /^a0:\{"content":"one"\}\na0:\{"content":"two"\}\nad:.*\n$/);
  const [live] = await send('GET /live/ HTTP/1.0\r\n\r\n');
  assert.equal(live.status, 200);
});

test('Expect: 100-continue is answered before the body is sent', async () => {
  const {body} = await turn({reply: ['fine']});
  const connection = await RawConnection.open(parley.port);
  connection.write(`POST /api/messages/stream/ HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`);
  assert.equal((await connection.response(2000)).status, 100);
  connection.write(body);
  const response = await connection.response();
  assert.equal(response.status, 200);
  assert.match(response.body.toString(), /"fine"/);
  connection.close();
});

test('a body that is announced too long is refused instead of a 100-continue', async () => {
  const connection = await RawConnection.open(parley.port);
  connection.write(`POST /api/messages/stream/ HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n`);
  assert.equal((await connection.response(2000)).status, 413);
  connection.close();
});

/** For slow clients only: one that keeps its connections, as Node's fetch does, would now and then meet a closed one. */
function impatient(scope) {
  return world({config: {http: {header_timeout: '700ms', body_timeout: '700ms', idle_timeout: '1s'}}}, scope);
}

test('a client too slow with its headers, or its body, is sent away', async (t) => {
  const {parley: server} = await impatient(t);
  const slow = [
    `GET /live/ HTTP/1.1\r\n${host}X-A`,
    `POST /api/sessions/ HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  ];
  for (const bytes of slow) {
    const connection = await RawConnection.open(server.port);
    connection.write(bytes);
    assert.equal(await connection.untilEnd(300), false, 'not at once');
    assert.ok(await connection.untilEnd(4000), 'but in time');
    assert.match(connection.received, /^(HTTP\/1\.1 408|$)/);
    connection.close();
  }
});

test('a connection without a request is closed when it was idle for long enough', async (t) => {
  const {parley: server} = await impatient(t);
  const connection = await RawConnection.open(server.port);
  connection.write(`GET /live/ HTTP/1.1\r\n${host}\r\n`);
  assert.equal((await connection.response()).status, 200);
  assert.equal(await connection.untilEnd(500), false);
  assert.ok(await connection.untilEnd(4000));
  assert.equal(connection.received, '', 'without a word');
  connection.close();
});

test('a client that closes its side after the request still gets the answer', async () => {
  const {body} = await turn({reply: ['one', 'two'], pace: 100});
  const connection = await RawConnection.open(parley.port);
  connection.socket.end(post(body));
  const response = await connection.response();
  // Half-closed clients are rare, and a server may take it for the end; but then the answer must be in the store.
  if (response) assert.equal(response.status, 200);
  const {session_id} = JSON.parse(body);
  await until('the answer is stored', async () => (await api.transcript(session_id))[1]?.status === 'success');
  connection.close();
});

test('a client that resets its connection does no harm', async () => {
  const {model, body} = await turn({reply: ['one', 'two'], holdAfter: 1});
  const connection = await RawConnection.open(parley.port);
  connection.write(post(body));
  await connection.untilText('"one"');
  connection.socket.resetAndDestroy();
  (await upstream.request(model)).release();
  const {session_id} = JSON.parse(body);
  await until('the answer is stored', async () => (await api.transcript(session_id))[1]?.content === 'onetwo');
});

test('hosts by foreign names are refused, as a page could use them to reach this server', async () => {
  const [refused] = await send('GET /live/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  assert.equal(refused.status, 403);
  for (const name of ['localhost', '127.0.0.1', '[::1]', `localhost:${parley.port}`]) {
    const [fine] = await send(`GET /live/ HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    assert.equal(fine.status, 200, name);
  }
});

test('beyond the connection limit a client is told to come back, and room is made when others leave', async (t) => {
  const small = await Parley.start({upstream, config: {http: {max_connections: 3}}});
  t.after(() => small.stop());
  // The harness's own connections are gone once they have been idle; the limit counts all.
  const connections = [];
  const opened = async () => {
    const connection = await RawConnection.open(small.port);
    connection.write(`GET /live/ HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    connections.push(connection);
    return connection.response(5000);
  };
  let refused;
  for (let i = 0; i < 4 && !refused; ++i) {
    const response = await opened();
    if (response?.status !== 200) refused = response;
  }
  assert.equal(refused?.status, 503);
  assert.ok(refused.headers['retry-after']);
  assert.ok(await connections.at(-1).untilEnd(3000), 'and it is closed');
  for (const connection of connections) connection.close();
  await until('there is room again', async () => (await opened())?.status === 200);
  for (const connection of connections) connection.close();
});

test('a stream that is held back does not hold up another connection', async () => {
  const {model, body} = await turn({holdAfter: 0});
  const connection = await RawConnection.open(parley.port);
  connection.write(post(body));
  await upstream.request(model);
  const response = connection.response();
  assert.equal(await settled(api.get('/live/'), 5000), true);
  (await upstream.request(model)).release();
  assert.equal((await response).status, 200);
  connection.close();
});
