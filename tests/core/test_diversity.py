from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from trimtab.core.diversity import (
    coverage,
    ideal_diversity,
    intra_list_distance,
    intra_list_distances,
    novelties,
    novelties_of_slates,
    slate_diversity,
)

codes = npst.arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 3)), elements=st.integers(-1, 3))


def test_each_repeat_is_worth_half() -> None:
    np.testing.assert_allclose(novelties([[1], [1], [2], [1]]), [1, 0.5, 1, 0.25])


@given(codes)
def test_novelty_by_the_definition(aspects: np.ndarray) -> None:
    for position, row in enumerate(aspects):
        above = aspects[:position]
        repeats = [(above[:, a] == code).sum() if code >= 0 else 0 for a, code in enumerate(row)]
        assert novelties(aspects)[position] == pytest.approx(np.mean([0.5**r for r in repeats]))


@given(codes)
def test_nothing_is_more_diverse_than_items_without_repeats(aspects: np.ndarray) -> None:
    different = np.arange(aspects.size).reshape(aspects.shape)
    assert slate_diversity(aspects) <= slate_diversity(different) + 1e-12


def test_distance_and_coverage_by_hand() -> None:
    assert intra_list_distance([[1, 1], [1, 2]]) == pytest.approx(0.5)
    assert math.isnan(intra_list_distance([[1, 1]]))
    assert coverage([1, 1, 2, -1]) == 2


@given(npst.arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 6), st.just(2)), elements=st.integers(0, 3)))
def test_many_slates_at_once(aspects: np.ndarray) -> None:
    one_by_one = [intra_list_distance(slate) for slate in aspects]
    np.testing.assert_allclose(intra_list_distances(aspects), one_by_one, equal_nan=True)
    np.testing.assert_allclose(novelties_of_slates(aspects), [novelties(slate) for slate in aspects])


@given(codes, st.integers(1, 8))
def test_no_order_of_the_items_is_more_diverse_than_the_ideal_for_one_aspect(aspects: np.ndarray, k: int) -> None:
    one = aspects[:, :1]
    rng = np.random.Generator(np.random.PCG64(0))
    best = max(slate_diversity(rng.permutation(one)[:k]) for _ in range(20))
    assert best <= ideal_diversity(one, k=k) + 1e-12
