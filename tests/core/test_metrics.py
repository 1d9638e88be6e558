"""Metrics against an independent implementation, and what they promise."""

from __future__ import annotations

import math

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.metrics import mean_interval, ndcg_at_k, ranked, recall_at_k, reciprocal_rank

scored = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 4)), min_size=1, max_size=40, unique_by=lambda p: p[0]
)


@given(scored, st.integers(1, 20))
def test_ndcg_agrees_with_ir_measures(pairs: list[tuple[int, int]], k: int) -> None:
    scores, grades = zip(*pairs, strict=True)
    # trec_eval's gain is linear, so it is given the gains themselves.
    qrels = [ir_measures.Qrel("q", str(n), 2**grade - 1) for n, grade in enumerate(grades)]
    run = [ir_measures.ScoredDoc("q", str(n), float(score)) for n, score in enumerate(scores)]
    measure = ir_measures.nDCG @ k
    ours = ndcg_at_k(scores, grades, k=k)
    if max(grades) == 0:
        assert math.isnan(ours)
        return
    assert ours == pytest.approx(ir_measures.calc_aggregate([measure], qrels, run)[measure], abs=1e-9)


@given(scored)
def test_ndcg_is_one_for_the_ideal_order_and_at_most_one(pairs: list[tuple[int, int]]) -> None:
    scores, grades = zip(*pairs, strict=True)
    if max(grades) > 0:
        assert ndcg_at_k(grades, grades, k=10) == pytest.approx(1)
        assert 0 <= ndcg_at_k(scores, grades, k=10) <= 1 + 1e-12


def test_ties_keep_their_order_and_nan_goes_last() -> None:
    np.testing.assert_array_equal(ranked([1, np.nan, 1, 2], [10, 20, 30, 40]), [40, 10, 30, 20])


def test_recall_and_reciprocal_rank_by_hand() -> None:
    assert recall_at_k([True, False, True], 4, k=2) == 0.25
    assert math.isnan(recall_at_k([False], 0, k=10))
    assert reciprocal_rank([False, False, True]) == pytest.approx(1 / 3)
    assert reciprocal_rank([False]) == 0


def test_no_data_is_no_number() -> None:
    empty = mean_interval([float("nan")])
    assert empty.n_queries == 0
    assert math.isnan(empty.value)


def test_an_interval_surrounds_its_mean_and_leaves_nan_out() -> None:
    interval = mean_interval([0.0, 1.0, 0.5, float("nan")])
    assert interval.n_queries == 3
    assert interval.low <= interval.value == 0.5 <= interval.high


def test_the_ideal_is_of_what_was_not_ranked_too() -> None:
    """As trec_eval does: an item that is missing from a short ranking is not found at its end."""
    found = ndcg_at_k([2.0, 1.0], [0, 1], k=10, missed=[3])
    assert found == pytest.approx((1 / np.log2(3)) / (7 + 1 / np.log2(3)))
    assert ndcg_at_k([], [], k=10, missed=[2]) == 0
    assert np.isnan(ndcg_at_k([1.0], [0], k=10, missed=[0]))
