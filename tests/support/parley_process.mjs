// The real binary (PARLEY_BIN) as a test runs it: a configuration and data of its own, on a port that the system chooses, its log
// kept, ended by its process id, and looked at when it ends: a sanitizer's report or a wrong exit code fails the test that
// stops it.
//
// PARLEY_E2E_POSTGRES is the URL of a PostgreSQL that the run has started: then each server keeps its conversations in a database
// of its own there, else in the embedded store.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import net from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {databaseUrl, password, sql} from './postgres.mjs';

export {freePort} from './free_port.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the server is given for its upstreams and its store. They must never be seen anywhere but there. */
export const secrets = {openai: 'sk-e2e-openai-0123456789abcdefghijklmnop', anthropic: 'sk-ant-e2e-0123456789abcdefghijklmnop', store: password};

/** The PostgreSQL that servers keep their conversations in; empty for the embedded store. */
export const postgres = process.env.PARLEY_E2E_POSTGRES ?? '';

// For a binary built with sanitizers: what libraries leak.
const knownLeaks = `suppressions=${path.join(root, 'tests/support/leaks.supp')}:print_suppressions=0`;

// Long enough for a binary built with sanitizers on a busy machine; nothing waits that long when all is well.
const patience = 20_000;

export function binary() {
  const named = process.env.PARLEY_BIN ?? path.join(root, 'build/dev/parley');
  const file = path.resolve(root, named);
  if (!existsSync(file)) throw new Error(`there is no ${file}: build it, or name another in PARLEY_BIN`);
  return file;
}

/** Asks again until the answer is true; returns it. */
export async function until(what, ask, timeout = patience) {
  for (const begun = Date.now(); ; await sleep(20)) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() - begun > timeout) throw new Error(`waited ${timeout} ms in vain until ${what}`);
  }
}

function toml(value) {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`;
  if (typeof value === 'object') return `{ ${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)} = ${toml(v)}`).join(', ')} }`;
  return JSON.stringify(value);
}

function toTable(header, values) {
  return `${header}\n${Object.entries(values).map(([key, value]) => `${key} = ${toml(value)}\n`).join('')}\n`;
}

// How many models the configuration offers for each provider. A test takes one for itself by `model()`, and tells the upstream
// what it shall do.
const poolSize = 60;

/** Providers that all reach `upstream`. `quick` is for tests of the clocks. */
function providersFor(upstream) {
  const base_url = `${upstream.origin}/v1`;
  return [
    {name: 'openai', kind: 'openai', base_url, api_key: '${E2E_OPENAI_KEY}'},
    {name: 'anthropic', kind: 'anthropic', base_url, api_key: '${E2E_ANTHROPIC_KEY}'},
    {
      ...{name: 'quick', kind: 'openai', base_url},
      ...{connect_timeout: '500ms', first_token_timeout: '400ms', idle_timeout: '400ms', answer_timeout: '1500ms'},
    },
  ];
}

function pool(provider) {
  return Array.from({length: poolSize}, (_, i) => ({id: `${provider}-${i + 1}`, provider, retries: 0}));
}

let databases = 0;

export class Parley {
  #child;
  #exited;
  #database;
  #used = {};

  /**
   * `config`: {server: {…}, limits: {…}, providers: […], models: […]}, beside what the tests have anyway. `pools`: of which providers
   * it has models. `port`: for a server whose log doesn't tell on which it listens.
   */
  static async start({upstream, config = {}, pools = ['openai', 'anthropic', 'quick'], env = {}, args = [], port = 0} = {}) {
    const parley = new Parley();
    parley.folder = await mkdtemp(path.join(tmpdir(), 'parley-e2e-'));
    parley.dataDir = path.join(parley.folder, 'data');
    parley.port = port; // 0: the system chooses; a restart keeps it
    parley.upstream = upstream;
    parley.pools = upstream ? pools : [];
    parley.env = env;
    parley.args = args;
    parley.log = '';
    // Unless the test says which store.
    if (postgres && config.store?.url === undefined) await parley.#makeDatabase();
    await parley.configure(config);
    await parley.launch();
    return parley;
  }

  get origin() {
    return `${this.secure ? 'https://localhost' : 'http://127.0.0.1'}:${this.port}`;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Writes the configuration; it counts from the next `launch()`. */
  async configure(config = {}) {
    const sections = {
      server: {data_dir: this.dataDir, shutdown_grace: '500ms', ...config.server},
      log: {level: 'debug', ...config.log},
      store: {...(this.storeUrl ? {url: this.storeUrl} : {}), ...config.store},
      ...(config.tls ? {tls: config.tls} : {}),
      http: {...config.http},
      websocket: {...config.websocket},
      limits: {...config.limits},
    };
    const providers = [...(this.upstream ? providersFor(this.upstream) : []), ...(config.providers ?? [])];
    const models = [...this.pools.flatMap(pool), ...(config.models ?? [])];
    this.secure = Boolean(config.tls);
    this.configFile = path.join(this.folder, 'parley.toml');
    await writeFile(
      this.configFile,
      Object.entries(sections).map(([name, values]) => toTable(`[${name}]`, values)).join('') +
        providers.map((values) => toTable('[[providers]]', values)).join('') +
        models.map((values) => toTable('[[models]]', values)).join(''),
    );
  }

  /** A model that no other test uses, whose upstream behaves so. */
  model(behaviour = {}, provider = 'openai') {
    const number = (this.#used[provider] = (this.#used[provider] ?? 0) + 1);
    if (number > poolSize) throw new Error(`all ${poolSize} models of ${provider} are used up`);
    this.upstream.behave(`${provider}-${number}`, behaviour);
    return `${provider}-${number}`;
  }

  /** Returns when it is ready. */
  async launch() {
    const env = {LSAN_OPTIONS: knownLeaks, ...process.env, E2E_OPENAI_KEY: secrets.openai, E2E_ANTHROPIC_KEY: secrets.anthropic, ...this.env};
    const args = ['serve', '--config', this.configFile, '--listen', `127.0.0.1:${this.port}`, ...this.args];
    const begun = this.log.length;
    const child = spawn(binary(), args, {env, stdio: ['ignore', 'pipe', 'pipe']});
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (this.log += text));
    this.#exited = new Promise((resolve) => child.once('close', (code, signal) => resolve({code, signal})));
    this.#exited.then((how) => (child.ended = how));
    await until('the server is ready', async () => {
      if (child.ended) throw new Error(`the server ended at once (${JSON.stringify(child.ended)}):\n${this.log}`);
      const [, port] = /listening on https?:\/\/[^\s:]+:(\d+)/.exec(this.log.slice(begun)) ?? [];
      if (port) this.port = Number(port);
      return this.port && this.ready();
    }).catch(async (error) => {
      await this.kill();
      throw error;
    });
  }

  /** Does it take connections, and say that it is ready? Over TLS: does it take connections. */
  async ready() {
    if (!this.secure) return (await fetch(`${this.origin}/ready/`).catch(() => undefined))?.status === 200;
    return new Promise((resolve) => {
      const socket = net.connect(this.port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.on('error', () => resolve(false));
    });
  }

  /** User and system time so far. */
  cpuSeconds() {
    // proc(5): the name in parentheses may hold anything; utime and stime are the 12th and 13th fields behind it, in hundredths.
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  openFiles() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  get running() {
    return !this.#child.ended;
  }

  /** As an operator ends it. Fails unless it ends cleanly. */
  async terminate() {
    this.#child.kill('SIGTERM');
    const how = await Promise.race([this.#exited, sleep(patience, undefined, {ref: false})]);
    if (!how) {
      await this.kill();
      assert.fail(`the server did not end ${patience} ms after SIGTERM:\n${this.log.slice(-4000)}`);
    }
    this.#checkLog();
    assert.deepEqual(how, {code: 0, signal: null}, `how the server ended; its log:\n${this.log.slice(-4000)}`);
  }

  /** As a crash ends it. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Ends it if it runs, and removes what it left. For `after()`. */
  async stop() {
    try {
      if (this.running) await this.terminate();
      this.#checkLog();
      if (this.#database) assert.ok(!existsSync(path.join(this.dataDir, 'parley.db')), 'it used its embedded store');
    } finally {
      if (this.#database) await sql(postgres, `DROP DATABASE ${this.#database} WITH (FORCE)`);
      await rm(this.folder, {recursive: true, force: true});
    }
  }

  /** It is the server's until `stop()`, however often it is launched. */
  async #makeDatabase() {
    this.#database = `e2e_${process.pid}_${++databases}`;
    this.storeUrl = databaseUrl(postgres, this.#database);
    await sql(postgres, `CREATE DATABASE ${this.#database}`);
  }

  #checkLog() {
    const report = this.log.search(/(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:/);
    assert.equal(report, -1, `a sanitizer reported:\n${this.log.slice(report, report + 8000)}`);
    for (const secret of Object.values(secrets)) assert.ok(!this.log.includes(secret), 'a key stands in the log');
  }
}
