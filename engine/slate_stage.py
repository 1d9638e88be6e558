"""One request's candidates in front of the ranker's slate methods: arrays in, candidate indices out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.metrics import discounts
from core.records import ScoredCandidates
from ranker.model import ServedRanker

Floats = NDArray[np.float64]


class SlateStage:
    """One request's candidates in front of the ranker's slate methods."""

    def __init__(
        self,
        ranker: ServedRanker,
        scored: ScoredCandidates,
        *,
        eligible: torch.Tensor,
        pins: torch.Tensor,
        boosts: torch.Tensor | None,
        is_ranked: bool = True,
    ) -> None:
        """
        Args:
            eligible: [1, n] bool.
            pins: [1, depth] candidate index pinned at a position, -1 where none.
            boosts: [n] added to the utilities.
            is_ranked: False where the gains are unknown: every utility is 0, which leaves the candidates' order.
        """
        self._ranker = ranker
        self._gains = torch.from_numpy(scored.gains)
        self._aspects = torch.from_numpy(scored.aspects).unsqueeze(0)
        self._eligible = eligible
        self._pins = pins
        self._boosts = boosts
        self.is_ranked = is_ranked
        self.depth = pins.shape[1]

    def utilities(self, weights: Floats) -> torch.Tensor:
        """[B, M + 1] weights, diversity last -> [B, n]."""
        with torch.inference_mode():
            result: torch.Tensor
            if self.is_ranked:
                result = self._ranker.utilities(self._gains, torch.from_numpy(weights[:, :-1]).float())
            else:
                result = torch.zeros(len(weights), len(self._gains))
            return result if self._boosts is None else result + self._boosts

    def slates(self, weights: Floats, *, depth: int | None = None) -> NDArray[np.int64]:
        """[B, M + 1] weights -> [B, depth] candidate indices, -1 where nothing is left."""
        n_lists = len(weights)
        with torch.inference_mode():
            utilities = self.utilities(weights)
            eligible = self._eligible.expand(n_lists, -1)
            pins = self._pins[:, :depth].expand(n_lists, -1)
            if not weights[:, -1].any():
                chosen = self._ranker.sorted_slate(utilities, eligible, pins)
            else:
                aspects = self._aspects.expand(n_lists, -1, -1)
                w_diversity = torch.from_numpy(weights[:, -1])
                chosen = self._ranker.novelty_slate(utilities, eligible, aspects, w_diversity, pins)
        slates: NDArray[np.int64] = chosen.numpy()
        return slates

    def slate(self, weights: Floats) -> NDArray[np.int64]:
        """The slate of one weighting [M + 1], without holes."""
        chosen: NDArray[np.int64] = self.slates(weights[None, :])[0]
        return chosen[chosen >= 0]

    def best(self, objective: int) -> NDArray[np.int64]:
        """The slate that one objective alone would show, without pins: what `slates` gives for its unit weight."""
        gains = np.where(self._eligible[0].numpy(), self._gains[:, objective].numpy(), -np.inf)
        n_shown = min(self.depth, int(self._eligible.sum()))
        return np.argsort(-gains, kind="stable")[:n_shown]

    def draw(self, weights: Floats, uniforms: Floats, temperature: float) -> tuple[NDArray[np.int64], Floats]:
        """A Plackett-Luce draw: candidate indices and conditional propensities, by position."""
        with torch.inference_mode():
            chosen, propensities = self._ranker.drawn_slate(
                self.utilities(weights[None, :]),
                self._eligible,
                self._aspects,
                torch.tensor([weights[-1]]).float(),
                self._pins,
                temperature,
                torch.from_numpy(uniforms).unsqueeze(0),
            )
        slate, chances = chosen[0].numpy(), propensities[0].numpy()
        return slate[slate >= 0], chances[slate >= 0]

    def expected(self, slates: NDArray[np.int64], objective: int) -> Floats:
        """[B, k] slates -> [B] discounted sum of one objective's gains; -1 adds nothing."""
        gains = np.append(self._gains[:, objective].numpy().astype(np.float64), 0.0)  # -1 reads the 0
        return np.asarray(gains[slates] @ discounts(slates.shape[1]), dtype=np.float64)
