// Did /ready/ tell the truth? A function of plain data: no server, no clock.
//
// probes:  [{at, took, status}]: asked at that ms, answered after `took`; status 0: no connection
// outages: [{from, to, certain}]: the store couldn't be written to in that time; if not `certain`, perhaps not
// dead:    [{from, to}]: there was no server to ask

/** How soon an outage must be told, and how soon its end. Somewhat more than is promised (2 s and 3 s): the machine is busy. */
export const toldWithin = 2500;
export const takenBackWithin = 3500;

/** {problems: [{kind, what}], slowestOut, slowestBack}: the times in ms until an outage, or its end, was first told. */
export function judge(probes, outages, dead) {
  const problems = [];
  const during = (time, spans, before = 0, after = 0) => spans.some(({from, to}) => time >= from - before && time <= to + after);
  for (const probe of probes) {
    const end = probe.at + probe.took;
    if (during(probe.at, dead) || during(end, dead)) continue;
    if (probe.status === 0) {
      problems.push({kind: 'no answer', what: `${probe.at}, after ${probe.took} ms`});
      continue;
    }
    const outage = outages.find(({from, to, certain}) => certain && probe.at >= from + toldWithin && end <= to);
    if (outage && probe.status !== 503) problems.push({kind: 'ready while the store was away', what: `${probe.at - outage.from} ms after it had gone`});
    const near = during(probe.at, outages, probe.took, takenBackWithin) || during(probe.at, dead, 0, takenBackWithin);
    if (!near && probe.status !== 200) problems.push({kind: 'not ready while the store was there', what: `${probe.at}: ${probe.status}`});
  }
  const slowest = (times) => Math.round(Math.max(0, ...times.filter((time) => time !== undefined)));
  const firstAfter = (begin, end, status) => {
    if (dead.some(({from, to}) => from < end && to + takenBackWithin > begin)) return undefined; // it had other worries
    const found = probes.find(({at, took, status: told}) => at >= begin && at + took <= end && told === status);
    return found && found.at + found.took - begin;
  };
  return {
    problems,
    slowestOut: slowest(outages.filter(({certain}) => certain).map(({from, to}) => firstAfter(from, to, 503))),
    slowestBack: slowest(outages.map(({to}) => firstAfter(to, to + takenBackWithin, 200))),
  };
}

/** The names of what it judges wrongly; empty if it is to be trusted. */
export function selfTest() {
  const outages = [{from: 10_000, to: 16_000, certain: true}, {from: 30_000, to: 31_000, certain: false}];
  const dead = [{from: 40_000, to: 42_000}];
  const sound = () => {
    const probes = [];
    for (let at = 0; at < 50_000; at += 100) {
      const away = at >= 11_500 && at < 17_000;
      probes.push({at, took: 5, status: during(at, 40_000, 42_000) ? 0 : away ? 503 : 200});
    }
    return probes;
  };
  const during = (at, from, to) => at >= from && at <= to;
  const set = (probes, from, to, status) => probes.forEach((probe) => during(probe.at, from, to) && (probe.status = status));
  const cases = {
    'all is well': [null, () => {}],
    'an outage that is told a second late': ['ready while the store was away', (probes) => set(probes, 10_000, 13_500, 200)],
    'one moment of an outage': ['ready while the store was away', (probes) => set(probes, 14_000, 14_000, 200)],
    'a return that is told late': ['not ready while the store was there', (probes) => set(probes, 16_000, 19_800, 503)],
    'a false alarm': ['not ready while the store was there', (probes) => set(probes, 25_000, 25_000, 503)],
    'a server that does not answer': ['no answer', (probes) => set(probes, 25_000, 25_000, 0)],
    'an outage that is none': [null, (probes) => set(probes, 30_000, 31_500, 503)],
    'a start that takes its time': [null, (probes) => set(probes, 42_000, 43_000, 503)],
  };
  const entries = Object.entries(cases).map(([name, [kind, plant]]) => {
    const probes = sound();
    plant(probes);
    const {problems} = judge(probes, outages, dead);
    return {name, right: kind ? problems.some((problem) => problem.kind === kind) : problems.length === 0};
  });
  return {count: entries.length, wrong: entries.filter(({right}) => !right).map(({name}) => name)};
}
