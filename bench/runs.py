"""One run: a server is started, warmed up, loaded and ended, and what it did and cost becomes a record."""

import json
import resource
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import measure
from load import warm_up
from servers import BUILD, Process, placed, start_upstream

# What the load generator says when all streams have begun, and when the first is over.
WHILE_ALL_RUN = ("all_run", "first_over")
# Of fewer chunks, processor time that is counted in hundredths of a second says little.
MIN_CHUNKS = 20000


class LoadFailed(Exception):
    pass


# What a run may end with. Threads that waited for one which failed end with a RuntimeError, too.
FAILURES = (LoadFailed, RuntimeError, OSError)


def generator(server, port, load, timeout_s):
    command = [BUILD / "bench" / "loadgen", "--port", port, "--ramp-ms", load.ramp_ms, "--timeout-s", timeout_s,
               "--connect", "late" if load.late else "before", *server.ask(load)]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                            start_new_session=True, preexec_fn=placed("load", Process.first))


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def put_load(server, port, load, processes, timeout_s):
    """Runs the load to its end. `processes` gives the server's, which may be none. Costs are counted from the moment that
    the first stream begins: sessions are made and connections are open by then (but of clients that connect late)."""
    pids = processes()
    before = {"memory": measure.memory_kib(pids), "files": measure.open_files(pids)}
    children = children_seconds()
    clients = generator(server, port, load, timeout_s)
    if not clients.stdout.readline():
        raise LoadFailed(f"the load generator ended with {clients.wait()}")
    pids = processes()
    cpu, machine, own, others = measure.cpu_seconds(pids), measure.machine_seconds(), own_seconds(), time.monotonic()
    result, steps = {}, {}
    with measure.Peak(pids) as peak:
        for line in clients.stdout:
            result = json.loads(line)
            for step in result.keys() & set(WHILE_ALL_RUN):
                steps[step] = (result[step], measure.cpu_seconds(pids))
    seconds = time.monotonic() - others
    clients.wait()
    if "chunks" not in result:
        raise LoadFailed(f"the load generator ended with {clients.returncode}")
    result["cpu_s"] = measure.cpu_seconds(pids) - cpu
    result["running"] = between(*(steps.get(step) for step in WHILE_ALL_RUN))
    result["clients_cpu_s"] = children_seconds() - children
    result["machine_cpu_s"] = measure.machine_seconds() - machine
    result["bench_cpu_s"] = own_seconds() - own
    result["wall_s"] = seconds
    result["memory_kib"] = {"before": before["memory"], "peak": peak.memory}
    result["files"] = {"before": before["files"], "peak": peak.files, "after": measure.open_files(pids)}
    return result


def between(begin, end):
    """Chunks and processor seconds while all streams ran; None where there was no such time."""
    if not begin or not end or end[0] - begin[0] < MIN_CHUNKS:
        return None
    return {"chunks": end[0] - begin[0], "cpu_s": end[1] - begin[1]}


def run(server, load, directory, begin=lambda: None):
    """The record of one run, with the figures that all tables are made of. `begin` is called when all is ready for the load."""
    # A server that is several times too slow shall still come to its end.
    timeout_s = 60 + 20 * load.seconds
    with start_upstream(directory) as upstream:
        process = server.start(directory, upstream.port, load)
        port = process.port if process else upstream.port
        processes = (lambda: measure.tree(process.pid)) if process else list
        try:
            warm = put_load(server, port, warm_up(load), processes, timeout_s)
            # What the warm-up left to do, such as closing connections and writing to disk, is not the load's.
            time.sleep(0.5)
            begin()
            upstream_cpu = measure.cpu_seconds([upstream.pid])
            record = put_load(server, port, load, processes, timeout_s)
            record["upstream_cpu_s"] = measure.cpu_seconds([upstream.pid]) - upstream_cpu
        finally:
            if process:
                process.end()
    record["failed"] += warm["failed"]
    for why, count in warm["reasons"].items():
        record["reasons"][f"{why} (warm-up)"] = count
    derive(record, load, bool(process))
    return record


def run_together(servers, load, directories):
    """The records of servers that are loaded at the same time, each with its upstream and its clients."""
    gate = threading.Barrier(len(servers), timeout=120)

    def one(server, directory):
        try:
            return run(server, load, directory, gate.wait)
        except FAILURES:
            gate.abort()  # nobody waits for who doesn't come
            raise

    with ThreadPoolExecutor(len(servers)) as pool:
        loaded = [pool.submit(one, server, directory) for server, directory in zip(servers, directories)]
    if problems := [each.exception() for each in loaded if each.exception()]:
        # Who waited in vain knows less than who failed.
        raise min(problems, key=lambda problem: isinstance(problem, threading.BrokenBarrierError))
    records = [each.result() for each in loaded]
    for record in records:
        record["others_cores"] = None  # they are each other's
    return records


def derive(record, load, is_server):
    known = record["cpu_s"] + record["clients_cpu_s"] + record["upstream_cpu_s"] + record["bench_cpu_s"]
    # Of the machine, by what has nothing to do with the run: compilers, say. Above a few percent the run is suspect.
    record["others_cores"] = max(0.0, record["machine_cpu_s"] - known) / max(record["wall_s"], 0.001)
    record["cpu_s_per_million"] = record["cpu_s"] / record["chunks"] * 1e6 if is_server and record["chunks"] else None
    running = record["running"]
    record["running_cpu_s_per_million"] = running["cpu_s"] / running["chunks"] * 1e6 if is_server and running else None
    memory = record["memory_kib"]
    record["kib_per_stream"] = {
        kind: (memory["peak"][kind] - memory["before"][kind]) / load.streams if is_server else None for kind in ("rss", "pss")}
    ideal = load.chunks / load.rate if load.rate else None
    # 1.0 is in step with the upstream; 3.0 took three times as long as it should have.
    record["stretch"] = record["seconds"] / (ideal + load.ramp_ms / 1000) if ideal and record["chunks"] else None
