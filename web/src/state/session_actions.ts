// What can be done with a session besides asking: export it, copy it.

import {list, request} from '../api/http';
import type {Message, Session} from '../api/types';
import {fileName, saveFile, toJson, toMarkdown, type ShownTurn} from '../text/export';
import {titleOf} from '../text/words';
import {loadSessions, open} from './app';
import {keepHistory, type Imported} from './brought_along';
import {go, sessionPath} from './route';
import {buildTurns, pathOf} from './turns';

async function transcriptOf(session: Session): Promise<Message[]> {
  return list<Message>(`/api/sessions/${session.id}/messages/`);
}

/** The path that is shown, if the session is open, else the newest; of each seat the newest attempt. */
function shownTurns(session: Session, messages: readonly Message[]): ShownTurn[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const shown = open.peek();
  const path = shown?.id === session.id ? shown.transcript.path.peek() : pathOf(buildTurns(messages), new Map());
  return path.flatMap((turn) => {
    const question = byId.get(turn.question);
    if (!question) return [];
    const answers = turn.seats.map((seat) => byId.get(seat.attempts.at(-1)!));
    return [{question, answers: answers.filter((answer) => answer !== undefined)}];
  });
}

export async function exportMarkdown(session: Session): Promise<void> {
  const text = toMarkdown(session, shownTurns(session, await transcriptOf(session)));
  saveFile(fileName(session, 'md'), 'text/markdown', text);
}

export async function exportJson(session: Session): Promise<void> {
  saveFile(fileName(session, 'json'), 'application/json', toJson(session, await transcriptOf(session)));
}

/** A new session of the same models with what is shown of this one. An answer is every model's there: of several, the first. */
export async function duplicate(session: Session): Promise<void> {
  const turns = shownTurns(session, await transcriptOf(session));
  const history = turns.flatMap(({question, answers}): Imported[] => {
    const answer = answers.find((each) => each.status === 'success') ?? answers.find((each) => each.content !== '');
    return answer ? [{role: 'user', content: question.content}, {role: 'assistant', content: answer.content}] : [];
  });
  const {mode, models, system_prompt, parameters} = session;
  const made = await request<Session>('POST', '/api/sessions/', {
    mode,
    ...(mode === 'random' ? {} : {models: models.map((seat) => seat.id)}),
    title: `${titleOf(session)} (copy)`,
    system_prompt,
    parameters,
  });
  keepHistory(made.id, history);
  await loadSessions();
  go(sessionPath(made.id));
}
