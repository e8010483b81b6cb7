// The vote after a turn of two: which answer was better. Only where the server counts votes.

import {signal} from '@preact/signals';
import {ApiError, reason, request} from '../api/http';
import {tell} from '../state/app';
import {isRunning} from '../state/answers';
import {votes} from '../state/features';
import type {OpenSession} from '../state/open_session';
import type {Turn} from '../state/turns';

export type Vote = 'left' | 'right' | 'tie' | 'both_bad';

const choices: {vote: Vote; label: string}[] = [
  {vote: 'left', label: 'Left is better'},
  {vote: 'tie', label: 'Tie'},
  {vote: 'both_bad', label: 'Both are bad'},
  {vote: 'right', label: 'Right is better'},
];

/** By turn; null where there is a vote that isn't known here. */
const given = signal<ReadonlyMap<string, Vote | null>>(new Map());

async function cast(session: OpenSession, turn: string, vote: Vote): Promise<void> {
  try {
    await request('POST', '/api/feedback/', {turn_id: turn, vote});
    given.value = new Map(given.peek()).set(turn, vote);
  } catch (problem) {
    if (problem instanceof ApiError && problem.status === 409) given.value = new Map(given.peek()).set(turn, null);
    else tell(reason(problem));
  }
  // A vote reveals the names of a random session.
  await session.refresh().catch(() => {});
}

export function VoteBar({session, turn}: {session: OpenSession; turn: Turn}) {
  const seats = turn.seats.filter((seat) => seat.participant !== null);
  if (!votes.value || seats.length !== 2) return null;
  const answers = seats.map((seat) => session.transcript.message(seat.attempts.at(-1)!));
  if (answers.some((answer) => !answer || isRunning(answer))) return null;
  const vote = given.value.get(turn.id);
  if (vote !== undefined)
    return (
      <p class="vote done" role="status">
        {vote ? `Your vote: ${choices.find((each) => each.vote === vote)!.label.toLowerCase()}.` : 'You have voted on this turn.'}
      </p>
    );
  return (
    <div class="vote" role="group" aria-label="Which answer is better?">
      {choices.map((choice) => (
        <button type="button" class="button" onClick={() => void cast(session, turn.id, choice.vote)}>
          {choice.label}
        </button>
      ))}
    </div>
  );
}
