// Where the plot of the leaderboard begins and ends, and the lines across it.

export interface Rated {
  rating: number;
  low: number;
  high: number;
}

export interface Scale {
  from: number;
  to: number;
  /** Round numbers between them. */
  ticks: number[];
}

const steps = [5, 10, 20, 25, 50, 100, 200, 250, 500, 1000];

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;

/**
 * All ratings are on it, and most intervals as a whole: a model with three votes may lie anywhere, and would leave the others,
 * which one wants to compare, no room.
 */
export function scaleOf(list: readonly Rated[]): Scale {
  const ratings = list.map((each) => each.rating);
  const least = Math.min(...ratings);
  const most = Math.max(...ratings);
  const room = Math.max((most - least) / 2, 0.75 * median(list.map((each) => each.high - each.low)), 50);
  const from = Math.max(Math.min(...list.map((each) => each.low)), least - room);
  const to = Math.min(Math.max(...list.map((each) => each.high)), most + room);
  const step = steps.find((each) => (to - from) / each <= 6) ?? steps.at(-1)!;
  const ticks = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(tick);
  return {from, to, ticks};
}

/** How far along the scale, in percent; what is beyond its ends is at them. */
export const placeOn = ({from, to}: Scale, rating: number) => Math.min(Math.max((rating - from) / (to - from), 0), 1) * 100;
