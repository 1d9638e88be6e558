"""The figures of the paper, for print: greys and shapes carry what colours do, vectors, from the files of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from trimtab.ranker.study.measures import non_dominated
from trimtab.ranker.study.report import AXES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAPER = DOCS / "paper"
RESULTS = PAPER / "results"
WIDTH = 7.0
"""Inches of both columns."""
SETS = {"grocery": "Grocery", "icecat": "Icecat", "esci": "ESCI"}
SHOWN = {
    "scalarisation": ("black", "o"),
    "ensemble": ("#1f5fa8", "s"),
    "blend": ("#c0392b", "^"),
    "student_of_blend": ("#2e7d32", "x"),
}
SCALED = {
    "ensemble": ("#1f5fa8", "s", "three networks"),
    "heads": ("#7fa8d8", "v", "one network"),
    "slim_blend": ("#c0392b", "^", "one network and trees"),
    "boosted": ("#8a8a8a", "x", "trees"),
    "scalarisation": ("black", "o", "a model for each weighting"),
}
STYLE: Any = {
    "font.size": 7.5,
    "font.family": "serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 0.9,
    "svg.hashsalt": "trimtab",
    "svg.fonttype": "path",
}


def read_results() -> dict[str, Any]:
    """Name of a file of results -> what is in it."""
    return {path.stem: json.loads(path.read_text()) for path in RESULTS.glob("*.json")}


def draw(folder: Path) -> None:
    """Write every figure."""
    folder.mkdir(parents=True, exist_ok=True)
    read = read_results()
    with matplotlib.rc_context(STYLE):
        _save(_volumes(read["comparison"]), folder / "volumes.svg")
        _save(_fronts(read["comparison"]), folder / "fronts.svg")
        _save(_receipts(read["receipts"]), folder / "receipts.svg")
        _save(_scale(read["scale"]), folder / "scale.svg")


def _volumes(comparison: dict[str, Any]) -> Figure:
    """Hypervolume of every method as a percentage of the reference, with intervals over seeds."""
    figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    for number, (data, title) in enumerate(SETS.items(), 1):
        plot = figure.add_subplot(1, len(SETS), number)
        methods = sorted(comparison[data].items(), key=lambda one: float(one[1]["percent"]["value"]))
        for place, (_, found) in enumerate(methods):
            shown = found["percent"]
            colour = "black" if found["steerable"] else "#9a9a9a"
            plot.plot([shown["low"], shown["high"]], [place, place], color=colour)
            plot.plot([shown["value"]], [place], "o" if found["steerable"] else "D", color=colour, markersize=3)
        plot.set_yticks(range(len(methods)), [name.replace("_", " ") for name, _ in methods], fontsize=6)
        plot.axvline(100, color="#bbbbbb", linewidth=0.6, zorder=0)
        plot.set_title(title, fontsize=7.5)
        plot.set_xlabel("% of the reference")
    return figure


def _fronts(comparison: dict[str, Any]) -> Figure:
    """Relevance against revenue: the non-dominated points of the first seed."""
    figure = Figure(figsize=(WIDTH, 2.1), layout="constrained")
    for number, (data, title) in enumerate(SETS.items(), 1):
        plot = figure.add_subplot(1, len(SETS), number)
        for name, (colour, mark) in SHOWN.items():
            if name in comparison[data]:
                edge = non_dominated(np.array(comparison[data][name]["front"])[:, :2])
                edge = edge[np.argsort(edge[:, 0])]
                plot.plot(*edge.T, marker=mark, color=colour, markersize=2.5, label=name)
        plot.set_xlabel(f"{title}: {AXES[data][0]}")
        plot.set_ylabel(AXES[data][1])
        if number == 1:
            plot.legend(frameon=False, fontsize=6)
    return figure


def _receipts(receipts: dict[str, Any]) -> Figure:
    """Realised over promised by objective: as heads promise, and by receipt factors."""
    figure = Figure(figsize=(WIDTH / 2, 2.0), layout="constrained")
    plot = figure.add_subplot()
    rows = [(data, name, found) for data in SETS for name, found in receipts[data].items()]
    for place, (_, _, found) in enumerate(rows):
        for kind, shift, mark, colour in (("plain", 0.15, "o", "#9a9a9a"), ("calibrated", -0.15, "s", "black")):
            one = found[kind]
            plot.plot([one["low"], one["high"]], [place + shift] * 2, color=colour)
            label = {"plain": "heads alone", "calibrated": "with factors"}[kind] if place == 0 else None
            plot.plot([one["value"]], [place + shift], mark, color=colour, markersize=3, label=label)
    plot.set_yticks(range(len(rows)), [f"{SETS[data]}, {name.replace('_', ' ')}" for data, name, _ in rows])
    plot.axvspan(0.97, 1.03, color="#eeeeee", zorder=0)
    plot.set_xlabel("realised / promised, over weightings")
    plot.legend(frameon=False, fontsize=6)
    return figure


def _scale(scale: dict[str, Any]) -> Figure:
    """Hypervolume against the number of simulated lists, beside what shoppers choose by."""
    figure = Figure(figsize=(WIDTH / 2, 2.1), layout="constrained")
    plot = figure.add_subplot()
    for method, (colour, mark, label) in SCALED.items():
        sizes = scale[method]
        reached = [one["hypervolume"] for one in sizes.values()]
        plot.plot([int(n) for n in sizes], reached, marker=mark, color=colour, markersize=3, label=label)
    plot.axhline(scale["truth"]["hypervolume"], color="#bbbbbb", linestyle="--", linewidth=0.7)
    plot.annotate("what shoppers choose by", (20, scale["truth"]["hypervolume"]), fontsize=6, va="bottom")
    plot.set_xscale("log")
    plot.set_xlabel("simulated lists to learn from")
    plot.set_ylabel("hypervolume")
    plot.legend(frameon=False, fontsize=6, loc="lower right")
    return figure


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasSVG(figure)
    figure.savefig(path, metadata={"Date": None})
