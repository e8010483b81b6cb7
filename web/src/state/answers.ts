// How a message changes while its run goes on. Pure: a message and an event give the next message.

import type {Finish, Message, RunEvent, Seat} from '../api/types';

/** What the page knows of a message beyond the server's object. */
export interface Shown extends Message {
  /** The user's message: it didn't reach the server, for this reason. */
  unsent?: {code: string; message: string} | undefined;
  /** Milliseconds of this page's clock, while the answer is being made here. */
  asked_at?: number | undefined;
  /** The text that was there before the run is told again from its beginning; shown until the new one has caught up. */
  before?: {content: string; reasoning: string | null} | undefined;
}

export function emptyMessage(session: string, turn: string, more: Partial<Message> & {id: string; role: Message['role']}): Shown {
  return {
    session_id: session,
    turn_id: turn,
    parent_id: turn,
    participant: null,
    attempt: 1,
    content: '',
    reasoning: null,
    tool_calls: [],
    status: 'pending',
    finish_reason: null,
    error: null,
    model: null,
    usage: null,
    latency_ms: null,
    created_at: new Date().toISOString(),
    completed_at: null,
    ...more,
  };
}

/** The seat's model as a message names it; nothing while a random session hides it. */
export function modelOf(seat: Seat | undefined): Message['model'] {
  return seat?.id ? {id: seat.id, display_name: seat.display_name ?? seat.id} : null;
}

export function apply(message: Shown, event: RunEvent, now: number): Shown {
  switch (event.type) {
    case 'text':
      return {...begun(message, now), content: message.content + event.content};
    case 'reasoning':
      return {...begun(message, now), reasoning: (message.reasoning ?? '') + event.content};
    case 'restart':
      return {...message, content: '', reasoning: null, tool_calls: [], status: 'streaming'};
    case 'tool_call':
      return {...begun(message, now), tool_calls: [...message.tool_calls, {id: event.toolCallId, name: event.toolName, arguments: event.args}]};
    case 'finish':
      return finished(message, event, now);
    default:
      return message;
  }
}

function begun(message: Shown, now: number): Shown {
  if (message.status === 'streaming' && message.latency_ms) return message;
  const latency = message.asked_at === undefined ? message.latency_ms : {first_token: Math.round(now - message.asked_at), total: null};
  return {...message, status: 'streaming', latency_ms: message.latency_ms ?? latency};
}

const good = new Set(['stop', 'length', 'content-filter', 'tool-calls']);

function finished(message: Shown, event: Finish, now: number): Shown {
  const fine = good.has(event.finishReason);
  const total = message.asked_at === undefined ? null : Math.round(now - message.asked_at);
  return {
    ...message,
    before: undefined,
    status: fine ? 'success' : 'failed',
    finish_reason: event.finishReason,
    error: event.error || event.code ? {code: event.code ?? 'internal', message: event.error ?? ''} : null,
    usage: event.usage
      ? {prompt_tokens: event.usage.promptTokens, completion_tokens: event.usage.completionTokens, source: event.usage.source}
      : null,
    latency_ms: message.latency_ms && total !== null ? {...message.latency_ms, total} : message.latency_ms,
    completed_at: new Date().toISOString(),
  };
}

/** The text to show: while a run is told again from its beginning, the longer of what was there and what is there again. */
export function visibleText(message: Shown): {content: string; reasoning: string | null} {
  const {before} = message;
  const catchingUp = before && before.content.startsWith(message.content) && (before.reasoning ?? '').startsWith(message.reasoning ?? '');
  return catchingUp ? before : message;
}

export const isRunning = (message: Message) => message.role === 'assistant' && (message.status === 'pending' || message.status === 'streaming');
