"""The trade-offs a query allows: its candidates' slates under many weightings, and which are worth choosing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import Any

import moocore
import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import ScoredCandidates
from trimtab.core.weights import RELEVANCE
from trimtab.engine.stages.slate_stage import SlateStage
from trimtab.ranker.slate.receipt import discounted_sums

Floats = NDArray[np.float64]

N_POINTS = 200
"""Weightings tried at most; one batch of the slate stage."""
MAX_PLACES = 8_000
"""Places of all their slates together: deeper slates are tried under fewer weightings, so that one costs no more."""

KEPT_GRIDS = 64
"""The most grids of weightings that are kept."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """What each weighting is expected to bring, for one query.

    Attributes:
        names: the M objectives, diversity last.
        weights: [n, M], each row on the simplex.
        expected: [n, M], in the units of a receipt.
        on_front: [n] bool, no other point is as good in everything and better in something.
        knee: the point beyond which a little more of one objective costs most of the others; none without candidates.
        baseline: [M] what the most relevant slate without pins and boosts brings, which losses are counted from.
    """

    names: tuple[str, ...]
    weights: Floats
    expected: Floats
    on_front: NDArray[np.bool_]
    knee: int | None
    baseline: Floats

    def changes(self) -> Floats:
        """[n, M] `expected` against the pure-relevance slate, which is one of the points; nan where that has none."""
        pure = self.expected[self.weights[:, self.names.index(RELEVANCE)] == 1.0]
        return np.asarray((self.expected - pure) / np.where(pure == 0, np.nan, abs(pure)), dtype=np.float64)

    def plane_front(self, objective: str) -> NDArray[np.int64]:
        """Points of the front that relevance and one objective alone would have, from most to least relevant."""
        plane = self.expected[:, [self.names.index(RELEVANCE), self.names.index(objective)]]
        best = np.flatnonzero(moocore.is_nondominated(plane, maximise=True))
        return best[np.argsort(-plane[best, 0], kind="stable")]

    def as_dicts(self, private: Collection[str] = ()) -> list[dict[str, Any]]:
        """The points as plain values, in the names of the HTTP interface.

        Args:
            private: objectives of which only shares of the largest expectation are said.
        """
        unit = self._unit(private)
        rows = zip(self.weights.tolist(), (self.expected / unit).tolist(), self.on_front.tolist(), strict=True)
        return [
            {
                "weights": dict(zip(self.names, weights, strict=True)),
                "expected": dict(zip(self.names, expected, strict=True)),
                "on_front": on_front,
                "knee": number == self.knee,
            }
            for number, (weights, expected, on_front) in enumerate(rows)
        ]

    def baseline_as_dict(self, private: Collection[str] = ()) -> dict[str, float]:
        """What losses are counted from, in the units of the points."""
        return dict(zip(self.names, (self.baseline / self._unit(private)).tolist(), strict=True))

    def _unit(self, private: Collection[str]) -> Floats:
        largest = np.abs(self.expected).max(axis=0, initial=0.0)
        return np.where(np.isin(self.names, list(private)) & (largest > 0), largest, 1.0)


def frontier_of(
    stage: SlateStage, scored: ScoredCandidates, names: Sequence[str], factors: Sequence[float]
) -> Frontier:
    """Choose a slate of the stage's depth under every weighting of a grid.

    Args:
        stage: the slate stage of these candidates, with its pins and exclusions.
        names: the M objectives, diversity last.
        factors: what receipts multiply the sums of the objectives by, without diversity.
    """
    names = tuple(names)
    if len(scored) == 0:
        none = np.empty((0, len(names)))
        return Frontier(names, none, none, np.empty(0, dtype=bool), None, np.zeros(len(names)))
    weights = simplex_grid(len(names), min(N_POINTS, MAX_PLACES // max(stage.depth, 1)))
    slates = stage.slates(weights)
    best = np.full((1, slates.shape[1]), -1, dtype=slates.dtype)
    most_relevant = stage.best(names.index(RELEVANCE))
    best[0, : len(most_relevant)] = most_relevant
    gains = np.ascontiguousarray(scored.gains[:, : len(names) - 1])
    sums = discounted_sums(gains, scored.aspects, np.concatenate([slates, best]))
    sums[:, :-1] *= factors
    expected, baseline = sums[:-1], sums[-1]
    on_front = np.asarray(moocore.is_nondominated(expected, maximise=True, keep_weakly=True), dtype=bool)
    knee = int(np.flatnonzero(on_front)[knee_of(expected[on_front])])
    return Frontier(names, weights, expected, on_front, knee, baseline)


def knee_of(front: Floats) -> int:
    """The point of the front that bulges out farthest (Das 1999, "On characterizing the knee of the Pareto curve").

    Each objective is scaled to 0..1 over the front, so that no unit counts more than another; the plane through the
    best points of the single objectives is then `sum = const`, and the farthest from it has the largest sum.

    Args:
        front: [n, M], none better in all than another; larger is better, at least one.
    """
    low = front.min(axis=0)
    span = front.max(axis=0) - low
    scaled = (front - low) / np.where(span > 0, span, 1.0)
    return int(np.argmax(scaled.sum(axis=1)))


@lru_cache(maxsize=KEPT_GRIDS)
def simplex_grid(n_objectives: int, n_points: int) -> Floats:
    """[n, n_objectives] evenly spaced weightings, as many as fit into `n_points` with one step size."""
    steps = 1
    while comb(steps + n_objectives, n_objectives - 1) <= n_points:
        steps += 1
    # Stars and bars: the gaps between n_objectives - 1 bars among steps + n_objectives - 1 places.
    bars = np.array(list(combinations(range(steps + n_objectives - 1), n_objectives - 1)), dtype=np.int64)
    edges = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, steps + n_objectives - 1)))
    grid = (np.diff(edges) - 1) / steps
    grid.flags.writeable = False
    return np.asarray(grid, dtype=np.float64)
