// What `judge` must tell: series with a planted fault, and honest ones.

import {judge} from './flat.mjs';

const turns = (count) => Array.from({length: count / 1000}, (_, i) => (i + 1) * 1000);
const series = (count, rss) => turns(count).map((at) => ({turns: at, rss: rss(at)}));
// Unrest as an allocator has it: up to 3 %, always the same.
const unrest = (at) => ((at * 7919) % 1000) / 1000 * 0.03;
const filling = (at) => 60e6 * (1 - Math.exp(-at / 8000));

const cases = [
  ['flat', true, series(1_000_000, () => 60e6)],
  ['flat, after it was filled', true, series(1_000_000, (at) => 20e6 + filling(at))],
  ['flat with unrest', true, series(1_000_000, (at) => 60e6 * (1 + unrest(at)))],
  ['short, flat with unrest', true, series(30_000, (at) => 60e6 * (1 + unrest(at)))],
  ['a leak of 8 bytes a turn', false, series(1_000_000, (at) => 60e6 + 8 * at)],
  ['a leak behind unrest', false, series(1_000_000, (at) => 60e6 * (1 + unrest(at)) + 8 * at)],
  ['a leak in a short run', false, series(30_000, (at) => 60e6 + 400 * at)],
  ['a step late', false, series(1_000_000, (at) => (at > 800_000 ? 75e6 : 60e6))],
  ['one peak', false, series(1_000_000, (at) => (at === 700_000 ? 80e6 : 60e6))],
  ['growth that ends', false, series(1_000_000, (at) => 60e6 + Math.min(at, 300_000) * 40)],
  ['no samples', false, []],
];

/** {count, wrong}: how many cases, and the names of those that were judged wrongly. */
export function selfTest() {
  const wrong = cases.filter(([, flat, samples]) => (judge(samples).length === 0) !== flat).map(([name]) => name);
  return {count: cases.length, wrong};
}
