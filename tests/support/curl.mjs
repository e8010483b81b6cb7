// curl as a child process: a client that nobody here wrote, with each line of its output as it comes.

import {spawn} from 'node:child_process';

export class Curl {
  #rest = '';
  #wake = () => {};
  lines = [];
  stderr = '';

  constructor(...args) {
    this.child = spawn('curl', ['--no-progress-meter', '--no-buffer', '--max-time', '60', ...args], {stdio: ['ignore', 'pipe', 'pipe']});
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      const parts = (this.#rest + text).split('\n');
      this.#rest = parts.pop();
      this.lines.push(...parts);
      this.#wake();
    });
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.exited = new Promise((resolve) =>
      this.child.once('close', (code) => {
        this.code = code;
        this.#wake();
        resolve(code);
      }),
    );
  }

  /** Posts JSON. */
  static post(url, body, ...args) {
    return new Curl('-H', 'Content-Type: application/json', '-d', JSON.stringify(body), ...args, url);
  }

  /** Waits until that many lines have come, and returns them. */
  async untilLines(count) {
    while (this.lines.length < count) {
      if (this.code !== undefined) throw new Error(`curl ended with ${this.code} after ${this.lines.length} lines: ${this.stderr}\n${this.lines.join('\n')}`);
      await new Promise((resolve) => (this.#wake = resolve));
    }
    return this.lines.slice(0, count);
  }

  /** All its output once it has ended well. */
  async output() {
    const code = await this.exited;
    if (code !== 0) throw new Error(`curl ended with ${code}: ${this.stderr}`);
    return [...this.lines, ...(this.#rest ? [this.#rest] : [])].join('\n');
  }

  stop() {
    this.child.kill();
  }
}
