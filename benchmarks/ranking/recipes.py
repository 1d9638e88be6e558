"""Hyperparameters that are chosen inside the training folds: what the choice gains over a recipe that is fixed.

Each training part of the outer folds chooses by cross-validation within itself, so that no query has a part in how it
is ranked. `words.measure` has the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from trimtab.engine.build.training import recipe_for
from trimtab.ranker.training.crossval import out_of_fold_scores, scores_out_of_fold
from trimtab.ranker.training.heads import Recipe, fit_heads
from trimtab.ranker.training.held_out import list_ndcg
from trimtab.ranker.training.lists import RankingLists

N_MEMBERS = 2
"""Networks that are averaged while recipes are compared."""


def recipes_of(lists: RankingLists) -> Sequence[Recipe]:
    """The recipe of a build, weighted sums of the features, and networks that learn the order above all."""
    fixed = recipe_for(len(lists))
    return fixed, replace(fixed, hidden=(), dropout=0.0), replace(fixed, pointwise_share=0.1)


def ndcg_by_chosen(lists: RankingLists, recipes: Sequence[Recipe], *, seed: int = 0) -> NDArray[np.float64]:
    """[L] ndcg@10 of lists out of fold, by the recipe that the other folds choose."""

    def fit(kept: RankingLists) -> nn.Module:
        return fit_heads(kept, best_recipe(kept, recipes, seed=seed), seed=seed)

    return list_ndcg(scores_out_of_fold(lists, fit, seed=seed)[..., 0], lists)


def best_recipe(lists: RankingLists, recipes: Sequence[Recipe], *, seed: int = 0) -> Recipe:
    """The recipe whose ndcg@10 is the best out of fold."""

    def ndcg(recipe: Recipe) -> float:
        few = replace(recipe, n_members=min(recipe.n_members, N_MEMBERS))
        return float(np.nanmean(list_ndcg(out_of_fold_scores(lists, few, seed=seed)[..., 0], lists)))

    return max(recipes, key=ndcg)
