"""Measures of fronts and steering, against pymoo and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ranker.problems import small_problem
from trimtab.core.diversity import coverage, slate_diversity
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.slates import covered, diversity_values, slate_values, slates_of
from trimtab.ranker.study.measures import (
    axes_of,
    hypervolume,
    igd_plus,
    mean_path_monotonicity,
    monotone_share,
    non_dominated,
    quality_of,
)

N_LISTS = 40


@pytest.fixture(scope="module")
def problem() -> Problem:
    return small_problem(n_lists=N_LISTS)


@given(seed=st.integers(0, 1000), n_points=st.integers(1, 12), n_axes=st.integers(2, 4))
@settings(deadline=None, max_examples=20)
def test_hypervolume_and_igd_plus_are_those_of_pymoo(seed: int, n_points: int, n_axes: int) -> None:
    hv = pytest.importorskip("pymoo.indicators.hv")
    igd = pytest.importorskip("pymoo.indicators.igd_plus")
    rng = np.random.Generator(np.random.PCG64(seed))
    points, reference = rng.random((n_points, n_axes)), rng.random((5, n_axes))
    # pymoo minimises
    assert hypervolume(points) == pytest.approx(float(hv.HV(ref_point=np.zeros(n_axes))(-points)))
    assert igd_plus(points, reference) == pytest.approx(float(igd.IGDPlus(-reference)(-points)))


GOLDEN = json.loads((Path(__file__).parent / "golden_volumes.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{len(case['points'])}x{len(case['points'][0])}")
def test_volumes_fronts_and_distances_are_those_of_botorch_and_pymoo(case: dict) -> None:
    points = np.array(case["points"])
    assert hypervolume(points) == pytest.approx(case["botorch"], abs=1e-12)
    assert hypervolume(points) == pytest.approx(case["pymoo"], abs=1e-12)
    assert igd_plus(points, case["others"]) == pytest.approx(case["pymoo_igd_plus"])
    front = np.unique(points[np.array(case["botorch_front"])], axis=0)
    np.testing.assert_array_equal(np.unique(non_dominated(points), axis=0), front)


def test_what_is_worse_than_random_adds_no_volume() -> None:
    assert hypervolume([[0.5, 0.5], [-0.2, 0.9]]) == pytest.approx(0.25)
    assert hypervolume([[1.0, 1.0]]) == pytest.approx(1.0)


def test_dominated_points_leave_the_front() -> None:
    np.testing.assert_array_equal(non_dominated([[1, 0], [0, 1], [0.5, 0.4], [0.4, 0.3]]), [[1, 0], [0, 1], [0.5, 0.4]])


def test_the_axes_run_from_a_random_order_to_the_best(problem: Problem) -> None:
    axes, rng = axes_of(problem), torch.Generator().manual_seed(1)
    best = slate_values(slates_of(torch.from_numpy(problem.gains[..., 1]), problem), problem).mean(axis=0)
    assert axes.normalise(best)[1] == pytest.approx(1.0)
    shuffled = [slates_of(torch.rand(problem.mask.shape, generator=rng), problem) for _ in range(20)]
    mean = np.mean([slate_values(slates, problem).mean(axis=0) for slates in shuffled], axis=0)
    assert abs(axes.normalise(mean)[0]) < 0.1


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_batched_diversity_and_coverage_are_those_of_core(seed: int) -> None:
    problem = small_problem(n_lists=6)
    torch.manual_seed(seed)
    slates = slates_of(torch.rand(problem.mask.shape), problem, w_diversity=0.3, k=5)
    batched, counts = diversity_values(slates, problem.aspects), covered(slates, problem.aspects)
    for number, slate in enumerate(slates):
        codes = problem.aspects[number, slate[slate >= 0]]
        assert batched[number] == pytest.approx(slate_diversity(codes))
        assert counts[number, 0] == coverage(codes[:, 0])


def test_an_ideal_slate_has_ndcg_1_with_both_gains(problem: Problem) -> None:
    relevance = torch.from_numpy(np.nan_to_num(problem.lists.labels[..., 0]))
    quality = quality_of(slates_of(relevance, problem), problem, grade_scale=3)
    some = ~np.isnan(quality.ndcg)
    np.testing.assert_allclose(quality.ndcg[some], 1)
    np.testing.assert_allclose(quality.ndcg_linear[some], 1)
    nothing = np.nan_to_num(problem.lists.labels[..., 0]).sum(axis=1) == 0
    assert np.isnan(quality.ndcg[nothing]).all()


def test_monotonicity_counts_falls() -> None:
    assert monotone_share([0, 1, 1, 0.5, 2]) == pytest.approx(3 / 4)
    assert np.isnan(monotone_share([1.0]))
    rng = np.random.Generator(np.random.PCG64(0))
    noisy = rng.normal(size=(5, 400)) * 0.01 + np.array([0, 1, 2, 1.5, 3])[:, None]
    assert mean_path_monotonicity(noisy) == pytest.approx(3 / 4)
