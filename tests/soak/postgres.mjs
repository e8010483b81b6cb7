// ./dev soak postgres [--seed N] [--minutes M] [--kills N] [--streams N] [--self-test]
//
// Clients stream direct and compare answers while the server's PostgreSQL is frozen, killed, restarted, crowded, out of disk, and
// cut off within transactions, one after the other at random, and while the server itself is killed (SIGKILL) at random moments.
// After each kill, what the clients saw is held against what the database has: each finish that was seen, also with
// `"stored":false`, is there byte for byte and once; no user message is lost; nothing is doubled. And /ready/, asked ten times a
// second, told the truth throughout.

import {chown, mkdir} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {Api} from '../support/api_client.mjs';
import {FaultUpstream} from '../support/fault_upstream.mjs';
import {binary, Parley} from '../support/parley_process.mjs';
import {databaseUrl, Postgres, sql} from '../support/postgres.mjs';
import {check} from './kill/checker.mjs';
import {Client, models} from './kill/client.mjs';
import {answerTo, Random} from './kill/random.mjs';
import {plantInReal, selfTest} from './kill/self_test.mjs';
import {Disk, faults} from './postgres/faults.mjs';
import {Proxy} from './postgres/proxy.mjs';
import {ReadyProbe} from './postgres/ready.mjs';
import {judge, selfTest as selfTestOfTruth} from './postgres/truth.mjs';

const {values: options} = parseArgs({
  options: {
    seed: {type: 'string', default: '1'},
    minutes: {type: 'string', default: '1'},
    kills: {type: 'string'},
    streams: {type: 'string', default: '60'},
    'self-test': {type: 'boolean', default: false},
  },
});

let planted = 0;
const missed = [];
for (const {count, wrong} of [selfTest(), selfTestOfTruth()]) {
  planted += count;
  missed.push(...wrong);
}
console.log(`The checkers: ${planted - missed.length} of ${planted} planted cases told right${missed.length ? `, not: ${missed.join(', ')}` : ''}`);
if (missed.length || options['self-test']) {
  console.log(`\n${planted - missed.length} passed, ${missed.length} failed`);
  process.exit(missed.length ? 1 : 0);
}

const minutes = Number(options.minutes);
const kills = Number(options.kills ?? Math.max(3, Math.round(5 * minutes)));
const random = new Random(Number(options.seed));
const begun = Date.now();
const deadline = begun + minutes * 60_000;
console.log(`${kills} kills under ${options.streams} streams, seed ${options.seed}, ${binary()}`);

// -- the world -----------------------------------------------------------------------------------------------------------

// What is acknowledged outlives a kill of the processes, with or without fsync; and the disk is shared with others.
const server = await Postgres.start({settings: 'max_connections = 40'});
const small = path.join(server.folder, 'small');
await mkdir(small);
if (server.user) await chown(small, server.user.uid, server.user.gid);
const disk = await Disk.mount(small, server.user, 200);
if (disk) {
  await mkdir(path.join(small, 'space'));
  if (server.user) await chown(path.join(small, 'space'), server.user.uid, server.user.gid);
  await sql(server.url, `CREATE TABLESPACE small LOCATION '${path.join(small, 'space')}'`);
} else {
  console.log('This process may not mount a disk: none is filled');
}
await sql(server.url, `CREATE DATABASE soak${disk ? ' TABLESPACE small' : ''}`);
const proxy = await Proxy.start(server.port);
const storeUrl = new URL(databaseUrl(server.url, 'soak'));
storeUrl.port = proxy.port;

const upstream = await FaultUpstream.start({remembers: false});
for (const model of models) upstream.behave(model, (request) => answerTo(lastText(request.body), model));
const provider = (kind) => ({name: `soak-${kind}`, kind, base_url: `${upstream.origin}/v1`, api_key: '${E2E_OPENAI_KEY}'});
const parley = await Parley.start({
  config: {
    log: {level: 'info'},
    limits: {checkpoint_interval: '500ms'},
    store: {url: storeUrl.href},
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

const ready = new ReadyProbe(parley);
const outages = [];
const dead = [];

// -- a life --------------------------------------------------------------------------------------------------------------

const told = {};

/** One fault after the other, with rests in which all must be well again. */
async function torment(life) {
  const kinds = Object.keys(faults).filter((kind) => disk || kind !== 'full');
  while (!life.killed) {
    await Promise.race([sleep(random.between(200, 5000)), life.end]);
    if (life.killed) return;
    const kind = kinds[random.between(0, kinds.length - 1)];
    told[kind] = (told[kind] ?? 0) + 1;
    life.faults.push(kind);
    outages.push(await faults[kind]({server, proxy, disk, random}));
  }
}

/** All clients at work, and all that can happen to a database, until the kill. */
async function live(number, duration) {
  const life = {number, killed: false, mayRefuse: true, refused: 0, faults: []};
  life.end = sleep(duration);
  const work = clients.map(async (client) => {
    await sleep(client.random.between(0, 100));
    try {
      while (!life.killed) await client.turn(life);
    } catch {
      // It has told, if it was a fault.
    }
  });
  const tormenting = torment(life);
  await life.end;
  life.killed = true;
  const death = {from: Date.now(), to: Infinity};
  dead.push(death);
  await parley.kill();
  await Promise.all(work);
  // Without checkpoints, while the store is away, nothing is owed of an answer that was not seen to its end.
  for (const turn of records.turns) if (!turn.settled) Object.assign(turn, {settled: true, killedAt: 0});
  await tormenting;
  await parley.launch();
  death.to = Date.now();
  return life;
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

const found = [];
let pause = 2000;
for (let kill = 1; kill <= kills; ++kill) {
  const before = records.turns.length;
  const average = (deadline - Date.now()) / (kills - kill + 1) - pause;
  const life = await live(kill, Math.max(500, average * (0.2 + 1.6 * random.next())));
  const ended = Date.now();
  const touched = new Set(records.turns.filter((turn) => turn.life === kill).map((turn) => turn.session));
  const {stored, problems} = await checkSessions(touched);
  found.push(...problems, ...records.problems.splice(0));
  pause = (pause + Date.now() - ended + dead.at(-1).to - dead.at(-1).from) / 2;
  const looked = [...stored.values()].flatMap((messages) => messages ?? []).filter((message) => message.role === 'assistant');
  console.log(
    `kill ${String(kill).padStart(3)}: ${life.faults.join(', ') || 'nothing'}; ${records.turns.length - before} turns, ${life.refused} refused, ` +
      `${looked.length} answers looked at, ${problems.length} problems, ${Math.round((Date.now() - begun) / 1000)} s`,
  );
}

// -- the verdict ---------------------------------------------------------------------------------------------------------

await ready.stop();
const all = await checkSessions(new Set(records.sessions));
found.push(...all.problems, ...records.problems);
for (const name of plantInReal(records, all.stored)) found.push({kind: 'the checker missed a planted fault', what: name});
const truth = judge(ready.probes, outages, dead);
found.push(...truth.problems);

const answers = records.turns.flatMap((turn) => Object.values(turn.seen));
const finishes = answers.filter(({finish}) => finish);
const unstored = finishes.filter(({finish}) => finish.stored === false);
const kept = [...all.stored.values()].flatMap((messages) => messages ?? []);
console.log(
  `In all ${records.sessions.length} sessions, ${records.turns.length} turns; ${finishes.length} finishes seen by clients and read back, ` +
    `${unstored.length} of them with "stored":false; ${kept.filter((message) => message.recovered).length} attempts recovered`,
);
console.log(`The database was ${Object.entries(told).map(([kind, times]) => `${kind} ${times} times`).join(', ')}; ${proxy.cuts} connections were cut`);
console.log(
  `/ready/ was asked ${ready.probes.length} times: an outage was told after ${truth.slowestOut} ms at the latest, its end after ${truth.slowestBack} ms`,
);
if (finishes.length && !unstored.length) found.push({kind: 'nothing was spooled', what: 'the faults were too mild to prove anything'});
try {
  await parley.stop();
} catch (error) {
  found.push({kind: 'unclean end', what: error.message});
}
await upstream.stop();
await proxy.stop();
await server.stop({before: () => disk?.unmount()});

// A session is looked at after each kill that touched it, and at the end: its problems come more than once.
const distinct = [...new Set(found.map(({kind, what}) => `${kind}: ${what}`))];
for (const line of distinct.slice(0, 20)) console.log(line);
if (distinct.length > 20) console.log(`… and ${distinct.length - 20} more`);
console.log(`\n${kills + 1 - (found.length ? 1 : 0)} passed, ${found.length ? 1 : 0} failed`);
process.exit(found.length ? 1 : 0);
