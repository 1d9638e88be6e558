"""The plots of `experiments.md`: fronts, paths, cost against hypervolume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ranker.evaluation import non_dominated
from ranker.methods.registry import DEFAULT, REFERENCE, STEERABLE

Floats = NDArray[np.float64]

LEADS = {DEFAULT: "#c0392b", REFERENCE: "#111111"}
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.prop_cycle": cycler(color=[matplotlib.colormaps["tab20"](shade) for shade in range(20)]),
}


def plot_fronts(data: str, fronts: dict[str, Floats], axes: tuple[str, ...], folder: Path) -> str:
    """Each pair of axes, the non-dominated points of each method in that pair; returns the file's name."""
    pairs = [(0, 1), (0, 2), (1, 2)]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(12, 4), layout="constrained")
        for panel, (across, up) in enumerate(pairs):
            plot = figure.add_subplot(1, len(pairs), panel + 1)
            for name, points in fronts.items():
                edge = non_dominated(points[:, [across, up]])
                edge = edge[np.argsort(edge[:, 0])]
                plot.plot(edge[:, 0], edge[:, 1], label=name, **_look(name))
            plot.set_xlabel(axes[across])
            plot.set_ylabel(axes[up])
        figure.legend(*plot.get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=7)
        return _save(figure, folder, f"experiments-{data}-fronts.png")


def plot_paths(data: str, paths: dict[str, list[Floats]], axes: tuple[str, ...], folder: Path) -> str:
    """Mean value of each objective as its weight goes from 0 to 1, for steerable methods and the reference."""
    n_objectives = max(len(lines) for lines in paths.values())
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4 * n_objectives, 3.4), layout="constrained")
        for objective in range(n_objectives):
            plot = figure.add_subplot(1, n_objectives, objective + 1)
            for name, lines in paths.items():
                if name in STEERABLE or name == REFERENCE:
                    line = lines[objective]
                    plot.plot(np.linspace(0, 1, len(line)), line, label=name, **_look(name))
            plot.set_xlabel(f"weight on {axes[objective]}")
            plot.set_ylabel(f"{axes[objective]}, 0 random, 1 ideal")
        figure.legend(*plot.get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=7)
        return _save(figure, folder, f"experiments-{data}-paths.png")


def plot_costs(data: str, costs: dict[str, tuple[float, float]], folder: Path) -> str:
    """CPU seconds of training against hypervolume."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7, 4), layout="constrained")
        plot = figure.add_subplot()
        for name, (seconds, volume) in costs.items():
            marker = "o" if name in STEERABLE else "x"
            plot.scatter(seconds, volume, marker=marker, color=LEADS.get(name, "#2c7fb8"))
            plot.annotate(name, (seconds, volume), xytext=(4, 3), textcoords="offset points", fontsize=7)
        plot.set_xscale("log")
        plot.set_xlabel("training, CPU seconds (o: one steerable model, x: a model a weighting)")
        plot.set_ylabel("hypervolume")
        return _save(figure, folder, f"experiments-{data}-costs.png")


def _look(name: str) -> dict[str, Any]:
    if name in LEADS:
        return {"color": LEADS[name], "linewidth": 2.2, "marker": ".", "zorder": 3}
    return {"linewidth": 1.0, "marker": ".", "markersize": 3, "alpha": 0.75}


def _save(figure: Figure, folder: Path, name: str) -> str:
    figure.savefig(folder / name, dpi=110)
    return name
