// A client of Parley's API over Node's fetch: requests, and a run's lines as they come.

import assert from 'node:assert/strict';

export class Api {
  constructor(origin) {
    this.origin = origin;
  }

  fetch(method, path, body, {headers = {}, signal} = {}) {
    const hasBody = body !== undefined;
    return fetch(this.origin + path, {
      method,
      signal,
      redirect: 'error',
      headers: {...(hasBody ? {'Content-Type': 'application/json'} : {}), ...headers},
      body: hasBody ? (typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)) : undefined,
    });
  }

  /** {status, headers, json, text} */
  async call(method, path, body, options) {
    const response = await this.fetch(method, path, body, options);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return {status: response.status, headers: response.headers, text, json: isJson && text ? JSON.parse(text) : undefined};
  }

  get = (path, options) => this.call('GET', path, undefined, options);
  post = (path, body, options) => this.call('POST', path, body, options);
  patch = (path, body, options) => this.call('PATCH', path, body, options);
  delete = (path, options) => this.call('DELETE', path, undefined, options);

  /** The id of a new session: `direct` for one model, `compare` for more. */
  async session(models, more = {}) {
    const list = [models].flat();
    const made = await this.post('/api/sessions/', {mode: list.length > 1 ? 'compare' : 'direct', models: list, ...more});
    assert.equal(made.status, 201, made.text);
    return made.json.id;
  }

  /** Posts a user's message, a string or an object, and streams the answers. */
  async send(session, message, {more = {}, ...options} = {}) {
    const messages = Array.isArray(message) ? message : [typeof message === 'string' ? {role: 'user', content: message} : {role: 'user', ...message}];
    return this.stream('POST', '/api/messages/stream/', {session_id: session, messages, ...more}, options);
  }

  regenerate(id, options) {
    return this.stream('POST', `/api/messages/${id}/regenerate/`, undefined, options);
  }

  attach(id, from, options) {
    return this.stream('GET', `/api/messages/${id}/stream/${from === undefined ? '' : `?from=${from}`}`, undefined, options);
  }

  async stream(method, path, body, {signal, ...options} = {}) {
    const abort = new AbortController();
    signal?.addEventListener('abort', () => abort.abort());
    const response = await this.fetch(method, path, body, {...options, signal: abort.signal});
    assert.equal(response.status, 200, `${method} ${path}: ${response.status === 200 ? '' : await response.text()}`);
    return new LineStream(response, abort);
  }

  /** All messages of a session, oldest first. */
  async transcript(session) {
    const all = [];
    for (let after; after !== null; ) {
      const page = await this.get(`/api/sessions/${session}/messages/?limit=200${after ? `&after=${after}` : ''}`);
      assert.equal(page.status, 200, page.text);
      all.push(...page.json.data);
      after = page.json.next;
    }
    return all;
  }

  async message(id) {
    const found = await this.get(`/api/messages/${id}/`);
    assert.equal(found.status, 200, found.text);
    return found.json;
  }
}

/** `user=…,a=…` as an object. */
export function parseMessageIds(header) {
  return Object.fromEntries((header ?? '').split(',').map((pair) => pair.split('=')));
}

/** One line: {participant, kind, value, raw, at}. */
export function parseLine(raw) {
  const [, participant, kind, json] = /^([a-h])([0-9a-z]):(.*)$/s.exec(raw) ?? [];
  assert.ok(participant, `not a line of the contract: ${raw}`);
  return {participant, kind, value: JSON.parse(json), raw, at: performance.now()};
}

export function textOf(lines, participant = 'a', kind = '0') {
  return lines.filter((line) => line.participant === participant && line.kind === kind).map((line) => line.value.content).join('');
}

export function finishOf(lines, participant = 'a') {
  const finishes = lines.filter((line) => line.participant === participant && line.kind === 'd');
  assert.equal(finishes.length, 1, `one finish for ${participant} in\n${lines.map((line) => line.raw).join('\n')}`);
  return finishes[0].value;
}

/** A run's lines, as they come. */
export class LineStream {
  #iterator;
  /** All lines read so far. */
  lines = [];

  constructor(response, abort) {
    this.response = response;
    this.headers = response.headers;
    this.ids = parseMessageIds(response.headers.get('x-message-ids'));
    this.abort = abort;
    this.#iterator = this.#read();
  }

  async *#read() {
    let rest = '';
    const decoder = new TextDecoder('utf-8', {fatal: true});
    for await (const bytes of this.response.body) {
      rest += decoder.decode(bytes, {stream: true});
      for (let end; (end = rest.indexOf('\n')) >= 0; rest = rest.slice(end + 1)) yield parseLine(rest.slice(0, end));
    }
    assert.equal(rest, '', 'the body ends with a whole line');
  }

  /** The next line; nothing at the end. */
  async next() {
    const {value, done} = await this.#iterator.next();
    if (done) return undefined;
    this.lines.push(value);
    return value;
  }

  /** Reads until there are that many lines that fit, and returns them. */
  async take(count, fits = () => true) {
    const found = [];
    while (found.length < count) {
      const line = await this.next();
      assert.ok(line, `the stream ended after\n${this.lines.map((entry) => entry.raw).join('\n')}`);
      if (fits(line)) found.push(line);
    }
    return found;
  }

  /** Reads to the end. All lines, also those read before. */
  async all() {
    while (await this.next());
    return this.lines;
  }

  text(participant, kind) {
    return textOf(this.lines, participant, kind);
  }

  finish(participant) {
    return finishOf(this.lines, participant);
  }

  /** Goes away without a word, as a closed laptop does. */
  async disconnect() {
    this.abort.abort();
    await this.#iterator.return().catch(() => {});
  }
}
