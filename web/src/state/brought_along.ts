// A copy of a session takes its history along with the first question that is asked in it: the server takes earlier messages
// then (docs/protocol.md, "Roles"). Until then they wait in this browser.

export interface Imported {
  role: 'user' | 'assistant' | 'system';
  content: string;
  id?: string;
  participant?: string | null;
}

const key = (session: string) => `parley.history.${session}`;

export function keepHistory(session: string, messages: Imported[]): void {
  localStorage.setItem(key(session), JSON.stringify(messages));
}

export function historyOf(session: string): Imported[] {
  return JSON.parse(localStorage.getItem(key(session)) ?? '[]') as Imported[];
}

/** What waits for that session; `done` once the server has it. */
export function takeHistory(session: string): {messages: Imported[]; done(): void} | null {
  const messages = historyOf(session);
  return messages.length === 0 ? null : {messages, done: () => localStorage.removeItem(key(session))};
}
