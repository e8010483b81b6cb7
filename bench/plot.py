"""The plot: for each scenario its servers' CPU for a million chunks, and what they add to the latency's 99th percentile, as bars."""

from html import escape

WIDTH = 940
ROW = 20
LABEL = 90
PANEL = (WIDTH - LABEL) // 2 - 20
COLORS = {"parley": "#2563eb", "nginx": "#16a34a"}
OTHER = "#9ca3af"


def text(x, y, words, size=12, **attributes):
    more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}"{more}>{escape(words)}</text>'


def bars(rows, key, x, y, unit):
    """One panel: the longest bar is as long as the panel less its figure."""
    most = max((row[key] for row in rows if row[key] is not None), default=0)
    parts = []
    for row in rows:
        if row[key] is not None:
            length = max(1, (PANEL - 80) * max(row[key], 0) / most) if most > 0 else 1
            color = COLORS.get(row["server"], OTHER)
            parts.append(f'<rect x="{x}" y="{y + 4}" width="{length:.1f}" height="{ROW - 7}" fill="{color}"/>')
            parts.append(text(x + length + 5, y + 15, f"{row[key]:,.2f} {unit}", 11))
        y += ROW
    return parts


def svg(results):
    parts = []
    y = 50
    for result in results:
        rows = [row for row in result["rows"] if row["server"] != "direct"]
        parts.append(text(10, y + 12, result["title"], 13, font_weight="bold"))
        y += 20
        for number, row in enumerate(rows):
            parts.append(text(LABEL - 8, y + ROW * number + 15, row["server"], 12, text_anchor="end"))
        parts += bars(rows, "cpu_s_per_million", LABEL, y, "s")
        if result["latency"]:
            parts += bars(rows, "latency_ms_p99_added", LABEL + PANEL + 20, y, "ms")
        y += ROW * len(rows) + 16
    head = [text(LABEL, 30, "CPU seconds for a million chunks", 14), text(LABEL + PANEL + 20, 30, "added latency, p99", 14)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif">\n'
            f'<rect width="{WIDTH}" height="{y}" fill="white"/>\n' + "\n".join(head + parts) + "\n</svg>\n")
