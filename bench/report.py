"""From records of runs to the table: medians over a scenario's turns, and each server beside nginx and beside none."""

from statistics import median


def values(records, *path):
    """A figure of each of the records; those that lack it are left out."""
    found = []
    for record in records:
        for key in path:
            record = record.get(key) if record is not None else None
        if record is not None:
            found.append(record)
    return found


def middle(records, *path):
    found = values(records, *path)
    return median(found) if found else None


def spread(records, *path):
    """(max - min) / median, in percent; None of fewer than two."""
    found = values(records, *path)
    return 100 * (max(found) - min(found)) / median(found) if len(found) > 1 and median(found) else None


def summary(scenario, runs):
    """A row for each server, in the order in which they were measured. `runs`: server's name → records."""
    direct = runs.get("direct", [])
    nginx = runs.get("nginx", [])
    rows = []
    for name, records in runs.items():
        row = {"server": name, "turns": len(records), "failed": sum(values(records, "failed"))}
        for key in ("chunks_per_second", "cpu_s_per_million", "running_cpu_s_per_million", "stretch", "others_cores"):
            row[key] = middle(records, key)
        row["cpu_spread_percent"] = spread(records, "cpu_s_per_million")
        row["kib_per_stream"] = middle(records, "kib_per_stream", "pss")
        row["cpu_ratio"] = ratio(row["cpu_s_per_million"], middle(nginx, "cpu_s_per_million"))
        row["running_cpu_ratio"] = ratio(row["running_cpu_s_per_million"], middle(nginx, "running_cpu_s_per_million"))
        row["rate_ratio"] = ratio(row["chunks_per_second"], middle(nginx, "chunks_per_second"))
        for kind in ("latency_ms", "first_ms"):
            for quantile in ("p50", "p99", "p999"):
                whole = middle(records, kind, quantile)
                alone = middle(direct, kind, quantile)
                row[f"{kind}_{quantile}"] = whole
                added = whole - alone if name != "direct" and whole is not None and alone is not None else None
                row[f"{kind}_{quantile}_added"] = added
        for kind in ("latency_ms", "first_ms"):
            row[f"{kind}_p99_ratio"] = ratio(row[f"{kind}_p99"], middle(nginx, kind, "p99"))
        rows.append(row)
    return {"scenario": scenario.name, "title": scenario.title, "latency": scenario.latency,
            "offered": scenario.load.offered, "rows": rows}


def ratio(value, to):
    return value / to if value is not None and to else None


def shown(value, digits=2):
    return "–" if value is None else f"{value:,.{digits}f}"


def three(row, kind):
    """p50 / p99 / p99.9: what the server adds, or of `direct` all there is."""
    suffix = "" if row["server"] == "direct" else "_added"
    return " / ".join(shown(row[f"{kind}_{quantile}{suffix}"]) for quantile in ("p50", "p99", "p999"))


COLUMNS = ("server", "chunks/s", "× nginx", "late", "CPU s/M", "± %", "× nginx", "running", "× nginx", "latency added, ms",
           "first token added, ms", "× nginx", "KiB/stream", "failed", "others")


def cells(row, with_latency):
    times = (three(row, "latency_ms"), three(row, "first_ms"), shown(row["first_ms_p99_ratio"])) if with_latency else ("–",) * 3
    return (row["server"], shown(row["chunks_per_second"], 0), shown(row["rate_ratio"]), shown(row["stretch"]),
            shown(row["cpu_s_per_million"]), shown(row["cpu_spread_percent"], 0), shown(row["cpu_ratio"]),
            shown(row["running_cpu_s_per_million"]), shown(row["running_cpu_ratio"]), *times, shown(row["kib_per_stream"], 1),
            str(row["failed"]), shown(row["others_cores"]))


def aligned(lines):
    """Text with aligned columns, the first line their names; also a Markdown table."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = []
    for number, line in enumerate(lines):
        padded = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        text.append(f"| {' | '.join(padded)} |")
        if number == 0:
            text.append("|" + "|".join("-" * (width + 2) if i == 0 else "-" * (width + 1) + ":" for i, width in enumerate(widths)) + "|")
    return "\n".join(text) + "\n"


def table(result):
    offered = f" ({result['offered']:,} chunks/s offered)" if result["offered"] else ""
    lines = [COLUMNS, *(cells(row, result["latency"]) for row in result["rows"])]
    return f"{result['scenario']}: {result['title']}{offered}\n\n" + aligned(lines)


LEGEND = """\
late        how long it took, in times of how long the upstream meant to take: 1.00 is in step
CPU s/M     the server's processor seconds (all processes and threads) for a million chunks; ± % is the spread over the turns
running     the same for the chunks between the last stream's first and the first stream's last: without begin and end
added       p50 / p99 / p99.9 less those without a server; of `direct` the whole. A chunk's way from the upstream's write to
            the client's read; from the request to the first chunk. Its × nginx is the whole p99, what is there without a
            server included: who arrives together waits for all who came before
KiB/stream  proportional set size at the peak less that of the idle server, by streams (a compare stream has two answers)
others      processor cores that were busy with anything else meanwhile: above 0.1 the figures are disturbed
"""
