"""The definition of the slate policy, one list at a time. The fast forms beside it are tested to be equal to it.

A slate is filled from the top. A pinned candidate stands at its position and nowhere else. At every other position the
candidates that are eligible, not pinned and not shown above compete by their score

    utility + boost + w_diversity * novelty,    novelty = mean over aspects of (1 - ALPHA) ** repeats

where `repeats` counts the items above with the candidate's code of an aspect (-1 is unknown and repeats nothing). The
greedy slate takes the largest score, ties in the candidates' order; without diversity that is a sort. A drawn slate
takes each candidate with chance `softmax(score / temperature)`; without diversity that is Plackett-Luce (Yellott 1977).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.core.diversity import ALPHA

NOTHING = -1
"""What stands at a position for which no candidate is left."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ReferencePolicy:
    """The candidates of one list and the rules for its slate.

    Attributes:
        utilities: [n].
        eligible: [n]; a pinned candidate may be eligible or not, it is shown where it is pinned.
        aspects: [n, A] codes, -1 unknown.
        w_diversity: 0 or more.
        pins: [k] candidate index pinned at a position, -1 where none.
        boosts: [n] added to the utilities, or one number for all.
    """

    utilities: NDArray[np.floating]
    eligible: NDArray[np.bool_]
    aspects: NDArray[np.integer]
    w_diversity: float
    pins: Sequence[int]
    boosts: NDArray[np.floating] | float = 0.0

    def greedy(self) -> Ints:
        """[k] candidate indices, `NOTHING` where none is left."""
        return self._fill(lambda _, scores: int(scores.argmax()))

    def draw(self, temperature: float, uniforms: Floats) -> tuple[Ints, Floats]:
        """A slate drawn by inverse CDF in candidate order, `uniforms[p]` for position p, and its propensities."""

        def drawn(position: int, scores: Floats) -> int:
            cumulated = np.cumsum(_softmax(scores / temperature))
            return int(np.searchsorted(cumulated, uniforms[position] * cumulated[-1], side="right"))

        slate = self._fill(drawn)
        return slate, self.propensities(slate, temperature)

    def propensities(self, slate: Sequence[int] | Ints, temperature: float) -> Floats:
        """[k] chance of each item at its position given those above it; 1 for a pin and for `NOTHING`."""
        chances = np.ones(len(self.pins))
        for position, (item, pin) in enumerate(zip(slate, self.pins, strict=True)):
            if pin < 0 and item != NOTHING:
                chances[position] = _softmax(self.scores(slate[:position]) / temperature)[item]
        return chances

    def scores(self, above: Sequence[int] | Ints) -> Floats:
        """[n] score of each candidate below some items; -inf for one that cannot be chosen."""
        shown = [item for item in above if item != NOTHING]
        scores = np.asarray(self.utilities, dtype=np.float64) + self.boosts
        n_aspects = self.aspects.shape[1]
        if n_aspects:
            repeats = sum(((self.aspects == self.aspects[item]) & (self.aspects >= 0)).astype(int) for item in shown)
            freshness = (1 - ALPHA) ** (np.zeros(self.aspects.shape) + repeats)
            scores = scores + self.w_diversity / n_aspects * freshness.sum(axis=1)
        can_be_chosen = self.eligible.copy()
        can_be_chosen[[*shown, *(pin for pin in self.pins if pin >= 0)]] = False
        return np.where(can_be_chosen, scores, -np.inf)

    def _fill(self, choose: Callable[[int, Floats], int]) -> Ints:
        slate: list[int] = []
        for position, pin in enumerate(self.pins):
            scores = self.scores(slate)
            is_left = bool(np.isfinite(scores).any())
            slate.append(pin if pin >= 0 else choose(position, scores) if is_left else NOTHING)
        return np.array(slate, dtype=np.int64)


def _softmax(logits: Floats) -> Floats:
    odds = np.exp(logits - logits.max())
    return np.asarray(odds / odds.sum(), dtype=np.float64)
