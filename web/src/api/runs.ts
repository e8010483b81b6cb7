// A run as its reader sees it: the ids of its messages, and its events until `turn_done`, over as many connections as that
// takes. A connection that breaks is taken up again behind the last event that was seen.

import {ApiError, send} from './http';
import {readEvents} from './sse';
import type {RunEvent} from './types';

export interface RunHead {
  run: string;
  user: string;
  /** Participant to message id. */
  answers: Record<string, string>;
}

export interface RunReader {
  opened(head: RunHead): void;
  events(events: RunEvent[]): void;
  /** The connection broke and is being taken up again, or has been. */
  connection(state: 'lost' | 'back'): void;
}

const patience = [300, 600, 1200, 2500, 5000, 5000, 10_000, 10_000];

/** Ends when the run has ended; throws an ApiError when it can't be followed any more. */
export async function followRun(first: {method: 'GET' | 'POST'; path: string; body?: unknown}, to: RunReader, signal: AbortSignal) {
  const asSse = {Accept: 'text/event-stream'};
  let response = await send(first.method, first.path, first.body, {headers: asSse, signal});
  const head = headOf(response);
  to.opened(head);
  let cursor = '';
  for (let failures = 0; ; ) {
    try {
      for await (const batch of readEvents(response.body as ReadableStream<Uint8Array>)) {
        failures = 0;
        const events = batch.map((event) => JSON.parse(event.data) as RunEvent);
        cursor = batch.at(-1)?.id || cursor;
        to.events(events);
        if (events.some((event) => event.type === 'turn_done')) return;
      }
    } catch (problem) {
      if (signal.aborted) throw problem;
    }
    to.connection('lost');
    for (;;) {
      const wait = patience[failures++];
      if (wait === undefined) throw new ApiError(0, 'unreachable', 'The connection to the server was lost.');
      await sleep(wait, signal);
      try {
        response = await attach(head, cursor, signal);
        to.connection('back');
        break;
      } catch (problem) {
        if (signal.aborted || (problem instanceof ApiError && problem.status >= 400 && problem.status < 500)) throw problem;
      }
    }
  }
}

/** By an answer's id: that is the run that made it, be it the turn's first or a later one. */
function attach(head: RunHead, cursor: string, signal: AbortSignal) {
  const id = Object.values(head.answers)[0] ?? head.user;
  const headers: Record<string, string> = {Accept: 'text/event-stream'};
  if (cursor) headers['Last-Event-ID'] = cursor;
  return send('GET', `/api/messages/${id}/stream/`, undefined, {headers, signal});
}

function headOf(response: Response): RunHead {
  const ids = (response.headers.get('X-Message-Ids') ?? '').split(',').map((pair) => pair.split('=') as [string, string]);
  const {user = '', ...answers} = Object.fromEntries(ids) as Record<string, string>;
  return {run: response.headers.get('X-Run-Id') ?? '', user, answers};
}

function sleep(ms: number, signal: AbortSignal) {
  return new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason as Error)), {once: true});
  });
}
