// A real PostgreSQL for tests, in a temporary folder on a free port of the loopback. It ends with the process that started it,
// however that ends.

import {execFile, spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {appendFile, chown, mkdtemp, open, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {freePort} from './free_port.mjs';

const run = promisify(execFile);

/** No server asks for it; it is there to be looked for in logs. */
export const password = 'e2e-store-password-0123456789';

const patience = 60_000;

/** Debian keeps the server's programs out of the PATH; those of the newest version. */
function programs() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).filter((name) => existsSync(path.join(root, name, 'bin/postgres'))) : [];
  if (versions.length === 0) throw new Error(`there is no PostgreSQL in ${root}; ./dev test installs it`);
  return path.join(root, versions.sort((a, b) => b - a)[0], 'bin');
}

/** PostgreSQL will not be root: who it is instead, or nothing if we aren't root ourselves. */
async function otherUser() {
  if (process.getuid() !== 0) return undefined;
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)));
  return {uid, gid};
}

/** The command by which a program runs as that user, and is told (SIGQUIT: at once) when its parent is gone. */
function bound(command, user) {
  const as = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : [];
  return ['setpriv', ['--pdeathsig=QUIT', ...as, ...command]];
}

/** `postgresql://…` of a database on the server with that URL. */
export function databaseUrl(server, name) {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs statements, each in a transaction of its own; the rows, their columns parted by `|`. */
export async function sql(url, ...statements) {
  const args = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', url];
  const {stdout} = await run('psql', [...args, ...statements.flatMap((each) => ['--command', each])], {timeout: patience});
  return stdout.split('\n').filter(Boolean);
}

export class Postgres {
  #child;
  #exited;

  /** `settings`: lines for postgresql.conf. `durable`: whether what is committed outlives a crash of the machine. */
  static async start({settings = '', durable = false} = {}) {
    const server = new Postgres();
    server.folder = await mkdtemp(path.join(tmpdir(), 'parley-postgres-'));
    server.user = await otherUser();
    server.port = await freePort();
    server.url = `postgresql://parley:${password}@127.0.0.1:${server.port}/postgres?sslmode=disable&gssencmode=disable`;
    server.data = path.join(server.folder, 'data');
    if (server.user) await chown(server.folder, server.user.uid, server.user.gid);
    try {
      const initdb = [path.join(programs(), 'initdb'), '--pgdata', server.data, '--username=parley', '--auth=trust', '--no-sync'];
      const [command, args] = bound([...initdb, '--encoding=UTF8', '--locale=C.UTF-8'], server.user);
      await run(command, args, {cwd: '/'});
      await appendFile(
        path.join(server.data, 'postgresql.auto.conf'),
        `listen_addresses = '127.0.0.1'\nport = ${server.port}\nunix_socket_directories = ''\nshared_buffers = 32MB\n` +
          `${durable ? '' : 'fsync = off\n'}${settings}\n`,
      );
      await server.launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async launch() {
    const log = await open(path.join(this.folder, 'postgres.log'), 'a');
    const [command, args] = bound([path.join(programs(), 'postgres'), '-D', this.data], this.user);
    const child = spawn(command, args, {cwd: '/', stdio: ['ignore', log.fd, log.fd]});
    await log.close();
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('close', resolve));
    this.#exited.then(() => (child.ended = true));
    for (const begun = Date.now(); ; await sleep(50)) {
      if (await sql(this.url, 'SELECT 1').catch(() => undefined)) return;
      if (child.ended || Date.now() - begun > patience)
        throw new Error(`PostgreSQL did not start; its log:\n${await readFile(path.join(this.folder, 'postgres.log'), 'utf8')}`);
    }
  }

  /** Ends it as a crash would: each of its processes. */
  async kill() {
    this.#signal('SIGKILL');
    await this.#exited;
  }

  /** As `pg_ctl stop -m fast`: transactions are rolled back, and all is in order. */
  async shutDown() {
    this.#child.kill('SIGINT');
    await this.#exited;
  }

  /** Its processes are there and do nothing, until `thaw()`. */
  freeze() {
    this.#signal('SIGSTOP');
  }

  thaw() {
    this.#signal('SIGCONT');
  }

  /** `before`: what is to be done between its end and the removal of its folder. */
  async stop({before = () => {}} = {}) {
    if (this.#child && !this.#child.ended) {
      this.thaw();
      await this.kill();
    }
    await before();
    await rm(this.folder, {recursive: true, force: true});
  }

  #signal(name) {
    // proc(5): the parent is the second field behind the name in parentheses.
    const isOurs = (pid) => {
      try {
        return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]) === this.#child.pid;
      } catch {
        return false; // ended meanwhile
      }
    };
    const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOurs(name));
    for (const pid of [this.#child.pid, ...children.map(Number)]) {
      try {
        process.kill(pid, name);
      } catch {
        // ended meanwhile
      }
    }
  }
}
