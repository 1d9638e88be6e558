"""A query's frontier, drawn with characters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from trimtab.cli.console import plain
from trimtab.core.weights import RELEVANCE
from trimtab.engine.stages.frontier import Frontier

COLUMNS, ROWS = 64, 18
MARGIN = 0.35
"""The share of the front's span below it that is drawn."""
N_LISTED = 8
"""Points of the front in the table."""


def draw_frontier(found: Frontier, objective: str, query: str, console: Console) -> None:
    """The plane of relevance and one objective, down to a little below its front, then the front as a table."""
    front = found.plane_front(objective)
    console.print(f"[bold]{objective}[/] of “{plain(query)}” against pure relevance", soft_wrap=True, highlight=False)
    for line in _plane(found, objective, front):
        console.print(line, soft_wrap=True, highlight=False)
    console.print(_listed(found, front), highlight=False)


def _plane(found: Frontier, objective: str, front: NDArray[np.int64]) -> Iterator[str]:
    named = [found.names.index(RELEVANCE), found.names.index(objective)]
    plane = np.nan_to_num(found.changes()[:, named])
    framed = plane[[*front, found.knee]]
    high = framed.max(axis=0)
    low = high - np.maximum(high - framed.min(axis=0), 0.01) * (1 + MARGIN)
    cells = np.rint((plane - low) / (high - low) * [COLUMNS - 1, ROWS - 1]).astype(int)
    canvas = np.full((ROWS, COLUMNS), " ")
    for points, mark in ((range(len(plane)), "·"), (front, "●"), ([found.knee], "◆")):
        for column, row in cells[list(points)]:
            if column >= 0 and row >= 0:
                canvas[ROWS - 1 - row, column] = mark
    labels = {0: f"{high[1]:+.1%}", ROWS - 1: f"{low[1]:+.1%}"}
    for number, cells_of_row in enumerate(canvas):
        yield f"{labels.get(number, ''):>8} │{''.join(cells_of_row)}"
    left, right = f"{low[0]:+.1%}", f"relevance {high[0]:+.1%}"
    yield f"{'':>8} └{'─' * COLUMNS}"
    yield f"{'':>10}{left}{right:>{COLUMNS - len(left)}}"


def _listed(found: Frontier, front: NDArray[np.int64]) -> Table:
    assert found.knee is not None
    table = Table("", *(f"w_{name}" for name in found.names), *found.names, title="● the front, ◆ the knee of all")
    steps = np.unique(np.linspace(0, len(front) - 1, N_LISTED).round().astype(int))
    for mark, number in [*(("●", int(front[step])) for step in steps), ("◆", found.knee)]:
        weights = (f"{weight:.2f}" for weight in found.weights[number])
        table.add_row(mark, *weights, *(f"{change:+.1%}" for change in found.changes()[number]))
    return table
