// The vote after a turn of several answers: which one is better. There is one for each turn, and it stays.

import {ApiError, reason, request} from '../api/http';
import type {Preference} from '../api/types';
import {isRunning} from '../state/answers';
import {tell} from '../state/app';
import type {OpenSession} from '../state/open_session';
import type {Turn} from '../state/turns';

interface Choice {
  preference: Preference;
  label: string;
}

function choicesFor(participants: readonly string[]): Choice[] {
  const tie = {preference: 'tie', label: 'Tie'};
  const [left, right] = participants;
  if (participants.length === 2)
    return [
      {preference: left!, label: 'Left is better'},
      tie,
      {preference: 'both_bad', label: 'Both are bad'},
      {preference: right!, label: 'Right is better'},
    ];
  const best = participants.map((participant) => ({preference: participant, label: `${participant.toUpperCase()} is best`}));
  return [...best, tie, {preference: 'both_bad', label: 'All are bad'}];
}

async function cast(session: OpenSession, turn_id: string, preference: Preference): Promise<void> {
  try {
    await request('POST', '/api/feedback/', {turn_id, preference});
  } catch (problem) {
    // Another window was faster: its vote is shown.
    if (!(problem instanceof ApiError && problem.code === 'already_voted')) tell(reason(problem));
  }
  // A vote reveals the names of a random session.
  await session.refresh().catch(() => {});
}

export function VoteBar({session, turn}: {session: OpenSession; turn: Turn}) {
  const seats = turn.seats.filter((seat) => seat.participant !== null);
  const answers = seats.map((seat) => session.transcript.message(seat.attempts.at(-1)!));
  if (seats.length < 2 || answers.some((answer) => !answer || isRunning(answer))) return null;
  const choices = choicesFor(seats.map((seat) => seat.participant!));
  const vote = session.transcript.message(turn.question)?.vote;
  if (vote)
    return (
      <p class="vote done" role="status">
        Your vote: {choices.find((each) => each.preference === vote.preference)?.label.toLowerCase() ?? vote.preference}.
      </p>
    );
  return (
    <div class="vote" role="group" aria-label="Which answer is better?">
      {choices.map(({preference, label}) => (
        <button type="button" class="button" disabled={session.busy.value} onClick={() => void cast(session, turn.id, preference)}>
          {label}
        </button>
      ))}
    </div>
  );
}
