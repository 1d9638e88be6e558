"""The served stochastic policy over whole logs: slates drawn, and propensities of slates, many impressions at once.

The same Plackett-Luce walk with the novelty bonus as `ranker.slate` (which serves one request and is the oracle in the
tests), arranged for one query and many impressions of it:

    chance(j at p | above) ~ exp(utility_j / tau) * prod_a exp(w_diversity / (A tau) * (1 - alpha)^repeats_a(j, p))

A candidate's odds change only when an item with the same aspect code is shown, by a factor that depends on the code and
on how often it was shown before; so a walk is multiplications, and no exponential is taken after the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from abtest.estimators import Floats
from abtest.sums import Ints
from core.diversity import ALPHA
from core.weights import DIVERSITY

BLOCK = 1024
"""Impressions walked at once: [BLOCK, n_candidates] doubles stay in the cache."""

NOTHING = -1

VANISHING = 1e-200
"""Odds are relative to the best candidate at first; once that is shown, what is left may be beyond a double's range."""


@dataclass(frozen=True)
class QueryContexts:
    """The candidates of one query for every user of a log who asked it.

    Attributes:
        rows: [n] int64 rows in the item store, in retrieval order.
        gains: [n_users, n, n_objectives] float32.
        aspects: [n, n_aspects] int64, -1 unknown.
        pins: position -> candidate index that stands there whatever the weights.
    """

    rows: Ints
    gains: NDArray[np.float32]
    aspects: Ints
    pins: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SlatePolicy:
    """Weights at a temperature: what the engine does when it explores.

    Attributes:
        item_weights: [n_objectives] weight of each item objective over its population range.
        w_diversity: weight of novelty.
        temperature: tau > 0.
    """

    item_weights: Floats
    w_diversity: float
    temperature: float

    @classmethod
    def of(
        cls, weights: Mapping[str, float], objectives: Sequence[str], ranges: Sequence[float], temperature: float
    ) -> SlatePolicy:
        """From normalised weights and a bundle's objectives with their ranges."""
        scaled = np.array([weights[name] / scale for name, scale in zip(objectives, ranges, strict=True)])
        return cls(scaled, weights[DIVERSITY], temperature)

    def propensities(self, contexts: QueryContexts, users: Ints, slates: Ints) -> Floats:
        """[B, k] chance of each item at its position given those above it.

        Args:
            users: [B] index into `contexts.gains`.
            slates: [B, k] candidate indices, -1 where nothing was shown; there, and for a pin, the chance is 1.
        """
        chances = np.ones(slates.shape)
        for block in _blocks(len(slates)):
            walk = _Walk(self, contexts, users[block])
            for position in range(slates.shape[1]):
                chances[block, position] = walk.show(slates[block, position], pinned=position in contexts.pins)
        return chances

    def draw(self, contexts: QueryContexts, users: Ints, uniforms: Floats) -> tuple[Ints, Floats]:
        """Draw slates by inverse CDF in candidate order, as the engine does.

        Args:
            users: [B].
            uniforms: [B, k] in [0, 1).

        Returns:
            slates [B, k] of candidate indices, -1 where none is left; conditional propensities [B, k].
        """
        slates = np.full(uniforms.shape, NOTHING, dtype=np.int64)
        chances = np.ones(uniforms.shape)
        for block in _blocks(len(uniforms)):
            walk = _Walk(self, contexts, users[block])
            for position in range(min(uniforms.shape[1], len(contexts.rows))):
                pin = contexts.pins.get(position)
                chosen = walk.pick(uniforms[block, position]) if pin is None else np.full(len(walk), pin)
                slates[block, position] = chosen
                chances[block, position] = walk.show(chosen, pinned=pin is not None)
        return slates, chances


class _Walk:
    """Odds of every candidate for a block of impressions, on the way down the slate."""

    def __init__(self, policy: SlatePolicy, contexts: QueryContexts, users: Ints) -> None:
        who, self._who = np.unique(users, return_inverse=True)
        self._logits = contexts.gains[who] @ policy.item_weights / policy.temperature
        self._odds = np.exp(self._logits - self._logits.max(axis=1, keepdims=True, initial=-np.inf))[self._who]
        self._rows = np.arange(len(users))
        self._pinned = np.array(sorted(contexts.pins.values()), dtype=np.int64)
        self._odds[:, self._pinned] = 0.0
        self._n_free = self._odds.shape[1] - len(self._pinned)
        self._shown: list[Ints] = []
        self._codes = contexts.aspects if policy.w_diversity > 0 else contexts.aspects[:, :0]
        n_aspects = self._codes.shape[1]
        self._bonus = policy.w_diversity / (max(n_aspects, 1) * policy.temperature)
        # [n, n] by aspect: do two candidates share a known code?
        self._same = [(codes[:, None] == codes) & (codes >= 0) for codes in self._codes.T]
        self._seen: list[list[Ints]] = [[] for _ in range(n_aspects)]

    def __len__(self) -> int:
        return len(self._rows)

    def pick(self, uniforms: Floats) -> Ints:
        """[B] candidate whose stretch of the cumulated odds holds `uniform * total`; -1 where only pins are left."""
        if self._n_free == 0:
            return np.full(len(self), NOTHING)
        self._totals()
        ladder = np.cumsum(self._odds, axis=1)
        return np.asarray((ladder <= uniforms[:, None] * ladder[:, -1:]).sum(axis=1), dtype=np.int64)

    def show(self, chosen: Ints, *, pinned: bool = False) -> Floats:
        """Show one candidate more, -1 for none; returns its chances [B]."""
        there = chosen >= 0
        at = np.where(there, chosen, 0)
        odds = self._odds
        drawn = there & (not pinned)
        chances = np.ones(len(at))
        if drawn.any():
            totals = self._totals()  # first: it may scale the odds up
            np.divide(odds[self._rows, at], totals, out=chances, where=drawn)
            self._n_free -= 1
        odds[self._rows[there], at[there]] = 0.0
        for codes, same, seen in zip(self._codes.T, self._same, self._seen, strict=True):
            code = np.where(there, codes[at], NOTHING)
            repeats = sum((code == above for above in seen), np.zeros(len(at)))
            faded = np.where(there, np.exp(-self._bonus * ALPHA * (1 - ALPHA) ** repeats), 1.0)
            odds *= np.where(same[at], faded[:, None], 1.0)
            seen.append(code)
        self._shown.append(at)
        return np.asarray(chances, dtype=np.float64)

    def _totals(self) -> Floats:
        """[B] sum of the odds that are left, kept well above the smallest double."""
        totals = self._odds.sum(axis=1)
        if (totals < VANISHING).any() and self._n_free > 0:
            vanished = np.flatnonzero(totals < VANISHING)
            self._odds[vanished] = self._rescaled(vanished)
            totals[vanished] = self._odds[vanished].sum(axis=1)
        return np.asarray(totals, dtype=np.float64)

    def _rescaled(self, rows: Ints) -> Floats:
        """Odds of some impressions again from their logits, relative to the best candidate that is left."""
        logits = self._logits[self._who[rows]]
        for codes, seen in zip(self._codes.T, self._seen, strict=True):
            repeats = sum(((codes == above[rows, None]) & (codes >= 0) for above in seen), np.zeros(logits.shape))
            logits = logits + self._bonus * (1 - ALPHA) ** repeats
        logits[:, self._pinned] = -np.inf
        for at in self._shown:
            logits[np.arange(len(rows)), at[rows]] = -np.inf
        return np.asarray(np.exp(logits - logits.max(axis=1, keepdims=True)), dtype=np.float64)


def _blocks(n: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
