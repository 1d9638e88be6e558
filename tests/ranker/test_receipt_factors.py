"""Receipts of slates that are chosen by predictions: factors fitted on some lists put those of others right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.ranking.studies.receipt_study import study_receipts
from tests.ranker.problems import small_problem
from trimtab.ranker.methods.heads import CalibratedHeads
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.study.cell import Fold
from trimtab.ranker.training.heads import Recipe
from trimtab.ranker.training.receipt_factors import (
    TYPICAL_DIFFERENCE,
    fit_receipt_factors,
    ratio_error,
    shrunk_ratio,
    slate_sums,
)


def promised_by(problem: Problem, shares: list[float], *, seed: int) -> np.ndarray:
    """Predictions that err for each item and are off by these shares."""
    noise = np.random.default_rng(seed).uniform(0.8, 1.2, problem.gains.shape)
    return problem.gains.astype(np.float64) * noise * np.array(shares)


def test_the_factors_of_some_lists_put_the_receipts_of_others_right() -> None:
    known, unseen = (small_problem(n_lists=200, seed=seed) for seed in (0, 1))
    factors = fit_receipt_factors(known, promised_by(known, [1.25, 0.8], seed=0), np.ones(2))
    assert factors is not None
    sums = slate_sums(unseen, promised_by(unseen, [1.25, 0.8], seed=1), np.ones(2))
    promised, realised = (one.sum(axis=(0, 1)) for one in sums)
    assert realised / promised == pytest.approx([0.8, 1.25], abs=0.06)
    assert realised / (promised * np.array(list(factors.values()))) == pytest.approx([1, 1], abs=0.03)


def test_more_lists_are_believed_more() -> None:
    rng = np.random.default_rng(0)
    promised = rng.random(400) + 0.1
    bought = promised * rng.exponential(1, 400)
    realised = bought * 1.2 * promised.sum() / bought.sum()
    factors = [shrunk_ratio(np.tile(realised, times), np.tile(promised, times)) for times in (1, 4, 100)]
    assert factors == sorted(factors)
    assert factors[-1] == pytest.approx(1.2, abs=0.005)


def test_few_lists_say_nothing() -> None:
    problem = small_problem(n_lists=20)
    assert fit_receipt_factors(problem, problem.gains.astype(np.float64), np.ones(2)) is None


@given(st.integers(0, 1000), st.floats(0.2, 5), st.integers(5, 200))
def test_a_factor_lies_between_one_and_the_ratio(seed: int, scale: float, n: int) -> None:
    rng = np.random.default_rng(seed)
    promised = rng.random(n) + 0.1
    realised = promised * scale * rng.exponential(1, n)
    ratio, factor = realised.sum() / promised.sum(), shrunk_ratio(realised, promised)
    assert min(1, ratio) <= factor <= max(1, ratio)
    if ratio_error(realised, promised) >= TYPICAL_DIFFERENCE:
        assert abs(factor - 1) <= abs(ratio - 1) / 2
    assert shrunk_ratio(promised, promised) == 1
    assert shrunk_ratio(np.zeros(n), np.zeros(n)) == 1


def test_the_study_measures_lists_that_nothing_was_fitted_on() -> None:
    problem = small_problem(n_lists=90)
    train, test, other = (problem.take(np.arange(90) % 3 == part) for part in range(3))
    folds = [Fold(train, validation, test) for validation in (train, other)]
    rows = study_receipts(lambda: CalibratedHeads(Recipe(hidden=(), n_steps=30)), folds, seed=0)
    assert {row["objective"] for row in rows} == {"relevance", "revenue"}
    for row in rows:
        assert 0 < row["calibrated"] < 3
        assert row["error"] > 0
