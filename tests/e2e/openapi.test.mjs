// The API's description: a linter finds it right, the server's real answers are what it says, and people can read it.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import {createConfig, lint} from '@redocly/openapi-core';
import {ApiDescription} from '../support/api_description.mjs';
import {assertAccessible} from '../support/browser.mjs';
import {binary, root} from '../support/parley_process.mjs';
import {pageWorld} from './page_world.mjs';
import {forDraws, newId, test, world} from './world.mjs';

const {upstream, parley, api, open} = await pageWorld();
const draws = await world(forDraws);
const description = new ApiDescription((await api.get('/openapi.json')).json);

/** `target`: a path, or a whole address for another server. {status, type, text} */
function ask(method, target, body, headers = {}) {
  const given = body === undefined ? {} : {'Content-Type': 'application/json'};
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(target, parley.origin), {method, headers: {...given, ...headers}, timeout: 20_000});
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')));
    request.on('upgrade', (response, socket) => (socket.destroy(), resolve({status: response.statusCode, type: '', text: ''})));
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => (text += piece)).on('error', reject);
      response.on('end', () => resolve({status: response.statusCode, type: response.headers['content-type'] ?? '', text}));
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const events = {Accept: 'text/event-stream'};
const upgrade = {Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ=='};
// To a loopback server: a page elsewhere that has let its name point here.
const stranger = {Host: 'elsewhere.example'};
const call = {id: 'c1', name: 'look', arguments: ['{"at":', '"it"}']};

const turn = (session, more = {}) => ({session_id: session, messages: [{role: 'user', content: 'Hello', ...more}]});

/** A session of these models in which something was asked: {session, user, a} */
async function asked(...models) {
  const session = await api.session(models.length > 0 ? models : [parley.model()]);
  const run = await api.send(session, 'Hello');
  await run.all();
  return {session, ...run.ids};
}

/** A turn of a random session: the body of a vote on it. */
async function drawn(preference) {
  const {id} = (await draws.api.post('/api/sessions/', {mode: 'random'})).json;
  const run = await draws.api.send(id, 'Which?');
  await run.all();
  return {turn_id: run.ids.user, preference};
}

// What is asked of each operation: what it answers well, and what it refuses.
const samples = {
  streamTurn: {
    well: async () => {
      const models = [parley.model({reply: ['Hello'], reasoning: ['hm'], toolCalls: [call]}), parley.model({status: 400}, 'anthropic')];
      const body = turn(await api.session(models), {id: newId()});
      return [await ask('POST', '/api/messages/stream/', body, events), await ask('POST', '/api/messages/stream/', body)];
    },
    refused: async () => {
      const {session, user} = await asked();
      return [
        await ask('POST', '/api/messages/stream/', {session_id: session, messages: []}),
        await ask('POST', '/api/messages/stream/', turn(newId())),
        await ask('POST', '/api/messages/stream/', turn(session, {id: user, content: 'Another'})),
        await ask('POST', '/api/messages/stream/', turn(session), {'Content-Type': 'text/plain'}),
        await ask('POST', '/api/messages/stream/', turn(session, {content: 'x'.repeat(3_000_000)})),
      ];
    },
  },
  streamSimple: {
    well: async () => [await ask('POST', '/api/messages/stream-simple/', {session_id: await api.session(parley.model()), message: 'Hello'})],
    refused: async () => [await ask('POST', '/api/messages/stream-simple/', {message: ''})],
  },
  attachToRun: {
    well: async () => {
      const {user, a} = await asked();
      return [await ask('GET', `/api/messages/${user}/stream/?from=0`, undefined, events), await ask('GET', `/api/messages/${a}/stream/`)];
    },
    refused: async () => [await ask('GET', `/api/messages/${newId()}/stream/`), await ask('GET', `/api/messages/${newId()}/stream/?from=x`)],
  },
  resumeChat: {
    well: async () => {
      const model = parley.model({holdAfter: 1});
      const session = await api.session(model);
      const run = await api.send(session, 'Hello');
      const resumed = ask('GET', `/api/messages/stream/${session}/stream/`);
      (await upstream.request(model)).release();
      await run.all();
      return [await resumed, await ask('GET', `/api/messages/stream/${await api.session(parley.model())}/stream/`)];
    },
    refused: async () => [await ask('GET', `/api/messages/stream/${newId()}/stream/`)],
  },
  createAnthropicMessage: {
    well: async () => {
      const body = {model: parley.model({reasoning: ['hm'], toolCalls: [call]}), max_tokens: 9, messages: [{role: 'user', content: 'Hello'}]};
      return [await ask('POST', '/v1/messages', body), await ask('POST', '/v1/messages', {...body, stream: true})];
    },
    refused: async () => [
      await ask('POST', '/v1/messages', {}),
      await ask('POST', '/v1/messages', {model: 'nobody', max_tokens: 9, messages: [{role: 'user', content: 'Hello'}]}),
    ],
  },
  regenerateAnswer: {
    well: async () => [await ask('POST', `/api/messages/${(await asked()).a}/regenerate/`, {}, events)],
    refused: async () => {
      const {session, a} = await asked();
      await (await api.send(session, 'Again')).all();
      return [await ask('POST', `/api/messages/${a}/regenerate/`), await ask('POST', `/api/messages/${newId()}/regenerate/`)];
    },
  },
  stopAnswers: {
    well: async () => [await ask('POST', `/api/messages/${(await asked(parley.model(), parley.model())).user}/stop/`)],
    refused: async () => [await ask('POST', `/api/messages/${newId()}/stop/`)],
  },
  showMessage: {
    well: async () => {
      const {user, a, b} = await asked(parley.model({reply: ['x'], reasoning: ['hm'], toolCalls: [call]}), parley.model({status: 400}));
      return Promise.all([user, a, b].map((id) => ask('GET', `/api/messages/${id}/`)));
    },
    refused: async () => [await ask('GET', `/api/messages/${newId()}/`)],
  },
  createSession: {
    well: async () => [
      await ask('POST', '/api/sessions/', {mode: 'direct', models: [parley.model()], parameters: {stop: ['x'], top_p: 0.5}}),
      await ask('POST', '/api/sessions/', {mode: 'random'}),
    ],
    refused: async () => [await ask('POST', '/api/sessions/', {mode: 'direct', models: ['nobody']})],
  },
  listSessions: {
    well: async () => (await asked(), await asked(), [await ask('GET', '/api/sessions/?limit=1')]),
    refused: async () => [await ask('GET', '/api/sessions/?limit=many')],
  },
  showSession: {
    well: async () => {
      const running = await api.session(parley.model({holdAfter: 0}));
      const run = await api.send(running, 'Hello');
      const shown = await ask('GET', `/api/sessions/${running}/`);
      await api.post(`/api/messages/${run.ids.user}/stop/`);
      await run.all();
      return [shown, await ask('GET', `/api/sessions/${(await asked()).session}/`)];
    },
    refused: async () => [await ask('GET', `/api/sessions/${newId()}/`)],
  },
  changeSession: {
    well: async () => [await ask('PATCH', `/api/sessions/${await api.session(parley.model())}/`, {title: 'T', system_prompt: 'Be.', parameters: {temperature: 1}})],
    refused: async () => [await ask('PATCH', `/api/sessions/${await api.session(parley.model())}/`, {mode: 'compare'})],
  },
  deleteSession: {
    well: async () => [await ask('DELETE', `/api/sessions/${await api.session(parley.model())}/`)],
    refused: async () => [await ask('DELETE', `/api/sessions/${newId()}/`)],
  },
  listMessages: {
    well: async () => [await ask('GET', `/api/sessions/${(await asked()).session}/messages/?limit=1`)],
    refused: async () => [await ask('GET', `/api/sessions/${newId()}/messages/`)],
  },
  castVote: {
    well: async () => {
      const {user} = await asked(parley.model(), parley.model());
      return [
        await ask('POST', '/api/feedback/', {turn_id: user, preference: 'left'}),
        await ask('POST', `${draws.parley.origin}/api/feedback/`, await drawn('tie')),
      ];
    },
    refused: async () => {
      const {user} = await asked(parley.model(), parley.model());
      await ask('POST', '/api/feedback/', {turn_id: user, preference: 'both_bad'});
      return [
        await ask('POST', '/api/feedback/', {turn_id: user, preference: 'a'}),
        await ask('POST', '/api/feedback/', {turn_id: user}),
        await ask('POST', '/api/feedback/', {turn_id: newId(), preference: 'a'}),
      ];
    },
  },
  showLeaderboard: {
    well: async () => {
      const {origin} = draws.parley;
      await ask('POST', `${origin}/api/feedback/`, await drawn('left'));
      return [await ask('GET', `${origin}/api/leaderboard/`), await ask('GET', `${origin}/api/leaderboard/?period=7d`)];
    },
    refused: async () => [await ask('GET', '/api/leaderboard/?period=1d')],
  },
  listModels: {
    well: async () => [await ask('GET', '/api/models/?limit=3')],
    refused: async () => [await ask('GET', '/api/models/?after=nobody')],
  },
  completeChat: {
    well: async () => {
      const models = [parley.model({reasoning: ['hm'], toolCalls: [call]}), parley.model({status: 500})].join(',');
      const body = (more) => ({messages: [{role: 'user', content: 'Hello'}], ...more});
      return [
        await ask('POST', '/v1/chat/completions', body({model: models})),
        await ask('POST', '/v1/chat/completions', body({model: parley.model({usage: null})})),
        await ask('POST', '/v1/chat/completions', body({model: models, stream: true})),
      ];
    },
    refused: async () => [
      await ask('POST', '/v1/chat/completions', {model: 'nobody', messages: [{role: 'user', content: 'Hello'}]}),
      await ask('POST', '/v1/chat/completions', {model: parley.model()}),
      await ask('POST', '/v1/chat/completions', {model: parley.model({status: 429}), messages: [{role: 'user', content: 'Hello'}]}),
    ],
  },
  listOpenaiModels: {well: async () => [await ask('GET', '/v1/models')], refused: async () => [await ask('GET', '/v1/models', undefined, stranger)]},
  showOpenaiModel: {
    well: async () => [await ask('GET', `/v1/models/${parley.model()}`)],
    refused: async () => [await ask('GET', '/v1/models/nobody')],
  },
  watchSession: {
    well: async () => [await ask('GET', `/ws/chat/session/${await api.session(parley.model())}/`, undefined, upgrade)],
    refused: async () => [await ask('GET', `/ws/chat/session/${newId()}/`)],
  },
  showHealth: {well: async () => [await ask('GET', '/health/')], refused: async () => [await ask('GET', '/health/', undefined, stranger)]},
  showLive: {well: async () => [await ask('GET', '/live/')], refused: async () => [await ask('GET', '/live/', undefined, stranger)]},
  showReady: {well: async () => [await ask('GET', '/ready/')], refused: async () => [await ask('GET', '/ready/', undefined, stranger)]},
  showDescription: {well: async () => [await ask('GET', '/openapi.json')], refused: async () => [await ask('GET', '/openapi.json', undefined, stranger)]},
};

test('a linter finds nothing wrong with the description', async () => {
  // The contract's paths end in a slash.
  const config = await createConfig({extends: ['recommended'], rules: {'no-path-trailing-slash': 'off'}});
  const problems = await lint({ref: path.join(root, 'docs/api/openapi.json'), config});
  assert.deepEqual(problems.map(({ruleId, message, location}) => `${ruleId}: ${message} ${location[0]?.pointer}`), []);
});

test("its version is the product's", () => {
  assert.equal(execFileSync(binary(), ['--version'], {encoding: 'utf8'}).trim(), `parley ${description.document.info.version}`);
});

for (const operation of description.operations)
  test(`${operation.method} ${operation.path} answers as it is described, also when it refuses`, async () => {
    const sample = samples[operation.id];
    assert.ok(sample, 'it is asked for something here');
    for (const answer of await sample.well()) {
      assert.ok(answer.status < 400, answer.text);
      description.check(operation, answer);
    }
    for (const answer of await sample.refused()) {
      assert.ok(answer.status >= 400, answer.text);
      description.check(operation, answer);
    }
  });

test('an answer with a field that is not described, or without one that is, is noticed', async () => {
  const operation = description.operations.find(({id}) => id === 'listModels');
  const good = await ask('GET', '/api/models/?limit=1');
  const changed = (change) => {
    const json = JSON.parse(good.text);
    change(json.data[0]);
    return {...good, text: JSON.stringify(json)};
  };
  description.check(operation, good);
  assert.throws(() => description.check(operation, changed((model) => (model.secret = 'x'))));
  assert.throws(() => description.check(operation, changed((model) => delete model.provider)));
  for (const status of [201, 418]) assert.throws(() => description.check(operation, {...good, status}));
});

test('/docs/ shows every operation to people, from this server alone', async (t) => {
  const page = await open(t, '/docs/');
  const foreign = [];
  page.on('request', (request) => request.url().startsWith(parley.origin) || foreign.push(request.url()));
  await page.reload();
  for (const {operation} of description.operations) await page.getByText(operation.summary, {exact: true}).first().waitFor();
  await assertAccessible(page);
  await page.getByText(description.operations[0].operation.summary, {exact: true}).click();
  await page.getByText('text/event-stream').first().waitFor();
  assert.deepEqual(foreign, []);
});
