"""Bit vectors find the leaves that walking the trees finds, LightGBM's among them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.ranker.forests import some_forest, walked
from trimtab.ranker.forests import N_TOGETHER, Forest
from trimtab.ranker.methods.boosted import PARAMETERS, forest_of
from trimtab.ranker.model import Trees


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0, 1, 7, N_TOGETHER + 3]), st.integers(1, 3))
def test_bit_vectors_find_the_leaf_that_a_walk_finds(seed: int, n: int, n_heads: int) -> None:
    rng = np.random.default_rng(seed)
    forest = some_forest(rng, n_features=3, n_heads=n_heads)
    features = (rng.integers(-3, 4, (n, 3)) / 2).astype(np.float32)  # many are equal to a threshold
    sums = Forest.from_arrays(forest.as_arrays()).sums(features)
    expected = np.array([walked(forest, one) for one in features[:5]], dtype=np.float32).reshape(-1, n_heads)
    assert_allclose(sums[:5], expected, atol=1e-5)
    compared = Trees(forest, 3).compared(torch.from_numpy(features)).numpy()
    assert_allclose(sums, compared, atol=1e-5)
    assert_allclose(forest.scaled(np.full(n_heads, 2.0)).sums(features), 2 * sums, atol=1e-5)


def test_the_order_of_other_items_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    forest = some_forest(rng, n_features=3, n_heads=2, n_trees=40)
    features = rng.normal(size=(2 * N_TOGETHER + 5, 3)).astype(np.float32)
    turned = rng.permutation(len(features))
    assert_array_equal(forest.sums(features)[turned], forest.sums(features[turned]))


def test_trees_of_lightgbm_are_kept_exactly() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2000, 5)).astype(np.float32)
    features[:, 0] = features[:, 0].round(1)
    models = [
        lightgbm.train(PARAMETERS, lightgbm.Dataset(features, label=labels), num_boost_round=12)
        for labels in (features[:, 0] > features[:, 1], np.ones(2000))  # nothing to split on in the second
    ]
    forest = forest_of(models)
    expected = np.stack([model.predict(features, raw_score=True) for model in models], axis=1)
    assert_allclose(forest.sums(features), expected, atol=1e-5)
    # Thresholds and the values beside them; LightGBM takes what is below 1e-35 to be 0.
    edges = np.unique(forest.threshold[np.isfinite(forest.threshold) & (abs(forest.threshold) > 1e-30)])
    beside = [np.nextafter(edges, np.float32(side)) for side in (-np.inf, np.inf)]
    nearest = np.repeat(np.concatenate([edges, *beside])[:, None], 5, axis=1)
    expected = np.stack([model.predict(nearest, raw_score=True) for model in models], axis=1)
    assert_allclose(forest.sums(nearest), expected, atol=1e-5)
