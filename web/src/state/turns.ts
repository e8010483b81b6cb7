// The transcript is a tree: a question may be asked anew, an answer made anew. What is shown is one path through it.

import type {Message} from '../api/types';

/** The answers of one seat to one question, first attempt first. */
export interface Seat {
  /** Null for an answer that was brought along from elsewhere: it stands for every seat. */
  participant: string | null;
  attempts: string[];
}

export interface Turn {
  id: string;
  /** The user's message. */
  question: string;
  /** What the question follows: a message's id, or null at the beginning. */
  parent: string | null;
  seats: Seat[];
  /** The turns that continue the same answer as this one, this one among them: the question's versions. */
  versions: string[];
}

type Meta = Pick<Message, 'id' | 'turn_id' | 'parent_id' | 'role' | 'participant' | 'attempt'>;

export interface TurnTree {
  turns: Map<string, Turn>;
  /** The turns that follow a turn, or the beginning (null); oldest first. */
  next: Map<string | null, string[]>;
}

/** `messages`: oldest first, as the server lists them. */
export function buildTurns(messages: readonly Meta[]): TurnTree {
  const turns = new Map<string, Turn>();
  const next = new Map<string | null, string[]>();
  const turnOf = new Map<string, string>();
  for (const message of messages) {
    turnOf.set(message.id, message.turn_id);
    if (message.role === 'user') {
      turns.set(message.turn_id, {id: message.turn_id, question: message.id, parent: message.parent_id, seats: [], versions: []});
    } else if (message.role === 'assistant') {
      const turn = turns.get(message.turn_id);
      if (!turn) continue;
      const seat = turn.seats.find((each) => each.participant === message.participant);
      if (seat) seat.attempts.push(message.id);
      else turn.seats.push({participant: message.participant, attempts: [message.id]});
    }
  }
  for (const turn of turns.values()) {
    turn.seats.sort((a, b) => (a.participant ?? '').localeCompare(b.participant ?? ''));
    const before = turn.parent === null ? null : (turnOf.get(turn.parent) ?? null);
    const siblings = next.get(before);
    if (siblings) siblings.push(turn.id);
    else next.set(before, [turn.id]);
  }
  for (const siblings of next.values()) for (const id of siblings) turns.get(id)!.versions = siblings;
  return {turns, next};
}

/** From the beginning along the chosen versions, and the newest where nothing was chosen. */
export function pathOf(tree: TurnTree, chosen: ReadonlyMap<string | null, string>): Turn[] {
  const path: Turn[] = [];
  for (let at: string | null = null; ; ) {
    const following = tree.next.get(at);
    if (!following || path.length > tree.turns.size) return path;
    const wanted = chosen.get(at);
    const id: string = wanted && following.includes(wanted) ? wanted : following.at(-1)!;
    path.push(tree.turns.get(id)!);
    at = id;
  }
}
