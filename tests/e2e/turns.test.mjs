// The conversation: what models are sent, branches, attempts, imported history, and what makes two requests one turn.

import assert from 'node:assert/strict';
import {newId, test, world} from './world.mjs';

const {upstream, parley, api} = await world({config: {limits: {history_bytes: 2000}}});

async function say(session, message, more) {
  const run = await api.send(session, message, {more});
  await run.all();
  return run;
}

/** What the model was sent in its nth request, as `role: content`. */
async function promptOf(model, nth = 1) {
  const {body} = await upstream.request(model, nth);
  return [...(body.system === undefined ? [] : [`system: ${typeof body.system === 'string' ? body.system : body.system.map((part) => part.text).join('')}`]), ...body.messages.map(({role, content}) => `${role}: ${typeof content === 'string' ? content : content.map((part) => part.text).join('')}`)];
}

test('a second request continues the conversation', async () => {
  const model = parley.model([{reply: ['Paris', '.']}, {reply: ['Lyon.']}]);
  const session = await api.session(model, {system_prompt: 'Be brief.'});
  await say(session, 'Capital of France?');
  await say(session, 'And the next one?');
  assert.deepEqual(await promptOf(model, 1), ['system: Be brief.', 'user: Capital of France?']);
  assert.deepEqual(await promptOf(model, 2), ['system: Be brief.', 'user: Capital of France?', 'assistant: Paris.', 'user: And the next one?']);
});

test('the same conversation in the format of Anthropic', async () => {
  const model = parley.model([{reply: ['Paris', '.']}, {reply: ['Lyon.']}], 'anthropic');
  const session = await api.session(model, {system_prompt: 'Be brief.'});
  await say(session, 'Capital of France?');
  await say(session, 'And the next one?');
  assert.deepEqual(await promptOf(model, 2), ['system: Be brief.', 'user: Capital of France?', 'assistant: Paris.', 'user: And the next one?']);
  const {body, headers} = await upstream.request(model, 2);
  assert.ok(body.max_tokens > 0, 'Anthropic requires it');
  assert.ok(headers['anthropic-version']);
});

test('a participant is sent its own answers, never those of a rival', async () => {
  const models = [parley.model({reply: ['I am a']}), parley.model({reply: ['I am b']}, 'anthropic')];
  const session = await api.session(models);
  await say(session, 'One');
  await say(session, 'Two');
  assert.deepEqual(await promptOf(models[0], 2), ['user: One', 'assistant: I am a', 'user: Two']);
  assert.deepEqual(await promptOf(models[1], 2), ['user: One', 'assistant: I am b', 'user: Two']);
});

test('the kept text of a failed answer is sent, and a turn without any is left out with its user message', async () => {
  const kept = parley.model([{reply: ['half', ' more'], after: 1, then: 'reset'}, {reply: ['ok']}]);
  const empty = parley.model([{status: 400}, {reply: ['ok']}]);
  const session = await api.session([kept, empty]);
  await say(session, 'One');
  await say(session, 'Two');
  assert.deepEqual(await promptOf(kept, 2), ['user: One', 'assistant: half', 'user: Two']);
  assert.deepEqual(await promptOf(empty, 2), ['user: Two']);
});

test('reasoning is shown and stored, but not sent back', async () => {
  const model = parley.model([{reasoning: ['let me', ' think'], reply: ['42']}, {reply: ['43']}]);
  const session = await api.session(model);
  const run = await say(session, 'One');
  assert.equal(run.text('a', 'g'), 'let me think');
  assert.equal((await api.message(run.ids.a)).reasoning, 'let me think');
  await say(session, 'Two');
  assert.deepEqual(await promptOf(model, 2), ['user: One', 'assistant: 42', 'user: Two']);
});

test('sampling parameters of the session reach the upstream', async () => {
  const models = [parley.model(), parley.model({}, 'anthropic')];
  const session = await api.session(models, {parameters: {temperature: 0.5, top_p: 0.9, max_tokens: 77, stop: ['END']}});
  await say(session, 'Hello');
  const openai = (await upstream.request(models[0])).body;
  assert.deepEqual([openai.temperature, openai.top_p, openai.max_completion_tokens ?? openai.max_tokens, openai.stop], [0.5, 0.9, 77, ['END']]);
  const anthropic = (await upstream.request(models[1])).body;
  assert.deepEqual([anthropic.temperature, anthropic.max_tokens, anthropic.stop_sequences], [0.5, 77, ['END']]);
});

test('the oldest turns are left out beyond history_bytes', async () => {
  const model = parley.model({reply: ['x'.repeat(600)]});
  const session = await api.session(model);
  for (const name of ['One', 'Two', 'Three', 'Four', 'Five']) await say(session, name);
  const prompt = await promptOf(model, 5);
  assert.equal(prompt.at(-1), 'user: Five');
  assert.ok(!prompt.includes('user: One'), 'the oldest is gone');
  assert.ok(prompt.includes('user: Four'), 'the newest is there');
  assert.ok(prompt.join('').length <= 2000 + 200);
  assert.match(prompt[0], /^user:/, 'it begins with a user message');
});

test('imported history comes before the first turn and counts as every participant\'s', async () => {
  const models = [parley.model(), parley.model()];
  const session = await api.session(models);
  const imported = [
    {role: 'user', content: 'Old question'},
    {role: 'assistant', content: 'Old answer'},
    {role: 'user', content: 'New question'},
  ];
  await say(session, imported);
  for (const model of models) assert.deepEqual(await promptOf(model), ['user: Old question', 'assistant: Old answer', 'user: New question']);
  const roles = (await api.transcript(session)).map(({role, participant}) => `${role} ${participant}`);
  assert.deepEqual(roles, ['user null', 'assistant null', 'user null', 'assistant a', 'assistant b']);
});

test('an imported system message is a part of the prompt', async () => {
  const model = parley.model();
  const session = await api.session(model);
  await say(session, [{role: 'system', content: 'Speak like a pirate.'}, {role: 'user', content: 'Hi'}]);
  assert.deepEqual(await promptOf(model), ['system: Speak like a pirate.', 'user: Hi']);
});

test('history can not be imported once there are turns', async () => {
  const session = await api.session(parley.model());
  await say(session, 'One');
  const late = await api.post('/api/messages/stream/', {
    session_id: session,
    messages: [{role: 'assistant', content: 'I said so'}, {role: 'user', content: 'Two'}],
  });
  assert.equal(late.status, 400, late.text);
  assert.equal(late.json.error.code, 'invalid_request');
});

test('a client may send the whole conversation each time: messages with stored ids are skipped', async () => {
  const model = parley.model([{reply: ['A1']}, {reply: ['A2']}]);
  const session = await api.session(model);
  const first = {role: 'user', content: 'Q1', id: newId()};
  const run = await say(session, first);
  await say(session, [first, {role: 'assistant', content: 'A1', id: run.ids.a}, {role: 'user', content: 'Q2', id: newId()}]);
  assert.deepEqual(await promptOf(model, 2), ['user: Q1', 'assistant: A1', 'user: Q2']);
  assert.equal((await api.transcript(session)).length, 4);
});

test("the client's ids are taken for its message and for the answers", async () => {
  const session = await api.session([parley.model(), parley.model()]);
  const [user, a, b] = [newId(), newId(), newId()];
  const run = await say(session, [
    {role: 'user', content: 'Hi', id: user},
    {role: 'assistant', content: '', id: a, participant: 'a'},
    {role: 'assistant', content: '', id: b, participant: 'b'},
  ]);
  assert.deepEqual(run.ids, {user, a, b});
  assert.equal(run.finish('b').messageId, b);
  assert.equal((await api.message(a)).participant, 'a');
});

test('parent_id continues after an older answer, and the transcript shows both branches', async () => {
  const model = parley.model([{reply: ['A1']}, {reply: ['A2']}, {reply: ['B2']}]);
  const session = await api.session(model);
  const first = await say(session, 'Q1');
  const second = await say(session, 'Q2');
  const branch = await say(session, 'Q2 otherwise', {parent_id: first.ids.a});
  assert.deepEqual(await promptOf(model, 3), ['user: Q1', 'assistant: A1', 'user: Q2 otherwise']);
  const messages = await api.transcript(session);
  assert.equal(messages.length, 6);
  const parentOf = (id) => messages.find((message) => message.id === id).parent_id;
  assert.equal(parentOf(second.ids.user), first.ids.a);
  assert.equal(parentOf(branch.ids.user), first.ids.a);
});

test('without a parent_id the newest turn is continued', async () => {
  const model = parley.model([{reply: ['A1']}, {reply: ['A2']}, {reply: ['B2']}, {reply: ['B3']}]);
  const session = await api.session(model);
  const first = await say(session, 'Q1');
  await say(session, 'Q2');
  await say(session, 'R2', {parent_id: first.ids.a});
  await say(session, 'R3');
  assert.deepEqual(await promptOf(model, 4), ['user: Q1', 'assistant: A1', 'user: R2', 'assistant: B2', 'user: R3']);
});

test('a parent_id that is not of the session is refused', async () => {
  const session = await api.session(parley.model());
  const other = await say(await api.session(parley.model()), 'Hi');
  for (const parent_id of [newId(), other.ids.a]) {
    const refused = await api.post('/api/messages/stream/', {session_id: session, messages: [{role: 'user', content: 'Hi'}], parent_id});
    assert.ok([400, 404].includes(refused.status), refused.text);
  }
});

test('regenerating adds an attempt, and its prompt ends at the user message', async () => {
  const model = parley.model([{reply: ['A1']}, {reply: ['A2']}, {reply: ['A2 again'], pace: 10}, {reply: ['A3']}]);
  const session = await api.session(model);
  await say(session, 'Q1');
  const second = await say(session, 'Q2');
  const again = await api.regenerate(second.ids.a);
  await again.all();
  assert.deepEqual(await promptOf(model, 3), ['user: Q1', 'assistant: A1', 'user: Q2']);
  assert.equal(again.headers.get('x-turn-id'), second.headers.get('x-turn-id'), 'the turn is the same');
  assert.notEqual(again.headers.get('x-run-id'), second.headers.get('x-run-id'), 'the run is another');
  assert.notEqual(again.ids.a, second.ids.a);
  const attempts = (await api.transcript(session)).filter((message) => message.parent_id === second.ids.user);
  assert.deepEqual(attempts.map(({attempt, content}) => [attempt, content]), [[1, 'A2'], [2, 'A2 again']]);
  await say(session, 'Q3');
  assert.deepEqual((await promptOf(model, 4)).slice(2), ['user: Q2', 'assistant: A2 again', 'user: Q3'], 'the newest success is what counts');
});

test('a failed regenerate does not replace the answer in the prompt', async () => {
  const model = parley.model([{reply: ['good']}, {reply: ['bad', 'x'], after: 1, then: 'error'}, {reply: ['next']}]);
  const session = await api.session(model);
  const run = await say(session, 'Q1');
  await (await api.regenerate(run.ids.a)).all();
  await say(session, 'Q2');
  assert.deepEqual(await promptOf(model, 3), ['user: Q1', 'assistant: good', 'user: Q2']);
});

test('in compare mode regenerating concerns one participant', async () => {
  const models = [parley.model([{reply: ['A']}]), parley.model([{reply: ['B']}, {reply: ['B2']}])];
  const session = await api.session(models);
  const run = await say(session, 'Q');
  const again = await api.regenerate(run.ids.b);
  await again.all();
  assert.equal(again.text('b'), 'B2');
  assert.deepEqual([...new Set(again.lines.map((line) => line.participant))], ['b']);
  assert.equal(upstream.requestsFor(models[0]).length, 1);
});

test('an answer of an older turn can not be regenerated, and a user message neither', async () => {
  const session = await api.session(parley.model());
  const first = await say(session, 'Q1');
  await say(session, 'Q2');
  const old = await api.post(`/api/messages/${first.ids.a}/regenerate/`);
  assert.deepEqual([old.status, old.json.error.code], [409, 'not_last_turn']);
  assert.equal((await api.post(`/api/messages/${first.ids.user}/regenerate/`)).status, 400);
  assert.equal((await api.post(`/api/messages/${newId()}/regenerate/`)).status, 404);
});

test('a second turn while one runs is refused with its turn and cursor', async () => {
  const model = parley.model({holdAfter: 1});
  const session = await api.session(model);
  const run = await api.send(session, 'One');
  const refused = await api.post('/api/messages/stream/', {session_id: session, messages: [{role: 'user', content: 'Two'}]});
  assert.deepEqual([refused.status, refused.json.error.code], [409, 'turn_in_progress']);
  assert.ok(refused.text.includes(run.headers.get('x-turn-id')), refused.text);
  assert.ok(refused.text.includes(`${run.headers.get('x-run-id')}:`), refused.text);
  const regenerate = await api.post(`/api/messages/${run.ids.a}/regenerate/`);
  assert.deepEqual([regenerate.status, regenerate.json.error.code], [409, 'turn_in_progress']);
  (await upstream.request(model)).release();
  await run.all();
  assert.equal((await api.transcript(session)).length, 2, 'the refused message is not stored');
});

test('the same message id sent twice makes one turn', async () => {
  const model = parley.model({reply: ['once ', 'only']});
  const session = await api.session(model);
  const message = {content: 'Hi', id: newId()};
  const first = await say(session, message);
  const second = await say(session, message);
  assert.deepEqual(second.lines.map((line) => line.raw), first.lines.map((line) => line.raw));
  assert.deepEqual(second.ids, first.ids);
  assert.equal(second.headers.get('x-run-id'), first.headers.get('x-run-id'));
  assert.equal(upstream.requestsFor(model).length, 1);
  assert.equal((await api.transcript(session)).length, 2);
});

test('the same message id sent ten times at once makes one turn, and all see all of it', async () => {
  const model = parley.model({reply: ['once ', 'only'], pace: 20});
  const session = await api.session(model);
  const message = {content: 'Hi', id: newId()};
  const runs = await Promise.all(Array.from({length: 10}, () => say(session, message)));
  for (const run of runs) {
    assert.equal(run.text(), 'once only');
    assert.equal(run.finish().finishReason, 'stop');
    assert.equal(run.ids.a, runs[0].ids.a);
  }
  assert.equal(upstream.requestsFor(model).length, 1);
  assert.equal((await api.transcript(session)).length, 2);
});

test('sending the same message while its answer runs attaches to it from the beginning', async () => {
  const model = parley.model({reply: ['one', 'two', 'three'], holdAfter: 2});
  const session = await api.session(model);
  const message = {content: 'Hi', id: newId()};
  const first = await api.send(session, message);
  await first.take(2);
  const second = await api.send(session, message);
  assert.deepEqual((await second.take(2)).map((line) => line.value.content), ['one', 'two']);
  (await upstream.request(model)).release();
  await Promise.all([first.all(), second.all()]);
  assert.equal(first.text(), 'onetwothree');
  assert.equal(second.text(), 'onetwothree');
});

test('a failed run is replayed, not repeated', async () => {
  const model = parley.model([{status: 500}, {reply: ['never']}]);
  const session = await api.session(model);
  const message = {content: 'Hi', id: newId()};
  const first = await say(session, message);
  const second = await say(session, message);
  assert.equal(first.finish().code, 'upstream_overloaded');
  assert.deepEqual(second.finish(), first.finish());
  assert.equal(upstream.requestsFor(model).length, 1);
});

test('a message id with other content, or in another session, is a conflict', async () => {
  const model = parley.model();
  const session = await api.session(model);
  const id = newId();
  await say(session, {content: 'Hi', id});
  const other = await api.post('/api/messages/stream/', {session_id: session, messages: [{role: 'user', content: 'Ho', id}]});
  assert.deepEqual([other.status, other.json.error.code], [409, 'id_conflict']);
  const elsewhere = await api.post('/api/messages/stream/', {session_id: await api.session(model), messages: [{role: 'user', content: 'Hi', id}]});
  assert.deepEqual([elsewhere.status, elsewhere.json.error.code], [409, 'id_conflict']);
});

test('turns of different sessions run at the same time', async () => {
  const model = parley.model({reply: ['a', 'b', 'c'], pace: 20});
  const sessions = await Promise.all(Array.from({length: 20}, () => api.session(model)));
  const runs = await Promise.all(sessions.map((session) => say(session, 'Go')));
  for (const run of runs) assert.equal(run.text(), 'abc');
});

test("what is not valid Unicode in a client's text becomes U+FFFD, for the model and in the store", async () => {
  const model = parley.model();
  const session = await api.session(model);
  const content = Buffer.concat([Buffer.from('a\\ud800b\\u0000c'), Buffer.from([0xff]), Buffer.from('d')]);
  const body = Buffer.concat([Buffer.from(`{"session_id":"${session}","messages":[{"role":"user","content":"`), content, Buffer.from('"}]}')]);
  await (await api.stream('POST', '/api/messages/stream/', body)).all();
  assert.equal((await api.transcript(session))[0].content, 'a\ufffdb\ufffdc\ufffdd');
  assert.deepEqual(await promptOf(model), ['user: a\ufffdb\ufffdc\ufffdd']);
});

test('the title is the beginning of the first user message', async () => {
  const session = await api.session(parley.model());
  await say(session, 'Why is the sky blue?');
  assert.equal((await api.get(`/api/sessions/${session}/`)).json.title, 'Why is the sky blue?');
});
