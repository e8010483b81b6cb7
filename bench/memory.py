"""Does a server give back what it took? Memory and files after 1,000 concurrent compare streams, and over 20,000 turns. And what
does a connection take that only waits for a next request?"""

import contextlib
import pathlib
import socket
import sys
import tempfile
import time

import measure
from load import Load, warm_up
from runs import put_load
from servers import start_upstream

NAME = "memory"

# What is kept on purpose for minutes, to be read again or attached to, is kept for seconds here, so that the check need not
# wait for it. Nothing else differs from what is shipped.
CONFIG = """
[limits]
session_idle = "3s"
replay_window = "1s"
"""

# How long after a load the kept things are surely gone; files that take longer are waited for, within a bound.
REST_S = 8
REST_AT_MOST_S = 90

ROUNDS = 3
TURNS_A_SAMPLE = 500
SAMPLES = 40

# What may stay after the first round: the allocator's caches and what it can't give back for fragments. A leak shows as
# growth from round to round, so the second bound is the strict one.
STAYS_MIB = 16
GROWTH_PERCENT = 5

# Kept-alive connections after a request each, and the first of them, which fill the server's pools.
IDLE_CONNECTIONS = 5000
FIRST_CONNECTIONS = 200
IDLE_CONNECTION_KIB = 12
REQUEST = b"GET /api/models/ HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"


def settle(pids, files):
    """Waits until what is kept is gone, and no more files are open than `files`."""
    time.sleep(REST_S)
    until = time.monotonic() + REST_AT_MOST_S - REST_S
    while measure.open_files(pids) > files and time.monotonic() < until:
        time.sleep(1)
    return {"rss_mib": measure.memory_kib(pids)["rss"] / 1024, "files": measure.open_files(pids)}


def put(server, process, load):
    record = put_load(server, process.port, load, lambda: measure.tree(process.pid), 60 + 20 * load.seconds)
    if record["failed"]:
        print(f"  {record['failed']} failed: {record['reasons']}", file=sys.stderr)
    return record


def verdict(name, passed, what):
    print(f"{'ok' if passed else 'FAILED':6} {name}: {what}", flush=True)
    return {"name": name, "passed": passed, "what": what}


def compare_streams(server, process, load):
    pids = measure.tree(process.pid)
    idle_files = measure.open_files(pids)
    failed = put(server, process, warm_up(load))["failed"]
    start = settle(pids, idle_files)
    series = [start]
    print(f"{load.streams:,} compare streams; at the start RSS {start['rss_mib']:.0f} MiB, {start['files']} files", flush=True)
    for number in range(ROUNDS):
        record = put(server, process, load)
        failed += record["failed"]
        after = settle(pids, start["files"])
        series.append(after)
        peak = record["memory_kib"]["peak"]["rss"] / 1024
        print(f"  round {number + 1}: at the peak {peak:.0f} MiB, {record['files']['peak']} files;"
              f" afterwards {after['rss_mib']:.0f} MiB, {after['files']} files", flush=True)
    first, last = series[1], series[-1]
    return [
        verdict("streams", failed == 0, f"{failed} of {ROUNDS * load.streams:,} compare streams failed"),
        verdict("files", last["files"] <= start["files"], f"{start['files']} before, {last['files']} after"),
        verdict("memory back", last["rss_mib"] <= start["rss_mib"] + STAYS_MIB,
                f"{start['rss_mib']:.1f} MiB before, {last['rss_mib']:.1f} after (at most {STAYS_MIB} MiB more)"),
        verdict("no growth by round", last["rss_mib"] <= first["rss_mib"] * (1 + GROWTH_PERCENT / 100),
                f"{first['rss_mib']:.1f} MiB after the first round, {last['rss_mib']:.1f} after the last"
                f" (at most {GROWTH_PERCENT} % more)"),
    ]


def many_turns(server, process, load):
    pids = measure.tree(process.pid)
    series, failed = [], 0
    for _ in range(SAMPLES):
        failed += put(server, process, load)["failed"]
        series.append(measure.memory_kib(pids)["rss"] / 1024)
    print(f"RSS in MiB after each {load.streams:,} turns: {' '.join(f'{value:.0f}' for value in series)}", flush=True)
    # The first quarter, ten seconds on a quick machine, fills what is kept for seconds; from then on as much is dropped as is added.
    early, late = max(series[SAMPLES // 4 - 1:SAMPLES // 2]), max(series[-SAMPLES // 4:])
    return [
        verdict("turns", failed == 0, f"{failed} of {SAMPLES * load.streams:,} turns failed"),
        verdict("flat", late <= early * (1 + GROWTH_PERCENT / 100),
                f"at most {early:.1f} MiB in the second quarter, {late:.1f} in the last (at most {GROWTH_PERCENT} % more)"),
    ]


def idle_connections(_, process, load):
    def connect(count):
        for _ in range(count):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", process.port), timeout=30))
            client.sendall(REQUEST)
            if b" 200 " not in client.recv(4096):
                raise RuntimeError("the server refused a connection")

    pids = measure.tree(process.pid)
    with contextlib.ExitStack() as opened:
        connect(FIRST_CONNECTIONS)
        before = measure.memory_kib(pids)["own"]
        connect(load.streams)
        each = (measure.memory_kib(pids)["own"] - before) / load.streams
    return [verdict("idle connections", each <= IDLE_CONNECTION_KIB,
                    f"{each:.1f} KiB for each of {load.streams:,} (at most {IDLE_CONNECTION_KIB})")]


def check(server, streams, directory):
    results = []
    for part, load in ((idle_connections, Load(IDLE_CONNECTIONS)),
                       (compare_streams, Load(streams or 1000, rate=10, seconds=8, answers=2)),
                       (many_turns, Load(TURNS_A_SAMPLE, rate=0, seconds=1, flat_rate=20, ramp_ms=500))):
        with tempfile.TemporaryDirectory(prefix="memory-", dir=directory) as own, start_upstream(pathlib.Path(own)) as upstream:
            with server.start(pathlib.Path(own), upstream.port, load) as process:
                results += part(server, process, load)
    return results
