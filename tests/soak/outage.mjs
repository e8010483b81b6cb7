// ./dev soak outage [--seed N] [--minutes M] [--streams N]
//
// PostgreSQL is killed for half of the time (30 s of a minute) under 200 streams that began before. No stream may break or stand
// still; new turns are refused at once; /ready/ tells the truth; and afterwards every answer is stored byte for byte, once.

import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {newId} from '../e2e/world.mjs';
import {Api} from '../support/api_client.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {binary, Parley, until} from '../support/parley_process.mjs';
import {databaseUrl, Postgres, sql} from '../support/postgres.mjs';
import {Random} from './kill/random.mjs';
import {ReadyProbe} from './postgres/ready.mjs';
import {judge, selfTest} from './postgres/truth.mjs';

const {values: options} = parseArgs({
  options: {seed: {type: 'string', default: '1'}, minutes: {type: 'string', default: '1'}, streams: {type: 'string', default: '200'}},
});
const {count, wrong} = selfTest();
console.log(`The judge of /ready/: ${count - wrong.length} of ${count} planted cases told right`);
const problems = wrong.map((name) => `not told right: ${name}`);
const random = new Random(Number(options.seed));
const streams = Number(options.streams);
const outageMs = 30_000 * Number(options.minutes);
console.log(`${streams} streams, ${outageMs / 1000} s without PostgreSQL, seed ${options.seed}, ${binary()}`);

const server = await Postgres.start();
await sql(server.url, 'CREATE DATABASE soak');
const upstream = await FaultUpstream.start({remembers: false});
const pace = 100;
// Some end before the outage, most in it, some after it: from 3 s on until 10 s after it.
const lengthOf = () => random.between(3000, outageMs + 15_000) / pace;
const answers = new Map();
upstream.behave('soak', ({body}) => ({reply: answers.get(body.messages.at(-1).content) ?? ['never seen'], pace}));
const parley = await Parley.start({
  config: {
    log: {level: 'info'},
    store: {url: databaseUrl(server.url, 'soak')},
    providers: [{name: 'soak', kind: 'openai', base_url: `${upstream.origin}/v1`, api_key: '${E2E_OPENAI_KEY}'}],
    models: [{id: 'soak', provider: 'soak', retries: 0}],
  },
});
const api = new Api(parley.origin);
const ready = new ReadyProbe(parley);

/** One turn of a session of its own, read to its end. */
async function stream(number) {
  const session = await api.session('soak');
  const user = newId();
  const content = `Question ${number}`;
  answers.set(content, Array.from({length: lengthOf()}, (_, i) => `${number}.${i} ünï `));
  const run = await api.send(session, {content, id: user});
  const result = {session, user, content, id: run.ids.a, text: '', longestSilence: 0, finish: null};
  const read = (async () => {
    for (let line, last = Date.now(); (line = await run.next()); last = Date.now()) {
      result.longestSilence = Math.max(result.longestSilence, Date.now() - last);
      if (line.kind === '0') result.text += line.value.content;
      if (line.kind === 'd') Object.assign(result, {finish: line.value, finishedAt: Date.now()});
    }
  })().catch((error) => problems.push(`stream ${number} broke: ${error.message}`));
  return {result, read};
}

const running = await Promise.all(Array.from({length: streams}, (_, i) => stream(i)));
const idle = await api.session('soak');
await sleep(1000);
const outage = {from: Date.now(), certain: true};
await server.kill();
const refusals = [];
while (Date.now() < outage.from + outageMs) {
  const begun = Date.now();
  const {status, headers} = await api.post('/api/messages/stream/', {
    session_id: idle,
    messages: [{role: 'user', content: 'Now?'}],
  });
  if (status === 503) refusals.push({took: Date.now() - begun, retryAfter: headers.get('retry-after')});
  else problems.push(`a new turn was answered with ${status}`);
  await sleep(200);
}
await server.launch();
outage.to = Date.now();
await until('it is ready again', () => parley.ready());
const back = Date.now() - outage.to;
await Promise.all(running.map(({read}) => read));
await sleep(4000);
await ready.stop();

for (const {result} of running) {
  const [user, answer, ...more] = await api.transcript(result.session);
  const whole = answers.get(result.content).join('');
  if (result.text !== whole || result.finish?.finishReason !== 'stop') problems.push(`${result.content}: the stream was not whole: ${JSON.stringify(result.finish)}`);
  if (user?.content !== result.content || answer?.id !== result.id || answer?.content !== whole || answer?.finish_reason !== 'stop' || more.length)
    problems.push(`${result.content}: what is stored is not what was streamed`);
}
const [inDatabase] = await sql(databaseUrl(server.url, 'soak'), "SELECT count(*) FROM messages WHERE status = 'success' AND role = 'assistant'");
if (Number(inDatabase) !== streams) problems.push(`the database has ${inDatabase} answers`);
const spooled = running.filter(({result}) => result.finish?.stored === false);
if (!spooled.length) problems.push('nothing was spooled: the outage was no outage');
if (refusals.some(({retryAfter}) => !retryAfter)) problems.push('a refusal without Retry-After');
const truth = judge(ready.probes, [outage], []);
problems.push(...truth.problems.map(({kind, what}) => `${kind}: ${what}`));

const silences = running.map(({result}) => result.longestSilence).sort((a, b) => a - b);
const took = refusals.map((refusal) => refusal.took).sort((a, b) => a - b);
console.log(`All ${streams} streams ended whole; ${spooled.length} of them with "stored":false, ${inDatabase} answers in the database afterwards`);
console.log(`The longest silence in a stream whose upstream says something each ${pace} ms: median ${silences[streams >> 1]} ms, at most ${silences.at(-1)} ms`);
console.log(`${refusals.length} new turns were refused (503), after ${took[took.length >> 1] ?? '-'} ms in the median, ${took.at(-1) ?? '-'} ms at most`);
console.log(`/ready/ said 503 ${truth.slowestOut} ms after the kill, and 200 again, all being stored, ${back} ms after PostgreSQL was back`);
try {
  await parley.stop();
} catch (error) {
  problems.push(`unclean end: ${error.message}`);
}
await upstream.stop();
await server.stop();
for (const line of problems.slice(0, 20)) console.log(line);
console.log(`\n${problems.length ? 0 : 1} passed, ${problems.length ? 1 : 0} failed`);
process.exit(problems.length ? 1 : 0);
