// How the page says things: failures, figures, dates.

import type {Message, Usage} from '../api/types';

export interface Trouble {
  /** `note`: an end that somebody wanted, or that is nobody's fault. */
  kind: 'note' | 'error';
  what: string;
  /** What the server or the provider said about it. */
  detail: string;
  again: boolean;
}

const failures: Record<string, string> = {
  upstream_unreachable: 'The provider can’t be reached.',
  upstream_timeout: 'The provider took too long.',
  upstream_rate_limited: 'The provider takes no more requests for now. Wait a moment, then try again.',
  upstream_rejected: 'The provider refused this request.',
  upstream_truncated: 'The answer broke off: the provider’s stream ended too soon.',
  upstream_malformed: 'The provider sent something that is no answer.',
  upstream_overloaded: 'The provider is overloaded. Wait a moment, then try again.',
  answer_too_large: 'The answer grew beyond this server’s limit; what came is kept.',
  store_unavailable: 'The answer could not be stored.',
  internal: 'Something went wrong on the server.',
};

/** What there is to say about how an answer ended; nothing if it just ended. */
export function troubleOf(message: Message): Trouble | null {
  const detail = message.error?.message ?? '';
  switch (message.finish_reason) {
    case 'cancelled':
      return {kind: 'note', what: 'Stopped.', detail: '', again: true};
    case 'interrupted':
      return {kind: 'error', what: 'The server stopped in the middle of this answer.', detail: '', again: true};
    case 'length':
      return {kind: 'note', what: 'Cut off: the answer reached its token limit.', detail: '', again: false};
    case 'content-filter':
      return {kind: 'note', what: 'The provider’s content filter ended this answer.', detail: '', again: true};
    default:
      break;
  }
  if (message.status !== 'failed') return null;
  const what = failures[message.error?.code ?? 'internal'] ?? 'The answer failed.';
  return {kind: 'error', what, detail: detail === what ? '' : detail, again: true};
}

/** Why a request was refused, as a sentence and a hint. */
export function refusalOf(problem: {code: string; message: string}): string {
  switch (problem.code) {
    case 'unreachable':
      return 'Not sent: the server can’t be reached.';
    case 'turn_in_progress':
      return 'Not sent: an answer is still under way in this session.';
    case 'unavailable':
      return 'Not sent: the server takes no new questions right now.';
    case 'rate_limited':
      return 'Not sent: that was too much for now. Wait a moment.';
    case 'too_large':
      return 'Not sent: this is longer than the server takes.';
    default:
      return `Not sent: ${problem.message}`;
  }
}

export function seconds(ms: number): string {
  return ms < 9950 ? `${(ms / 1000).toFixed(ms < 995 ? 2 : 1)} s` : `${Math.round(ms / 1000)} s`;
}

/** Tokens a second from the first token on. Too few, or too fast to be measured, say nothing. */
export function rateOf(usage: Usage | null, latency: Message['latency_ms']): string | null {
  if (!usage || latency?.first_token == null || latency.total == null) return null;
  const during = latency.total - latency.first_token;
  if (during < 50 || usage.completion_tokens < 2) return null;
  const rate = usage.completion_tokens / (during / 1000);
  return `${usage.source === 'estimated' ? '≈ ' : ''}${rate < 10 ? rate.toFixed(1) : Math.round(rate)} tokens/s`;
}

/** `Today`, `Yesterday`, … for the list of sessions. */
export function dayOf(time: string, now = new Date()): string {
  const then = new Date(time);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const days = Math.ceil((midnight - then.getTime()) / 86_400_000);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days <= 7) return 'Last 7 days';
  if (days <= 30) return 'Last 30 days';
  return then.toLocaleDateString(undefined, {month: 'long', year: 'numeric'});
}

export const titleOf = (session: {title: string}) => session.title.trim() || 'New session';
