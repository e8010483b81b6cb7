// What is refused, with which status, and what the error object says.

import assert from 'node:assert/strict';
import {newId, test, world} from './world.mjs';

const {parley, api} = await world({config: {http: {max_body_bytes: '64KiB'}}});
const session = await api.session(parley.model());
const stream = '/api/messages/stream/';
const user = {role: 'user', content: 'Hi'};

function isError(response, status, code, param) {
  assert.equal(response.status, status, response.text);
  assert.match(response.headers.get('content-type'), /^application\/json/);
  const {error} = response.json;
  assert.equal(error.code, code);
  assert.ok(error.message.length > 0);
  assert.equal(error.request_id, response.headers.get('x-request-id'));
  if (param !== undefined) assert.equal(error.param, param);
}

const wrongTurns = [
  [{messages: [user]}, 'session_id'],
  [{session_id: 7, messages: [user]}, 'session_id'],
  [{session_id: 'x', messages: [user]}, 'session_id'],
  [{session_id: session}, 'messages'],
  [{session_id: session, messages: {}}, 'messages'],
  [{session_id: session, messages: []}, 'messages'],
  [{session_id: session, messages: ['Hi']}, 'messages[0]'],
  [{session_id: session, messages: [{content: 'Hi'}]}, 'messages[0].role'],
  [{session_id: session, messages: [{role: 'robot', content: 'Hi'}]}, 'messages[0].role'],
  [{session_id: session, messages: [{role: 'user'}]}, 'messages[0].content'],
  [{session_id: session, messages: [{role: 'user', content: 7}]}, 'messages[0].content'],
  [{session_id: session, messages: [{role: 'user', content: [{type: 'text', text: 'Hi'}]}]}, 'messages[0].content'],
  [{session_id: session, messages: [{role: 'user', content: ''}]}, 'messages[0].content'],
  [{session_id: session, messages: [user, {role: 'assistant', content: 'Ho'}]}, 'messages[1].role'],
  [{session_id: session, messages: [{...user, id: 'not-a-uuid'}]}, 'messages[0].id'],
  [{session_id: session, messages: [user], parent_id: 'x'}, 'parent_id'],
  [{session_id: session, messages: [user], on_disconnect: 'explode'}, 'on_disconnect'],
];
for (const [body, param] of wrongTurns)
  test(`${JSON.stringify(body).replace(session, '…')} is refused, naming ${param}`, async () => isError(await api.post(stream, body), 400, 'invalid_request', param));

const wrongBodies = ['', '{', 'null', '[]', '"text"', '{"session_id":}', `{"a":${'['.repeat(40_000)}`, '{"a":1}}', '\u0000'];
for (const body of wrongBodies)
  test(`the body ${JSON.stringify(body.slice(0, 20))} is refused`, async () =>
    isError(await api.post(stream, body, {headers: {'Content-Type': 'application/json'}}), 400, 'invalid_request'));

test('a session that is not there is 404', async () => isError(await api.post(stream, {session_id: newId(), messages: [user]}), 404, 'not_found'));

test('a path that is not there is 404', async () => {
  for (const path of ['/api/', '/api/nothing/', '/api/messages/', '/api/sessions/a/b/c/', '/api/../etc/passwd', '/%00'])
    isError(await api.get(path), 404, 'not_found');
});

test('a method that a path does not have is 405 and names those it has', async () => {
  const wrong = await api.call('DELETE', stream);
  isError(wrong, 405, 'method_not_allowed');
  assert.match(wrong.headers.get('allow'), /\bPOST\b/);
  const session_ = await api.call('PUT', `/api/sessions/${session}/`, {});
  isError(session_, 405, 'method_not_allowed');
  for (const method of ['GET', 'PATCH', 'DELETE']) assert.match(session_.headers.get('allow'), new RegExp(`\\b${method}\\b`));
});

test('a body over the limit is 413', async () => {
  const long = {session_id: session, messages: [{role: 'user', content: 'x'.repeat(70_000)}]};
  isError(await api.post(stream, long), 413, 'too_large');
});

test('a body just below the limit is taken', async () => {
  const run = await api.send(await api.session(parley.model()), 'x'.repeat(60_000));
  await run.all();
  assert.equal(run.finish().finishReason, 'stop');
});

test('a body that is not JSON by its Content-Type is 415', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
    isError(await api.post(stream, JSON.stringify({session_id: session, messages: [user]}), {headers: {'Content-Type': type}}), 415, 'unsupported_media_type');
});

test('a Content-Type with parameters, in any case, is JSON all the same', async () => {
  const run = await api.stream('POST', stream, {session_id: await api.session(parley.model()), messages: [user]}, {headers: {'Content-Type': 'Application/JSON; charset=UTF-8'}});
  await run.all();
});

test('headers over the limit are 431', async () => {
  const refused = await api.get('/live/', {headers: {'X-Long': 'x'.repeat(17_000)}}).catch((error) => error);
  // The server may close before a client has sent all of it; then the client sees that instead.
  if (!(refused instanceof Error)) isError(refused, 431, 'too_large');
});

test("a client's request id is kept if it is harmless", async () => {
  assert.equal((await api.get('/live/', {headers: {'X-Request-Id': 'abc-123_4.5'}})).headers.get('x-request-id'), 'abc-123_4.5');
  const odd = (await api.get('/live/', {headers: {'X-Request-Id': 'a b"c'}})).headers.get('x-request-id');
  assert.ok(odd && odd !== 'a b"c');
});

test('HEAD answers like GET, without a body', async () => {
  const head = await api.call('HEAD', '/health/');
  assert.deepEqual([head.status, head.text], [200, '']);
});
