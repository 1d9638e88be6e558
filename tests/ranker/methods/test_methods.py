"""Every method behind the one interface: it learns, follows its preference, and is served where it can be."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.ranker.problems import small_problem
from tests.support.methods import some_of
from trimtab.core.errors import BadInput, BadParameter
from trimtab.ranker.artifact import load_ranker, save_ranker, warm_up
from trimtab.ranker.features import FEATURES
from trimtab.ranker.methods.method import Method
from trimtab.ranker.methods.problem import Problem, lattice
from trimtab.ranker.methods.registry import (
    AGGREGATIONS,
    AUTO,
    METHODS,
    SERVABLE,
    WITH_TREES,
    check_servable,
    fit_served,
    make_method,
    method_for,
)
from trimtab.ranker.methods.slates import discounted_values, slate_values, slates_of
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.study.measures import axes_of
from trimtab.ranker.training.heads import Recipe

RECIPE = Recipe(hidden=(4,), n_steps=20, lists_per_step=32, learning_rate=6e-2)
PREFERENCES = lattice(2, 2)
WITHOUT_PREFERENCE = {"mgda"}  # it reconciles the gradients and lands where they meet, whatever the scale of the losses


@cache
def fitted(name: str) -> Method:
    """Fitted once on the small problem; no test changes it."""
    return fit(name)


def fit(name: str) -> Method:
    if name in WITH_TREES:
        pytest.importorskip("lightgbm")
    if name in AGGREGATIONS:
        pytest.importorskip("torchjd")
    method = make_method(name, RECIPE)
    method.fit(small_problem(), PREFERENCES)
    return method


def values_at(method: Method, problem: Problem, weights: list[float]) -> np.ndarray:
    scores = method.score(problem.inputs, torch.from_numpy(problem.mask), np.array(weights))
    return slate_values(slates_of(scores, problem), problem).mean(axis=0)


@pytest.mark.parametrize("name", some_of(METHODS))
def test_a_method_learns_and_follows_its_preference(name: str, problem: Problem) -> None:
    method = fitted(name)
    axes = axes_of(problem)
    for_relevance, for_revenue = (
        axes.normalise(values_at(method, problem, weights)) for weights in ([1.0, 0.0], [0.0, 1.0])
    )
    assert for_relevance[0] > 0.3  # 0 is a random order
    if name not in WITHOUT_PREFERENCE:
        assert for_revenue[1] > for_relevance[1]
        assert for_relevance[0] > for_revenue[0]


@pytest.mark.parametrize("name", some_of(SERVABLE))
def test_what_is_served_scores_as_the_method_does(name: str, problem: Problem, tmp_path: Path) -> None:
    method = fitted(name)
    save_ranker(method.export(), tmp_path)
    served = load_ranker(tmp_path).scorer
    scores = method.score(problem.inputs, torch.from_numpy(problem.mask), np.array([0.7, 0.3]))
    number = int(problem.mask.sum(axis=1).argmax())  # a full list: a listwise encoder sees no padding when it serves
    gains = served.gains(problem.lists.features[number], problem.multipliers[number])
    assert (gains[:, :2] >= 0).all()
    order = served.utilities(gains, np.array([[0.7, 0.3]]))[0]
    assert np.corrcoef(order, scores[number].numpy())[0, 1] == pytest.approx(1.0, abs=1e-4)
    # Utilities are proportional to the weight left beside diversity.
    np.testing.assert_allclose(served.utilities(gains, np.array([[0.35, 0.15]]))[0] * 2, order, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", some_of(SERVABLE))
def test_a_served_method_answers_every_call_of_the_engine(name: str, tmp_path: Path) -> None:
    save_ranker(_with_all_features(name), tmp_path)
    served = load_ranker(tmp_path).scorer
    warm_up(served, n_objectives=2, n=5)
    features = np.random.default_rng(0).normal(size=(5, len(FEATURES))).astype(np.float32)
    gains = served.gains(features, np.ones((5, 2), dtype=np.float32))
    assert np.isfinite(served.utilities(gains, np.array([[0.5, 0.3], [0.1, 0.1]]))).all()


def _with_all_features(name: str) -> ServedRanker:
    small = small_problem(n_lists=30)
    wide = np.zeros((*small.lists.rows.shape, len(FEATURES)), dtype=np.float32)
    wide[..., :4] = small.lists.features
    lists = replace(small.lists, features=wide)
    return fit_served(name, replace(small, lists=lists), Recipe(hidden=(4,), n_steps=5))


def test_raising_a_weight_never_lowers_what_the_heads_predict(problem: Problem) -> None:
    method = fitted("heads")
    gains = method.predict(problem.inputs, torch.from_numpy(problem.mask)).numpy()
    for objective in range(2):
        path = []
        for weight in np.linspace(0, 1, 21):
            weights = np.full(2, 1 - weight)
            weights[objective] = weight
            scores = method.score(problem.inputs, torch.from_numpy(problem.mask), weights)
            path.append(discounted_values(slates_of(scores, problem), gains)[:, objective])
        steps = np.diff(np.array(path), axis=0)
        assert (steps >= -1e-5 * np.abs(path).max()).all()


def test_a_request_gets_the_nearest_of_the_models_there_are(problem: Problem) -> None:
    method = fitted("scalarisation")
    mask = torch.from_numpy(problem.mask)
    near = method.score(problem.inputs, mask, np.array([0.6, 0.4]))
    torch.testing.assert_close(near, method.score(problem.inputs, mask, np.array([0.5, 0.5])))


def test_the_same_seed_gives_the_same_model(problem: Problem) -> None:
    first, second = (values_at(fit("film"), problem, [0.5, 0.5]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_build_that_names_no_method_takes_what_is_best_of_so_many_lists_and_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trimtab.ranker.methods.registry.find_spec", lambda name: name)
    assert method_for(AUTO, 5000) == "student_of_blend"
    assert method_for(AUTO, 50) == "heads"
    assert method_for("film", 50) == "film"
    monkeypatch.setattr("trimtab.ranker.methods.registry.find_spec", lambda name: None)
    assert method_for(AUTO, 5000) == "student"
    with pytest.raises(BadParameter, match=r"blend needs lightgbm.*trimtab\[build\]"):
        check_servable("blend")


def test_methods_that_cannot_be_served_say_so() -> None:
    with pytest.raises(BadInput, match="cannot be steered"):
        fitted("scalarisation").export()
    with pytest.raises(BadParameter, match="heads"):
        check_servable("chebyshev")
    with pytest.raises(BadParameter, match="film"):
        make_method("filmm", RECIPE)
