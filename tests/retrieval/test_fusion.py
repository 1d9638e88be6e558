"""One order out of words and meaning, and what the best of it say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.retrieval.plain_fusion import plain_feedback, plain_fused
from trimtab.core.extended_array import ExtendedArray
from trimtab.retrieval.fusion import N_BEST, cosines_of, fused_scores, with_feedback


def test_what_is_like_the_best_moves_up() -> None:
    like_the_best, unlike = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    vectors = np.array([like_the_best] * N_BEST + [unlike, like_the_best, *[unlike] * 8], dtype=np.float32)
    fused = np.array([1.0, 0.9, 0.9, 0.9, 0.9, 0.5, 0.4, *np.linspace(0.3, 0, 8)], dtype=np.float32)
    order = np.argsort(-with_feedback(fused, vectors, np.arange(len(fused))), kind="stable")
    assert order.tolist().index(6) < order.tolist().index(5)


@given(st.integers(0, 30), st.integers(0, 1000))
def test_scores_stay_between_0_and_1(n: int, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    fused, vectors = rng.random(n, dtype=np.float32), rng.normal(size=(n, 3)).astype(np.float32)
    scores = with_feedback(fused, vectors, np.arange(len(fused)))
    assert scores.shape == fused.shape
    assert ((scores >= 0) & (scores <= 1)).all()


def test_few_or_equal_candidates_are_left_as_they_are() -> None:
    vectors = np.ones((9, 2), dtype=np.float32)
    fused = np.linspace(1, 0, 9, dtype=np.float32)
    assert np.argsort(-with_feedback(fused, vectors, np.arange(len(fused))), kind="stable").tolist() == list(range(9))
    assert with_feedback(fused[:3], vectors, np.arange(3)).tolist() == fused[:3].tolist()


@given(st.integers(1, 60), st.integers(0, 10_000), st.booleans())
def test_kernels_give_the_plain_scores(n: int, seed: int, is_live: bool) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    vectors = rng.normal(size=(n + 5, 20)).astype(np.float32)
    items = ExtendedArray(vectors[:5], vectors[5:]) if is_live else vectors
    rows, query = rng.permutation(n + 5)[:n], vectors[0]
    dense = cosines_of(items, rows, query)
    assert_allclose(dense, vectors[rows] @ query, rtol=1e-5, atol=1e-5)
    lexical = (rng.random(n) * rng.integers(0, 2, n)).astype(np.float32).round(1)
    low, high = sorted(rng.choice(dense, 2).tolist())
    scales = {"dense_range": (low, high), "best_lexical": float(lexical.max())}
    fused = fused_scores(dense, lexical, **scales)
    assert_allclose(fused, plain_fused(dense, lexical, **scales), atol=1e-5)
    assert_allclose(with_feedback(fused, items, rows), plain_feedback(fused, vectors[rows]), atol=1e-4)
