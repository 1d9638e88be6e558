"""Loss budgets: what shoppers lose stays within what was asked, though predictions promise too much."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.ranking.studies.budget_study import study_budgets
from tests.ranker.problems import small_problem
from trimtab.ranker.loss_budgets import LossBudgets
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.training.loss_budgets import fit_loss_budgets, is_within, paths_by_objective

LOSS = 0.01


def predictions(problem: Problem, *, haze: float) -> np.ndarray:
    """Gains as they are, but that items are taken to differ less in relevance than they do."""
    gains = problem.gains.astype(np.float64)
    mean = gains[..., 0][problem.mask].mean()
    gains[..., 0] = np.where(problem.mask, (1 - haze) * gains[..., 0] + haze * mean, 0)
    return gains


def test_a_ranker_that_errs_gets_less_to_give_up_and_one_that_is_right_what_was_asked() -> None:
    problem = small_problem(n_lists=200)
    ranges = np.ones(len(problem.objectives))
    right = fit_loss_budgets(paths_by_objective(problem, predictions(problem, haze=0.0), ranges))
    errs = fit_loss_budgets(paths_by_objective(problem, predictions(problem, haze=0.9), ranges))
    assert right is not None
    assert errs is not None
    weights = {"relevance": 0.4, "revenue": 0.6}
    assert right.predicted_for(LOSS, weights) == pytest.approx(LOSS, rel=0.05)
    assert errs.predicted_for(LOSS, weights) < right.predicted_for(LOSS, weights)


def test_budgets_on_predictions_break_where_fitted_ones_seldom_do() -> None:
    problem = small_problem(n_lists=200)
    gains = predictions(problem, haze=0.9)
    rows = study_budgets(problem, gains, np.ones(len(problem.objectives)), n_lists=150, n_draws=40)
    assert any(row["naive_loss"] > row["asked"] for row in rows)
    assert max(row["broken"] for row in rows) <= 0.25  # a tenth is stated; three standard errors of 40 draws


def test_few_lists_show_nothing() -> None:
    problem = small_problem(n_lists=20)
    assert fit_loss_budgets(paths_by_objective(problem, problem.gains.astype(np.float64), np.ones(2))) is None


def test_a_bound_needs_evidence() -> None:
    rng = np.random.default_rng(0)
    assert is_within(rng.normal(-0.1, 0.1, 100), 0.9)
    assert not is_within(rng.normal(-0.001, 0.5, 10), 0.9)


@st.composite
def some_budgets(draw: st.DrawFn) -> LossBudgets:
    asked = sorted(draw(st.sets(st.floats(0.001, 0.3), min_size=1, max_size=4)))
    shares = [sorted(draw(st.floats(0, 1)) for _ in asked) for _ in range(2)]
    predicted = {
        name: tuple(share * loss for share, loss in zip(row, asked, strict=True))
        for name, row in zip(("revenue", "diversity"), shares, strict=True)
    }
    return LossBudgets(tuple(asked), predicted, 0.9, 100)


@given(
    some_budgets(),
    st.floats(0, 1),
    st.dictionaries(st.sampled_from(["relevance", "revenue", "diversity"]), st.floats(0, 1)),
)
def test_no_more_is_allowed_than_was_asked_and_the_strictest_objective_decides(
    budgets: LossBudgets, loss: float, weights: Mapping[str, float]
) -> None:
    allowed = budgets.predicted_for(loss, weights)
    assert 0 <= allowed <= loss
    traded = [name for name in budgets.predicted if weights.get(name)]
    assert allowed == min([loss, *(budgets.predicted_for(loss, {name: 1.0}) for name in traded)])
    assert LossBudgets.from_dict(budgets.as_dict()) == budgets
