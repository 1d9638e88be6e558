"""What nobody judged comes to the fore of heads that learned from the judged alone, not where some is irrelevant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.testing import assert_array_equal

from benchmarks.ranking.unjudged import Searched, chosen_by_others, ndcg_of
from trimtab.ranker.features import FEATURES
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.lists import RankingLists
from trimtab.ranker.training.unjudged import some_as_irrelevant

N_LISTS, N_JUDGED, N_CANDIDATES = 40, 8, 24
MEETS, WORTH = 0, 1
"""Features: every judged item meets the query; which of them is relevant the other one says."""


def judged_lists(seed: int = 0) -> RankingLists:
    """Lists whose judged items all meet the query, and whose unjudged ones do not and are worth more."""
    rng = np.random.Generator(np.random.PCG64(seed))
    shape = (N_LISTS, N_CANDIDATES)
    features = rng.normal(size=(*shape, len(FEATURES))).astype(np.float32)
    is_judged = np.broadcast_to(np.arange(N_CANDIDATES) < N_JUDGED, shape)
    features[..., MEETS] = is_judged + 0.1 * rng.normal(size=shape)
    features[..., WORTH] = np.where(is_judged, features[..., WORTH], 3.0)
    labels = np.where(is_judged, features[..., WORTH] > 0, np.nan).astype(np.float32)[..., None]
    prices = np.ones(shape, dtype=np.float32)
    rows = np.broadcast_to(np.where(np.arange(N_CANDIDATES) < 20, np.arange(N_CANDIDATES), -1), shape)
    return RankingLists(features, prices, labels, np.arange(N_LISTS).astype(np.str_), rows, ("relevance",))


def test_what_nobody_judged_does_not_come_to_the_fore() -> None:
    lists, asked = judged_lists(), judged_lists(1)
    recipe = Recipe(hidden=(), n_steps=60, learning_rate=5e-2)

    def found(share: float) -> list[float]:
        scores = raw_scores(fit_heads(lists, replace(recipe, irrelevant_share=share)), asked)[..., 0]
        return np.nanmean(ndcg_of(scores, Searched(asked, asked.rows >= 0)), axis=0).tolist()

    judged, everything = found(0.0)
    assert judged > 0.9
    assert everything < 0.6
    judged, everything = found(0.25)
    assert judged > 0.9
    assert everything > 0.8


def test_a_share_of_what_nobody_judged_is_irrelevant() -> None:
    lists = judged_lists()
    seen = some_as_irrelevant(lists, 0.5)
    assert_array_equal(seen.labels[:, :N_JUDGED], lists.labels[:, :N_JUDGED])
    drawn, padding = seen.labels[:, N_JUDGED:20, 0], seen.labels[:, 20:]
    assert (drawn[~np.isnan(drawn)] == 0).all()
    assert 0.4 < np.isnan(drawn).mean() < 0.6
    assert np.isnan(padding).all()


def test_a_fold_has_what_the_others_choose() -> None:
    found = {"good at first": np.array([[1.0, 1.0], [0.0, 0.2]]), "good at last": np.array([[0.3, 0.0], [1.0, 1.0]])}
    assert_array_equal(chosen_by_others(found, np.array([0, 1])), [[0.3, 0.0], [0.0, 0.2]])
