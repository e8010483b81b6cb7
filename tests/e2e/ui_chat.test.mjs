// The AI SDK's chat on a session, by its own transports, its own parsers and the hook itself: `ai` in versions 5 and 6, and
// `useChat` of `@ai-sdk/react`. Their schemas are strict: a chunk that they don't know fails the stream.

import assert from 'node:assert/strict';
import {Chat, useChat} from '@ai-sdk/react';
import * as ai6 from 'ai';
import * as ai5 from 'ai5';
import React from 'react';
import renderer from 'react-test-renderer';
import {until} from '../support/parley_process.mjs';
import {closesUpstream, newId, settled, test, world} from './world.mjs';

const {upstream, parley, api} = await world({
  config: {
    limits: {cancel_grace: '200ms'},
    models: [{id: 'restarting', provider: 'openai', retries: 1, restart_on_failure: true}],
  },
});

const path = '/api/messages/stream/';

function transport(ai = ai6, more = {}) {
  return new ai.DefaultChatTransport({api: parley.origin + path, ...more});
}

/** A chat as an application makes it, with nothing but the address. `more.messages`: what it shows. */
function chat(session, more = {}) {
  const seen = {finished: [], errors: [], data: []};
  const made = new Chat({
    id: session,
    transport: transport(),
    onFinish: (what) => seen.finished.push(what),
    onError: (error) => seen.errors.push(error),
    onData: (part) => seen.data.push(part),
    ...more,
  });
  return Object.assign(made, {seen});
}

const text = (message) => message.parts.filter((part) => part.type === 'text').map((part) => part.text).join('');
const last = (of) => of.messages.at(-1);

/** A stored message as the SDK shows it. */
const shown = ({id, role, content, reasoning}) => ({
  id,
  role,
  parts: [...(reasoning ? [{type: 'reasoning', text: reasoning}] : []), ...(content ? [{type: 'text', text: content}] : [])],
});

/** What `docs/clients.md` has for it: the newest branch of a session. */
async function branch(session) {
  const all = await api.transcript(session);
  const byId = new Map(all.map((message) => [message.id, message]));
  const messages = [];
  for (let message = all.at(-1); message; message = byId.get(message.parent_id)) messages.unshift(message);
  return messages;
}

/** All chunks of a stream, each of which the SDK's schema has passed. */
async function chunks(stream) {
  const all = [];
  for await (const chunk of stream) all.push(chunk);
  return all;
}

const userMessage = (content, id = newId()) => ({id, role: 'user', parts: [{type: 'text', text: content}]});
const submit = {trigger: 'submit-message', messageId: undefined, abortSignal: undefined};

for (const [version, ai] of [[5, ai5], [6, ai6]]) {
  test(`version ${version} reads an answer with reasoning and usage`, async () => {
    const model = parley.model({reasoning: ['Hm', '.'], reply: ['Hel', 'lo "you"', '\n🙂']});
    const stream = await transport(ai).sendMessages({chatId: await api.session(model), messages: [userMessage('Hi')], ...submit});
    const [forChunks, forMessages] = stream.tee();
    const types = (await chunks(forChunks)).map((chunk) => chunk.type).filter((type, i, all) => type !== all[i - 1]);
    assert.deepEqual(types, [
      ...['start', 'start-step', 'reasoning-start', 'reasoning-delta', 'reasoning-end'],
      ...['text-start', 'text-delta', 'text-end', 'finish-step', 'finish'],
    ]);
    let message;
    for await (message of ai.readUIMessageStream({stream: forMessages, terminateOnError: true}));
    const read = message.parts.filter((part) => part.type !== 'step-start').map(({type, text, state}) => ({type, text, state}));
    assert.deepEqual(read, [
      {type: 'reasoning', text: 'Hm.', state: 'done'},
      {type: 'text', text: 'Hello "you"\n🙂', state: 'done'},
    ]);
    assert.deepEqual(message.metadata, {finishReason: 'stop', usage: {promptTokens: 9, completionTokens: 5, source: 'reported'}});
    assert.equal((await api.message(message.id)).content, 'Hello "you"\n🙂');
  });

  test(`version ${version} comes back to an answer under way, and is told that none is`, async () => {
    const model = parley.model({reply: ['One ', 'two ', 'three'], holdAfter: 2});
    const session = await api.session(model);
    const chatId = session;
    assert.equal(await transport(ai).reconnectToStream({chatId}), null);
    const stop = new AbortController();
    const sent = await transport(ai).sendMessages({chatId, messages: [userMessage('Count')], ...submit, abortSignal: stop.signal});
    const reader = sent.getReader();
    while (!(await reader.read()).value?.delta?.includes('two'));
    stop.abort();
    await reader.read().catch(() => {});
    const again = await transport(ai).reconnectToStream({chatId});
    (await upstream.request(model)).release();
    let message;
    for await (message of ai.readUIMessageStream({stream: again, terminateOnError: true}));
    assert.equal(text(message), 'One two three');
    assert.equal(message.id, (await branch(session)).at(-1).id);
    assert.equal(await transport(ai).reconnectToStream({chatId}), null);
  });
}

test('a response says which protocol it speaks, and keeps the headers of a run', async () => {
  const session = await api.session(parley.model());
  const response = await api.fetch('POST', path, {id: session, trigger: 'submit-message', messages: [userMessage('Hi')]});
  assert.equal(response.headers.get('x-vercel-ai-ui-message-stream'), 'v1');
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.ok(response.headers.get('x-run-id'));
  assert.match(await response.text(), /data: \[DONE\]\n\n$/);
});

test('any stream has the format if Accept asks for it, always from its beginning', async () => {
  const model = parley.model();
  const session = await api.session(model);
  const headers = {Accept: 'text/event-stream; format=ui-message'};
  const read = (response) => ai6.readUIMessageStream({
    stream: ai6.parseJsonEventStream({stream: response.body, schema: ai6.uiMessageChunkSchema}).pipeThrough(
      new TransformStream({transform: (part, to) => (assert.ok(part.success, part.error), to.enqueue(part.value))}),
    ),
    terminateOnError: true,
  });
  const whole = async (response) => {
    assert.equal(response.headers.get('x-vercel-ai-ui-message-stream'), 'v1');
    let message;
    for await (message of read(response));
    return message;
  };
  const question = {role: 'user', content: 'Hi', id: newId()};
  const first = await whole(await api.fetch('POST', path, {session_id: session, messages: [question]}, {headers}));
  assert.equal(text(first), 'Hello from the upstream.');
  const attached = await whole(await api.fetch('GET', `/api/messages/${question.id}/stream/?from=3`, undefined, {headers}));
  assert.deepEqual([attached.id, attached.parts], [first.id, first.parts]);
  const second = await whole(await api.fetch('POST', `/api/messages/${first.id}/regenerate/`, undefined, {headers}));
  assert.notEqual(second.id, first.id);
});

test('a conversation goes on, each question after the answer that the client shows', async () => {
  const model = parley.model([{reply: ['First.']}, {reply: ['Second.']}]);
  const session = await api.session(model);
  const talk = chat(session, {generateId: newId});
  await talk.sendMessage({text: 'One?'});
  await talk.sendMessage({text: 'Two?'});
  assert.deepEqual(talk.seen.errors, []);
  assert.equal(talk.status, 'ready');
  assert.deepEqual(talk.messages.map(text), ['One?', 'First.', 'Two?', 'Second.']);
  // The same ids on both sides, also those that the client made.
  assert.deepEqual((await branch(session)).map(({id, content}) => ({id, content})), talk.messages.map((m) => ({id: m.id, content: text(m)})));
  const asked = (await upstream.request(model, 2)).body.messages.map(({content}) => content);
  assert.deepEqual(asked, ['One?', 'First.', 'Two?']);
  assert.equal(talk.seen.finished.at(-1).finishReason, 'stop');
});

test('ids that are no UUIDs do as well, and a request that is sent twice asks once', async () => {
  const model = parley.model();
  const session = await api.session(model);
  const talk = chat(session);
  await talk.sendMessage({text: 'Hi'});
  assert.doesNotMatch(talk.messages[0].id, /-/);
  await chunks(await transport().sendMessages({chatId: session, messages: [talk.messages[0]], ...submit}));
  assert.equal(upstream.requestsFor(model).length, 1);
  assert.equal((await api.transcript(session)).length, 2);
});

test('a question that is edited begins a branch', async () => {
  const model = parley.model([{reply: ['A1']}, {reply: ['A2']}, {reply: ['B2']}, {reply: ['C1']}]);
  const session = await api.session(model);
  const talk = chat(session, {generateId: newId});
  await talk.sendMessage({text: 'One?'});
  await talk.sendMessage({text: 'Two?'});
  await talk.sendMessage({text: 'Or three?', messageId: talk.messages[2].id});
  assert.deepEqual(talk.messages.map(text), ['One?', 'A1', 'Or three?', 'B2']);
  assert.deepEqual((await upstream.request(model, 3)).body.messages.map(({content}) => content), ['One?', 'A1', 'Or three?']);
  await talk.sendMessage({text: 'Anew?', messageId: talk.messages[0].id});
  assert.deepEqual(talk.messages.map(text), ['Anew?', 'C1']);
  assert.deepEqual((await upstream.request(model, 4)).body.messages.map(({content}) => content), ['Anew?']);
  assert.deepEqual(talk.seen.errors, []);
});

test('the last answer is made anew, and an earlier one on a branch of its own', async () => {
  const model = parley.model([{reply: ['A1']}, {reply: ['A2']}, {reply: ['A2 again']}, {reply: ['A1 again']}]);
  const session = await api.session(model);
  const talk = chat(session);
  await talk.sendMessage({text: 'One?'});
  await talk.sendMessage({text: 'Two?'});
  const earlier = talk.messages[1].id;
  await talk.regenerate();
  assert.deepEqual(talk.messages.map(text), ['One?', 'A1', 'Two?', 'A2 again']);
  assert.equal((await api.message(last(talk).id)).attempt, 2);
  await talk.regenerate({messageId: earlier});
  assert.deepEqual(talk.messages.map(text), ['One?', 'A1 again']);
  assert.deepEqual((await upstream.request(model, 4)).body.messages.map(({content}) => content), ['One?']);
  assert.deepEqual(talk.seen.errors, []);
});

test('an error of the model ends the answer as an error, with what came', async () => {
  const talk = chat(await api.session(parley.model([{reply: ['Half an', ' answer'], after: 1, then: 'error'}, {reply: ['Whole.']}])));
  await talk.sendMessage({text: 'Hi'});
  assert.equal(talk.status, 'error');
  assert.match(talk.error.message, /./);
  assert.equal(text(last(talk)), 'Half an');
  assert.equal(last(talk).metadata.finishReason, 'error');
  assert.match(last(talk).metadata.code, /^upstream_/);
  // As a page's "try again" does.
  await talk.regenerate();
  assert.equal(talk.status, 'ready');
  assert.deepEqual(talk.messages.map(text), ['Hi', 'Whole.']);
});

test('a request that was refused is asked by regenerate, as if it were the first time', async () => {
  const model = parley.model({reply: ['Now.']});
  const talk = chat(newId());
  await talk.sendMessage({text: 'Hi'});
  assert.equal(JSON.parse(talk.error.message).error.code, 'not_found');
  const session = await api.session(model);
  const second = chat(session, {messages: talk.messages});
  await second.regenerate();
  assert.deepEqual(second.messages.map(text), ['Hi', 'Now.']);
});

test('stopping by the message ends the stream with an abort, and keeps the text', async () => {
  const model = parley.model({reply: ['One ', 'two'], holdAfter: 1});
  const talk = chat(await api.session(model));
  const sent = talk.sendMessage({text: 'Count'});
  await until('something has come', () => talk.messages[1] && text(talk.messages[1]) === 'One ');
  assert.equal((await api.post(`/api/messages/${last(talk).id}/stop/`)).status, 200);
  await sent;
  assert.equal(talk.status, 'ready');
  assert.equal(last(talk).metadata.finishReason, 'cancelled');
  assert.equal((await api.message(last(talk).id)).content, 'One ');
  await closesUpstream(await upstream.request(model));
});

test('an answer can be stopped as soon as it has its id, before its first token', async () => {
  const model = parley.model({holdAfter: 0});
  const talk = chat(await api.session(model));
  const sent = talk.sendMessage({text: 'Count'});
  await until('the answer has its id', () => talk.messages.length === 2);
  assert.equal((await api.post(`/api/messages/${last(talk).id}/stop/`)).status, 200);
  await sent;
  assert.equal(last(talk).metadata.finishReason, 'cancelled');
});

test('after the own stop of a chat the answer goes on, and is ended by the next question', async () => {
  const model = parley.model([{reply: ['One ', 'two'], holdAfter: 1}, {reply: ['Sure.']}, {reply: ['Hm ', 'm'], holdAfter: 1}, {reply: ['Yes.']}]);
  const session = await api.session(model);
  const talk = chat(session);
  talk.sendMessage({text: 'Count'});
  await until('something has come', () => talk.messages[1] && text(talk.messages[1]) === 'One ');
  await talk.stop();
  assert.equal((await api.get(`/api/sessions/${session}/`)).json.running === null, false);
  await talk.sendMessage({text: 'Enough?'});
  assert.deepEqual(talk.messages.map(text), ['Count', 'One ', 'Enough?', 'Sure.']);
  assert.equal((await api.message(talk.messages[1].id)).finish_reason, 'cancelled');
  talk.sendMessage({text: 'Really?'});
  await until('something has come', () => talk.messages[5] && text(talk.messages[5]) === 'Hm ');
  await talk.stop();
  await talk.regenerate();
  assert.equal(text(last(talk)), 'Yes.');
  assert.deepEqual(talk.seen.errors, []);
});

test('with on_disconnect the own stop of a chat ends the answer', async () => {
  const own = parley.model({reply: ['One ', 'two'], holdAfter: 1});
  const talk = chat(await api.session(own), {transport: transport(ai6, {body: {on_disconnect: 'cancel'}})});
  talk.sendMessage({text: 'Count'});
  await until('something has come', () => talk.messages[1] && text(talk.messages[1]) === 'One ');
  await talk.stop();
  await closesUpstream(await upstream.request(own));
});

test('calls of tools are shown as they are written', async () => {
  const calls = [
    {id: 'c1', name: 'look', arguments: ['{"where": ', '"here"}']},
    {id: 'c2', name: 'jump', arguments: ['{"high": ']},
  ];
  const talk = chat(await api.session(parley.model({reply: ['Well.'], toolCalls: calls})));
  await talk.sendMessage({text: 'Look'});
  assert.deepEqual(talk.seen.errors, []);
  const [look, jump] = last(talk).parts.filter((part) => part.type === 'dynamic-tool');
  assert.deepEqual([look.toolName, look.state, look.input], ['look', 'input-available', {where: 'here'}]);
  assert.deepEqual([jump.toolName, jump.state, jump.input], ['jump', 'output-error', '{"high": ']);
  assert.equal(last(talk).metadata.finishReason, 'tool-calls');
});

test('an answer that begins again says from where it counts', async () => {
  upstream.behave('restarting', [{reply: ['Void'], after: 1, then: 'reset'}, {reply: ['Good.']}]);
  const talk = chat(await api.session('restarting'));
  await talk.sendMessage({text: 'Hi'});
  assert.deepEqual(talk.seen.errors, []);
  const {parts} = last(talk);
  const counts = parts.slice(parts.findLastIndex((part) => part.type === 'data-restart') + 1);
  assert.equal(text({parts: counts}), 'Good.');
  assert.equal(text(last(talk)), 'VoidGood.');
  assert.equal(talk.seen.data.length, 1);
});

test('a session that compares is refused, and so is its run', async () => {
  const session = await api.session([parley.model(), parley.model()]);
  const talk = chat(session);
  await talk.sendMessage({text: 'Hi'});
  assert.match(talk.error.message, /Only one answer can be shown/);
  const run = await api.send(session, 'Hi');
  await run.all();
  const headers = {Accept: 'text/event-stream; format=ui-message'};
  const attached = await api.get(`/api/messages/${run.ids.a}/stream/`, {headers});
  assert.deepEqual([attached.status, attached.json.error.param], [400, 'Accept']);
  // One seat's answer alone is one message.
  const again = await api.fetch('POST', `/api/messages/${run.ids.b}/regenerate/`, undefined, {headers});
  const [start] = (await again.text()).split('\n\n');
  assert.equal((await api.message(JSON.parse(start.slice(6)).messageId)).participant, 'b');
});

test('what can not be asked is refused by name', async () => {
  const session = await api.session(parley.model());
  const wrong = async (body, param) => {
    const refused = await api.post(path, {id: session, trigger: 'submit-message', ...body});
    assert.deepEqual([refused.status, refused.json.error.code, refused.json.error.param], [400, 'invalid_request', param], refused.text);
  };
  const answer = {id: newId(), role: 'assistant', parts: [{type: 'text', text: 'A'}]};
  const file = {type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AA=='};
  await wrong({id: 'chat-1', messages: [userMessage('Hi')]}, 'id');
  await wrong({trigger: 'whatever', messages: [userMessage('Hi')]}, 'trigger');
  await wrong({}, 'messages');
  await wrong({messages: []}, 'messages');
  await wrong({messages: [answer]}, 'messages[0].role');
  await wrong({messages: [userMessage('Hi'), answer]}, 'messages[1].role');
  await wrong({messages: [answer, {...userMessage('Hi'), id: 7}]}, 'messages[1].id');
  await wrong({messages: [{...userMessage('Hi'), parts: 'Hi'}]}, 'messages[0].parts');
  await wrong({messages: [{...userMessage('Hi'), parts: []}]}, 'messages[0].parts');
  await wrong({messages: [{...userMessage('Hi'), parts: [{type: 'text', text: 'x'}, file]}]}, 'messages[0].parts[1]');
  await wrong({messages: [{...userMessage('Hi'), parts: [{type: 'text'}]}]}, 'messages[0].parts[0].text');
  await wrong({messages: [userMessage('Hi')], on_disconnect: 'x'}, 'on_disconnect');
  assert.equal((await api.transcript(session)).length, 0);
});

/** The hook, in a component that shows nothing; `current` is what it returns. */
function mount(options) {
  const hook = {};
  function Component() {
    hook.current = useChat(options);
    return null;
  }
  renderer.act(() => {
    hook.tree = renderer.create(React.createElement(Component));
  });
  hook.unmount = () => renderer.act(() => hook.tree.unmount());
  return hook;
}

test('useChat with resume picks up an answer after a reload, and needs nothing after its finish', async () => {
  const model = parley.model({reply: ['One ', 'two ', 'three ', 'four'], holdAfter: 2});
  const session = await api.session(model);
  const before = mount({id: session, transport: transport(), generateId: newId});
  before.current.sendMessage({text: 'Count'});
  await until('half of it has come', () => text(before.current.messages.at(-1) ?? {parts: []}) === 'One two ');
  before.unmount();

  const loaded = await branch(session);
  assert.deepEqual(loaded.map(({status}) => status), ['success', 'streaming']);
  const messages = loaded.map(shown);
  const after = mount({id: session, transport: transport(), resume: true, messages});
  await until('it streams', () => after.current.status === 'streaming');
  (await upstream.request(model)).release();
  await until('it is ready', () => after.current.status === 'ready');
  assert.deepEqual(after.current.messages.map(({id}) => id), messages.map(({id}) => id));
  assert.equal(text(after.current.messages.at(-1)), 'One two three four');
  // And it goes on from there.
  upstream.behave(model, {reply: ['Five.']});
  await after.current.sendMessage({text: 'More'});
  assert.deepEqual(after.current.messages.map(text), ['Count', 'One two three four', 'More', 'Five.']);
  assert.equal(after.current.error, undefined);
  after.unmount();

  const stored = (await branch(session)).map(shown);
  const later = mount({id: session, transport: transport(), resume: true, messages: stored});
  await until('it knows that nothing runs', () => later.current.status === 'ready');
  await settled(new Promise(() => {}));
  assert.deepEqual(later.current.messages, stored);
  assert.equal(later.current.error, undefined);
  later.unmount();
});
