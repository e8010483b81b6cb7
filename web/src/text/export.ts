// A session as a file to keep: what is shown as Markdown, or everything as JSON.

import type {Message, Session} from '../api/types';
import {titleOf, troubleOf} from './words';

export interface ShownTurn {
  question: Message;
  answers: Message[];
}

export function toMarkdown(session: Session, turns: readonly ShownTurn[]): string {
  const parts = [`# ${titleOf(session)}`, `*${new Date(session.created_at).toLocaleString()} · ${session.mode}*`];
  if (session.system_prompt) parts.push(`## Instructions\n\n${session.system_prompt}`);
  for (const {question, answers} of turns) {
    parts.push(`## Question\n\n${question.content}`);
    for (const answer of answers) {
      const name = answer.model?.display_name ?? (answer.participant ? `Answer ${answer.participant.toUpperCase()}` : 'Answer');
      const trouble = troubleOf(answer);
      parts.push(`### ${name}\n\n${answer.content || '*No text.*'}`);
      if (trouble) parts.push(`> ${[trouble.what, trouble.detail].filter(Boolean).join(' ')}`);
    }
  }
  return `${parts.join('\n\n')}\n`;
}

export function toJson(session: Session, messages: readonly Message[]): string {
  return `${JSON.stringify({session, messages}, null, 2)}\n`;
}

export function saveFile(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], {type}));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A title as a file's name, on any system. */
export function fileName(session: Session, ending: string): string {
  const words = titleOf(session)
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${words || 'session'}.${ending}`;
}
