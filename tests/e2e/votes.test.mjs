// Random sessions hide their models until the vote, votes stay as they are, and the leaderboard's count.

import assert from 'node:assert/strict';
import {after} from 'node:test';
import {Api} from '../support/api_client.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {Parley, secrets} from '../support/parley_process.mjs';
import {newId, test} from './world.mjs';
import {Watcher} from './ws_watcher.mjs';

// Two models beside the demo's, which are drawn for want of others, so that a random session has both. Whatever could tell them apart has one of these words in it …
const words = /canary|"(call_|toolu_|chatcmpl|msg_)/i;
// … or one of these numbers, and nothing else has.
const counts = {openai: {prompt: 731001, completion: 731002}, anthropic: {prompt: 731003, completion: 731004}};
const numbers = /[:\s]73100\d\b/;

const upstream = await FaultUpstream.start();
const base_url = `${upstream.origin}/v1`;
const providers = [
  {name: 'canary-house', kind: 'openai', base_url, api_key: secrets.openai},
  {name: 'canary-yard', kind: 'anthropic', base_url, api_key: secrets.anthropic},
];
const models = [
  {id: 'canary-one', display_name: 'The first canary', provider: 'canary-house', name: 'canary-one-internal', retries: 0},
  {id: 'canary-two', display_name: 'The second canary', provider: 'canary-yard', name: 'canary-two-internal', retries: 0},
];
const parley = await Parley.start({config: {providers, models}});
const api = new Api(parley.origin);
after(async () => {
  await parley.stop();
  await upstream.stop();
});

/** What both do from now on. */
function behave(one, two) {
  upstream.behave('canary-one-internal', one);
  upstream.behave('canary-two-internal', two);
}

const fine = [
  {reply: ['One', ' way.'], usage: counts.openai},
  {reply: ['Another', ' way.'], usage: counts.anthropic},
];

async function randomSession(more = {}) {
  const made = await api.post('/api/sessions/', {mode: 'random', ...more});
  assert.equal(made.status, 201, made.text);
  return made.json;
}

/** A random session, or one of both models, with a turn that is answered. */
async function answered(session) {
  behave(...fine);
  const about = session ?? (await randomSession());
  const run = await api.send(about.id, 'Which way?');
  await run.all();
  return {session: about.id, turn: run.headers.get('x-turn-id'), ids: run.ids, run};
}

const vote = (turn_id, preference) => api.post('/api/feedback/', {turn_id, preference});

const tally = async () => {
  const board = await api.get('/api/leaderboard/');
  return board.status === 200 ? board.json.votes : undefined;
};

// -- blinding ------------------------------------------------------------------------------------------------------------

/** Everything that a client gets to see, status, headers and body; nothing of it may tell of a model. */
class Ear {
  heard = [];

  /** Hears a request; `until` of the body is enough. */
  async call(method, path, {body, headers = {}, expect} = {}) {
    const response = await fetch(parley.origin + path, {
      method,
      headers: {...(body ? {'Content-Type': 'application/json'} : {}), ...headers},
      ...(body ? {body: JSON.stringify(body)} : {}),
    });
    const text = await response.text();
    if (expect) assert.equal(response.status, expect, `${method} ${path}: ${text}`);
    this.add(`${method} ${path} ${headers.Accept ?? ''}`, `${response.status} ${JSON.stringify([...response.headers])}\n${text}`);
    return {status: response.status, headers: response.headers, text};
  }

  add(what, text) {
    this.heard.push({what, text});
  }

  check() {
    for (const {what, text} of this.heard) {
      assert.doesNotMatch(text, words, `${what} tells of the model`);
      assert.doesNotMatch(text, numbers, `${what} tells of the usage`);
    }
  }
}

const formats = ['text/plain', 'text/event-stream'];
/** Of runs that make one answer. */
const formatsOfOne = [...formats, 'text/event-stream; format=ui-message'];

/** All that can be asked about a session. */
async function listenAll(ear, session) {
  await ear.call('GET', '/api/sessions/', {expect: 200});
  await ear.call('GET', `/api/sessions/${session}/`, {expect: 200});
  const page = await ear.call('GET', `/api/sessions/${session}/messages/?limit=200`, {expect: 200});
  const messages = JSON.parse(page.text).data;
  for (const {id} of messages) await ear.call('GET', `/api/messages/${id}/`, {expect: 200});
  for (const {id} of messages.filter((message) => message.role === 'user'))
    for (const Accept of formats) await ear.call('GET', `/api/messages/${id}/stream/?from=0`, {headers: {Accept}, expect: 200});
  for (const {id} of messages.filter((message) => message.attempt > 1))
    for (const Accept of formatsOfOne) await ear.call('GET', `/api/messages/${id}/stream/`, {headers: {Accept}, expect: 200});
  for (const {id} of messages) await ear.call('POST', `/api/messages/${id}/stop/`, {expect: 200});
  const watcher = await Watcher.open(parley, session);
  await watcher.find((frame) => frame.type === 'session_state');
  const before = watcher.frames.length;
  watcher.say({type: 'request_state'});
  await watcher.find((frame) => frame.type === 'session_state', before);
  ear.add('the WebSocket of one who comes later', JSON.stringify(watcher.frames));
  await watcher.close();
  return messages;
}

test('until the vote no byte tells whose answers they are, and then every answer says it', async () => {
  const ear = new Ear();
  const made = await ear.call('POST', '/api/sessions/', {body: {mode: 'random', system_prompt: 'Be brief.'}, expect: 201});
  const {id: session, models: seats} = JSON.parse(made.text);
  assert.deepEqual(seats, ['a', 'b'].map((participant) => ({participant, id: null, display_name: null})));
  const watcher = await Watcher.open(parley, session);
  await watcher.find((frame) => frame.type === 'session_state');

  const ask = async (content, Accept, id = newId()) => {
    const body = {session_id: session, messages: [{role: 'user', content, id}]};
    await ear.call('POST', '/api/messages/stream/', {body, headers: {Accept}, expect: 200});
    return id;
  };
  // Whole answers, with tool calls whose ids are their providers'.
  const calls = (id) => [{id, name: 'look_up', arguments: ['{"q":', '"tea"}']}];
  behave(
    {reply: ['One'], reasoning: ['Hm.'], toolCalls: calls('call_canary'), usage: counts.openai, headers: {'X-Served-By': 'canary'}},
    {reply: ['Two'], reasoning: ['Well.'], toolCalls: calls('toolu_canary'), usage: counts.anthropic, headers: {'X-Served-By': 'canary'}},
  );
  const first = await ask('With tools?', 'text/event-stream');
  // Failures that name the model: at once, and in mid-stream.
  behave(
    {status: 400, body: JSON.stringify({error: {message: 'canary-one-internal refuses'}})},
    {reply: ['Two', ' more'], after: 1, then: 'error', error: {type: 'api_error', message: 'canary-two-internal is tired'}},
  );
  await ask('With trouble?', 'text/plain');
  behave({status: 429, headers: {'X-Served-By': 'canary'}}, {reply: ['Fine'], usage: counts.anthropic});
  await ask('With fewer?', 'text/event-stream');
  behave(...fine);
  const last = await ask('And whole?', 'text/plain');
  const attempts = (await listenAll(ear, session)).filter((message) => message.role === 'assistant');
  for (const Accept of formatsOfOne) await ear.call('POST', `/api/messages/${attempts.at(-1).id}/regenerate/`, {headers: {Accept}, expect: 200});
  // What is refused, and what changes nothing of it.
  await ear.call('POST', '/api/messages/stream-simple/', {body: {session_id: session, message: 'Simply?'}, expect: 400});
  await ear.call('PATCH', `/api/sessions/${session}/`, {body: {title: 'Blind'}, expect: 200});
  await ear.call('PATCH', `/api/sessions/${session}/`, {body: {models: ['x']}, expect: 400});
  await ear.call('POST', '/api/feedback/', {body: {turn_id: last, preference: 'c'}, expect: 400});
  for (const path of ['/health/', '/ready/', '/live/', '/metrics']) await ear.call('GET', path);
  await listenAll(ear, session);

  // A run that goes on, seen from all sides, and stopped.
  behave({reply: ['One', ' and on'], holdAfter: 1}, {reply: ['Two', ' and on'], holdAfter: 1});
  const stopped = newId();
  const begun = watcher.frames.length;
  const running = ask('Without end?', 'text/plain', stopped);
  for (const text of ['One', 'Two']) await watcher.find((frame) => frame.type === 'delta' && frame.event.content === text, begun);
  await ear.call('GET', `/api/sessions/${session}/`, {expect: 200});
  await ear.call('GET', `/api/sessions/${session}/messages/?limit=200`, {expect: 200});
  await ear.call('POST', '/api/feedback/', {body: {turn_id: stopped, preference: 'a'}, expect: 409});
  await ear.call('POST', '/api/feedback/', {body: {turn_id: first, preference: 'a'}, expect: 409});
  await ear.call('POST', `/api/messages/${stopped}/stop/`, {expect: 200});
  await running;
  ear.add('the WebSocket that was there from the start', JSON.stringify(watcher.frames));
  await watcher.close();

  // Told again after a restart, from the store.
  await parley.terminate();
  await parley.launch();
  const before = await listenAll(ear, session);
  assert.equal(before.filter((message) => message.role === 'assistant').length, 5 * 2 + formatsOfOne.length);
  ear.check();

  // Those who watch hear of it.
  const [here, there] = [await Watcher.open(parley, session), await Watcher.open(parley, session)];
  for (const window of [here, there]) await window.find((frame) => frame.type === 'session_state');
  const cast = await vote(first, 'both_bad');
  assert.equal(cast.status, 201, cast.text);
  const names = new Map(models.map(({id, display_name}) => [id, display_name]));
  const shown = cast.json.session.models;
  assert.deepEqual(shown.map(({id}) => id).sort(), ['canary-one', 'canary-two']);
  for (const {id, display_name} of shown) assert.equal(display_name, names.get(id));
  for (const window of [here, there]) {
    const told = await window.find((frame) => frame.type === 'session_update');
    assert.deepEqual(told.session, cast.json.session);
    const voted = await window.find((frame) => frame.type === 'message_update' && frame.action === 'voted');
    assert.deepEqual([voted.message.id, voted.message.vote.preference], [first, 'both_bad']);
    await window.close();
  }
  // The canaries were there all the time.
  const open = await api.transcript(session);
  assert.deepEqual(open.map(({id, content}) => [id, content]), before.map(({id, content}) => [id, content]));
  const all = JSON.stringify(open);
  for (const there of ['The first canary', 'canary-two', 'refuses', 'is tired', '731001', '731004', '"first_token":']) assert.ok(all.includes(there), there);
  for (const message of open.filter(({role}) => role === 'assistant'))
    assert.equal(message.model.id, shown.find(({participant}) => participant === message.participant).id);
  assert.ok(open.every((message) => message.completed_at));
  // From now on answers are given in the open.
  behave(...fine);
  const next = await api.send(session, 'And now?');
  await next.all();
  assert.ok(['a', 'b'].every((seat) => next.finish(seat).usage.promptTokens >= 731001));
}, {timeout: 120_000});

test('a deleted random session takes its secret along', async () => {
  const {session} = await answered();
  const watcher = await Watcher.open(parley, session);
  await watcher.find((frame) => frame.type === 'session_state');
  assert.equal((await api.delete(`/api/sessions/${session}/`)).status, 204);
  await watcher.find((frame) => frame.type === 'session_update' && frame.action === 'deleted');
  assert.doesNotMatch(JSON.stringify(watcher.frames), words);
});

test('either model is on either side', async () => {
  const sides = new Set();
  for (let i = 0; i < 40 && sides.size < 2; ++i) {
    const {turn} = await answered();
    sides.add((await vote(turn, 'tie')).json.session.models[0].id);
  }
  assert.equal(sides.size, 2, 'the same model was at the left 40 times');
});

// -- votes ---------------------------------------------------------------------------------------------------------------

test('a vote is kept, shown in the transcript, and final', async () => {
  const {session, turn, ids} = await answered();
  const cast = await vote(turn, 'right');
  assert.equal(cast.status, 201, cast.text);
  const {id, created_at, ...rest} = cast.json;
  assert.deepEqual({...rest, session: undefined}, {session_id: session, turn_id: turn, preference: 'b', counted: true, session: undefined});
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual((await api.message(ids.user)).vote, {preference: 'b', counted: true, created_at});
  for (const again of ['right', 'b', 'left', 'tie']) {
    const refused = await vote(turn, again);
    assert.deepEqual([refused.status, refused.json.error.code], [409, 'already_voted']);
  }
  await parley.terminate();
  await parley.launch();
  assert.deepEqual((await vote(turn, 'b')).json.error.code, 'already_voted');
  assert.deepEqual((await api.transcript(session)).map((message) => message.vote), [{preference: 'b', counted: true, created_at}, undefined, undefined]);
  assert.equal((await api.get(`/api/sessions/${session}/`)).json.models.filter((seat) => seat.id).length, 2);
});

test('only the first vote in a random session counts', async () => {
  const first = await answered();
  const second = await answered({id: first.session});
  assert.equal((await vote(second.turn, 'a')).json.counted, true);
  const later = await vote(first.turn, 'a');
  assert.deepEqual([later.status, later.json.counted], [201, false]);
});

test('a vote among models that were chosen is kept and does not count', async () => {
  behave(...fine);
  const session = await api.session(['canary-one', 'canary-two', 'canary-one']);
  const run = await api.send(session, 'Which way?');
  await run.all();
  const cast = await vote(run.headers.get('x-turn-id'), 'c');
  assert.deepEqual([cast.status, cast.json.preference, cast.json.counted], [201, 'c', false]);
});

test('what cannot be voted on is refused by name', async () => {
  const {turn, ids} = await answered();
  const refusals = [
    [await vote(newId(), 'a'), 404, 'not_found'],
    [await vote(ids.a, 'a'), 404, 'not_found'],
    [await vote('nonsense', 'a'), 400, 'invalid_request'],
    [await vote(turn, 'c'), 400, 'invalid_request'],
    [await vote(turn, 'centre'), 400, 'invalid_request'],
    [await api.post('/api/feedback/', {turn_id: turn}), 400, 'invalid_request'],
    [await api.get('/api/feedback/'), 405, 'method_not_allowed'],
  ];
  const direct = await api.session('canary-one');
  const run = await api.send(direct, 'Alone?');
  await run.all();
  refusals.push([await vote(run.headers.get('x-turn-id'), 'a'), 400, 'invalid_request']);
  for (const [refused, status, code] of refusals) assert.deepEqual([refused.status, refused.json.error.code], [status, code], refused.text);
});

test('of two votes at once one is taken', async () => {
  const {turn} = await answered();
  const both = await Promise.all([vote(turn, 'a'), vote(turn, 'b')]);
  assert.deepEqual(both.map(({status}) => status).sort(), [201, 409]);
});

test('models are drawn, not chosen', async () => {
  const chosen = await api.post('/api/sessions/', {mode: 'random', models: ['canary-one', 'canary-two']});
  assert.deepEqual([chosen.status, chosen.json.error.param], [400, 'models']);
});

test('a counted vote outlives its session', async () => {
  const {session, turn} = await answered();
  assert.equal((await vote(turn, 'a')).json.counted, true);
  const before = await tally();
  assert.equal((await api.delete(`/api/sessions/${session}/`)).status, 204);
  assert.equal(await tally(), before);
  assert.equal((await vote(turn, 'a')).status, 404);
});
