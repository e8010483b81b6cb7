// Markdown as it grows, without flicker: a block that is closed is rendered once and never touched again; only the last one,
// which the next words may still change, is rendered anew.

import {lex, toHtml, type Links} from './markdown';
import {mend} from './mend';

export class GrowingMarkdown {
  #text = '';
  #closed: string[] = [];
  /** Where the open block begins. */
  #openAt = 0;
  #links: Links = {};

  /** HTML, block by block. `done`: no more comes. */
  update(source: string, done: boolean): readonly string[] {
    const text = source.replace(/\r\n?/g, '\n');
    if (!text.startsWith(this.#text.slice(0, this.#openAt))) this.#restart();
    this.#text = text;
    const blocks = this.#advance(done);
    // A definition may stand far below the links that use it.
    if (done && Object.keys(this.#links).length > 0) {
      this.#closed = [];
      this.#openAt = 0;
      return this.#advance(true);
    }
    return blocks;
  }

  #advance(done: boolean): readonly string[] {
    const open = this.#text.slice(this.#openAt);
    const tokens = lex(open, this.#links);
    Object.assign(this.#links, tokens.links);
    const last = tokens.findLastIndex((token) => token.type !== 'space');
    for (const token of done ? tokens : tokens.slice(0, Math.max(last, 0))) {
      this.#openAt += token.raw.length;
      if (token.type !== 'space' && token.type !== 'def') this.#closed.push(toHtml(token));
    }
    if (done || last < 0) return [...this.#closed];
    const mended = lex(mend(this.#text.slice(this.#openAt)), this.#links);
    return [...this.#closed, ...mended.filter((token) => token.type !== 'space' && token.type !== 'def').map(toHtml)];
  }

  #restart() {
    this.#closed = [];
    this.#openAt = 0;
    this.#links = {};
  }
}
