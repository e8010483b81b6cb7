// Sessions, transcripts, the catalogue, and what the node says of itself.

import assert from 'node:assert/strict';
import {secrets} from '../support/parley_process.mjs';
import {newId, test, world} from './world.mjs';

const {upstream, parley, api} = await world({
  config: {
    providers: [{name: 'keyless', kind: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: '${E2E_NOT_SET}'}],
    models: [{id: 'no-key', provider: 'keyless'}, {id: 'named', display_name: 'A fine name', provider: 'openai', context_tokens: 1000}],
  },
});

test('a session is made, read, changed and deleted', async () => {
  const models = [parley.model(), parley.model()];
  const made = await api.post('/api/sessions/', {mode: 'compare', models, system_prompt: 'Be kind.', parameters: {temperature: 0.25}});
  assert.equal(made.status, 201);
  assert.deepEqual(made.json.models.map(({participant, id}) => [participant, id]), [['a', models[0]], ['b', models[1]]]);
  assert.deepEqual([made.json.mode, made.json.system_prompt, made.json.running], ['compare', 'Be kind.', null]);
  assert.equal(made.json.parameters.temperature, 0.25);
  const path = `/api/sessions/${made.json.id}/`;
  assert.deepEqual((await api.get(path)).json, made.json);
  assert.deepEqual((await api.get(path.slice(0, -1))).json, made.json, 'the path without its slash answers alike');

  const changed = await api.patch(path, {title: 'Mine'});
  assert.deepEqual([changed.status, changed.json.title, changed.json.system_prompt], [200, 'Mine', 'Be kind.']);
  assert.equal((await api.patch(path, {system_prompt: 'Be brief.'})).json.title, 'Mine');
  assert.equal((await api.get(path)).json.system_prompt, 'Be brief.');

  const deleted = await api.delete(path);
  assert.deepEqual([deleted.status, deleted.text], [204, '']);
  assert.equal((await api.get(path)).status, 404);
  assert.ok([204, 404].includes((await api.delete(path)).status));
});

test('a title that someone set is not replaced by the first message', async () => {
  const session = await api.session(parley.model(), {title: 'Mine'});
  await (await api.send(session, 'Hello')).all();
  assert.equal((await api.get(`/api/sessions/${session}/`)).json.title, 'Mine');
});

test('a changed system prompt counts from the next turn', async () => {
  const model = parley.model();
  const session = await api.session(model, {system_prompt: 'One.'});
  await (await api.send(session, 'Hello')).all();
  await api.patch(`/api/sessions/${session}/`, {system_prompt: 'Two.'});
  await (await api.send(session, 'Hello again')).all();
  assert.equal((await upstream.request(model, 2)).body.messages[0].content, 'Two.');
});

test('sessions are listed newest first, page by page', async () => {
  const ids = [];
  for (let i = 0; i < 5; ++i) ids.unshift(await api.session(parley.model()));
  const seen = [];
  let pages = 0;
  for (let next; next !== null && seen.length < 5; ++pages) {
    const page = await api.get(`/api/sessions/?limit=2${next ? `&after=${next}` : ''}`);
    assert.equal(page.status, 200, page.text);
    assert.ok(page.json.data.length <= 2);
    seen.push(...page.json.data.map((session) => session.id));
    next = page.json.next;
  }
  assert.deepEqual(seen.slice(0, 5), ids);
  assert.ok(pages >= 3);
});

test('a transcript comes page by page, oldest first', async () => {
  const session = await api.session(parley.model());
  for (const content of ['One', 'Two', 'Three']) await (await api.send(session, content)).all();
  const first = await api.get(`/api/sessions/${session}/messages/?limit=4`);
  assert.deepEqual([first.json.data.length, first.json.next !== null], [4, true]);
  const second = await api.get(`/api/sessions/${session}/messages/?limit=4&after=${first.json.next}`);
  assert.deepEqual([second.json.data.length, second.json.next], [2, null]);
  const users = [...first.json.data, ...second.json.data].filter((message) => message.role === 'user').map((message) => message.content);
  assert.deepEqual(users, ['One', 'Two', 'Three']);
});

test('limits outside 1 to 200 are refused', async () => {
  for (const limit of ['0', '201', '-1', 'x', '1.5']) {
    const refused = await api.get(`/api/sessions/?limit=${limit}`);
    assert.deepEqual([refused.status, refused.json.error.param], [400, 'limit']);
  }
  assert.equal((await api.get('/api/sessions/?limit=200')).status, 200);
});

const wrongSessions = [
  [{mode: 'direct'}, 'models'],
  [{mode: 'direct', models: []}, 'models'],
  [{mode: 'direct', models: ['named', 'named']}, 'models'],
  [{mode: 'compare', models: ['named']}, 'models'],
  [{mode: 'compare', models: Array(9).fill('named')}, 'models'],
  [{mode: 'direct', models: ['no-such-model']}, 'models[0]'],
  [{mode: 'direct', models: ['no-key']}, 'models[0]'],
  [{mode: 'direct', models: [7]}, 'models[0]'],
  [{mode: 'random', models: ['named', 'named']}, 'models'],
  [{mode: 'sideways', models: ['named']}, 'mode'],
  [{models: ['named']}, 'mode'],
  [{mode: 'direct', models: ['named'], title: 7}, 'title'],
  [{mode: 'direct', models: ['named'], system_prompt: ['x']}, 'system_prompt'],
  [{mode: 'direct', models: ['named'], parameters: {temperature: 3}}, 'parameters.temperature'],
  [{mode: 'direct', models: ['named'], parameters: {max_tokens: 0}}, 'parameters.max_tokens'],
  [{mode: 'direct', models: ['named'], parameters: {stop: ['a', 'b', 'c', 'd', 'e']}}, 'parameters.stop'],
];
for (const [body, param] of wrongSessions)
  test(`a session of ${JSON.stringify(body)} is refused, naming ${param}`, async () => {
    const refused = await api.post('/api/sessions/', body);
    assert.deepEqual([refused.status, refused.json?.error.code, refused.json?.error.param], [400, 'invalid_request', param], refused.text);
  });

test('compare mode may have the same model twice', async () => {
  const model = parley.model();
  const run = await api.send(await api.session([model, model]), 'Hello');
  await run.all();
  assert.equal(run.text('a'), run.text('b'));
});

test('the catalogue names the models, and neither secrets nor addresses', async () => {
  const {json, text} = await api.get('/api/models/?limit=200');
  const find = (id) => json.data.find((model) => model.id === id);
  assert.deepEqual(find('named'), {id: 'named', display_name: 'A fine name', provider: 'openai', context_tokens: 1000, available: true});
  assert.equal(find('no-key').available, false);
  assert.ok(json.data.some((model) => model.provider === 'demo' && model.available));
  for (const secret of [...Object.values(secrets), '127.0.0.1', 'E2E_', 'base_url']) assert.ok(!text.includes(secret), secret);
});

test('health, live and ready say that all is well', async () => {
  const health = await api.get('/health/');
  assert.equal(health.status, 200);
  assert.deepEqual([health.json.status, health.json.async_enabled], ['ok', true]);
  assert.match(health.json.version, /^\d+\.\d+\.\d+/);
  assert.ok('node' in health.json && typeof health.json.checks === 'object');
  for (const path of ['/live/', '/ready/', '/live', '/ready']) assert.equal((await api.get(path)).status, 200, path);
});

test('a message or a session that is not there is 404, also when its id is no id', async () => {
  for (const id of [newId(), 'nonsense', '00000000-0000-0000-0000-000000000000'])
    for (const path of [`/api/sessions/${id}/`, `/api/sessions/${id}/messages/`, `/api/messages/${id}/`, `/api/messages/${id}/stream/`]) {
      const missing = await api.get(path);
      assert.deepEqual([missing.status, missing.json.error.code], [404, 'not_found'], path);
    }
});

test('any Authorization header, or none, is the one local user', async () => {
  const session = await api.session(parley.model());
  for (const value of ['Bearer whatever', 'Basic Zm9vOmJhcg=='])
    assert.equal((await api.get(`/api/sessions/${session}/`, {headers: {Authorization: value}})).status, 200);
});
