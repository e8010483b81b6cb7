// The messages of one session, each a signal of its own, so that a token redraws one answer and nothing else.

import {batch, computed, signal, type Signal} from '@preact/signals';
import type {Message, RunEvent} from '../api/types';
import {apply, isRunning, type Shown} from './answers';
import {beforeNextFrame} from './frames';
import {buildTurns, pathOf} from './turns';

export class Transcript {
  readonly #byId = new Map<string, Signal<Shown>>();
  readonly #ids = signal<readonly string[]>([]);
  /** Which of a question's versions is shown, by the turn before it. */
  readonly #chosen = signal<ReadonlyMap<string | null, string>>(new Map());
  /** Events that the next frame shows. */
  readonly #pending: Array<{id: string; event: RunEvent; at: number}> = [];

  readonly tree = computed(() => buildTurns(this.#ids.value.map((id) => this.#byId.get(id)!.peek())));
  readonly path = computed(() => pathOf(this.tree.value, this.#chosen.value));

  /** The turn that the server would continue if it isn't told otherwise. */
  readonly newestTurn = computed(() => {
    const last = this.#ids.value.at(-1);
    return last === undefined ? null : this.#byId.get(last)!.peek().turn_id;
  });

  get(id: string): Signal<Shown> | undefined {
    return this.#byId.get(id);
  }

  message(id: string): Shown | undefined {
    return this.#byId.get(id)?.value;
  }

  all(): Shown[] {
    return this.#ids.value.map((id) => this.#byId.get(id)!.value);
  }

  put(...messages: Shown[]): void {
    batch(() => {
      const added: string[] = [];
      for (const message of messages) {
        const known = this.#byId.get(message.id);
        if (known) known.value = message;
        else {
          this.#byId.set(message.id, signal(message));
          added.push(message.id);
        }
      }
      if (added.length > 0) this.#ids.value = [...this.#ids.peek(), ...added];
    });
  }

  change(id: string, how: (message: Shown) => Shown): void {
    const known = this.#byId.get(id);
    if (known) known.value = how(known.peek());
  }

  remove(...ids: string[]): void {
    for (const id of ids) this.#byId.delete(id);
    this.#ids.value = this.#ids.peek().filter((id) => this.#byId.has(id));
  }

  /** What the server says of its messages, but for those whose run this page follows: of them it knows more. */
  merge(messages: readonly Message[], followed: (id: string, told: Message) => boolean): void {
    batch(() => {
      this.put(...messages.filter((message) => !followed(message.id, message)));
      const listed = new Set(messages.map((message) => message.id));
      const order = [...listed].filter((id) => this.#byId.has(id));
      const others = this.#ids.peek().filter((id) => !listed.has(id));
      // A part of the transcript is its newest part; messages that aren't there yet are newer than all.
      const message = (id: string) => this.#byId.get(id)!.peek();
      const underWay = new Set(others.filter((id) => message(id).unsent || isRunning(message(id))).map((id) => message(id).turn_id));
      const isNewer = (id: string) => underWay.has(message(id).turn_id);
      const ids = [...others.filter((id) => !isNewer(id)), ...order, ...others.filter(isNewer)];
      if (ids.join() !== this.#ids.peek().join()) this.#ids.value = ids;
    });
  }

  choose(before: string | null, turn: string): void {
    this.#chosen.value = new Map(this.#chosen.peek()).set(before, turn);
  }

  /** Once a frame: `change` for an event that need not be seen at once. */
  take(id: string, event: RunEvent): void {
    this.#pending.push({id, event, at: performance.now()});
    if (event.type === 'text' || event.type === 'reasoning') beforeNextFrame(this.flush);
    else this.flush();
  }

  readonly flush = (): void => {
    const events = this.#pending.splice(0);
    batch(() => {
      const changed = new Map<string, Shown>();
      for (const {id, event, at} of events) {
        const before = changed.get(id) ?? this.#byId.get(id)?.peek();
        if (before) changed.set(id, apply(before, event, at));
      }
      for (const [id, message] of changed) this.#byId.get(id)!.value = message;
    });
  };
}
