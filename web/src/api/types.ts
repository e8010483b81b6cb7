// The objects of the public contract (docs/protocol.md, "Objects"), as they come over the wire.

export type Mode = 'direct' | 'compare' | 'random';

/** A model's seat in a session. In a random session it has no name until the vote. */
export interface Seat {
  participant: string;
  id: string | null;
  display_name: string | null;
}

export interface Parameters {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  stop?: string[];
}

export interface Session {
  id: string;
  mode: Mode;
  title: string;
  models: Seat[];
  system_prompt: string;
  parameters: Parameters;
  created_at: string;
  updated_at: string;
  running: {turn_id: string; run_id: string; cursor: string} | null;
}

export type Status = 'pending' | 'streaming' | 'success' | 'failed';

export interface ToolCall {
  id?: string;
  name?: string;
  arguments?: unknown;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  source: 'reported' | 'estimated';
}

/** `a`, `b`, … : that participant's answer is the best. */
export type Preference = 'tie' | 'both_bad' | (string & {});

export interface Vote {
  preference: Preference;
  /** The leaderboard has it. */
  counted: boolean;
  created_at: string;
}

export interface Message {
  id: string;
  session_id: string;
  turn_id: string;
  parent_id: string | null;
  role: 'user' | 'assistant' | 'system';
  participant: string | null;
  attempt: number;
  content: string;
  reasoning: string | null;
  tool_calls: ToolCall[];
  status: Status;
  finish_reason: string | null;
  error: {code: string; message: string} | null;
  model: {id: string; display_name: string} | null;
  usage: Usage | null;
  latency_ms: {first_token: number | null; total: number | null} | null;
  created_at: string;
  completed_at: string | null;
  /** Of a user's message: the vote on its turn. */
  vote?: Vote | null;
}

export interface Model {
  id: string;
  display_name: string;
  provider: string;
  context_tokens: number | null;
  available: boolean;
}

export interface Page<T> {
  data: T[];
  next: string | null;
}

/** An event of a run in its SSE form (docs/protocol.md, "Stream formats"). */
export type RunEvent =
  | {type: 'text' | 'reasoning'; participant: string; content: string}
  | {type: 'tool_call_begin'; participant: string; toolCallId: string; toolName: string}
  | {type: 'tool_call_delta'; participant: string; toolCallId: string; argsTextDelta: string}
  | {type: 'tool_call'; participant: string; toolCallId: string; toolName: string; args: unknown}
  | {type: 'restart'; participant: string}
  | Finish
  | {type: 'turn_done'};

export interface Finish {
  type: 'finish';
  participant: string;
  finishReason: string;
  messageId: string;
  usage?: {promptTokens: number; completionTokens: number; source: 'reported' | 'estimated'} | null;
  error?: string;
  code?: string;
  stored?: boolean;
}
