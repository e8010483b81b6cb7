// ./dev soak kill [--seed N] [--minutes M] [--kills N] [--streams N] [--store sqlite|postgres] [--self-test]
//
// A hundred clients stream direct and compare answers while the server is killed (SIGKILL) at random moments and started again.
// After each kill, what the clients saw is held against what the store has: the database opens; each finish that was seen is there
// byte for byte and once; an answer under way is interrupted with the text of its last checkpoint; no user message is lost.

import {parseArgs} from 'node:util';
import {setTimeout as sleep} from 'node:timers/promises';
import {Api} from '../support/api_client.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {binary, Parley} from '../support/parley_process.mjs';
import {Postgres} from '../support/postgres.mjs';
import {check, owedBy} from './kill/checker.mjs';
import {Client, models} from './kill/client.mjs';
import {answerTo, Random} from './kill/random.mjs';
import {plantInReal, selfTest} from './kill/self_test.mjs';

const {values: options} = parseArgs({
  options: {
    seed: {type: 'string', default: '1'},
    minutes: {type: 'string', default: '1'},
    kills: {type: 'string'}, // twenty a minute
    streams: {type: 'string', default: '100'},
    store: {type: 'string', default: 'sqlite'},
    'self-test': {type: 'boolean', default: false},
  },
});

if (!['sqlite', 'postgres'].includes(options.store)) throw new Error(`--store is sqlite or postgres, not ${options.store}`);

const {count, wrong} = selfTest();
console.log(`The checker: ${count - wrong.length} of ${count} planted cases told right${wrong.length ? `, not: ${wrong.join(', ')}` : ''}`);
if (wrong.length || options['self-test']) {
  console.log(`\n${count - wrong.length} passed, ${wrong.length} failed`);
  process.exit(wrong.length ? 1 : 0);
}

const kills = Number(options.kills ?? Math.max(1, Math.round(20 * Number(options.minutes))));
const random = new Random(Number(options.seed));
const begun = Date.now();
const deadline = begun + Number(options.minutes) * 60_000;
console.log(`${kills} kills under ${options.streams} streams, seed ${options.seed}, on ${options.store}, ${binary()}`);

const upstream = await FaultUpstream.start({remembers: false});
for (const model of models) upstream.behave(model, (request) => answerTo(lastText(request.body), model));
const provider = (kind) => ({name: `soak-${kind}`, kind, base_url: `${upstream.origin}/v1`, api_key: '${E2E_OPENAI_KEY}'});
const server = options.store === 'postgres' ? await Postgres.start() : undefined;
const parley = await Parley.start({
  config: {
    ...(server ? {store: {url: server.url}} : {}),
    log: {level: 'info'},
    limits: {checkpoint_interval: '500ms'},
    providers: ['openai', 'anthropic'].map(provider),
    models: models.map((id) => ({id, provider: id, retries: 0})),
  },
});
const api = new Api(parley.origin);
const records = {sessions: [], turns: [], problems: []};
const clients = Array.from({length: Number(options.streams)}, (_, i) => new Client(i, api, new Random(random.between(0, 2 ** 31)), records));

function lastText({messages}) {
  const {content} = messages.at(-1);
  return typeof content === 'string' ? content : content.map(({text}) => text).join('');
}

/** All clients at work until the kill. */
async function live(number, duration) {
  const life = {number, killed: false};
  const work = clients.map(async (client) => {
    await sleep(client.random.between(0, 100));
    try {
      while (!life.killed) await client.turn(life);
    } catch {
      // It has told, if it was a fault.
    }
  });
  await sleep(duration);
  life.killed = true;
  const killedAt = Date.now();
  await parley.kill();
  await Promise.all(work);
  for (const turn of records.turns)
    if (!turn.settled) Object.assign(turn, {settled: true, killedAt});
}

async function readAll(sessions) {
  const stored = new Map();
  const notRead = (id, error) => {
    if (error.actual === 404) stored.set(id, null);
    else records.problems.push({kind: 'unreadable session', what: `${id}: ${error.message} ${error.cause ?? ''}`});
  };
  const queue = [...sessions];
  const reader = async () => {
    for (let id; (id = queue.pop()); ) await api.transcript(id).then((messages) => stored.set(id, messages), (error) => notRead(id, error));
  };
  await Promise.all(Array.from({length: 8}, reader));
  return stored;
}

/** Holds the clients' records of these sessions against the store. */
async function checkSessions(sessions) {
  const stored = await readAll(sessions);
  const problems = check({sessions: [...stored.keys()], turns: records.turns.filter((turn) => sessions.has(turn.session))}, stored);
  return {stored, problems};
}

/** A random share of what is left of the time; `pause` is what a restart and its check take. */
function lifetime(killsLeft, pause) {
  const average = (deadline - Date.now()) / killsLeft - pause;
  return Math.max(200, average * (0.2 + 1.6 * random.next()));
}

const found = [];
let pause = 1000;
for (let kill = 1; kill <= kills; ++kill) {
  const before = records.turns.length;
  await live(kill, lifetime(kills - kill + 1, pause));
  const killedAt = Date.now();
  await parley.launch();
  const touched = new Set(records.turns.filter((turn) => turn.life === kill).map((turn) => turn.session));
  const {stored, problems} = await checkSessions(touched);
  found.push(...problems, ...records.problems.splice(0));
  pause = Date.now() - killedAt;
  const looked = [...stored.values()].flatMap((messages) => messages ?? []).filter((message) => message.role === 'assistant');
  const interrupted = looked.filter((message) => message.finish_reason === 'interrupted');
  const kept = interrupted.filter((message) => message.content.length).length;
  console.log(
    `kill ${String(kill).padStart(2)}: ${records.turns.length - before} turns, ${looked.length} answers looked at, ` +
      `${interrupted.length} interrupted (${kept} with text), ${problems.length} problems, ${Math.round((Date.now() - begun) / 1000)} s`,
  );
}

const all = await checkSessions(new Set(records.sessions));
found.push(...all.problems, ...records.problems);
const notSeen = plantInReal(records, all.stored);
for (const name of notSeen) found.push({kind: 'the checker missed a planted fault', what: name});
const answers = records.turns.flatMap((turn) => Object.values(turn.seen).map((seen) => ({turn, seen})));
const finished = answers.filter(({seen}) => seen.finish).length;
const owed = answers.filter(({turn, seen}) => !seen.finish && owedBy(turn, seen) > 0).length;
console.log(
  `In all ${records.sessions.length} sessions, ${records.turns.length} turns; ${finished} finishes seen by clients and read back; ` +
    `${owed} answers of which a checkpoint had to be there`,
);
try {
  await parley.stop();
} catch (error) {
  found.push({kind: 'unclean end', what: error.message});
}
await upstream.stop();
await server?.stop();

// A session is looked at after each kill that touched it, and at the end: its problems come more than once.
const distinct = [...new Set(found.map(({kind, what}) => `${kind}: ${what}`))];
for (const line of distinct.slice(0, 20)) console.log(line);
if (distinct.length > 20) console.log(`… and ${distinct.length - 20} more`);
console.log(`\n${kills + 1 - (found.length ? 1 : 0)} passed, ${found.length ? 1 : 0} failed`);
process.exitCode = found.length ? 1 : 0;
