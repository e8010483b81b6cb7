// Takes all of a PostgreSQL's connections. Speaks as much of its protocol as that needs ("Message Formats" in its manual), since
// `psql` would be a process for each of them.

import net from 'node:net';

/** A connection that is there and does nothing; nothing if the server has none left. */
function take(port) {
  return new Promise((resolve) => {
    const socket = net.connect({port, host: '127.0.0.1'});
    const fields = Buffer.from('user\0parley\0database\0postgres\0\0');
    const header = Buffer.alloc(8);
    header.writeInt32BE(8 + fields.length, 0);
    header.writeInt32BE(3 << 16, 4); // the protocol's version 3.0
    socket.on('connect', () => socket.write(Buffer.concat([header, fields])));
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
    // Without a password the first byte decides: R is "authenticated", E an error.
    socket.once('data', (bytes) => (bytes[0] === 0x52 ? resolve(socket) : (socket.destroy(), resolve(undefined))));
  });
}

export class Crowd {
  #sockets = [];
  #leaves = false;

  /** Takes connections until none is left, and each that becomes free, until `leave()`. */
  async take(port) {
    while (!this.#leaves) {
      const socket = await take(port);
      if (socket) this.#sockets.push(socket);
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const socket of this.#sockets) socket.destroy();
  }

  leave() {
    this.#leaves = true;
  }

  /** Asks the server, over one of the connections, to end all of Parley's. */
  cutOthers() {
    const text = Buffer.from("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'parley'\0");
    const header = Buffer.alloc(5);
    header.write('Q');
    header.writeInt32BE(4 + text.length, 1);
    this.#sockets[0]?.write(Buffer.concat([header, text]));
  }

  get size() {
    return this.#sockets.length;
  }
}
