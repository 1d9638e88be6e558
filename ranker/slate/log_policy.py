"""The stochastic policy for whole logs: draws and propensities of slates, for many impressions of a query at once.

It equals `trimtab.ranker.slate.reference`, arranged for one query and many impressions of it:

    chance(j at p | above) ~ exp(utility_j / tau) * prod_a exp(w_diversity / (A tau) * (1 - alpha)^repeats_a(j, p))

A candidate's odds change only when an item with the same aspect code is shown, by a factor that depends on the code and
on how often it was shown before; so a walk is multiplications, and no exponential is taken after the first. Candidates
with the same codes change together: to know the chance of what was shown, it is enough to walk with the sums over each
kind, of which there are far fewer than candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.core.diversity import ALPHA, repeats_above
from trimtab.ranker.slate import walks
from trimtab.ranker.slate.greedy import greedy_slates
from trimtab.ranker.slate.reference import NOTHING, Floats, Ints

BLOCK = 1024
"""Impressions walked at once: [BLOCK, n_candidates] doubles stay in the cache."""

CANCELLED = 1e-6
"""A sum is accurate while this share of it is left: every subtraction leaves an error of 1e-16 of the whole."""


@dataclass(frozen=True)
class QueryContexts:
    """The candidates of one query, and their gains for every user of a log who sent it.

    Attributes:
        rows: [n] int64 rows in the item store, in retrieval order.
        gains: [n_users, n, n_objectives] float32.
        aspects: [n, n_aspects] int64, -1 unknown.
        pins: position -> candidate index that stands there whatever the weights.
        boosts: [n] added to the utilities whatever the weights.
    """

    rows: Ints
    gains: NDArray[np.float32]
    aspects: Ints
    pins: Mapping[int, int] = field(default_factory=dict)
    boosts: Floats | None = None

    @cached_property
    def kinds(self) -> tuple[Ints, Ints]:
        """[n] kind of each candidate, and [n_kinds, n_aspects] the codes that the candidates of a kind share."""
        codes, kind_of = np.unique(self.aspects, axis=0, return_inverse=True)
        return kind_of.ravel(), codes

    def pins_of(self, k: int) -> Ints:
        """[k] candidate that stands at a position whatever the weights, -1 where none."""
        pins = np.full(k, NOTHING, dtype=np.int64)
        for position, pin in self.pins.items():
            if position < k:
                pins[position] = pin
        return pins


@dataclass(frozen=True)
class SlatePolicy:
    """Weights and a temperature: the policy of the engine when it explores; `sorted_slates` is what it shows otherwise.

    Attributes:
        item_weights: [n_objectives] weight of each item objective over its population range; of all users, or
            [n_users, n_objectives] of each.
        w_diversity: weight of novelty; of all users, or [n_users] of each.
        temperature: tau > 0; of all users, or [n_users] of each.
    """

    item_weights: Floats
    w_diversity: float | Floats
    temperature: float | Floats

    @classmethod
    def of(cls, weights: Floats, ranges: Sequence[float], temperature: float | Floats) -> SlatePolicy:
        """From normalised weights [M + 1] or [n_users, M + 1], diversity last, and a bundle's ranges [M]."""
        of_novelty = weights[..., -1]
        own = of_novelty if of_novelty.ndim else float(of_novelty)
        return cls(weights[..., :-1] / np.array(ranges), own, temperature)

    def propensities(self, contexts: QueryContexts, users: Ints, slates: Ints) -> Floats:
        """[B, k] chance of each item at its position given those above it.

        Args:
            users: [B] index into `contexts.gains`.
            slates: [B, k] candidate indices, -1 where nothing was shown; there, and for a pin, the chance is 1.
        """
        if len(contexts.rows) == 0:
            return np.ones(slates.shape)
        kinds = _Kinds(self, contexts, users)
        chances, sure = np.ones(slates.shape), np.ones(len(slates), dtype=bool)
        for block in _blocks(len(slates)):
            chances[block], sure[block] = kinds.propensities(users[block], slates[block])
        unsure = np.flatnonzero(~sure)
        for block in _blocks(len(unsure)):
            some = unsure[block]
            chances[some] = self.exact_propensities(contexts, users[some], slates[some])
        return chances

    def exact_propensities(self, contexts: QueryContexts, users: Ints, slates: Ints) -> Floats:
        """The same as `propensities`, candidate by candidate: slower, and no sum loses digits by subtraction."""
        if slates.size == 0 or len(contexts.rows) == 0:
            return np.ones(slates.shape)
        who, at = np.unique(users, return_inverse=True)
        return walks.chances_of(*self._walked(contexts, who, at), contexts.pins_of(slates.shape[1]), slates)

    def logits(self, contexts: QueryContexts, users: Ints) -> Floats:
        """[len(users), n] utilities over the temperature, before any novelty."""
        # Objective by objective: a product with so short an axis is slow.
        gains = np.moveaxis(contexts.gains, 2, 0)
        tau = self.temperature if isinstance(self.temperature, float) else self.temperature[users, None]
        weights = self.item_weights if self.item_weights.ndim == 1 else self.item_weights[users].T[:, :, None]
        scaled = [weight / tau for weight in weights]
        logits = sum((gain[users] * weight for gain, weight in zip(gains, scaled, strict=True)), 0.0)
        return np.asarray(logits if contexts.boosts is None else logits + contexts.boosts / tau)

    def bonus(self, n_aspects: int, users: Ints) -> Floats:
        """[len(users)] what an aspect that is fresh adds to a logit."""
        tau = np.full(len(users), self.temperature) if isinstance(self.temperature, float) else self.temperature[users]
        return np.asarray(self._of_novelty(users) / (max(n_aspects, 1) * tau))

    def _of_novelty(self, users: Ints) -> Floats:
        """[len(users)] weight of novelty."""
        return np.full(len(users), self.w_diversity) if isinstance(self.w_diversity, float) else self.w_diversity[users]

    @cached_property
    def is_diverse(self) -> bool:
        """Whether novelty counts for anybody."""
        return bool(np.any(self.w_diversity > 0))

    def draw(self, contexts: QueryContexts, users: Ints, uniforms: Floats) -> tuple[Ints, Floats]:
        """Draw slates by inverse CDF in candidate order, as the engine does.

        Args:
            users: [B].
            uniforms: [B, k] in [0, 1).

        Returns:
            slates [B, k] of candidate indices, -1 where none is left; conditional propensities [B, k].
        """
        who, at = np.unique(users, return_inverse=True)
        return walks.drawn(*self._walked(contexts, who, at), contexts.pins_of(uniforms.shape[1]), uniforms)

    def standings(self, contexts: QueryContexts, users: Ints, uniforms: Floats) -> Floats:
        """[B, n, k] chance of each candidate to stand at each position, whatever stands above.

        It is the exact chance given the items above, averaged over draws of those, so that a few draws are enough.

        Args:
            users: [B].
            uniforms: [B, n_draws, k] in [0, 1), stratified at best (`exploration.stratified`).
        """
        logits, _, bonus, codes = self._walked(contexts, users, users)
        return walks.standings(logits, bonus, codes, contexts.pins_of(uniforms.shape[2]), uniforms)

    def _walked(self, contexts: QueryContexts, users: Ints, at: Ints) -> tuple[Floats, Ints, Floats, Ints]:
        """What `walks` takes of a query: logits of users, where impressions find them, the bonus of users, codes."""
        codes = contexts.aspects if self.is_diverse else contexts.aspects[:, :0]
        logits = np.ascontiguousarray(self.logits(contexts, users))
        logits[:, _pinned(contexts)] = -np.inf
        return logits, at.ravel(), self.bonus(codes.shape[1], users), np.ascontiguousarray(codes.T)

    def sorted_slates(self, contexts: QueryContexts, users: Ints, k: int) -> Ints:
        """[B, k] the slates without a draw, position by position what has the best score; -1 where none is left."""
        utilities = replace(self, temperature=1.0).logits(contexts, users)
        is_eligible = np.ones(len(contexts.rows), dtype=bool)
        is_eligible[_pinned(contexts)] = False
        return greedy_slates(utilities, is_eligible, contexts.aspects, self._of_novelty(users), contexts.pins_of(k))


class _Kinds:
    """Sums of the odds of candidates with the same aspect codes, for every user.

    Args:
        users: those whose propensities will be asked for.
    """

    def __init__(self, policy: SlatePolicy, contexts: QueryContexts, users: Ints) -> None:
        self._pins = contexts.pins
        self._who = np.unique(users)
        self._odds = _odds(policy.logits(contexts, self._who), _pinned(contexts))
        if policy.is_diverse:
            self._kind_of, self._codes = contexts.kinds
        else:
            self._kind_of, self._codes = np.zeros(len(contexts.rows), dtype=np.int64), np.empty((1, 0), dtype=np.int64)
        members = self._kind_of[:, None] == np.arange(len(self._codes))
        self._masses = self._odds @ members.astype(np.float64)
        self._same = [(codes[:, None] == codes) & (codes >= 0) for codes in self._codes.T]
        self._bonus = policy.bonus(self._codes.shape[1], self._who)

    def propensities(self, users: Ints, slates: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """[B, k] chances, and [B] whether they are accurate (see `CANCELLED`)."""
        n, k = slates.shape
        rows, who, there = np.arange(n), np.searchsorted(self._who, users), slates >= 0
        masses, kinds = self._masses[who], self._kind_of[slates]
        odds = np.where(there, self._odds[who[:, None], slates], 0.0)
        repeats = [repeats_above(np.where(there, codes[kinds], NOTHING)) for codes in self._codes.T]
        left = (1 - ALPHA) ** np.arange(k + 1)
        freshness, fading = (np.exp(self._bonus[who, None] * change) for change in (left - 1, np.diff(left)))
        for above in repeats:
            odds *= freshness[rows[:, None], above]
        chances, trusted = np.ones((n, k)), np.ones(n, dtype=bool)
        least = CANCELLED * masses.sum(axis=1)
        for position in range(k):
            if position not in self._pins:
                totals = masses.sum(axis=1)
                np.divide(odds[:, position], totals, out=chances[:, position], where=there[:, position] & (totals > 0))
                trusted &= (totals >= least) | ~there[:, position]
            if position + 1 < k:
                kind = kinds[:, position]
                masses[rows, kind] -= odds[:, position]
                for same, above in zip(self._same, repeats, strict=True):
                    masses *= np.where(same[kind], fading[rows, above[:, position], None], 1.0)
        return np.minimum(chances, 1.0), trusted


def _pinned(contexts: QueryContexts) -> Ints:
    return np.array(sorted(contexts.pins.values()), dtype=np.int64)


def _odds(logits: Floats, pinned: Ints) -> Floats:
    """[n_users, n] odds relative to the best candidate that can be drawn; 0 for those that are pinned."""
    drawable = logits.copy()
    drawable[:, pinned] = -np.inf
    best = drawable.max(axis=1, keepdims=True, initial=np.finfo(np.float64).min)
    return np.asarray(np.exp(drawable - best), dtype=np.float64)


def _blocks(n: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
