"""A recipe is chosen by lists that it is not measured on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.ranking.recipes import best_recipe, ndcg_by_chosen
from tests.ranker.problems import small_problem
from trimtab.ranker.training.crossval import out_of_fold_scores
from trimtab.ranker.training.heads import Recipe
from trimtab.ranker.training.held_out import list_ndcg

LEARNS = Recipe(hidden=(), n_steps=60, learning_rate=0.05)
LEARNS_NOTHING = replace(LEARNS, n_steps=1, learning_rate=1e-9)


def test_the_recipe_that_learns_is_chosen_in_every_fold() -> None:
    lists = small_problem().lists
    assert best_recipe(lists, (LEARNS_NOTHING, LEARNS)) == LEARNS
    always = list_ndcg(out_of_fold_scores(lists, LEARNS)[..., 0], lists)
    assert np.array_equal(ndcg_by_chosen(lists, (LEARNS_NOTHING, LEARNS)), always, equal_nan=True)
