// `parley chat` as a person sees it, in a real terminal, and as a pipe has it.

import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import net from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {binary, freePort, until} from '../support/parley_process.mjs';
import {Terminal} from '../support/terminal.mjs';
import {test, world} from './world.mjs';

const {upstream, parley, api} = await world();
const folder = mkdtempSync(path.join(tmpdir(), 'parley-chat-'));
after(() => rmSync(folder, {recursive: true}));

const prompt = /› ?$/;

function models(...ids) {
  return ids.flatMap((id) => ['--model', id]);
}

function open(scope, args, {server = parley, ...options} = {}) {
  return Terminal.start(scope, [binary(), 'chat', '--server', server.origin, ...args], options);
}

/** At the prompt. */
async function ask(terminal, question) {
  await terminal.shows(prompt);
  await terminal.type(question);
  await terminal.press('Enter');
}

/** Without a terminal: {code, out, err}. */
function piped(args, {input = '', server = parley.origin, env = {}, interrupt, onOutput} = {}) {
  const child = spawn(binary(), ['chat', '--server', server, ...args], {env: {...process.env, ...env}});
  const result = {out: '', err: ''};
  child.stdout.setEncoding('utf8').on('data', (text) => {
    result.out += text;
    onOutput?.(result.out);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => (result.err += text));
  child.stdin.end(input);
  interrupt?.then(() => child.kill('SIGINT'));
  const deadline = setTimeout(() => child.kill('SIGKILL'), 40_000);
  return new Promise((resolve) => child.once('close', (code) => (clearTimeout(deadline), resolve({...result, code}))));
}

async function newestSession() {
  return (await api.get('/api/sessions/?limit=1')).json.data[0];
}

test('two models answer in two columns while both stream, with their figures below', async (t) => {
  const [a, b] = [parley.model({reply: ['Left one. ', 'Left two.'], holdAfter: 1}), parley.model({reply: ['Right one. ', 'Right two.'], holdAfter: 1}, 'anthropic')];
  const terminal = await open(t, models(a, b));
  await ask(terminal, 'Who is there?');
  const early = await terminal.shows(/Left one\. +│ Right one\./);
  assert.match(early, /a {2}openai-1 +│ b {2}anthropic-1/);
  assert.ok(!early.includes('two.'));
  for (const model of [a, b]) (await upstream.request(model)).release();
  const whole = await terminal.shows(/Left one\. Left two\. +│ Right one\. Right two\./);
  await terminal.shows(/s to the first token .* │ .*s to the first token/);
  await terminal.shows(prompt);
  assert.equal(whole.match(/Left one/g).length, 1, 'nothing of what was drawn before is left');
  await terminal.press('C-d');
  assert.equal(await terminal.status(), 0);
  assert.ok((await terminal.text()).includes(`parley chat --session ${(await newestSession()).id}`));
});

test('in a narrow terminal the answers stand one after the other, each whole', async (t) => {
  const [a, b] = [parley.model({reply: ['First ', 'answer.'], holdAfter: 1}), parley.model({reply: ['Second answer.']})];
  const terminal = await open(t, models(a, b), {width: 60});
  await ask(terminal, 'Hello');
  await terminal.shows(/First\n.*: \d+ characters so far/);
  (await upstream.request(a)).release();
  const text = await terminal.shows(/Second answer\.\n.*\n› ?$/);
  assert.match(text, /a {2}\S+\nFirst answer\.\n.*\n\nb {2}\S+\nSecond answer\.\n/);
  assert.ok(!text.includes('│'));
});

test('wide and combining characters keep the columns straight, and a narrower terminal lays them out anew', async (t) => {
  const reply = 'これは日本語の文章です。'.repeat(6) + ' e\u0301toile 🚀 ok';
  const [a, b] = [parley.model({reply: [reply, ' end'], holdAfter: 1}), parley.model({reply: ['Right ', 'side.'], holdAfter: 1})];
  const terminal = await open(t, models(a, b), {width: 100});
  await ask(terminal, 'Hello');
  await terminal.shows('🚀 ok');
  await terminal.shows('Right');
  // A wide character takes two columns and is one letter of the line.
  const columnOf = (line) => [...line.slice(0, line.indexOf('│'))].reduce((sum, c) => sum + (c === '\u0301' ? 0 : c > '\u2fff' ? 2 : 1), 0);
  const places = new Set((await terminal.lines()).filter((line) => line.includes('│')).map(columnOf));
  assert.equal(places.size, 1, [...places].join());
  await terminal.resize(62, 30);
  await terminal.shows('characters so far');
  for (const model of [a, b]) (await upstream.request(model)).release();
  const text = await terminal.shows(/Right side\.[^]*› ?$/);
  assert.equal(text.replace(/[^これは日本語の文章です。]/gu, '').length, 'これは日本語の文章です。'.length * 6, text);
});

test('Ctrl-C stops the answers and keeps their text, and at the prompt two of them leave', async (t) => {
  const stopped = parley.model({reply: ['Until here', ' and on'], holdAfter: 1});
  const terminal = await open(t, models(stopped));
  await ask(terminal, 'Hello');
  await terminal.shows('Until here');
  await terminal.press('C-c');
  await terminal.shows(/Until here\nstopped.*\n› ?$/);
  const [, answer] = await api.transcript((await newestSession()).id);
  assert.deepEqual([answer.finish_reason, answer.content], ['cancelled', 'Until here']);

  await terminal.type('not sent');
  await terminal.press('C-c');
  await terminal.shows('Ctrl-C again');
  await terminal.press('C-c');
  assert.equal(await terminal.status(), 0);
});

test('an answer can say nothing to the terminal', async (t) => {
  const model = parley.model({reply: ['\u001b[2J\u001b]0;owned\u0007clear\u009b31m \u202eback\r!']});
  const terminal = await open(t, models(model));
  await ask(terminal, 'Hello');
  await terminal.shows('␛[2J␛]0;owned␇clear\ufffd31m back!');
  const {out} = await piped([...models(model), 'Hello']);
  assert.equal(out, '␛[2J␛]0;owned␇clear\ufffd31m back!\n');
});

test('a server that dies in mid-answer and comes back is attached to again', async (t) => {
  const {upstream: own, parley: server} = await world({config: {limits: {checkpoint_interval: '100ms'}}}, t);
  const model = server.model([{reply: ['Before the crash. ', 'never'], holdAfter: 1}, {reply: ['After it.']}]);
  const terminal = await open(t, models(model), {server});
  await ask(terminal, 'Hello');
  await terminal.shows('Before the crash.');
  await own.request(model);
  await new Promise((resolve) => setTimeout(resolve, 500)); // for a checkpoint
  await server.kill();
  await terminal.shows('The connection broke off; trying again');
  await server.launch();
  const text = await terminal.shows(/interrupted[^]*› ?$/);
  assert.ok(!text.includes('broke off'));
  assert.equal(text.match(/Before the crash\./g).length, 1, text);
  await terminal.type('Still there?');
  await terminal.press('Enter');
  await terminal.shows('After it.');
});

test('a connection that breaks off is made anew, and the answer goes on where it was', async (t) => {
  const model = parley.model({reply: ['Before', ' and', ' after.'], holdAfter: 1});
  const sockets = new Set();
  let connections = 0;
  const middle = net.createServer((client) => {
    const server = net.connect(parley.port, '127.0.0.1');
    connections++;
    for (const [from, to] of [[client, server], [server, client]]) {
      sockets.add(from);
      from.on('error', () => {}).on('close', () => to.destroy()).pipe(to);
    }
  });
  await new Promise((resolve) => middle.listen(0, '127.0.0.1', resolve));
  t.after(() => middle.close());
  let shown = '';
  const answer = piped([...models(model), 'Hello'], {server: `http://127.0.0.1:${middle.address().port}`, onOutput: (text) => (shown = text)});
  await until('the first piece is read', () => shown === 'Before');
  const before = connections;
  for (const socket of sockets) socket.destroy();
  await until('the client is back', () => connections > before);
  (await upstream.request(model)).release();
  const {code, out, err} = await answer;
  assert.deepEqual([code, out], [0, 'Before and after.\n'], err);
  assert.match(err, /trying again/);
});

test('who does not want to wait for a server that is gone leaves by Ctrl-C, twice', async (t) => {
  const {upstream: own, parley: server} = await world({}, t);
  const model = server.model({reply: ['Some', ' more'], holdAfter: 1});
  const terminal = await open(t, models(model), {server});
  await ask(terminal, 'Hello');
  await terminal.shows('Some');
  await own.request(model);
  await server.kill();
  await terminal.shows('trying again');
  await terminal.press('C-c');
  await terminal.press('C-c');
  assert.equal(await terminal.status(), 0);
});

test('lines are edited and remembered, and pasted text is one question whatever lines it has', async (t) => {
  const model = parley.model();
  const first = await open(t, models(model));
  await first.shows(prompt);
  await first.type('Helo there');
  await first.press('Left', 'Left', 'Left', 'Left', 'Left', 'Left', 'Left');
  await first.type('l');
  await first.press('Enter');
  await first.shows(/tokens\n› ?$/);
  assert.equal((await upstream.request(model)).body.messages.at(-1).content, 'Hello there');
  await first.press('Up');
  await first.shows(/› Hello there$/);
  await first.press('C-u');
  await first.paste('one\ntwo 日本\n');
  await first.press('Enter');
  await upstream.request(model, 2).then(({body}) => assert.equal(body.messages.at(-1).content, 'one\ntwo 日本\n'));
  await first.shows(/tokens[^]*tokens\n› ?$/);
  await first.type('three\\');
  await first.press('Enter');
  await first.type('four');
  await first.press('Enter');
  await upstream.request(model, 3).then(({body}) => assert.equal(body.messages.at(-1).content, 'three\nfour'));
  assert.equal(statSync(path.join(first.folder, 'parley/chat_history')).mode & 0o777, 0o600);
});

test('the commands of the dialogue do what /help says', async (t) => {
  const [a, b] = [parley.model([{reply: ['A1']}, {reply: ['A2']}]), parley.model({reply: ['B1']})];
  const terminal = await open(t, models(a, b));
  const enter = async (line, shown) => {
    await terminal.clear();
    await terminal.type(line);
    await terminal.press('Enter');
    return terminal.shows(shown);
  };
  await terminal.shows(prompt);
  await enter('/help', /\/attempts[^]*\/export FILE[^]*› ?$/);
  await enter('/models', new RegExp(` ${a} [^]*› ?$`));
  await enter('/nonsense', 'There is no /nonsense');
  await enter('Hello', /A1 +│ B1[^]*› ?$/);
  await enter('/regenerate', 'Say which answer');
  await enter('/regenerate a', /A2[^]*› ?$/);
  await enter('/attempts', /a +1 +stop +A1\n +b +1 +stop +B1\n +a +2 +stop +A2/);
  await enter('/attempts 1', /A1 +│ B1/);
  await enter('/stop', 'stop, stop');
  const markdown = path.join(folder, 'talk.md');
  await enter(`/export ${markdown}`, 'Written to');
  assert.match(readFileSync(markdown, 'utf8'), /^# Hello\n\n## You\n\nHello\n\n## .*\n\nA1\n/);
  await enter(`/export ${markdown}`, 'is there already');
  const json = path.join(folder, 'talk.json');
  await enter(`/export ${json}`, `Written to ${json}`);
  assert.deepEqual(JSON.parse(readFileSync(json, 'utf8')).map((each) => each.content), ['Hello', 'A1', 'B1', 'A2']);
  const id = (await newestSession()).id;
  await enter(`/model ${b}`, new RegExp(`${b} at http`));
  await enter('Alone', /B1[^]*› ?$/);
  assert.deepEqual((await newestSession()).models.map((model) => model.id), [b]);
  await enter('/sessions', / 2 {2}.*Hello/);
  await enter('/sessions 2', /› Hello\n[^]*A2[^]*B1[^]*› ?$/);
  await enter('/quit', `To go on: parley chat --session ${id}`);
  assert.equal(await terminal.status(), 0);
});

test('--session goes on where it was, also while an answer comes', async (t) => {
  const model = parley.model({reply: ['Half', ' and whole.'], holdAfter: 1});
  const session = await api.session(model);
  const run = await api.send(session, 'Hello');
  await run.take(1);
  const terminal = await open(t, ['--session', session]);
  await terminal.shows(/› Hello\n.*\nHalf/);
  (await upstream.request(model)).release();
  await terminal.shows(/Half and whole\.\n[^]*› ?$/);
  await run.all();
  await terminal.press('C-d');
  const again = await open(t, ['--session', session]);
  await again.shows(/› Hello\n.*\nHalf and whole\.\n› ?$/);
});

test('piped, the answer is plain text, and its end says how it went', async () => {
  const model = parley.model({reply: ['Plain ', 'text'], reasoning: ['hm']});
  const [byArgument, byInput] = await Promise.all([piped([...models(model), 'Say', 'it']), piped(models(model), {input: 'Say it\n'})]);
  for (const {code, out, err} of [byArgument, byInput]) assert.deepEqual([code, out, err], [0, 'Plain text\n', '']);
  assert.deepEqual((await upstream.request(model)).body.messages.at(-1).content.trim(), 'Say it');

  const failing = parley.model({reply: ['Some'], after: 1, then: 'reset'});
  const failed = await piped([...models(failing), 'Hello']);
  assert.deepEqual([failed.code, failed.out], [1, 'Some\n']);
  assert.match(failed.err, /upstream_/);
});

test('piped, several answers are labelled and in the order of their seats', async () => {
  const [a, b] = [parley.model({reply: ['first ', 'one'], pace: 200}), parley.model({reply: ['second']})];
  const {code, out} = await piped([...models(a, b), 'Hello']);
  assert.deepEqual([code, out], [0, `${a}:\nfirst one\n\n${b}:\nsecond\n`]);
});

test('piped, an interrupt stops the answer', async () => {
  const model = parley.model({reply: ['Some', ' more'], holdAfter: 1});
  const {code, out} = await piped([...models(model), 'Hello'], {interrupt: upstream.request(model).then(() => new Promise((resolve) => setTimeout(resolve, 500)))});
  assert.deepEqual([code, out], [1, 'Some\n']);
});

test('what can not be is told in a sentence', async () => {
  const nobody = await piped(['Hello'], {server: `http://127.0.0.1:${await freePort()}`});
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /Nothing answers at .*\n.*\.\/dev run.*\n.*PARLEY_SERVER/);
  const cases = [
    [['--model', 'no-such', 'Hello'], 1, /no model no-such/],
    [['--session', 'nonsense', 'Hello'], 1, /./],
    [[], 1, /no question/],
    [['--server', 'gopher://x', 'Hello'], 1, /http:\/\//],
    [['--model', 'x', '--session', 'y'], 2, /exclude/],
  ];
  for (const [args, code, why] of cases) {
    const told = await piped(args);
    assert.equal(told.code, code, told.err);
    assert.match(told.err, why);
  }
});

test('--list shows the models and the sessions, --help what there is', async () => {
  const model = parley.model();
  const session = await api.session(model, {title: 'A listed one'});
  const {code, out} = await piped(['--list'], {env: {PARLEY_SERVER: 'http://127.0.0.1:1'}});
  assert.equal(code, 0);
  assert.ok(out.includes(`  ${model} `) && out.includes(session) && out.includes('A listed one'), out);
  const help = execFileSync(binary(), ['chat', '--help'], {encoding: 'utf8'});
  for (const word of ['--server', 'PARLEY_SERVER', '--model', '--session', '--list', '/help', 'Ctrl-C', 'NO_COLOR']) assert.ok(help.includes(word), word);
});

test('colours are for terminals that have not been asked for none', async (t) => {
  const model = parley.model({reply: ['# Heading\ntext'], reasoning: ['hm']});
  for (const [env, coloured] of [[{}, true], [{NO_COLOR: '1'}, false]]) {
    const terminal = await open(t, models(model), {env});
    await ask(terminal, 'Hello');
    await terminal.shows(/text\n[^]*› ?$/);
    assert.equal(/\u001b\[[0-9;]*m/.test(await terminal.coloured()), coloured);
  }
});

test('https is spoken, and whose certificate nobody vouches for is not talked to', async (t) => {
  const [certificate, key] = [path.join(folder, 'certificate.pem'), path.join(folder, 'key.pem')];
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
  ], {stdio: 'ignore'});
  assert.ok(existsSync(certificate));
  const {parley: secure} = await world({config: {tls: {certificate, key}}}, t);
  const model = secure.model({reply: ['Sealed.']});
  const trusted = await piped([...models(model), 'Hello'], {server: secure.origin, env: {SSL_CERT_FILE: certificate}});
  assert.deepEqual([trusted.code, trusted.out], [0, 'Sealed.\n'], trusted.err);
  const byAddress = await piped([...models(model), 'Hello'], {server: secure.origin.replace('localhost', '127.0.0.1'), env: {SSL_CERT_FILE: certificate}});
  const unknown = await piped([...models(model), 'Hello'], {server: secure.origin});
  for (const refused of [byAddress, unknown]) {
    assert.equal(refused.code, 1);
    assert.match(refused.err, /certificate/);
  }
});
