// Who watches a session over WebSocket, with npm's `ws`: keeps what comes, and checks what every watcher may rely on.

import assert from 'node:assert/strict';
import {setTimeout as sleep} from 'node:timers/promises';
import WebSocket from 'ws';

export class Watcher {
  /** All frames so far. */
  frames = [];
  #wake = () => {};

  /** Returns once it is connected; `from` is a cursor. */
  static async open(parley, session, {from, protocols = [], ...options} = {}) {
    const watcher = new Watcher();
    const query = from === undefined ? '' : `?from=${from}`;
    const at = `${parley.origin.replace('http', 'ws')}/ws/chat/session/${session}/${query}`;
    // Where `localhost` is ::1 first, nobody listens.
    watcher.socket = new WebSocket(at, protocols, {perMessageDeflate: false, family: 4, ...options});
    watcher.closed = new Promise((resolve) => watcher.socket.once('close', (code, reason) => resolve({code, reason: `${reason}`})));
    watcher.closed.then(() => watcher.#wake());
    watcher.socket.on('message', (data, isBinary) => {
      assert.ok(!isBinary);
      watcher.frames.push(JSON.parse(data.toString()));
      watcher.#wake();
    });
    await new Promise((resolve, reject) => watcher.socket.once('open', resolve).once('error', reject));
    watcher.socket.on('error', () => {}); // `closed` tells
    return watcher;
  }

  say(what) {
    this.socket.send(typeof what === 'string' ? what : JSON.stringify(what));
  }

  /** The first frame that fits, among those that came after the `since`th; waits for it. */
  async find(fits, since = 0, patience = 20_000) {
    for (let next = since, until = Date.now() + patience; ; ) {
      for (; next < this.frames.length; ++next) if (fits(this.frames[next])) return this.frames[next];
      assert.ok(this.socket.readyState <= WebSocket.OPEN, `closed after\n${this.frames.map((frame) => JSON.stringify(frame)).join('\n')}`);
      assert.ok(Date.now() < until, `in vain after\n${this.frames.map((frame) => JSON.stringify(frame)).join('\n')}`);
      await Promise.race([new Promise((resolve) => (this.#wake = resolve)), sleep(200)]);
    }
  }

  ofType(type) {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The answer's text as the deltas have it, from a state that has `begin` of it. */
  text(message, begin = '') {
    const mine = this.ofType('delta').filter((frame) => frame.message_id === message && frame.event.type === 'text');
    return begin + mine.map((frame) => frame.event.content).join('');
  }

  completed(message) {
    return this.find((frame) => frame.type === 'message_update' && frame.action === 'completed' && frame.message.id === message);
  }

  /** The cursor of the last delta. */
  get cursor() {
    return this.ofType('delta').at(-1)?.cursor;
  }

  /** Goes away without a word. */
  cut() {
    this.socket.terminate();
  }

  async close() {
    this.socket.close();
    return this.closed;
  }
}

/** The offsets of these deltas rise; those of one run that were merged may skip. */
export function checkRising(deltas) {
  const last = new Map();
  for (const {cursor} of deltas) {
    const [run, offset] = cursor.split(':');
    assert.ok(Number(offset) > (last.get(run) ?? 0), `${cursor} after ${last.get(run)}`);
    last.set(run, Number(offset));
  }
}
