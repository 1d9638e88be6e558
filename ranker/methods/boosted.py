"""Heads of gradient-boosted trees (LightGBM), alone and averaged with networks; one network that learns from both.

Trees err elsewhere than networks do, so their average has better expectations than either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trimtab.ranker.forests import N_LEAVES, Forest
from trimtab.ranker.methods.fronts.trees import REPRODUCIBLE
from trimtab.ranker.methods.heads import N_MEMBERS, CalibratedHeads, DistilledEnsemble
from trimtab.ranker.model import Blended, Trees
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.lists import RankingLists
from trimtab.ranker.training.new_items import some_as_new

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
MOST_CANDIDATES = 300_000
"""Candidates that a head's trees learn from at most: so few leaves gain nothing from more."""


def forest_of(models: Sequence[Any]) -> Forest:
    """The trees of LightGBM models, one model for each head, as arrays."""
    trees = [
        (head, tree["tree_structure"]) for head, model in enumerate(models) for tree in model.dump_model()["tree_info"]
    ]
    shape = len(trees), N_LEAVES - 1
    forest = Forest(
        feature=np.zeros(shape, dtype=np.int64),
        threshold=np.full(shape, np.inf, dtype=np.float32),
        ruled_out=np.zeros(shape, dtype=np.uint16),
        n_comparisons=np.zeros(len(trees), dtype=np.int64),
        leaves=np.zeros((len(trees), N_LEAVES), dtype=np.float32),
        head=np.array([head for head, _ in trees], dtype=np.int64),
    )
    for number, (_, root) in enumerate(trees):
        comparisons: list[tuple[int, float, int]] = []
        leaves: list[float] = []
        _collect(root, comparisons, leaves)
        forest.leaves[number, : len(leaves)] = leaves
        forest.n_comparisons[number] = len(comparisons)
        for place, (feature, threshold, ruled_out) in enumerate(comparisons):
            forest.feature[number, place] = feature
            forest.threshold[number, place] = _at_most(threshold)
            forest.ruled_out[number, place] = ruled_out
    return forest


def _collect(node: Mapping[str, Any], comparisons: list[tuple[int, float, int]], leaves: list[float]) -> None:
    """Add the comparisons (feature, threshold, leaves ruled out) and the leaves below a node, from left to right."""
    if "leaf_value" in node:
        leaves.append(node["leaf_value"])
        return
    first = len(leaves)
    _collect(node["left_child"], comparisons, leaves)
    ruled_out = (1 << len(leaves)) - (1 << first)
    comparisons.append((node["split_feature"], node["threshold"], ruled_out))
    _collect(node["right_child"], comparisons, leaves)


def _at_most(value: float) -> np.float32:
    """The largest float32 up to a value: features are float32, so that comparing with either is the same."""
    nearest = np.float32(value)
    return nearest if float(nearest) <= value else np.nextafter(nearest, np.float32(-np.inf))


def blended(networks: nn.Module, trees: nn.Module, lists: RankingLists) -> Blended:
    """The mean of both, each divided by its spread over the labelled items of the lists."""
    known = ~np.isnan(lists.labels).all(axis=2)
    spreads = [np.maximum(raw_scores(one, lists)[known].std(axis=0), 1e-6) for one in (networks, trees)]
    return Blended(networks, trees, torch.from_numpy(np.stack(spreads)))


class BoostedHeads(CalibratedHeads):
    name = "boosted"

    def fit_raw(self, lists: RankingLists) -> nn.Module:
        import lightgbm  # noqa: PLC0415 (an optional dependency)

        models = []
        anew = torch.Generator().manual_seed(self.seed)
        features = some_as_new(torch.from_numpy(lists.features), self.recipe.new_share, anew).numpy()
        for head in range(lists.labels.shape[2]):
            values = lists.labels[..., head]
            known = self._some(~np.isnan(values))
            data = lightgbm.Dataset(features[known], label=values[known])
            models.append(lightgbm.train(PARAMETERS | {"seed": self.seed}, data, num_boost_round=N_TREES))
        return Trees(forest_of(models), lists.features.shape[2])

    def _some(self, known: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
        """The places of those of the known candidates [L, n] that are learned from."""
        places = np.flatnonzero(known)
        if len(places) > MOST_CANDIDATES:
            rng = np.random.Generator(np.random.PCG64(self.seed))
            places = np.sort(rng.choice(places, MOST_CANDIDATES, replace=False))
        return np.unravel_index(places, known.shape)


class Blend(BoostedHeads):
    """Networks and boosted trees."""

    name = "blend"
    n_networks = N_MEMBERS

    def fit_raw(self, lists: RankingLists) -> nn.Module:
        recipe = replace(self.recipe, n_members=self.n_networks)
        return blended(fit_heads(lists, recipe, seed=self.seed), super().fit_raw(lists), lists)


class SlimBlend(Blend):
    """One network and boosted trees, which cost less than three networks."""

    name = "slim_blend"
    n_networks = 1


class DistilledBlend(DistilledEnsemble):
    """One wider network that learns from the blend; what it costs to serve is less than three networks."""

    name = "distilled_blend"

    def __init__(self, recipe: Recipe, *, seed: int = 0) -> None:
        hidden = tuple(2 * width for width in recipe.hidden)
        super().__init__(replace(recipe, hidden=hidden, pointwise_share=0.5), seed=seed)
        self._recipe_of_teacher = recipe

    def teacher(self) -> CalibratedHeads:
        return Blend(self._recipe_of_teacher, seed=self.seed)
