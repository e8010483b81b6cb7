// A program in a terminal: Debian's tmux, with a server of its own, so that what a test reads is what a person would see.

import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {until} from './parley_process.mjs';

const run = promisify(execFile);

export class Terminal {
  /** `command`: the program and its arguments. Ends with the test `scope`. */
  static async start(scope, command, {width = 120, height = 30, env = {}} = {}) {
    const terminal = new Terminal();
    terminal.folder = await mkdtemp(path.join(tmpdir(), 'parley-terminal-'));
    scope.after(() => terminal.stop());
    // In a file: tmux joins the words of a command, and a shell would take them apart again.
    const variables = Object.entries({XDG_STATE_HOME: terminal.folder, LC_ALL: 'C.UTF-8', ...env}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const options = ['set', '-g', 'remain-on-exit', 'on', ';', 'set', '-g', 'history-limit', '5000', ';', 'set', '-g', 'status', 'off', ';'];
    const session = ['new-session', '-d', '-x', width, '-y', height, ...variables, '--', ...command];
    await terminal.#tmux('-f', '/dev/null', 'start-server', ';', ...options, ...session.map(String));
    return terminal;
  }

  async #tmux(...args) {
    return (await run('tmux', ['-S', path.join(this.folder, 'tmux'), ...args], {timeout: 10_000})).stdout;
  }

  /** What was scrolled out at the top, too; without blanks at the lines' ends and empty lines below all. */
  async lines() {
    const text = await this.#tmux('capture-pane', '-p', '-S', '-');
    return text.trimEnd().split('\n').map((line) => line.trimEnd());
  }

  async text() {
    return (await this.lines()).join('\n');
  }

  /** The same with the escape sequences of colours. */
  coloured() {
    return this.#tmux('capture-pane', '-p', '-e', '-S', '-');
  }

  /** `what`: a text, or an expression that fits. */
  async shows(what) {
    let seen = '';
    const fits = () => (typeof what === 'string' ? seen.includes(what) : what.test(seen));
    await until(`the terminal shows ${what}`, async () => ((seen = await this.text()), fits())).catch((why) => assert.fail(`${why.message}:\n${seen}`));
    return seen;
  }

  /** Types a text as it is. */
  async type(text) {
    await this.#tmux('send-keys', '-l', '--', text);
  }

  /** Keys by tmux's names: `Enter`, `C-c`, `Up`. */
  async press(...keys) {
    await this.#tmux('send-keys', ...keys);
  }

  /** As from the clipboard: terminals mark it, if the program has asked for that. */
  async paste(text) {
    await this.#tmux('set-buffer', '--', text);
    await this.#tmux('paste-buffer', '-p', '-r');
  }

  /** Nothing but the line that is written now, at a prompt that knows Ctrl-L. */
  async clear() {
    await this.press('C-l');
    await until('the screen is cleared', async () => (await this.#tmux('clear-history'), (await this.lines()).length === 1));
  }

  async resize(width, height) {
    await this.#tmux('resize-window', '-x', String(width), '-y', String(height));
  }

  /** How the program ended. */
  async status() {
    await until('the program has ended', async () => (await this.#tmux('display', '-p', '#{pane_dead}')).trim() === '1');
    return Number((await this.#tmux('display', '-p', '#{pane_dead_status}')).trim());
  }

  async stop() {
    await this.#tmux('kill-server').catch(() => {}); // it may be gone already
    await rm(this.folder, {recursive: true, force: true});
  }
}
