"""Draws the figures of `others.py --json FILE`: python tests/bench/plot.py FILE PICTURE. Needs matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
mpl.rcParams["svg.hashsalt"] = "mux-sidecar"  # the same figures give the same file
mpl.rcParams["svg.fonttype"] = "none"

from matplotlib import pyplot as plt  # noqa: E402 - after the choice of what draws

COLOURS = {"nginx": "#7a8594", "bare": "#e0a030", "mux": "#2f6fdb"}
NAMES = {"nginx": "nginx", "bare": "bare pass-through", "mux": "mux-sidecar"}
LATENCIES = [
    f"latency, {size}, {count}" for count in ("1 connection", "8 connections") for size in ("2 KB", "100 KB", "1 MB")
]
PANELS = (
    ("Added to a plain request, 1 connection (ms)", LATENCIES[:3], ("2 KB", "100 KB", "1 MB")),
    ("Added to a plain request, 8 connections (ms)", LATENCIES[3:], ("2 KB", "100 KB", "1 MB")),
    (
        "Added to a stream (ms)",
        ["time to first token", "age of a chunk, 50 streams, p50", "age of a chunk, 50 streams, p99"],
        ("first token", "chunk, p50", "chunk, p99"),
    ),
    (
        "Memory (MB)",
        ["memory, idle", "memory during 50 streams", "memory, afterwards"],
        ("idle", "50 streams", "afterwards"),
    ),
)


def draw(told: dict[str, Any], picture: Path) -> None:
    """One panel for each group of figures, a bar for each target."""
    figures = {figure["name"]: figure for figure in told["figures"]}
    made, axes = plt.subplots(2, 2, figsize=(10, 6.4), layout="constrained")
    for axis, (title, names, labels) in zip(axes.flat, PANELS, strict=True):
        for shift, target in enumerate(COLOURS):
            values = [_value(figures[name], target) for name in names]
            places = [place + 0.27 * (shift - 1) for place in range(len(names))]
            bars = axis.bar(places, values, 0.25, color=COLOURS[target], label=NAMES[target])
            axis.bar_label(bars, fmt="%.3g", fontsize=7, padding=1)
        axis.set_xticks(range(len(names)), labels)
        axis.set_title(title, fontsize=10, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
        if "plain" in title:
            axis.set_yscale("symlog", linthresh=0.1)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    made.savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None, dpi=150)


def _value(figure: dict[str, Any], target: str) -> float:
    own = figure["values"].get("direct", 0.0) if figure["added"] else 0.0
    return max(0.0, figure["values"].get(target, own) - own)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
