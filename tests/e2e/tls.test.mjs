// TLS on both sides: the listener for curl, and upstreams whose certificates are checked.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {finishOf, parseLine, textOf} from '../support/api_client.mjs';
import {Curl} from '../support/curl.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {Parley} from '../support/parley_process.mjs';
import {RawConnection} from '../support/raw_http.mjs';
import {settled, test} from './world.mjs';
import {Watcher} from './ws_watcher.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'parley-tls-'));
const certificate = path.join(folder, 'certificate.pem');
const key = path.join(folder, 'key.pem');
execFileSync('openssl', [
  ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
  ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
], {stdio: 'ignore'});

const upstream = await FaultUpstream.start({secure: {key: readFileSync(key), cert: readFileSync(certificate)}});
const base_url = `${upstream.origin}/v1`;
const parley = await Parley.start({
  config: {
    tls: {certificate, key},
    providers: [
      {name: 'trusted', kind: 'openai', base_url, ca_file: certificate},
      {name: 'untrusted', kind: 'openai', base_url},
      {name: 'misnamed', kind: 'openai', base_url: base_url.replace('localhost', '127.0.0.1'), ca_file: certificate},
    ],
    models: ['trusted', 'untrusted', 'misnamed'].map((provider) => ({id: provider, provider, retries: 0})),
  },
});
after(async () => {
  await parley.stop();
  await upstream.stop();
  rmSync(folder, {recursive: true});
});

const curl = (...args) => new Curl('--cacert', certificate, ...args);

async function session(model) {
  const body = JSON.stringify({mode: 'direct', models: [model]});
  return JSON.parse(await curl('-H', 'Content-Type: application/json', '-d', body, `${parley.origin}/api/sessions/`).output()).id;
}

async function ask(model) {
  const body = {session_id: await session(model), messages: [{role: 'user', content: 'Hello'}]};
  return Curl.post(`${parley.origin}/api/messages/stream/`, body, '--cacert', certificate);
}

test('curl streams line by line over TLS, from an upstream over TLS', async () => {
  upstream.behave('trusted', {reply: ['one', 'two', 'three'], holdAfter: 2, split: 5});
  const stream = await ask('trusted');
  assert.equal((await stream.untilLines(2)).length, 2);
  assert.equal(stream.code, undefined);
  (await upstream.request('trusted')).release();
  const lines = (await stream.output()).split('\n').map(parseLine);
  assert.equal(textOf(lines), 'onetwothree');
  assert.equal(finishOf(lines).finishReason, 'stop');
});

test('a long answer over TLS is whole', async () => {
  const reply = Array.from({length: 50}, (_, i) => `${i} `.repeat(5000));
  upstream.behave('trusted', {reply});
  const lines = (await (await ask('trusted')).output()).split('\n').map(parseLine);
  assert.ok(textOf(lines) === reply.join(''));
});

for (const model of ['untrusted', 'misnamed'])
  test(`an ${model} upstream certificate is refused before any key is sent`, async () => {
    const lines = (await (await ask(model)).output()).split('\n').map(parseLine);
    assert.equal(finishOf(lines).code, 'upstream_unreachable');
    assert.equal(upstream.requestsFor(model).length, 0);
  });

test('a session is watched over TLS', async () => {
  upstream.behave('trusted', {reply: ['one', 'two', 'three']});
  const id = await session('trusted');
  const watcher = await Watcher.open(parley, id, {ca: readFileSync(certificate)});
  await watcher.find((frame) => frame.type === 'session_state');
  const body = {session_id: id, messages: [{role: 'user', content: 'Hello'}]};
  await (await Curl.post(`${parley.origin}/api/messages/stream/`, body, '--cacert', certificate)).output();
  const {message} = await watcher.find((frame) => frame.action === 'completed');
  assert.equal(watcher.text(message.id), 'onetwothree');
  assert.equal((await watcher.close()).code, 1000);
});

test('a client that does not trust the certificate gets nothing', async () => {
  const stranger = new Curl(`${parley.origin}/live/`);
  assert.equal(await stranger.exited, 60, 'curl: the certificate is not trusted');
});

test('plain HTTP, garbage and silence on the TLS port do no harm', async () => {
  for (const bytes of ['GET /live/ HTTP/1.1\r\nHost: localhost\r\n\r\n', '\u0016\u0003\u0001\u00ff\u00ff', '']) {
    const connection = await RawConnection.open(parley.port);
    connection.write(Buffer.from(bytes, 'latin1'));
    await settled(connection.untilEnd(300), 400);
    assert.ok(!connection.received.includes('200'));
    connection.close();
  }
  assert.match(await curl(`${parley.origin}/live/`).output(), /./);
});

test('TLS below 1.2 is refused', async () => {
  const old = curl('--tls-max', '1.1', `${parley.origin}/live/`);
  assert.notEqual(await old.exited, 0);
});
