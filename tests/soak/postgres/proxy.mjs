// Between Parley and its PostgreSQL: cuts connections after some bytes, wherever those fall.

import net from 'node:net';

export class Proxy {
  #server;
  #pairs = new Set();
  #cut; // {left, fromServer}: the connection that carries the last of these bytes breaks there

  static async start(targetPort) {
    const proxy = new Proxy();
    proxy.cuts = 0;
    proxy.#server = net.createServer({noDelay: true}, (client) => proxy.#serve(client, targetPort));
    await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    proxy.port = proxy.#server.address().port;
    return proxy;
  }

  /** After so many more bytes, from the server or from Parley, counted over all connections. */
  cutAfter(bytes, fromServer) {
    this.#cut = {left: bytes, fromServer};
  }

  /** A cut that has not come yet will not. */
  disarm() {
    this.#cut = undefined;
  }

  stop() {
    for (const end of this.#pairs) end();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client, targetPort) {
    const server = net.connect({port: targetPort, host: '127.0.0.1', noDelay: true});
    const end = () => {
      this.#pairs.delete(end);
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    this.#pairs.add(end);
    this.#carry(client, server, false, end);
    this.#carry(server, client, true, end);
  }

  #carry(from, to, fromServer, end) {
    from.on('error', end);
    from.on('close', end);
    from.on('data', (bytes) => {
      if (this.#cut?.fromServer === fromServer) {
        this.#cut.left -= bytes.length;
        if (this.#cut.left <= 0) {
          this.#cut = undefined;
          this.cuts++;
          to.write(bytes.subarray(0, Math.max(0, bytes.length - 1)), end); // not the last byte
          return;
        }
      }
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  }
}
