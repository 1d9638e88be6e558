"""One request's candidates in front of the slate methods: arrays in, candidate indices out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.core.metrics import discounts
from trimtab.core.records import FloatArray, IntArray, Query, ScoredCandidates
from trimtab.engine.bundle.storage import Bundle
from trimtab.engine.plan.degradation import RANKING
from trimtab.ranker.artifact import Scorer
from trimtab.ranker.slate.draw import drawn_list
from trimtab.ranker.slate.exploration import DrawnList
from trimtab.ranker.slate.greedy import greedy_slate, greedy_slates

Floats = NDArray[np.float64]

N_GRID = 17
N_ROUNDS = 2
"""The size and the number of the grids in the search for weights that keep a share of an objective."""
N_TURNS = 4
"""How often each objective that has a share to keep may pull the weights towards itself."""


@dataclass(frozen=True, slots=True)
class Order:
    """A list of candidates down to the end of the page asked for.

    Attributes:
        chosen: [n] candidate indices.
        propensities: [n] chance of each given those above it; 1 where they were sorted.
        utilities: of all candidates.
    """

    chosen: NDArray[np.int64]
    propensities: Floats
    utilities: FloatArray


class SlateStage:
    """One request's candidates in front of the slate methods."""

    def __init__(
        self,
        ranker: Scorer,
        scored: ScoredCandidates,
        *,
        eligible: NDArray[np.bool_],
        pins: IntArray,
        boosts: FloatArray | None,
        is_ranked: bool = True,
        units: FloatArray | None = None,
    ) -> None:
        """
        Args:
            eligible: [n].
            pins: [depth] candidate index pinned at a position, -1 where none.
            boosts: [n] added to the utilities.
            units: [M] what gains are multiplied by for the ranker, see `Bundle.units`.
            is_ranked: False where the gains are unknown: every utility is 0, which leaves the candidates' order.
        """
        self._ranker = ranker
        self._scored = scored
        self._eligible = eligible
        self._pins = pins
        self._boosts = boosts
        self._comparable = scored.gains
        if units is not None:
            self._comparable = scored.gains.copy()
            self._comparable[:, : len(units)] *= units
        self.is_ranked = is_ranked
        self.depth = len(pins)

    def within_losses(self, weights: Floats, losses: Mapping[int, float], *, k: int) -> tuple[Floats, bool]:
        """The weights near these whose first `k` items give up no more than a share of the objectives' best slates.

        Each objective pulls in turn, and those that pulled before are looked at again until none has to: relevance
        last, so that it holds where not all can.

        Args:
            losses: objective -> the share of the expected value of its own best slate.

        Returns:
            [M + 1] weights, and whether they cannot all hold.
        """
        best = {objective: self.best(objective) for objective in losses}
        ordered = sorted(losses, reverse=True)  # relevance is the first objective of every bundle
        for _ in range(N_TURNS):
            has_pulled = infeasible = False
            for objective in ordered:
                before = weights
                weights, is_out_of_reach = self._within_loss(
                    weights, losses[objective], objective, baseline=best[objective], k=k
                )
                has_pulled |= weights is not before
                infeasible |= is_out_of_reach
            if len(losses) < 2 or not has_pulled:
                return weights, infeasible
        return weights, True

    def _within_loss(
        self, weights: Floats, loss: float, objective: int, *, baseline: NDArray[np.int64], k: int
    ) -> tuple[Floats, bool]:
        """The weights nearest to these that keep one objective.

        They move along `w(t) = (1 - t) w + t e_objective`. Without diversity the slate's expected value of the
        objective is monotone in t (raising a weight never lowers its objective), so the least t that holds is found by
        interval search; each round scores a whole grid of t in one batch, which costs less than bisecting one slate at
        a time.

        Args:
            baseline: the slate of the objective alone.

        Returns:
            [M + 1] weights, and whether not even the objective alone keeps the share.
        """
        if len(baseline) == 0:
            return weights, False
        depth = min(k, self.depth)
        floor = float(floors(self.expected(baseline[None, :depth], objective), np.array([loss]))[0])
        pure = np.zeros_like(weights)
        pure[objective] = 1.0
        shown = self.slate(self.utilities(weights[None, :])[0], float(weights[-1]))[None, :depth]
        if self.expected(shown, objective)[0] >= floor:
            return weights, False
        low, high = 0.0, 1.0
        for _ in range(N_ROUNDS):
            steps = np.linspace(low, high, N_GRID)
            path = (1 - steps[:, None]) * weights + steps[:, None] * pure
            holds = self.expected(self.slates(path, depth=depth), objective) >= floor
            if not holds.any():
                return pure, True
            first = int(np.argmax(holds))
            low, high = steps[max(first - 1, 0)], steps[first]
            if first == 0:
                break
        return (1 - high) * weights + high * pure, False

    def ordered(self, weights: Floats, seed: int | None, temperature: float) -> Order:
        """The candidates at [M + 1] weights, sorted by utility and novelty; with a seed, drawn."""
        utilities, w_diversity = self.utilities(weights[None, :])[0], float(weights[-1])
        if seed is None:
            chosen = self.slate(utilities, w_diversity)
            return Order(chosen, np.ones(len(chosen)), utilities)
        uniforms = np.random.Generator(np.random.PCG64(seed)).random(self.depth)
        return Order(*self.draw(utilities, w_diversity, uniforms, temperature), utilities)

    def utilities(self, weights: Floats) -> FloatArray:
        """[B, M + 1] weights, diversity last -> [B, n]."""
        if self.is_ranked:
            result = self._ranker.utilities(self._comparable, weights[:, :-1])
        else:
            result = np.zeros((len(weights), len(self._scored)), dtype=np.float32)
        return result if self._boosts is None else result + self._boosts

    def slates(self, weights: Floats, *, depth: int | None = None) -> NDArray[np.int64]:
        """[B, M + 1] weights -> [B, depth] candidate indices, -1 where nothing is left."""
        utilities, w_diversity = self.utilities(weights), np.ascontiguousarray(weights[:, -1])
        return greedy_slates(utilities, self._eligible, self._scored.aspects, w_diversity, self._pins[:depth])

    def slate(self, utilities: FloatArray, w_diversity: float) -> NDArray[np.int64]:
        """The slate of one weighting's utilities [n], without holes: what `slates` gives for it."""
        return _shown(greedy_slate(utilities, self._eligible, self._scored.aspects, w_diversity, self._pins))

    def best(self, objective: int) -> NDArray[np.int64]:
        """The slate that one objective alone would show, without pins."""
        no_pins = np.full(self.depth, -1, dtype=np.int64)
        gains = self._scored.gains[:, objective]
        return _shown(greedy_slate(gains, self._eligible, self._scored.aspects, 0.0, no_pins))

    def draw(
        self, utilities: FloatArray, w_diversity: float, uniforms: Floats, temperature: float
    ) -> tuple[NDArray[np.int64], Floats]:
        """A Plackett-Luce draw from utilities [n]: candidate indices and conditional propensities, by position."""
        slate, chances = drawn_list(
            utilities,
            self._eligible,
            self._scored.aspects,
            w_diversity,
            pins=self._pins.tolist(),
            temperature=temperature,
            uniforms=uniforms,
        )
        return slate[slate >= 0], chances[slate >= 0]

    def drawn(self, utilities: FloatArray, w_diversity: float, relevance: int, *, k: int) -> DrawnList:
        """The first `k` positions of one weighting's list before it is drawn; relevance is one of the objectives."""
        pins, gains = self._pins[:k], self._scored.gains[:, relevance].astype(np.float64)
        free = self._eligible.copy()
        free[pins[pins >= 0]] = False
        return DrawnList(
            utilities[free].astype(np.float64),
            gains[free],
            self._scored.aspects[free],
            w_diversity,
            depth=len(pins),
            pinned={position: float(gains[pin]) for position, pin in enumerate(pins.tolist()) if pin >= 0},
        )

    def expected(self, slates: NDArray[np.int64], objective: int) -> Floats:
        """[B, k] slates -> [B] discounted sum of one objective's gains; -1 adds nothing."""
        gains = np.append(self._scored.gains[:, objective].astype(np.float64), 0.0)  # -1 reads the 0
        return np.asarray(gains[slates] @ discounts(slates.shape[1]), dtype=np.float64)


def floors(reached: Floats, losses: Floats) -> Floats:
    """What the expected values of objectives must not fall below, by what their best slates reach."""
    found = reached - losses * np.abs(reached)
    # Float32 sums of one slate and its like differ in the last digits; a floor met to within them is met.
    return np.asarray(found - 1e-6 * np.maximum(np.abs(found), 1.0), dtype=np.float64)


def _shown(slate: NDArray[np.int64]) -> NDArray[np.int64]:
    return slate[slate >= 0]


def slate_stage(bundle: Bundle, query: Query, scored: ScoredCandidates) -> SlateStage:
    """The candidates in front of the slate methods, under the query's constraints. Exclusions win over pins."""
    rules, n = query.constraints, len(scored)
    n_ranked = scored.n_candidates
    is_ruled = bool(rules.pins or rules.exclusions or rules.boosts)
    index_of_row = {int(row): index for index, row in enumerate(scored.rows)} if is_ruled else {}

    def index_of(item_id: str) -> int | None:
        """The candidate that an item is; a rule may outlive its item and must not fail the search."""
        return index_of_row.get(int(bundle.pipeline.store.rows_of((item_id,))[0]))

    eligible = np.ones(n, dtype=bool)
    eligible[n_ranked:] = False
    for item_id in rules.exclusions:
        if (index := index_of(item_id)) is not None:
            eligible[index] = False
    pins = np.full(min(query.offset + query.k, n_ranked), -1, dtype=np.int64)
    for position, item_id in rules.pins.items():
        index = index_of(item_id)
        if index is not None and position < len(pins) and eligible[index]:
            pins[position] = index
    boosts = np.zeros(n, dtype=np.float32) if rules.boosts else None
    for item_id, boost in rules.boosts.items():
        index = index_of(item_id)
        if boosts is not None and index is not None:
            boosts[index] = boost
    is_ranked = RANKING not in scored.degraded
    return SlateStage(
        bundle.ranker.scorer,
        scored,
        eligible=eligible,
        pins=pins,
        boosts=boosts,
        is_ranked=is_ranked,
        units=bundle.units,
    )
