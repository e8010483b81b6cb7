// The session that is shown: its messages, the runs that this page follows, and what other windows do in it.
//
// A run has one source here: the response that this page reads, or the WebSocket. Both tell every event, and merge those
// that come fast, so that two sources of one run couldn't be told apart by their cursors.

import {batch, computed, effect, signal} from '@preact/signals';
import {ApiError, list, reason, request} from '../api/http';
import {newId} from '../api/ids';
import {followRun, type RunHead, type RunReader} from '../api/runs';
import {watchSession, type Frame} from '../api/socket';
import type {Message, RunEvent, Session} from '../api/types';
import {emptyMessage, isRunning, modelOf, type Shown} from './answers';
import {takeHistory, type Imported} from './brought_along';
import {Transcript} from './transcript';

type RunRequest = {method: 'GET' | 'POST'; path: string; body?: unknown};

/** How often the page looks by itself while there is no WebSocket. */
const lookEvery = 4000;

export class OpenSession {
  readonly transcript = new Transcript();
  readonly session = signal<Session | null>(null);
  readonly problem = signal<ApiError | null>(null);
  readonly connection = signal<'fine' | 'lost'>('fine');
  readonly live = signal(false);
  readonly busy = computed(() => this.transcript.all().some(isRunning));

  /** Runs that this page reads, by their id, and the messages that they make. */
  readonly #followed = new Map<string, AbortController>();
  readonly #followedMessages = new Set<string>();
  readonly #ended = new AbortController();
  #stopWatching = () => {};

  constructor(
    readonly id: string,
    readonly told: {changed(session: Session): void; deleted(id: string): void; announce(text: string): void; tell(text: string): void},
  ) {
    this.#ended.signal.addEventListener(
      'abort',
      effect(() => {
        const session = this.session.value;
        if (session) told.changed(session);
      }),
    );
  }

  async load(): Promise<void> {
    try {
      await this.refresh();
      if (this.#ended.signal.aborted) return;
      this.#stopWatching = watchSession(this.id, {frame: (frame) => this.#frame(frame), connected: (is) => (this.live.value = is)});
      const timer = setInterval(() => void this.#look(), lookEvery);
      this.#ended.signal.addEventListener('abort', () => clearInterval(timer));
    } catch (problem) {
      if (problem instanceof ApiError) this.problem.value = problem;
      else throw problem;
    }
  }

  /** A session that was just made: there is nothing to load. */
  begin(made: Session): void {
    this.session.value = made;
    void this.load();
  }

  close(): void {
    this.#ended.abort();
    this.#stopWatching();
    for (const run of this.#followed.values()) run.abort();
  }

  /** The session and its messages as the server has them; follows the run that goes on there. */
  async refresh(): Promise<void> {
    const path = `/api/sessions/${this.id}/`;
    const [session, messages] = await Promise.all([request<Session>('GET', path), list<Message>(`${path}messages/`)]);
    batch(() => {
      this.session.value = session;
      this.transcript.merge(messages, (id, told) => this.#followedMessages.has(id) || (this.live.peek() && this.#grows(id, told)));
    });
    if (session.running && !this.#followed.has(session.running.run_id) && !this.live.peek()) this.#resume(session.running);
  }

  // -- asking ---------------------------------------------------------------------------------------------------------

  /** `after`: the message to continue, null for the beginning; undefined for what is shown last. */
  async ask(text: string, after?: string | null): Promise<void> {
    const session = this.session.peek();
    if (!session) return;
    const last = this.transcript.path.peek().at(-1);
    const parent = after === undefined ? parentAfter(last) : after;
    const id = newId();
    const question = emptyMessage(this.id, id, {id, role: 'user', parent_id: parent, content: text, status: 'success'});
    const before = last && after !== undefined ? this.#turnBefore(parent) : (last?.id ?? null);
    const continuesNewest = after === undefined && (last === undefined || last.id === this.transcript.newestTurn.peek());
    this.transcript.choose(before, id);
    await this.#post(question, continuesNewest ? undefined : parent);
  }

  /** A question that didn't reach the server: again, with the ids it had. */
  async retryQuestion(id: string): Promise<void> {
    const question = this.transcript.get(id)?.peek();
    if (question) await this.#post({...question, unsent: undefined}, question.parent_id);
  }

  #turnBefore(parent: string | null): string | null {
    return parent === null ? null : (this.transcript.get(parent)?.peek().turn_id ?? null);
  }

  async #post(question: Shown, parent: string | null | undefined): Promise<void> {
    const seats = this.session.peek()?.models ?? [];
    const answers = seats.map((seat) =>
      emptyMessage(this.id, question.id, {id: newId(), role: 'assistant', participant: seat.participant, model: modelOf(seat)}),
    );
    const asked_at = performance.now();
    this.transcript.put(question, ...answers.map((answer) => ({...answer, asked_at})));
    const brought = takeHistory(this.id);
    const messages: Imported[] = [
      ...(brought?.messages ?? []),
      {role: 'user', content: question.content, id: question.id},
      ...answers.map(({id, participant}) => ({role: 'assistant' as const, content: '', id, participant})),
    ];
    const body = {session_id: this.id, messages, ...(parent !== undefined && !brought ? {parent_id: parent} : {})};
    const problem = await this.#follow({method: 'POST', path: '/api/messages/stream/', body}, answers, question.id);
    if (!problem) return brought?.done();
    this.transcript.remove(...answers.map(({id}) => id));
    this.transcript.change(question.id, (message) => ({...message, unsent: problem}));
    if (problem.code === 'turn_in_progress') void this.refresh();
  }

  // -- answers --------------------------------------------------------------------------------------------------------

  async regenerate(id: string): Promise<void> {
    const old = this.transcript.get(id)?.peek();
    if (!old) return;
    const {participant, parent_id, model} = old;
    const fresh = emptyMessage(this.id, old.turn_id, {id: '', role: 'assistant', participant, parent_id, model, attempt: old.attempt + 1});
    const problem = await this.#follow({method: 'POST', path: `/api/messages/${id}/regenerate/`}, [fresh]);
    if (problem) this.told.tell(problem.message);
  }

  async stop(id: string): Promise<void> {
    try {
      await request('POST', `/api/messages/${id}/stop/`);
    } catch (problem) {
      this.told.tell(reason(problem));
    }
  }

  /** All answers under way. */
  async stopAll(): Promise<void> {
    const turns = new Set(this.transcript.all().filter(isRunning).map((answer) => answer.turn_id));
    await Promise.all([...turns].map((turn) => this.stop(turn)));
  }

  // -- runs -----------------------------------------------------------------------------------------------------------

  #resume(running: {turn_id: string; run_id: string}): void {
    const making = this.transcript.all().filter((message) => message.turn_id === running.turn_id && isRunning(message));
    const by = making[0]?.id ?? running.turn_id;
    void this.#follow({method: 'GET', path: `/api/messages/${by}/stream/?from=0`}, making);
  }

  /** Reads a run to its end; what went wrong, if it never began. `expected`: what it makes, one message for each seat. */
  async #follow(first: RunRequest, expected: Shown[], question?: string): Promise<ApiError | null> {
    const stopped = new AbortController();
    const ids = new Set([...expected.map(({id}) => id), ...(question ? [question] : [])]);
    let answers: Record<string, string> = {};
    let run: string | undefined;
    for (const id of ids) this.#followedMessages.add(id);
    const reader: RunReader = {
      opened: (head) => {
        run = head.run;
        this.#followed.set(run, stopped);
        answers = this.#expect(head, expected);
        for (const id of Object.values(answers)) ids.add(id), this.#followedMessages.add(id);
      },
      events: (events) => this.#take(events, answers),
      connection: (state) => (this.connection.value = state === 'lost' ? 'lost' : 'fine'),
    };
    const end = () => stopped.abort(new DOMException('the page went on', 'AbortError'));
    this.#ended.signal.addEventListener('abort', end);
    try {
      await followRun(first, reader, stopped.signal);
      return null;
    } catch (problem) {
      if (stopped.signal.aborted) return null;
      if (!(problem instanceof ApiError)) throw problem;
      if (run === undefined) return problem;
      // The answer goes on without us; what came of it is kept, and the transcript will have the rest.
      this.told.tell(problem.message);
      return null;
    } finally {
      this.connection.value = 'fine';
      this.#ended.signal.removeEventListener('abort', end);
      for (const id of ids) this.#followedMessages.delete(id);
      if (run !== undefined) {
        this.#followed.delete(run);
        if (!this.#ended.signal.aborted) void this.refresh().catch(() => {});
      }
    }
  }

  /** Makes room for a run's answers. Those to follow, by their seat: one that is finished already needs no telling. */
  #expect(head: RunHead, expected: Shown[]): Record<string, string> {
    const answers: Record<string, string> = {};
    const used = new Set(Object.values(head.answers));
    this.transcript.remove(...expected.map(({id}) => id).filter((id) => !used.has(id)));
    for (const [participant, id] of Object.entries(head.answers)) {
      const known = this.transcript.get(id)?.peek();
      const template = known ?? expected.find((each) => each.participant === participant);
      if (!template || (known && !isRunning(known))) continue;
      answers[participant] = id;
      const {content, reasoning} = template;
      const before = content || reasoning ? {content, reasoning} : undefined;
      const asked_at = template.asked_at ?? (known ? undefined : performance.now());
      this.transcript.put({...template, id, before, asked_at, content: '', reasoning: null, tool_calls: []});
    }
    return answers;
  }

  #take(events: RunEvent[], answers: Record<string, string>): void {
    for (const event of events) {
      const id = event.type === 'turn_done' ? undefined : answers[event.participant];
      if (id === undefined) continue;
      this.transcript.take(id, event);
      if (event.type === 'finish') this.#finished(id);
    }
  }

  #finished(id: string): void {
    const message = this.transcript.get(id)?.peek();
    if (!message) return;
    const name = message.model?.display_name ?? `Answer ${message.participant?.toUpperCase() ?? ''}`;
    this.told.announce(message.status === 'success' ? `${name} has answered.` : `${name}: the answer ended early.`);
    // The server's own times and counts.
    request<Message>('GET', `/api/messages/${id}/`).then(
      (stored) => stored.status !== 'streaming' && this.transcript.change(id, () => stored),
      () => {},
    );
  }

  // -- other windows --------------------------------------------------------------------------------------------------

  async #look(): Promise<void> {
    if (this.live.peek() || document.hidden || this.#followed.size > 0) return;
    const seen = this.session.peek();
    const now = await request<Session>('GET', `/api/sessions/${this.id}/`).catch((problem: unknown) => {
      if (problem instanceof ApiError && problem.status === 404) this.told.deleted(this.id);
      return null;
    });
    if (now && (now.updated_at !== seen?.updated_at || now.running) && this.#followed.size === 0) await this.refresh().catch(() => {});
  }

  /** An answer that the WebSocket tells: what is asked for meanwhile is older than what it has told, or newer. */
  #grows(id: string, told: Message): boolean {
    const known = this.transcript.get(id)?.peek();
    return known ? isRunning(known) : isRunning(told);
  }

  /** A vote elsewhere reveals more than the session's names: its messages say whose they are, and what they cost. */
  #show(session: Session): void {
    const named = (about: Session | null) => about?.models.every((seat) => seat.id !== null) ?? true;
    const revealed = !named(this.session.peek()) && named(session);
    this.session.value = session;
    if (revealed) void this.refresh().catch(() => {});
  }

  #frame(frame: Frame): void {
    switch (frame.type) {
      case 'connection_established':
        this.#show(frame.session);
        return;
      case 'session_state':
        this.transcript.flush();
        this.session.value = frame.session;
        this.transcript.merge(frame.messages, (id) => this.#followedMessages.has(id));
        return;
      case 'message_update': {
        const {id} = frame.message;
        // What this page asked itself is there already, perhaps to its end.
        if (this.#followedMessages.has(id) || (frame.action === 'created' && this.transcript.get(id))) return;
        this.transcript.put(frame.message);
        return;
      }
      case 'delta': {
        const known = this.transcript.get(frame.message_id)?.peek();
        if (known && isRunning(known) && !this.#followedMessages.has(frame.message_id)) this.transcript.take(frame.message_id, frame.event);
        return;
      }
      case 'session_update':
        if (frame.action === 'deleted') this.told.deleted(this.id);
        else this.#show(frame.session);
        return;
      default:
        return;
    }
  }
}

/** What the next question continues: an answer of that turn, whichever; every seat goes on from its own. */
function parentAfter(turn: {seats: {attempts: string[]}[]} | undefined): string | null {
  return turn?.seats[0]?.attempts.at(-1) ?? null;
}
