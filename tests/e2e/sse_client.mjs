// A run as Server-Sent Events, read by npm's eventsource-parser: a parser that nobody here wrote.

import assert from 'node:assert/strict';
import {createParser} from 'eventsource-parser';
import {parseMessageIds} from '../support/api_client.mjs';

export class EventStream {
  #iterator;
  /** {id, name, data} of all events read so far; `name` is undefined where the stream gives none. */
  events = [];
  comments = [];

  static async open(api, method, path, body, headers = {}) {
    const abort = new AbortController();
    const response = await api.fetch(method, path, body, {headers: {Accept: 'text/event-stream', ...headers}, signal: abort.signal});
    assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    return new EventStream(response, abort);
  }

  static send(api, session, content, more = {}) {
    return EventStream.open(api, 'POST', '/api/messages/stream/', {session_id: session, messages: [{role: 'user', content}], ...more});
  }

  static attach(api, id, {from, lastEventId} = {}) {
    const query = from === undefined ? '' : `?from=${from}`;
    return EventStream.open(api, 'GET', `/api/messages/${id}/stream/${query}`, undefined, lastEventId ? {'Last-Event-ID': lastEventId} : {});
  }

  constructor(response, abort) {
    this.response = response;
    this.headers = response.headers;
    this.ids = parseMessageIds(response.headers.get('x-message-ids'));
    this.abort = abort;
    this.#iterator = this.#read();
  }

  async *#read() {
    const ready = [];
    const parser = createParser({
      onEvent: ({id, event, data}) => ready.push({id, name: event, data: JSON.parse(data)}),
      onComment: (text) => this.comments.push(text),
      onError: (error) => assert.fail(`not an event stream: ${error}`),
    });
    const decoder = new TextDecoder('utf-8', {fatal: true});
    for await (const bytes of this.response.body) {
      parser.feed(decoder.decode(bytes, {stream: true}));
      yield* ready.splice(0);
    }
  }

  async next() {
    const {value, done} = await this.#iterator.next();
    if (done) return undefined;
    this.events.push(value);
    return value;
  }

  async take(count, fits = () => true) {
    const found = [];
    while (found.length < count) {
      const event = await this.next();
      assert.ok(event, `the stream ended after ${JSON.stringify(this.events)}`);
      if (fits(event)) found.push(event);
    }
    return found;
  }

  async all() {
    while (await this.next());
    return this.events;
  }

  text(participant = 'a') {
    return this.events.filter(({data}) => data.participant === participant && data.type === 'text').map(({data}) => data.content).join('');
  }

  async disconnect() {
    this.abort.abort();
    await this.#iterator.return().catch(() => {});
  }
}

/** The offset in an event's id. */
export function offsetOf(event) {
  return Number(event.id.split(':')[1]);
}
