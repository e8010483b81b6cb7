"""The table of what is measured. A run is one server under one load; a scenario's servers take turns, A B A B."""

from dataclasses import dataclass, replace

from load import Load

FAST = ("direct", "nginx", "parley")
SLOW = ("portkey", "ai-sdk", "python")


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    load: Load
    # Each measured in each turn.
    servers: tuple = FAST
    # Measured in the first turn only, unless all is (--full): they take several times as long, and their lag is no close call.
    once: tuple = ()
    turns: int = 2
    # In the ten-minute selection.
    default: bool = True
    # Latency says something: not where the server sends as fast as it is read.
    latency: bool = True


SCENARIOS = (
    Scenario("paced-1000", "1,000 streams, 20 chunks/s each", Load(1000, ramp_ms=4000), once=SLOW, turns=3),
    Scenario("flat-100", "100 streams, flat out", Load(100, rate=0), once=SLOW, latency=False),
    Scenario("burst-1000", "1,000 clients connect and ask in the same instant, then 10 chunks/s",
             Load(1000, rate=10, seconds=3, ramp_ms=0, late=True), turns=3),
    Scenario("observed-1000", "1,000 streams, 20 chunks/s each; at Parley's 100 of them are also watched by WebSocket",
             Load(1000, seconds=6, ramp_ms=4000, observers=100), turns=1),
    Scenario("paced-100", "100 streams, 20 chunks/s each", Load(100, seconds=8), once=SLOW, turns=1),
    Scenario("compare-1000", "1,000 compare streams of 2 answers, 10 chunks/s each answer",
             Load(1000, rate=10, answers=2), once=("python",)),
    Scenario("anthropic-1000", "1,000 streams in Anthropic's format, 20 chunks/s each", Load(1000, format="anthropic"), turns=1),
    # So little text that KiB/stream is what a stream itself takes.
    Scenario("held-1000", "1,000 streams, a chunk a second: what a stream itself takes",
             Load(1000, rate=1, seconds=8, ramp_ms=3000), servers=("nginx", "parley"), turns=1, latency=False),
    Scenario("observed-compare-1000", "1,000 compare streams of 2 answers, 10 chunks/s each answer; 100 also watched by WebSocket",
             Load(1000, rate=10, answers=2, ramp_ms=2000, observers=100), default=False),
    Scenario("paced-9000", "9,000 streams, 5 chunks/s each", Load(9000, rate=5, ramp_ms=4000), turns=1),
    Scenario("paced-5000", "5,000 streams, 5 chunks/s each", Load(5000, rate=5, ramp_ms=3000), default=False),
    Scenario("flat-1000", "1,000 streams, flat out", Load(1000, rate=0, flat_rate=300), once=SLOW, latency=False, default=False),
    Scenario("flat-5000", "5,000 streams, flat out", Load(5000, rate=0, flat_rate=60), latency=False, default=False),
    Scenario("flat-9000", "9,000 streams, flat out", Load(9000, rate=0, flat_rate=35), latency=False, default=False),
    Scenario("compare-100", "100 compare streams of 2 answers, 10 chunks/s each answer",
             Load(100, rate=10, answers=2), once=("python",), default=False),
    Scenario("compare-5000", "5,000 compare streams of 2 answers, 5 chunks/s each answer",
             Load(5000, rate=5, answers=2, ramp_ms=4000), default=False),
    Scenario("compare-6000", "6,000 compare streams of 2 answers, 5 chunks/s each answer",
             Load(6000, rate=5, answers=2, ramp_ms=4000), default=False),
    Scenario("compare-flat-100", "100 compare streams of 2 answers, flat out",
             Load(100, rate=0, flat_rate=1500, answers=2), once=("python",), latency=False, default=False),
    Scenario("compare-flat-1000", "1,000 compare streams of 2 answers, flat out",
             Load(1000, rate=0, flat_rate=150, answers=2), once=("python",), latency=False, default=False),
    Scenario("compare-flat-6000", "6,000 compare streams of 2 answers, flat out",
             Load(6000, rate=0, flat_rate=25, answers=2), latency=False, default=False),
)


def chosen(only, full, seconds, streams):
    """The scenarios to run, in the table's order."""
    result = []
    for scenario in SCENARIOS:
        if only and scenario.name not in only or not only and not full and not scenario.default:
            continue
        change = {key: value for key, value in (("seconds", seconds), ("streams", streams)) if value}
        scenario = replace(scenario, load=replace(scenario.load, **change))
        if full:
            scenario = replace(scenario, servers=scenario.servers + scenario.once, once=(), turns=max(2, scenario.turns))
        result.append(scenario)
    return result
