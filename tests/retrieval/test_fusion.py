"""One order out of words and meaning, and what the best of it say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.retrieval.plain_fusion import plain_feedback, plain_fused
from trimtab.core.extended_array import ExtendedArray, RowArray, SharedArray
from trimtab.core.records import Candidates, FloatArray, IntArray
from trimtab.retrieval.fusion import N_BEST, fused, union

EVERYTHING = -1000.0


def found(
    rows: IntArray, bm25: FloatArray, near: IntArray, vectors: RowArray[np.float32], query: FloatArray, **rest: Any
) -> Candidates:
    """The candidates among rows that words and meaning have found."""
    cosines = np.sort(np.vecdot(vectors[near], query))[::-1]
    popularity = rest.pop("popularity", np.zeros(len(vectors), dtype=np.float32))
    given = {"floor": EVERYTHING, "n": 1000, **rest}
    return fused((rows, bm25), (near, np.ascontiguousarray(cosines)), vectors, query[None], popularity, **given)


def test_what_is_like_the_best_moves_up() -> None:
    like_the_best, unlike = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    vectors = np.array([like_the_best] * N_BEST + [unlike, like_the_best, *[unlike] * 8], dtype=np.float32)
    rows, bm25 = np.arange(15), np.array([10, 9, 9, 9, 9, 5, 4, *np.linspace(3, 0.1, 8)], dtype=np.float32)
    query = np.zeros(2, dtype=np.float32)
    order = found(rows, bm25, rows[:0], vectors, query).rows.tolist()
    assert order.index(6) < order.index(5)
    by_words = found(rows, bm25, rows[:0], vectors, query, by_meaning=False).rows.tolist()
    assert by_words.index(5) < by_words.index(6)


def test_of_equal_ones_the_more_popular_comes_first_then_the_earlier_row() -> None:
    rows, bm25 = np.array([8, 5, 2, 7, 1]), np.ones(5, dtype=np.float32)
    vectors, popularity = np.ones((9, 2), dtype=np.float32), np.zeros(9, dtype=np.float32)
    popularity[[7, 8]] = 3.0, 1.0
    query = np.ones(2, dtype=np.float32)
    for n, expected in ((9, [7, 8, 1, 2, 5]), (2, [7, 8]), (0, [])):
        assert found(rows, bm25, rows[:0], vectors, query, popularity=popularity, n=n).rows.tolist() == expected


def test_only_what_has_a_word_or_is_near_is_a_candidate() -> None:
    vectors = np.array([[1, 0], [0.9, 0], [0.5, 0], [0.1, 0]], dtype=np.float32)
    query, near = np.array([1, 0], dtype=np.float32), np.arange(3)
    candidates = found(np.array([3]), np.ones(1, dtype=np.float32), near, vectors, query, floor=0.9)
    assert sorted(candidates.rows.tolist()) == [0, 1, 3]
    assert candidates.rows[0] == 0
    assert found(near[:0], vectors[:0, 0], near[:0], vectors, query).rows.tolist() == []


@given(st.lists(st.integers(0, 40), unique=True), st.lists(st.integers(0, 40)))
def test_a_union_is_the_rows_and_behind_them_what_is_new(rows: list[int], more: list[int]) -> None:
    united = union(np.array(rows, dtype=np.int64), np.array(more, dtype=np.int64))
    assert united.tolist() == list(dict.fromkeys([*rows, *more]))


@pytest.mark.parametrize("kind", ["plain", "live", "shared"])
@given(n=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_kernels_give_the_plain_scores(kind: str, n: int, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    vectors = rng.normal(size=(n + 5, 20)).astype(np.float32)
    first = np.arange(n + 5)
    if kind == "shared":
        first = np.minimum(first, n // 2)
        vectors = vectors[first]
    items: dict[str, RowArray[np.float32]] = {
        "plain": vectors,
        "live": ExtendedArray(vectors[:5], vectors[5:]),
        "shared": SharedArray(vectors, first),
    }
    rows, query = rng.permutation(n + 5)[:n], vectors[0]
    n_by_words = int(rng.integers(0, n + 1))
    bm25, near = (rng.random(n_by_words) + 0.1).astype(np.float32).round(1), rows[n_by_words // 2 :]
    popularity = rng.integers(0, 3, n + 5).astype(np.float32)
    floor = float(rng.normal())
    candidates = found(rows[:n_by_words], bm25, near, items[kind], query, popularity=popularity, floor=floor)
    dense = np.vecdot(vectors[rows], query)  # of equal vectors equal to the last bit, as a product of a matrix is not
    lexical = np.zeros(n, dtype=np.float32)
    lexical[:n_by_words] = bm25
    low = max(float(np.vecdot(vectors[near], query).min(initial=1)), floor)
    plain = plain_fused(
        dense, lexical, dense_range=(low, float(dense.max(initial=0))), best_lexical=float(bm25.max(initial=0))
    )
    scores = plain_feedback(plain, vectors[rows])
    places = np.array([rows.tolist().index(row) for row in candidates.rows.tolist()], dtype=np.int64)
    unsure = np.abs(dense - floor) < 1e-4
    assert set(np.flatnonzero((lexical > 0) | (dense >= floor)).tolist()) ^ set(places.tolist()) <= set(
        np.flatnonzero(unsure).tolist()
    )
    assert_allclose(candidates.dense, dense[places], rtol=1e-4, atol=1e-5)
    assert candidates.lexical.tolist() == lexical[places].tolist()
    assert_allclose(candidates.fused, scores[places], atol=1e-3)
    columns = -candidates.fused, -popularity[candidates.rows], candidates.rows
    keys = list(zip(*(column.tolist() for column in columns), strict=True))
    assert keys == sorted(keys)
    assert ((candidates.fused >= 0) & (candidates.fused <= 1)).all()
