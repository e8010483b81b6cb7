// Random numbers that a seed repeats (mulberry32), and answers that follow from a text, so that whoever knows the question knows
// the answer byte for byte.

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability) {
    return this.next() < probability;
  }
}

/** FNV-1a. */
function hash(text) {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}

const words = ['time', 'Zeit', '時間', 'river', 'Straße', 'über', '👋🏽', '"quoted"', 'back\\slash', 'line\nbreak', 'tab\t', 'é', 'x'];

/** How the upstream answers that question asked of that model. */
export function answerTo(question, model) {
  const random = new Random(hash(`${model}\u0000${question}`));
  const reply = Array.from({length: random.between(3, 60)}, (_, i) => `${i}:${words[random.between(0, words.length - 1)]} `);
  // Some answers are long enough to be checkpointed by their bytes.
  if (random.chance(0.1)) reply[1] += 'long '.repeat(random.between(500, 4000));
  return {reply, pace: random.between(5, 60), beforeFirst: random.between(0, 200)};
}

export function expectedText(question, model) {
  return answerTo(question, model).reply.join('');
}
