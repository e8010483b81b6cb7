// Asks /ready/ ten times a second, for `judge` to look at.

import {setTimeout as sleep} from 'node:timers/promises';

export class ReadyProbe {
  probes = [];
  #on = true;
  #done;

  constructor(parley) {
    this.#done = this.#ask(parley);
  }

  stop() {
    this.#on = false;
    return this.#done;
  }

  async #ask(parley) {
    while (this.#on) {
      const at = Date.now();
      const status = await fetch(`${parley.origin}/ready/`, {signal: AbortSignal.timeout(3000)}).then(
        async (response) => (await response.arrayBuffer(), response.status),
        () => 0,
      );
      this.probes.push({at, took: Date.now() - at, status});
      await sleep(Math.max(0, at + 100 - Date.now()));
    }
  }
}
