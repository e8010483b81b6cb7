// HTTP byte by byte: what no decent client would send, and exactly what comes back.

import net from 'node:net';

export class RawConnection {
  #bytes = Buffer.alloc(0);
  #wake = () => {};
  /** The other side has closed. */
  ended = false;
  /** … by a reset. */
  reset = false;

  static async open(port) {
    const connection = new RawConnection();
    // Half open, so that a test sees the server's answer after it has said all it had to say.
    connection.socket = net.connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
    connection.socket.on('data', (bytes) => {
      connection.#bytes = Buffer.concat([connection.#bytes, bytes]);
      connection.#wake();
    });
    connection.socket.on('error', (error) => (connection.reset = error.code === 'ECONNRESET'));
    for (const end of ['end', 'close'])
      connection.socket.on(end, () => {
        connection.ended = true;
        connection.#wake();
      });
    await new Promise((resolve, reject) => connection.socket.once('connect', resolve).once('error', reject));
    return connection;
  }

  /** Sends these bytes and reads all responses until the server closes. */
  static async exchange(port, bytes, timeout) {
    const connection = await RawConnection.open(port);
    connection.write(bytes);
    const responses = await connection.responsesUntilEnd(timeout);
    connection.close();
    return responses;
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  close() {
    this.socket.destroy();
  }

  get received() {
    return this.#bytes.toString('latin1');
  }

  /** Waits until `found()` gives something, or the end, or the time is up: then nothing. */
  async #until(found, timeout = 10_000) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const result = found();
      if (result !== undefined || this.ended) return result;
      const left = deadline - Date.now();
      if (left <= 0) return undefined;
      let timer;
      await new Promise((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  async untilText(text, timeout) {
    await this.#until(() => (this.received.includes(text) ? true : undefined), timeout);
    return this.received;
  }

  /** True if the server closes within that time. */
  async untilEnd(timeout) {
    await this.#until(() => undefined, timeout);
    return this.ended;
  }

  /** The next response, taken from the front of what came: {status, headers, body, chunked}; nothing at the end. */
  async response(timeout) {
    const end = await this.#until(() => {
      const at = this.#bytes.indexOf('\r\n\r\n');
      return at < 0 ? undefined : at;
    }, timeout);
    if (end === undefined) return undefined;
    const [statusLine, ...lines] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n');
    this.#bytes = this.#bytes.subarray(end + 4);
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    const status = Number(statusLine.split(' ')[1]);
    const response = {statusLine, status, headers, chunked: headers['transfer-encoding'] === 'chunked', body: Buffer.alloc(0)};
    if (status < 200 || status === 204 || status === 304) return response;
    if (response.chunked) response.body = await this.#chunks(timeout);
    else if (headers['content-length'] !== undefined) response.body = await this.#take(Number(headers['content-length']), timeout);
    else response.body = (await this.untilEnd(timeout), await this.#take(this.#bytes.length));
    return response;
  }

  async responsesUntilEnd(timeout) {
    const all = [];
    for (let next; (next = await this.response(timeout)); ) all.push(next);
    await this.untilEnd(timeout);
    return all;
  }

  async #take(size, timeout) {
    await this.#until(() => (this.#bytes.length >= size ? true : undefined), timeout);
    const bytes = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return bytes;
  }

  async #chunks(timeout) {
    const parts = [];
    for (;;) {
      const end = await this.#until(() => (this.#bytes.indexOf('\r\n') < 0 ? undefined : this.#bytes.indexOf('\r\n')), timeout);
      if (end === undefined) return Buffer.concat(parts);
      const size = parseInt(this.#bytes.subarray(0, end).toString(), 16);
      this.#bytes = this.#bytes.subarray(end + 2);
      const part = await this.#take(size + 2, timeout);
      if (size === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, size));
    }
  }
}
