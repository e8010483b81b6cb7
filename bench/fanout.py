"""One session, many WebSockets: what an event costs for each of them, how late it comes, what an idle one takes, and what
those that stop reading do to the others."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace

import fanout_report
import measure
from runs import LoadFailed, own_seconds
from servers import BUILD, Process, placed, start_upstream

# Before a server's memory is looked at: what connecting left to do is done by then.
SETTLE_S = 2

# Enough for a JIT to have compiled what matters.
WARM_UP_ANSWERS = 4


# In step, none waits for what an answer's end and the next one's begin have to tell: five events at once.
BETWEEN_ANSWERS_S = 0.5


@dataclass(frozen=True)
class Fanout:
    name: str
    title: str
    subscribers: int
    # Of each answer, a second; 0 is as fast as they are taken.
    rate: int
    chunks: int
    answers: int = 20
    # More of these, which stop reading when all are connected. Then each server is measured without them, too.
    stalled: int = 0
    turns: int = 2

    @property
    def model(self):
        return f"bench-{self.chunks}-{round(1e6 / self.rate) if self.rate else 0}"


WARM_UP = Fanout("warm-up", "", subscribers=100, rate=0, chunks=200, answers=WARM_UP_ANSWERS)

SCENARIOS = (
    Fanout("fanout-10000", "10,000 subscribers, 20 answers of 10 events, 5 events/s", 10000, rate=5, chunks=10),
    Fanout("fanout-flat", "10,000 subscribers, 20 answers of 20 events, as fast as they are taken", 10000, rate=0, chunks=20),
    Fanout("fanout-stalled", "1,000 subscribers beside 1,000 that stopped reading, 20 answers of 50 events, 50 events/s", 1000,
           rate=50, chunks=50, stalled=1000),
)


def chosen(only, subscribers, seconds):
    """The scenarios to run, in the table's order; smaller if so wished."""
    for scenario in SCENARIOS:
        if only and scenario.name not in only:
            continue
        if subscribers:
            scenario = replace(scenario, subscribers=subscribers, stalled=subscribers if scenario.stalled else 0)
        if seconds and scenario.rate:
            scenario = replace(scenario, chunks=max(2, seconds * scenario.rate // scenario.answers))
        yield scenario


def subscribers(port, path, greeted, scenario, timeout_s):
    command = [BUILD / "bench" / "ws_loadgen", "--port", port, "--path", path, "--subscribers", scenario.subscribers,
               "--stalled", scenario.stalled, "--answers", scenario.answers, "--greeted", "yes" if greeted else "no",
               "--timeout-s", timeout_s]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                            start_new_session=True, preexec_fn=placed("load", Process.first))


def line_of(clients, name):
    line = clients.stdout.readline()
    if not line:
        raise LoadFailed(f"the subscribers ended with {clients.wait()}")
    return json.loads(line)[name]


class Costs:
    """Processor seconds since it was made: the server's, all the machine's, and the bench's own."""

    def __init__(self, server, others):
        self._server, self._others = server, others
        self._begin = self._now()

    def _now(self):
        return {"cpu_s": measure.cpu_seconds(self._server), "machine_cpu_s": measure.machine_seconds(),
                "bench_cpu_s": measure.cpu_seconds(self._others) + own_seconds(), "wall_s": time.monotonic()}

    def so_far(self):
        return {key: value - self._begin[key] for key, value in self._now().items()}


def put(server, process, upstream, scenario, model):
    """One load, from the first connection to the last answer."""
    pids = measure.tree(process.pid)
    # As many seconds again, and some for each connection and answer: who needs more than that has failed.
    timeout_s = 60 + scenario.subscribers / 200 + scenario.answers * (1 + 4 * scenario.chunks / (scenario.rate or 20))
    publisher = server.publisher(process.port, model)
    before = measure.memory_kib(pids)
    with subscribers(process.port, publisher.path, server.greeted, scenario, round(timeout_s)) as clients:
        try:
            ready = line_of(clients, "ready")
            if ready < scenario.subscribers + scenario.stalled:
                raise LoadFailed(f"only {ready} of {scenario.subscribers + scenario.stalled} could subscribe")
            time.sleep(SETTLE_S)
            idle = measure.memory_kib(pids)
            costs = Costs(pids, [clients.pid, upstream.pid])
            with measure.Peak(pids) as peak:
                for _ in range(scenario.answers):
                    publisher.publish(scenario.chunks, scenario.rate)
                    if scenario.rate:
                        time.sleep(BETWEEN_ANSWERS_S)
                result = line_of(clients, "readers")
                result.update(costs.so_far())
            if scenario.stalled:
                result["stalled"] = line_of(clients, "stalled")
        except BaseException:
            clients.kill()
            raise
    # At the peak's last look the run was still on.
    highest = {kind: max(value, peak.memory[kind]) for kind, value in measure.memory_kib(pids).items()}
    result["memory_kib"] = {"before": before, "idle": idle, "peak": highest}
    return result


def run(server, scenario, directory):
    """The record of one run."""
    with start_upstream(directory) as upstream:
        models = {"warm-up": WARM_UP.model, "first": scenario.model}
        with server.start(directory, upstream.port, models) as process:
            warm = put(server, process, upstream, WARM_UP, "warm-up")
            time.sleep(0.5)
            record = put(server, process, upstream, scenario, "first")
    record["failed"] += warm["failed"]
    for why, count in warm["reasons"].items():
        record["reasons"][f"{why} (warm-up)"] = count
    deliveries, seconds = record["deliveries"], record["seconds"]
    memory, all_connected = record["memory_kib"], scenario.subscribers + scenario.stalled
    record["others_cores"] = max(0.0, record["machine_cpu_s"] - record["cpu_s"] - record["bench_cpu_s"]) / record["wall_s"]
    record["deliveries_per_second"] = deliveries / seconds if seconds else None
    record["frames_per_second"] = record["frames"] / seconds if seconds else None
    record["cpu_s_per_million"] = record["cpu_s"] / deliveries * 1e6 if deliveries else None
    record["kib_per_idle"] = (memory["idle"]["own"] - memory["before"]["own"]) / all_connected
    record["mib_more_at_peak"] = (memory["peak"]["own"] - memory["idle"]["own"]) / 1024
    return record


def measured(server, scenario, directory):
    """A record, whatever happens."""
    with tempfile.TemporaryDirectory(prefix=f"{server.name}-", dir=directory) as own:
        try:
            return run(server, scenario, pathlib.Path(own))
        except (LoadFailed, RuntimeError, OSError) as problem:
            return {"failed": scenario.subscribers, "reasons": {str(problem): scenario.subscribers}}


def measure_all(scenario, servers, turns, directory):
    """Records by server's name; with stalled subscribers, also those without, named so."""
    runs = {}
    parts = [scenario] if not scenario.stalled else [replace(scenario, stalled=0), scenario]
    for turn in range(turns or scenario.turns):
        for server in servers.values():
            for part in parts:
                name = server.name if part is scenario else server.name + fanout_report.NONE_STALLED
                print(f"{scenario.name}: turn {turn + 1}, {name}", file=sys.stderr, flush=True)
                record = measured(server, part, directory)
                if record["failed"]:
                    print(f"  {record['failed']} failed: {record['reasons']}", file=sys.stderr)
                runs.setdefault(name, []).append(record)
    return runs


def bench(options, servers, directory, limit):
    """All that is chosen, told as it comes. How many subscribers failed."""
    failed = 0
    results, records = [], {}
    for scenario in chosen(options.only, options.subscribers, options.seconds):
        if scenario.subscribers + scenario.stalled + 100 > limit:
            print(f"{scenario.name}: not with a limit of {limit} open files a process", file=sys.stderr)
            continue
        runs = measure_all(scenario, servers, options.turns, directory)
        rows = fanout_report.rows_of(runs)
        print("\n" + fanout_report.table(scenario, rows), flush=True)
        results.append({"scenario": scenario.name, "title": scenario.title, "rows": rows})
        records[scenario.name] = runs
        failed += sum(row["failed"] for row in rows)
    print(fanout_report.LEGEND)
    (directory / "fanout.json").write_text(json.dumps({"scenarios": results, "runs": records}, indent=1))
    return failed
