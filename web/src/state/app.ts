// What the whole page shares: the list of sessions, the models, and the session that is open.

import {batch, effect, signal} from '@preact/signals';
import {list, reason, request} from '../api/http';
import type {Mode, Model, Session} from '../api/types';
import {OpenSession} from './open_session';
import {go, route, sessionPath} from './route';

export const sessions = signal<readonly Session[]>([]);
export const sessionsLoaded = signal(false);
export const models = signal<readonly Model[] | null>(null);
export const open = signal<OpenSession | null>(null);
/** The last thing to tell, for eyes and for screen readers. */
export const notice = signal<{text: string; shown: boolean; nr: number}>({text: '', shown: false, nr: 0});
export const sidebarShown = signal(false);

/** Only for those who listen: what those who see can see anyway. */
export const announce = (text: string) => (notice.value = {text, shown: false, nr: notice.peek().nr + 1});
export const tell = (text: string) => (notice.value = {text, shown: true, nr: notice.peek().nr + 1});

/** For what is begun and not waited for: a failure is told. */
export const attempt = (doing: Promise<unknown>): void => void doing.catch((problem: unknown) => tell(reason(problem)));

const newestFirst = (a: Session, b: Session) => (a.updated_at < b.updated_at ? 1 : -1);

function changed(session: Session): void {
  const known = sessions.peek().find((each) => each.id === session.id);
  if (known === session) return;
  sessions.value = [session, ...sessions.peek().filter((each) => each.id !== session.id)].sort(newestFirst);
}

function deleted(id: string): void {
  sessions.value = sessions.peek().filter((each) => each.id !== id);
  const at = route.peek();
  if (at.view === 'session' && at.id === id) go('/', 'replace');
}

const told = {changed, deleted, announce, tell};

export async function loadSessions(): Promise<void> {
  const all = await list<Session>('/api/sessions/', 2000);
  sessions.value = all.sort(newestFirst);
  sessionsLoaded.value = true;
}

export async function loadModels(): Promise<void> {
  models.value = await list<Model>('/api/models/');
}

/** Makes a session, opens it, and asks the first question in it. */
export async function begin(what: {mode: Mode; models?: string[]; system_prompt?: string}, question: string): Promise<void> {
  const made = await request<Session>('POST', '/api/sessions/', what);
  const session = new OpenSession(made.id, told);
  batch(() => {
    open.value = session;
    go(sessionPath(made.id));
  });
  session.begin(made);
  await session.ask(question);
}

export async function changeSession(id: string, change: {title?: string; system_prompt?: string}): Promise<void> {
  const now = await request<Session>('PATCH', `/api/sessions/${id}/`, change);
  changed(now);
  const shown = open.peek();
  if (shown?.id === id) shown.session.value = now;
}

export async function deleteSession(id: string): Promise<void> {
  await request('DELETE', `/api/sessions/${id}/`);
  deleted(id);
}

/** Opens what the address names, and closes what it doesn't. */
export function followRoute(): void {
  effect(() => {
    const at = route.value;
    const before = open.peek();
    if (at.view === 'session' && before?.id === at.id) return;
    before?.close();
    if (at.view !== 'session') {
      open.value = null;
      return;
    }
    const session = new OpenSession(at.id, told);
    open.value = session;
    void session.load();
  });
}
