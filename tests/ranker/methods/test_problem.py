"""What cannot be learned from is refused in one sentence; what can be is defined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from trimtab.core.errors import BadInput
from trimtab.ranker.methods.method import Method
from trimtab.ranker.methods.problem import Problem, check_preferences, check_problem, lattice
from trimtab.ranker.methods.registry import AGGREGATIONS, METHODS, make_method
from trimtab.ranker.training.heads import Recipe
from trimtab.ranker.training.lists import RankingLists

RECIPE = Recipe(hidden=(4,), n_steps=3)


def made(name: str) -> Method:
    if name == "trees":
        pytest.importorskip("lightgbm")
    if name in AGGREGATIONS:
        pytest.importorskip("torchjd")
    return make_method(name, RECIPE)


def with_lists(problem: Problem, **changed: np.ndarray) -> Problem:
    return replace(problem, lists=replace(problem.lists, **changed))


@pytest.mark.parametrize("name", METHODS)
def test_a_feature_that_is_not_finite_is_named(name: str, problem: Problem) -> None:
    features = problem.lists.features.copy()
    features[3, 0, 2] = np.nan
    with pytest.raises(BadInput, match="list 3, item 0, feature 2 is not finite"):
        made(name).fit(with_lists(problem, features=features), lattice(2, 1))


@pytest.mark.parametrize("name", METHODS)
def test_labels_that_are_all_zero_are_refused(name: str, problem: Problem) -> None:
    labels = np.where(np.isnan(problem.lists.labels), np.nan, 0).astype(np.float32)
    with pytest.raises(BadInput, match="nothing to learn"):
        made(name).fit(with_lists(problem, labels=labels), lattice(2, 1))


@pytest.mark.parametrize("name", METHODS)
def test_an_objective_that_is_the_same_everywhere_is_named(name: str, problem: Problem) -> None:
    labels = problem.lists.labels.copy()
    labels[..., 1] = np.where(np.isnan(labels[..., 1]), np.nan, 0)  # nobody bought anything: no revenue
    with pytest.raises(BadInput, match="objective revenue: its gain is 0"):
        made(name).fit(with_lists(problem, labels=labels), lattice(2, 1))


def test_no_list_is_refused(problem: Problem) -> None:
    with pytest.raises(BadInput, match="no list"):
        check_problem(problem.take(np.array([], dtype=int)))


@pytest.mark.parametrize("name", METHODS)
def test_a_list_of_one_item_is_scored_and_harms_nothing(name: str, problem: Problem) -> None:
    labels, rows = problem.lists.labels.copy(), problem.lists.rows.copy()
    labels[0, 1:], rows[0, 1:] = np.nan, -1
    labels[0, 0] = 1.0
    one_item = with_lists(problem, labels=labels, rows=rows)
    method = made(name)
    method.fit(one_item, lattice(2, 1))
    scores = method.score(one_item.inputs, torch.from_numpy(one_item.mask), np.array([0.5, 0.5]))
    assert torch.isfinite(scores[0, 0])


@pytest.mark.parametrize(
    ("weights", "problem_words"),
    [
        ([0.5, 0.6], "simplex"),
        ([1.5, -0.5], "simplex"),
        ([float("nan"), 1.0], "simplex"),
        ([1.0], "1 given for 2"),
    ],
)
def test_weights_off_the_simplex_are_refused(weights: list[float], problem_words: str) -> None:
    with pytest.raises(BadInput, match=problem_words):
        check_preferences(weights, 2)


@pytest.mark.parametrize(("n_objectives", "n_divisions", "n_points"), [(2, 20, 21), (3, 6, 28), (4, 3, 20), (1, 5, 1)])
def test_the_lattice_covers_the_simplex_evenly(n_objectives: int, n_divisions: int, n_points: int) -> None:
    points = lattice(n_objectives, n_divisions)
    assert len(np.unique(points.round(9), axis=0)) == n_points
    np.testing.assert_allclose(points.sum(axis=1), 1)
    assert (points >= 0).all()


def test_lists_are_taken_with_everything_that_belongs_to_them(problem: Problem) -> None:
    some = problem.take(np.array([5, 2]))
    assert isinstance(some.lists, RankingLists)
    np.testing.assert_array_equal(some.gains[0], problem.gains[5])
    np.testing.assert_array_equal(some.aspects[1], problem.aspects[2])
