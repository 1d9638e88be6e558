"""Label aggregation with gradient-boosted trees (LightGBM lambdarank): one model for each preference."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.core.errors import BadInput
from trimtab.ranker.methods.method import Floats
from trimtab.ranker.methods.problem import Inputs, Problem, check_preferences, check_problem
from trimtab.ranker.methods.trainer import scales_of
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.training.heads import Recipe

N_LEVELS = 31
"""lambdarank takes integer labels; the combined gain is cut into this many levels, whose gains are kept."""

REPRODUCIBLE: dict[str, Any] = {"num_threads": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True}
"""LightGBM in one thread, the same for a seed, without a word."""

PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    **REPRODUCIBLE,
}
N_TREES = 60


class TreeFront:
    """A front of lambdarank models; it cannot be served, because a bundle's ranker is TorchScript."""

    name = "trees"
    steerable = False

    def __init__(self, recipe: Recipe, *, seed: int = 0, n_trees: int = N_TREES) -> None:
        self.recipe, self.seed, self.n_trees = recipe, seed, n_trees

    def fit(self, data: Problem, preferences: Floats) -> None:
        import lightgbm  # noqa: PLC0415 (an optional dependency)

        check_problem(data)
        self.preferences = check_preferences(preferences, len(data.objectives))
        mask = data.mask
        sizes = mask.sum(axis=1)
        features = data.lists.features[mask]
        scaled = (data.gains / scales_of(data).numpy())[mask]
        shared = lightgbm.Dataset(features, group=sizes[sizes > 0], free_raw_data=False)
        self.models = []
        for preference in self.preferences:
            levels, gains = leveled(scaled @ preference)
            shared.set_label(levels)
            parameters = PARAMETERS | {"label_gain": gains.tolist(), "seed": self.seed}
            self.models.append(lightgbm.train(parameters, shared, num_boost_round=self.n_trees))

    def score(self, x: Inputs, mask: Tensor, weights: Floats) -> Tensor:
        asked = check_preferences(weights, self.preferences.shape[1])[0]
        model = self.models[int(np.abs(self.preferences - asked).sum(axis=1).argmin())]
        n_lists, n_items, n_features = x.features.shape
        flat = model.predict(x.features.reshape(-1, n_features).numpy(), num_threads=1)
        return torch.from_numpy(np.asarray(flat, dtype=np.float32).reshape(n_lists, n_items))

    def predict(self, x: Inputs, mask: Tensor) -> Tensor | None:
        return None

    def export(self) -> ServedRanker:
        raise BadInput("trees has one model for each preference and cannot be steered; choose a steerable method")


def leveled(values: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Integer levels [n] of non-negative values and the gain of each level: its mean value, 0 for level 0."""
    positive = values > 0
    cuts = np.linspace(0, 1, N_LEVELS)[:-1]
    edges = np.unique(np.quantile(values[positive], cuts)) if positive.any() else np.empty(0)
    levels = np.where(positive, np.searchsorted(edges, values, side="right"), 0)
    sums = np.bincount(levels, weights=values, minlength=len(edges) + 1)
    counts = np.bincount(levels, minlength=len(edges) + 1)
    return levels.astype(np.int64), sums / np.maximum(counts, 1)
