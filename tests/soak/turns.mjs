// ./dev soak turns [--minutes M | --turns N] [--sessions N] [--clients N] [--rate N] [--self-test]
//
// A million turns in one process, of 20 chunks each, over real sockets from `bench/fast_upstream` to `bench/turns`: 1,000 sessions in
// rotation, which leave memory between their visits and are read back from the store. No answer may fail, no file may stay open, and
// resident memory must be flat from the 50,000th turn on: the line fitted to its samples rises by less than 5 %, and none is more
// than 10 % above that line's begin. Of a run shorter than 100,000 turns, the second half is looked at.
//
// At most a thousand turns begin in a second, for what is in memory at a time goes by the pace; `--rate 0` takes as many as it can.
// A run of less than five minutes has fewer sessions, so that also on a slow machine each has been made, deleted and made again in
// its first half: only then is what they take in memory always the same.

import {execFileSync, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {parseArgs} from 'node:util';
import {binary, freePort, Parley, until} from '../support/parley_process.mjs';
import {fit, judge, warmUp} from './turns/flat.mjs';
import {selfTest} from './turns/self_test.mjs';

const {values: options} = parseArgs({
  options: {
    minutes: {type: 'string'},
    turns: {type: 'string', default: '1000000'},
    sessions: {type: 'string'},
    clients: {type: 'string', default: '64'},
    rate: {type: 'string', default: '1000'},
    seed: {type: 'string'}, // as all soaks take one; nothing here is left to chance
    'self-test': {type: 'boolean', default: false},
  },
});

const isShort = options.minutes !== undefined && Number(options.minutes) < 5;
const sessions = Number(options.sessions ?? (isShort ? 400 : 1000));

const {count, wrong} = selfTest();
console.log(`The judge: ${count - wrong.length} of ${count} planted series told right${wrong.length ? `, not: ${wrong.join(', ')}` : ''}`);
if (wrong.length || options['self-test']) {
  console.log(`\n${count - wrong.length} passed, ${wrong.length} failed`);
  process.exit(wrong.length ? 1 : 0);
}

const tools = process.env.PARLEY_TOOLS ?? path.join(path.dirname(binary()), 'bench');
const upstreamPort = await freePort();
const upstream = spawn(path.join(tools, 'fast_upstream'), [String(upstreamPort)], {stdio: 'ignore'});
process.once('exit', () => upstream.kill());
const parley = await Parley.start({
  port: await freePort(),
  config: {
    server: {builtin_models: false},
    log: {level: 'warn'}, // no line a request, which the test would keep
    // What is kept for minutes as shipped is kept for a second, so that passing sessions out and in is at work all the time.
    limits: {session_idle: '1s', replay_window: '500ms'},
    providers: [{name: 'upstream', kind: 'openai', base_url: `http://127.0.0.1:${upstreamPort}/v1`}],
    models: [{id: 'first', provider: 'upstream', name: 'bench-20-0'}],
  },
});

function residentMemory() {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${parley.pid}/status`, 'utf8'))[1]) * 1024;
}

/** How many of the sessions that are there now have left memory and were read from the store again: each time the epoch rises. */
function sessionsReadAgain() {
  const ask = 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM sessions WHERE epoch > 1").fetchone()[0])';
  return Number(execFileSync('python3', ['-c', ask, path.join(parley.dataDir, 'parley.db')], {encoding: 'utf8'}));
}

const mib = (bytes) => (bytes / 1024 / 1024).toFixed(1);
const begun = Date.now();
const filesBefore = parley.openFiles();
const args = ['--port', parley.port, '--model', 'first', '--clients', options.clients, '--sessions', sessions];
args.push('--rate', options.rate, '--turns', options.turns, '--seconds', options.minutes ? Number(options.minutes) * 60 : 0);
const clients = spawn(path.join(tools, 'turns'), args.map(String), {stdio: ['ignore', 'pipe', 'inherit']});
const samples = [];
let readAgain = 0;
let result;
for await (const line of createInterface({input: clients.stdout})) {
  const told = JSON.parse(line);
  if (told.reasons) {
    result = told;
    continue;
  }
  samples.push({turns: told.turns, rss: residentMemory()});
  if (told.turns % 5_000 === 0) readAgain = Math.max(readAgain, sessionsReadAgain());
  if (told.turns % 10_000 === 0) console.log(`${told.turns} turns, ${mib(samples.at(-1).rss)} MiB, ${Math.round((Date.now() - begun) / 1000)} s`);
}

const failed = [];
const verdict = (name, problems, what) => {
  if (problems.length) failed.push(name);
  console.log(`${problems.length ? 'FAILED' : 'ok    '} ${name}: ${[...problems, what].join('; ')}`);
};
const reasons = Object.entries(result?.reasons ?? {'the clients broke off': 1});
verdict('turns', reasons.map(([why, times]) => `${times} times ${why}`), `${result?.turns} turns, ${result?.turns_per_second} a second`);

const from = samples.filter(({turns}) => turns >= Math.min(warmUp, (samples.at(-1)?.turns ?? 0) / 2));
const line = from.length > 1 ? fit(from) : undefined;
verdict('memory', judge(samples), line && `fitted ${mib(line.first)} MiB at ${from[0].turns} turns, ${mib(line.last)} at ${from.at(-1).turns}; at most ${mib(Math.max(...from.map(({rss}) => rss)))}`);

// The upstream's connections are kept for a while; a few of them may still be there.
let files = Infinity;
await until('files are closed', () => (files = parley.openFiles()) <= filesBefore + Number(options.clients)).catch(() => {});
verdict('files', files <= filesBefore + Number(options.clients) ? [] : ['files stay open'], `${filesBefore} before, ${files} after`);

let unclean = [];
await parley.terminate().catch((error) => (unclean = [error.message]));
verdict('end', unclean, 'on SIGTERM');
verdict('passivation', readAgain >= sessions / 4 ? [] : ['sessions stay in memory'], `${readAgain} of ${sessions} sessions had left memory and been read from the store again`);
await parley.stop();
upstream.kill();

console.log(`\n${5 - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length ? 1 : 0;
