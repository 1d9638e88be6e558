"""Plots of a replay as SVG text, for pages that need nothing but themselves."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, ACCENT, MUTED = "#1f2933", "#0b6e99", "#9aa5b1"
EARLIER = ("relevance", "revenue", "diversity")
DARK = 0.55
"""Weights above this stand in white on their colour."""


def outcomes_of(result: Mapping[str, Any]) -> list[str]:
    """The metrics that weights steer, in the order of the bundle; reports of earlier versions do not list them."""
    return [metric for metric in result.get("objectives", EARLIER) if metric in result["log"]]


def weights_plot(result: Mapping[str, Any]) -> str:
    """Heat map of every policy's weights, the log's own first."""
    rows = {"logged": result["log"]["weights"][0], **result["weights"]}
    objectives = list(rows["logged"])
    figure = Figure(figsize=(1.6 + 1.1 * len(objectives), 0.8 + 0.4 * len(rows)), layout="constrained")
    axes = figure.subplots()
    cells = [[one[name] for name in objectives] for one in rows.values()]
    axes.imshow(cells, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(cells):
        for x, weight in enumerate(row):
            axes.text(x, y, f"{weight:.2f}", ha="center", va="center", color="white" if weight > DARK else INK)
    axes.set_xticks(range(len(objectives)), objectives)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.tick_params(length=0)
    return _svg(figure)


def differences_plot(result: Mapping[str, Any]) -> str:
    """Relative differences to the log's own policy with their intervals, a panel a metric."""
    metrics = outcomes_of(result)
    names = list(result["policies"])
    figure = Figure(figsize=(3.2 * len(metrics), 0.9 + 0.4 * len(names)), layout="constrained")
    panels: Sequence[Axes] = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        before = abs(result["log"][metric]["value"] or 1.0)
        axes.axvline(0, color=MUTED, linewidth=1)
        for place, name in enumerate(names):
            one = result["differences"][f"{name} - logged"][metric]
            if one["value"] is None:
                axes.text(0, place, " no number", color=MUTED, va="center")
                continue
            low, high = (one["value"] if end is None else end for end in (one["low"], one["high"]))
            sure = one["caution"] is None and (low > 0 or high < 0)
            axes.plot([100 * low / before, 100 * high / before], [place, place], color=ACCENT if sure else MUTED)
            axes.plot(100 * one["value"] / before, place, "o", color=ACCENT if sure else MUTED)
        axes.set_title(metric, fontsize=10, color=INK)
        axes.set_xlabel("change, %")
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
    return _svg(figure)


def front_plot(result: Mapping[str, Any]) -> str:
    """Where policies stand between relevance and the next objective."""
    metrics = outcomes_of(result)
    across, up = metrics[0], metrics[1]
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = figure.subplots()
    for name, estimates in {"logged": result["log"], **result["policies"]}.items():
        x, y = estimates[across], estimates[up]
        if x["low"] is None or y["low"] is None:
            continue
        colour = MUTED if name == "logged" else ACCENT
        axes.plot([x["low"], x["high"]], [y["value"]] * 2, color=colour, linewidth=1)
        axes.plot([x["value"]] * 2, [y["low"], y["high"]], color=colour, linewidth=1)
        axes.plot(x["value"], y["value"], "o", color=colour)
        axes.annotate(name, (x["value"], y["value"]), textcoords="offset points", xytext=(6, 6), color=INK)
    axes.set_xlabel(f"{across} a search")
    axes.set_ylabel(f"{up} a search")
    return _svg(figure)


def overlap_plot(result: Mapping[str, Any]) -> str:
    """Effective sample size down the page: how far each policy still shows what the log shows."""
    figure = Figure(figsize=(5.2, 3.0), layout="constrained")
    axes = figure.subplots()
    for name, sizes in result["overlap"].items():
        axes.plot(range(1, len(sizes) + 1), [size / result["log"]["n_replayed"] for size in sizes], "o-", label=name)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("rank")
    axes.set_ylabel("effective share of the log")
    axes.legend(frameon=False)
    return _svg(figure)


def price_plot(by_price: Sequence[tuple[float, float]], beta: float) -> str:
    """How much more often an item is taken the cheaper it is than usual, and the fitted line.

    Args:
        by_price, beta: as in `trimtab.abtest.simulation.price_response.PriceResponse`.
    """
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = figure.subplots()
    changes = np.array([change for change, _ in by_price])
    axes.plot(100 * np.expm1(changes), np.exp([taken for _, taken in by_price]), "o", color=ACCENT)
    along = np.linspace(changes.min(), changes.max(), 50)
    axes.plot(100 * np.expm1(along), np.exp(-beta * along), color=MUTED, label=f"price ** -{beta:.2f}")
    axes.set_xlabel("price against the item's usual one, %, beyond what its kind did that week")
    axes.set_ylabel("times as often taken")
    axes.legend(frameon=False)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
