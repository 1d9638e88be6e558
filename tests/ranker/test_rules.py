"""Networks lean on the rules where they have learned nothing, and go on saying what they have learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.ranker.features import AT, FEATURES
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.lists import RankingLists

RECIPE = Recipe(hidden=(4,), n_steps=20)


def lists_of(seed: int) -> RankingLists:
    """Lists in which prices are all that was judged, and nothing tells the judged items by their words."""
    rng = np.random.Generator(np.random.PCG64(seed))
    features = np.zeros((30, 12, len(FEATURES)), dtype=np.float32)
    features[..., AT["dense"]] = rng.uniform(size=(30, 12))
    labels = np.full((30, 12, 1), np.nan, dtype=np.float32)
    labels[:, :4, 0] = rng.integers(0, 2, (30, 4))
    rows = np.broadcast_to(np.arange(12), (30, 12))
    prices = np.ones((30, 12), dtype=np.float32)
    return RankingLists(features, prices, labels, np.arange(30).astype(np.str_), rows, ("relevance",))


def test_a_share_of_the_rules_is_added_in_its_own_spread() -> None:
    lists = lists_of(0)
    plain = raw_scores(fit_heads(lists, RECIPE), lists)[..., 0]
    leaning = raw_scores(fit_heads(lists, replace(RECIPE, rules_share=0.5)), lists)[..., 0]
    added = leaning - plain
    nearness = lists.features[..., AT["dense"]]
    np.testing.assert_allclose(np.corrcoef(added.ravel(), nearness.ravel())[0, 1], 1.0, atol=1e-4)
    np.testing.assert_allclose(added.std(), 0.5 * plain.std(), rtol=0.01)
