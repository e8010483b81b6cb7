// The live view of a session (docs/protocol.md, "WebSocket"): what happens in it, whoever makes it happen. Reconnects with
// its cursor. A server or a proxy without WebSockets is no error: `lost` says so, and the page looks by itself.

import type {Message, RunEvent, Session} from './types';

export type Frame =
  | {type: 'connection_established'; session: Session; cursor: string | null; recovered: boolean}
  | {type: 'session_state'; session: Session; messages: Message[]; cursor: string | null}
  | {type: 'message_update'; action: 'created' | 'completed' | 'voted'; message: Message}
  | {type: 'delta'; cursor: string; message_id: string; attempt: number; participant: string; event: RunEvent}
  | {type: 'session_update'; action: 'updated' | 'deleted'; session: Session}
  | {type: 'typing_indicator'; user_id: string; is_typing: boolean}
  | {type: 'pong'; timestamp: unknown}
  | {type: 'error'; code: string; message: string};

export interface SocketReader {
  frame(frame: Frame): void;
  connected(is: boolean): void;
}

/** Close codes after which another try would end the same. */
const final = new Set([1008, 4401, 4403, 4404]);

export function watchSession(id: string, to: SocketReader): () => void {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let cursor = '';
  let everOpen = false;
  let failures = 0;
  let ended = false;

  const connect = () => {
    const from = cursor ? `?from=${encodeURIComponent(cursor)}` : '';
    const opened = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws/chat/session/${id}/${from}`);
    socket = opened;
    opened.onmessage = ({data}) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === 'connection_established') {
        everOpen = true;
        failures = 0;
        to.connected(true);
      }
      if ('cursor' in frame && frame.cursor) cursor = frame.cursor;
      to.frame(frame);
    };
    opened.onclose = ({code}) => {
      if (ended) return;
      to.connected(false);
      // One that was never open: there is nothing of the kind here, and asking often wouldn't help.
      if (final.has(code) || !everOpen) return;
      timer = setTimeout(connect, Math.min(30_000, 500 * 2 ** failures++));
    };
  };

  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket?.close();
  };
}
