"""Heads of gradient-boosted trees (LightGBM), alone and averaged with networks; one network that learns from both.

Trees err elsewhere than networks do, so their average has better expectations than either. Neither of the two is
TorchScript; the student is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trimtab.core.errors import BadInput
from trimtab.ranker.methods.fronts.trees import REPRODUCIBLE
from trimtab.ranker.methods.heads import CalibratedHeads, DistilledEnsemble, Ensemble
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.training.heads import Recipe, raw_scores
from trimtab.ranker.training.lists import RankingLists

PARAMETERS: dict[str, Any] = {
    "objective": "cross_entropy",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    **REPRODUCIBLE,
}
N_TREES = 80


class TreeHeads(nn.Module):
    """One boosted model a head, by its log-odds."""

    def __init__(self, models: Sequence[Any]) -> None:
        super().__init__()
        self.models = models

    def forward(self, features: Tensor) -> Tensor:
        """[..., F] -> [..., H] raw scores."""
        rows = features.reshape(-1, features.shape[-1]).numpy()
        columns = [model.predict(rows, raw_score=True, num_threads=1) for model in self.models]
        scores = np.stack(columns, axis=-1).astype(np.float32)
        return torch.from_numpy(scores.reshape(*features.shape[:-1], len(self.models)))


class Blended(nn.Module):
    """The mean of two kinds of heads, each divided by its spread over the training items."""

    def __init__(self, members: Sequence[nn.Module], lists: RankingLists) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        known = ~np.isnan(lists.labels).all(axis=2)
        spreads = [np.maximum(raw_scores(member, lists)[known].std(axis=0), 1e-6) for member in members]
        self.spreads = [torch.from_numpy(spread) for spread in spreads]

    def forward(self, features: Tensor) -> Tensor:
        """[..., F] -> [..., H] raw scores."""
        scaled = [member(features) / spread for member, spread in zip(self.members, self.spreads, strict=True)]
        return torch.stack(scaled).mean(dim=0)


class BoostedHeads(CalibratedHeads):
    name = "boosted"

    def fit_raw(self, lists: RankingLists) -> nn.Module:
        import lightgbm  # noqa: PLC0415 (an optional dependency)

        models = []
        for head in range(lists.labels.shape[2]):
            values = lists.labels[..., head]
            known = ~np.isnan(values)
            data = lightgbm.Dataset(lists.features[known], label=values[known])
            models.append(lightgbm.train(PARAMETERS | {"seed": self.seed}, data, num_boost_round=N_TREES))
        return TreeHeads(models)

    def export(self) -> ServedRanker:
        raise BadInput(f"{self.name}: trees are no TorchScript and cannot be served; choose {DistilledBlend.name}")


class Blend(BoostedHeads):
    """Three networks and boosted trees."""

    name = "blend"

    def fit_raw(self, lists: RankingLists) -> nn.Module:
        networks = Ensemble(self.recipe, seed=self.seed).fit_raw(lists)
        return Blended([networks, super().fit_raw(lists)], lists)


class DistilledBlend(DistilledEnsemble):
    """One wider network that learns from the blend; what it costs to serve is less than three networks."""

    name = "distilled_blend"

    def __init__(self, recipe: Recipe, *, seed: int = 0) -> None:
        hidden = tuple(2 * width for width in recipe.hidden)
        super().__init__(replace(recipe, hidden=hidden, pointwise_share=0.5), seed=seed)
        self._recipe_of_teacher = recipe

    def teacher(self) -> CalibratedHeads:
        return Blend(self._recipe_of_teacher, seed=self.seed)
