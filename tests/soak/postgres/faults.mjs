// What can happen to a PostgreSQL. Each fault takes the world ({server, proxy, random, disk}), lasts for a while, mends itself, and
// returns {from, to, certain}: the time in which the store could not be written to; `certain` if that holds for all of it.

import {execFile} from 'node:child_process';
import {statfsSync, writeFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {Crowd} from './crowd.mjs';

const run = promisify(execFile);

async function outage(certain, begin, last, end) {
  const from = Date.now();
  await begin();
  await last();
  await end();
  return {from, to: Date.now(), certain};
}

export const faults = {
  /** SIGSTOP and SIGCONT of all its processes. */
  frozen: ({server, random}) =>
    outage(
      true,
      () => server.freeze(),
      () => sleep(random.between(500, 7000)),
      () => server.thaw(),
    ),

  killed: ({server, random}) =>
    outage(
      true,
      () => server.kill(),
      () => sleep(random.between(0, 6000)),
      () => server.launch(),
    ),

  /** As `pg_ctl restart -m fast`. */
  restarted: ({server}) =>
    outage(
      true,
      () => server.shutDown(),
      () => {},
      () => server.launch(),
    ),

  /** All connections are taken by others, and Parley's are cut. */
  async crowded({server, random}) {
    const crowd = new Crowd();
    const taking = crowd.take(server.port);
    for (let before = -1; before !== crowd.size; await sleep(100)) before = crowd.size;
    return outage(
      // Which of both is faster to a connection that becomes free is anybody's guess.
      false,
      () => crowd.cutOthers(),
      () => sleep(random.between(500, 5000)),
      async () => {
        crowd.leave();
        await taking;
      },
    );
  },

  /** The disk of its tables has no room, or hardly any. */
  full: ({disk, random}) =>
    outage(
      false, // some pages have room yet
      () => disk.fill(),
      () => sleep(random.between(500, 5000)),
      () => disk.clear(),
    ),

  /** Connections break after some bytes: in the middle of a transaction, of a message, of a commit's answer. */
  cut: ({proxy, random}) =>
    outage(
      false,
      async () => {
        for (let cuts = random.between(1, 6); cuts > 0; --cuts) {
          proxy.cutAfter(random.between(1, random.chance(0.5) ? 500 : 20_000), random.chance(0.5));
          await sleep(random.between(50, 600));
        }
      },
      () => {},
      () => proxy.disarm(),
    ),
};

/** A disk of some megabytes in memory, which the soak can fill. Nothing if this process may not mount one. */
export class Disk {
  static async mount(folder, user, megabytes) {
    const owner = user ? `,uid=${user.uid},gid=${user.gid}` : '';
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `mode=0700,size=${megabytes}m${owner}`, 'tmpfs', folder]);
    } catch {
      return undefined;
    }
    const disk = new Disk();
    disk.folder = folder;
    disk.ballast = path.join(folder, 'ballast');
    return disk;
  }

  fill() {
    const {bavail, bsize} = statfsSync(this.folder);
    try {
      writeFileSync(this.ballast, Buffer.alloc(bavail * bsize));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error; // the server was faster to the last bytes
    }
  }

  clear() {
    rmSync(this.ballast, {force: true});
  }

  /** Lazily: a server that is about to end may still have its files open. */
  async unmount() {
    await run('umount', ['--lazy', this.folder]);
  }
}
