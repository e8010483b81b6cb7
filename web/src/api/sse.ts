// Server-Sent Events (WHATWG HTML, 9.2.6) out of a response's body. The browser's EventSource can only GET, and would
// reconnect by rules of its own.

export interface SseEvent {
  /** The last `id:` so far, this event's or an earlier one's. */
  id: string;
  data: string;
}

export class SseParser {
  #rest = '';
  #id = '';
  #data: string[] = [];

  /** The events that are whole by now. */
  push(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) events.push({id: this.#id, data: this.#data.join('\n')});
        this.#data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') this.#data.push(value);
      else if (field === 'id') this.#id = value;
    }
    return events;
  }
}

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent[]> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const {value, done} = await reader.read();
      if (done) return;
      const events = parser.push(decoder.decode(value, {stream: true}));
      if (events.length > 0) yield events;
    }
  } finally {
    // Also when the one who reads has enough: the connection is given back.
    reader.cancel().catch(() => {});
  }
}
