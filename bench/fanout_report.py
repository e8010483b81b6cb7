"""From records of runs to the tables: medians over a scenario's turns, and each server beside uWebSockets."""

from report import aligned, middle, ratio, shown, spread, values

# Names a server's runs without those that stop reading, beside the ones with them.
NONE_STALLED = ", none stalled"

FIGURES = ("deliveries_per_second", "frames_per_second", "cpu_s_per_million", "kib_per_idle", "mib_more_at_peak", "others_cores")


def fates(records):
    """What became of those that had stopped reading: 'all answers' or why not → how many."""
    total = {}
    for stalled in values(records, "stalled"):
        for fate, count in [("all answers", stalled["finished"]), *stalled["reasons"].items()]:
            if count:
                total[fate] = total.get(fate, 0) + count
    return total


def rows_of(runs):
    """A row of figures for each name, in the order in which they were measured."""
    rows = []
    for name, records in runs.items():
        row = {"server": name, "turns": len(records), "failed": sum(values(records, "failed")), "fates": fates(records)}
        for key in FIGURES:
            row[key] = middle(records, key)
        for quantile in ("p50", "p99"):
            row[quantile] = middle(records, "latency_ms", quantile)
        row["cpu_spread_percent"] = spread(records, "cpu_s_per_million")
        rows.append(row)
    by_name = {row["server"]: row for row in rows}
    for row in rows:
        uws = "uws" + (NONE_STALLED if row["server"].endswith(NONE_STALLED) else "")
        row["cpu_ratio"] = ratio(row["cpu_s_per_million"], by_name.get(uws, {}).get("cpu_s_per_million"))
        row["p99_ratio"] = ratio(row["p99"], by_name.get(row["server"] + NONE_STALLED, {}).get("p99"))
    return rows


COLUMNS = ("server", "deliveries/s", "frames/s", "CPU s/M", "± %", "× uws", "latency p50 / p99, ms", "KiB idle", "MiB more",
           "failed", "others")


def cells(row):
    return (row["server"], shown(row["deliveries_per_second"], 0), shown(row["frames_per_second"], 0),
            shown(row["cpu_s_per_million"]), shown(row["cpu_spread_percent"], 0), shown(row["cpu_ratio"]),
            f"{shown(row['p50'])} / {shown(row['p99'])}", shown(row["kib_per_idle"], 1), shown(row["mib_more_at_peak"], 1),
            str(row["failed"]), shown(row["others_cores"]))


def table(scenario, rows):
    text = f"{scenario.name}: {scenario.title}\n\n" + aligned([COLUMNS, *map(cells, rows)])
    for row in rows:
        if row["fates"]:
            told = ", ".join(f"{count} {fate}" for fate, count in row["fates"].items())
            text += (f"{row['server']}: p99 of those that read {shown(row['p99_ratio'])} × that with none stalled;"
                     f" the stalled ones, reading on: {told}\n")
    return text


LEGEND = """\
deliveries/s  events that reached a subscriber, all subscribers together; frames/s is less where neighbouring ones were merged
CPU s/M       the server's processor seconds (all processes and threads) for a million deliveries; ± % is the spread over the turns
latency       from an event's publishing to its receipt
KiB idle      memory of the server's own (no pages of files) with all subscribers connected, less that without, by subscribers
MiB more      the same at the peak of the load, less that with all connected
others        processor cores that were busy with anything else meanwhile: above 0.1 the figures are disturbed
"""
