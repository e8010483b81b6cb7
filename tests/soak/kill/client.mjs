// One client of the soak: one turn after the other, each recorded as it was seen. It knows nothing but what it was told over HTTP.

import {setTimeout as sleep} from 'node:timers/promises';
import {finishOf} from '../../support/api_client.mjs';
import {newId} from '../../e2e/world.mjs';
import {expectedText} from './random.mjs';

export const models = ['soak-openai', 'soak-anthropic'];

export class Client {
  #session;
  #open; // a turn that was posted, and whose end was not seen

  constructor(number, api, random, records) {
    Object.assign(this, {number, api, random, records});
  }

  /** One turn. `life.killed` tells whether a broken stream is what we wanted, `life.mayRefuse` whether 503 is. */
  async turn(life) {
    try {
      const repeats = this.#open && (!this.#open.acknowledged || this.random.chance(0.3));
      if (!repeats && (!this.#session || this.random.chance(0.2))) await this.#newSession();
      // A turn of which nothing was heard is posted again, with the same id, as a client that wants no turn twice does; and some
      // of those that broke off.
      const turn = repeats ? this.#open : this.#newTurn();
      this.#open = turn;
      turn.life = life.number;
      turn.settled = false;
      const run = await this.api.send(turn.session, {content: turn.content, id: turn.user});
      turn.acknowledged = true;
      turn.ids = run.ids;
      await this.#read(turn, run);
      this.#open = undefined;
    } catch (error) {
      // Nothing of the turn was begun, and it is posted again.
      if (life.mayRefuse && error.actual === 503) {
        life.refused++;
        return void (await sleep(this.random.between(300, 1000)));
      }
      // Fetch and the line reader tell a broken connection in many ways; all are alike to us once the server was killed.
      if (!life.killed) this.records.problems.push({kind: 'broken without a kill', what: `${error.stack ?? error} ${error.cause ?? ''}`});
      throw error;
    }
  }

  async #newSession() {
    const chosen = this.random.chance(0.5) ? models : [models[this.random.between(0, 1)]];
    const id = await this.api.session(chosen);
    this.#session = {id, models: chosen};
    this.records.sessions.push(id);
  }

  #newTurn() {
    const user = newId();
    const content = `Question ${user} of client ${this.number}`;
    const expected = Object.fromEntries(this.#session.models.map((model, i) => ['ab'[i], expectedText(content, model)]));
    const turn = {session: this.#session.id, user, content, expected, acknowledged: false, settled: false, ids: null, seen: {}, killedAt: null};
    this.records.turns.push(turn);
    return turn;
  }

  /** What came of a turn; also of one that began in an earlier life, whose answers then come after a restart event. */
  async #read(turn, run) {
    turn.seen = Object.fromEntries(Object.keys(turn.expected).map((seat) => [seat, {text: '', finish: null, pieces: []}]));
    for (let line; (line = await run.next()); ) {
      const seen = turn.seen[line.participant];
      if (line.kind === '2' && line.value[0].type === 'restart') Object.assign(seen, {text: '', pieces: []});
      if (line.kind === '0') {
        seen.text += line.value.content;
        seen.pieces.push({at: Date.now(), length: seen.text.length});
      }
      if (line.kind === 'd') seen.finish = line.value;
    }
    for (const seat of Object.keys(turn.seen)) {
      finishOf(run.lines, seat);
      const {finish, text} = turn.seen[seat];
      if (finish.finishReason === 'stop' ? text !== turn.expected[seat] : finish.finishReason !== 'interrupted')
        this.records.problems.push({kind: 'wrong stream', what: `${turn.user} ${seat}: ${JSON.stringify(finish)}`});
    }
  }
}
