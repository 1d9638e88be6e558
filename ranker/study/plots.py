"""The plots of `experiments.md`: fronts, paths, cost against hypervolume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.ticker
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from trimtab.ranker.methods.registry import DEFAULT, REFERENCE, STEERABLE
from trimtab.ranker.study.measures import non_dominated

Floats = NDArray[np.float64]

LEADS = {DEFAULT: "#c0392b", REFERENCE: "#111111"}
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.prop_cycle": cycler(color=[matplotlib.colormaps["tab10"](shade) for shade in (0, 1, 2, 4, 5, 6, 8, 9)]),
}
OTHERS: Any = {"color": "#c8c8c8", "linewidth": 0.8, "marker": ".", "markersize": 2, "zorder": 1}
"""The style of methods with one model for each weighting: a grey background for those that can be steered."""


def plot_fronts(data: str, fronts: dict[str, Floats], axes: tuple[str, ...], folder: Path) -> str:
    """Each pair of axes, the non-dominated points of each method in that pair, those that cannot be steered in grey.

    Returns:
        the file's name.
    """
    pairs = [(0, 1), (0, 2), (1, 2)]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(12, 4), layout="constrained")
        for panel, (across, up) in enumerate(pairs):
            plot = figure.add_subplot(1, len(pairs), panel + 1)
            leading = []
            for name, points in fronts.items():
                edge = non_dominated(points[:, [across, up]])
                edge = edge[np.argsort(edge[:, 0])]
                leads = name in STEERABLE or name == REFERENCE
                plot.plot(*edge.T, **{"label": name, **_look(name)} if leads else OTHERS)
                leading += [edge] if leads else []
            _frame(plot, np.concatenate(leading))
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
        plot.set_xscale("log")
        for axis in (plot.xaxis.set_major_formatter, plot.xaxis.set_minor_formatter):
            axis(matplotlib.ticker.StrMethodFormatter("{x:g}"))
        plot.set_xlabel("training, CPU seconds (o: one steerable model, x: one model for each weighting)")
        plot.set_ylabel("hypervolume")
        _annotate_apart(figure, plot, costs)
        return _save(figure, folder, f"experiments-{data}-costs.png")


def _frame(plot: Axes, points: Floats) -> None:
    """Set the limits of the axes to these points [P, 2] and a margin."""
    (left, low), (right, high) = points.min(axis=0), points.max(axis=0)
    across, up = 0.05 * (right - left), 0.05 * (high - low)
    plot.set_xlim(left - across, right + across)
    plot.set_ylim(low - up, high + up)


def _annotate_apart(figure: Figure, plot: Axes, places: dict[str, tuple[float, float]]) -> None:
    """Name each point, moved down until no other name is under it."""
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]  # matplotlib ships it untyped
    figure.draw_without_rendering()
    taken: list[Bbox] = []
    for name, place in sorted(places.items(), key=lambda item: -item[1][1]):
        label = plot.annotate(name, place, xytext=(5, 3), textcoords="offset points", fontsize=7)
        lower = 3.0
        while any(label.get_window_extent(renderer).overlaps(box) for box in taken):
            lower -= 2.0
            label.set_position((5, lower))
        taken.append(label.get_window_extent(renderer))


def _look(name: str) -> dict[str, Any]:
    if name in LEADS:
        return {"color": LEADS[name], "linewidth": 2.2, "marker": ".", "zorder": 3}
    return {"linewidth": 1.0, "marker": ".", "markersize": 3, "alpha": 0.75}


def _save(figure: Figure, folder: Path, name: str) -> str:
    figure.savefig(folder / name, dpi=110)
    return name
