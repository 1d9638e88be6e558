"""One request's candidates in front of the slate methods: arrays in, candidate indices out.

One list, which a request waits for, is chosen by `ranker.slate.greedy` or drawn by `ranker.slate.draw`; many lists at
once by the compiled methods of the ranker. Both give the same slate.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.core.metrics import discounts
from trimtab.core.records import FloatArray, IntArray, ScoredCandidates
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.slate.draw import drawn_list
from trimtab.ranker.slate.greedy import lazy_slate

Floats = NDArray[np.float64]


class SlateStage:
    """One request's candidates in front of the slate methods."""

    def __init__(
        self,
        ranker: ServedRanker,
        scored: ScoredCandidates,
        *,
        eligible: NDArray[np.bool_],
        pins: IntArray,
        boosts: FloatArray | None,
        is_ranked: bool = True,
    ) -> None:
        """
        Args:
            eligible: [n].
            pins: [depth] candidate index pinned at a position, -1 where none.
            boosts: [n] added to the utilities.
            is_ranked: False where the gains are unknown: every utility is 0, which leaves the candidates' order.
        """
        self._ranker = ranker
        self._scored = scored
        self._eligible = eligible
        self._pins = pins
        self._boosts = boosts
        self.is_ranked = is_ranked
        self.depth = len(pins)

    def utilities(self, weights: Floats) -> FloatArray:
        """[B, M + 1] weights, diversity last -> [B, n]."""
        result: FloatArray
        if self.is_ranked:
            of_gains = torch.from_numpy(weights[:, :-1]).float()
            with torch.inference_mode():
                result = self._ranker.utilities(torch.from_numpy(self._scored.gains), of_gains).numpy()
        else:
            result = np.zeros((len(weights), len(self._scored)), dtype=np.float32)
        return result if self._boosts is None else result + self._boosts

    def slates(self, weights: Floats, *, depth: int | None = None) -> NDArray[np.int64]:
        """[B, M + 1] weights -> [B, depth] candidate indices, -1 where nothing is left."""
        n_lists = len(weights)
        utilities = torch.from_numpy(self.utilities(weights))
        eligible = torch.from_numpy(self._eligible).expand(n_lists, -1)
        pins = torch.from_numpy(self._pins[:depth]).expand(n_lists, -1)
        with torch.inference_mode():
            if not weights[:, -1].any():
                chosen = self._ranker.sorted_slate(utilities, eligible, pins)
            else:
                aspects = torch.from_numpy(self._scored.aspects).expand(n_lists, -1, -1)
                w_diversity = torch.from_numpy(weights[:, -1])
                chosen = self._ranker.novelty_slate(utilities, eligible, aspects, w_diversity, pins)
        slates: NDArray[np.int64] = chosen.numpy()
        return slates

    def slate(self, utilities: FloatArray, w_diversity: float) -> NDArray[np.int64]:
        """The slate of one weighting's utilities [n], without holes: what `slates` gives for it."""
        return _shown(lazy_slate(utilities, self._eligible, self._scored.aspects, w_diversity, self._pins.tolist()))

    def best(self, objective: int) -> NDArray[np.int64]:
        """The slate that one objective alone would show, without pins."""
        gains, no_pins = self._scored.gains[:, objective], [-1] * self.depth
        return _shown(lazy_slate(gains, self._eligible, self._scored.aspects, 0.0, no_pins))

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

    def expected_at(self, weights: Floats, *, objective: int, depth: int) -> Floats:
        """[B, M + 1] weights -> [B] discounted sum of one objective's gains over the first `depth` of their slates."""
        return self.expected(self.slates(weights, depth=depth), objective)

    def expected(self, slates: NDArray[np.int64], objective: int) -> Floats:
        """[B, k] slates -> [B] discounted sum of one objective's gains; -1 adds nothing."""
        gains = np.append(self._scored.gains[:, objective].astype(np.float64), 0.0)  # -1 reads the 0
        return np.asarray(gains[slates] @ discounts(slates.shape[1]), dtype=np.float64)


def _shown(slate: NDArray[np.int64]) -> NDArray[np.int64]:
    return slate[slate >= 0]
