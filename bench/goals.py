"""What Parley is meant to reach beside its peers, scenario by scenario, and whether it did. On two cores of its own, that is: a
machine that has other work to do shows its ratios, but no latency."""

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Goal:
    what: str
    # From the rows by server; None where a server that it takes wasn't measured.
    figure: Callable
    at_most: float | None = None
    at_least: float | None = None
    # Of the time that a server takes, which says nothing where others are loaded beside it.
    is_time: bool = False


def of_parley(key):
    return lambda rows: rows["parley"][key]


def over_nginx(key):
    """Parley's figure less nginx's."""
    return lambda rows: rows["parley"][key] - rows["nginx"][key]


def times_nginx(key):
    return lambda rows: rows["parley"][key] / max(rows["nginx"][key], 0.001)


def cheaper_than(server, called, times):
    """That server takes at least so many times the processor time of Parley for a chunk."""
    return Goal(f"CPU for a chunk, less than {called}",
                lambda rows: rows[server]["cpu_s_per_million"] / rows["parley"]["cpu_s_per_million"], at_least=times)


def cheaper_than_all(python, portkey, ai_sdk):
    return (cheaper_than("python", "the Python view", python), cheaper_than("portkey", "Portkey", portkey),
            cheaper_than("ai-sdk", "the AI SDK's server", ai_sdk))


IN_STEP = Goal("time taken, × what the upstream meant", of_parley("stretch"), at_most=1.05)
NONE_FAILED = Goal("streams failed", of_parley("failed"), at_most=0)

GOALS = {
    "paced-1000": (
        Goal("CPU for a chunk while all streams run, × nginx (the goal: 1.00)", of_parley("running_cpu_ratio"), at_most=1.25),
        Goal("the same with their begin and end, of 200 chunks each", of_parley("cpu_ratio"), at_most=1.25),
        Goal("latency added, p99, ms", of_parley("latency_ms_p99_added"), at_most=1, is_time=True),
        Goal("latency added, p99, × nginx", times_nginx("latency_ms_p99_added"), at_most=1.5, is_time=True),
        Goal("first token, p99, ms above nginx", over_nginx("first_ms_p99"), at_most=1, is_time=True),
        *cheaper_than_all(python=10, portkey=7, ai_sdk=20),
    ),
    "flat-100": (
        Goal("chunks a second, × nginx", of_parley("rate_ratio"), at_least=1),
        cheaper_than("python", "the Python view", 15),
    ),
    "flat-1000": cheaper_than_all(python=15, portkey=7, ai_sdk=20),
    "burst-1000": (Goal("first token, p99, × nginx", of_parley("first_ms_p99_ratio"), at_most=2, is_time=True), NONE_FAILED),
    "held-1000": (Goal("memory, KiB a stream", of_parley("kib_per_stream"), at_most=30),),
    "paced-9000": (NONE_FAILED, IN_STEP),
    "compare-6000": (NONE_FAILED, IN_STEP),
}


def judge(result):
    """A line for each goal of that scenario whose figure is there."""
    rows = {row["server"]: row for row in result["rows"]}
    lines = []
    for goal in GOALS.get(result["scenario"], ()):
        if goal.is_time and not result["latency"]:
            continue
        try:
            figure = goal.figure(rows)
        except (KeyError, TypeError):  # a server that isn't measured, a figure that isn't there
            continue
        if figure is None:
            continue
        met = figure <= goal.at_most if goal.at_most is not None else figure >= goal.at_least
        bound = f"at most {goal.at_most:g}" if goal.at_most is not None else f"at least {goal.at_least:g}"
        lines.append(f"{'met   ' if met else 'MISSED'} {goal.what}: {figure:.2f}, {bound}")
    return lines
