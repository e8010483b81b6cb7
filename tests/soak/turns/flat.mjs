// Is a series of memory samples flat? A function of plain data.

/** Turns after which nothing may grow any more; of a shorter run it is its first half. */
export const warmUp = 50_000;

/** How much more the fitted line may have at the end than at its begin, and any sample than that begin. */
export const mayRise = 0.05;
export const mayPeak = 0.1;

/** The least squares line through the samples: its value at their first and at their last turn. */
export function fit(samples) {
  const mean = (pick) => samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const turns = mean((sample) => sample.turns);
  const rss = mean((sample) => sample.rss);
  const slope = mean((s) => (s.turns - turns) * (s.rss - rss)) / mean((s) => (s.turns - turns) ** 2);
  const at = (where) => rss + slope * (where - turns);
  return {first: at(samples[0].turns), last: at(samples.at(-1).turns)};
}

/** `samples`: [{turns, rss}], rising in turns. Returns what is not flat about them; empty if all is well. */
export function judge(samples) {
  const from = Math.min(warmUp, (samples.at(-1)?.turns ?? 0) / 2);
  const late = samples.filter(({turns}) => turns >= from);
  if (late.length < 5) return [`only ${late.length} samples after ${from} turns`];
  const {first, last} = fit(late);
  const most = Math.max(...late.map(({rss}) => rss));
  const wrong = [];
  const percent = (more) => `${(more * 100).toFixed(1)} %`;
  if (last > first * (1 + mayRise)) wrong.push(`it rises by ${percent(last / first - 1)} (at most ${percent(mayRise)})`);
  if (most > first * (1 + mayPeak)) wrong.push(`its peak is ${percent(most / first - 1)} above its begin (at most ${percent(mayPeak)})`);
  return wrong;
}
