"""Measures of a method: the quality of its slates, its front, and how well it can be steered.

Values of a slate are those of `trimtab.ranker.methods.slates`. The axes of a front are normalised alike for all
methods: 0 is a random order, 1 the best order for that objective alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import moocore
import numpy as np
import torch
from numpy.typing import ArrayLike

from trimtab.core.diversity import intra_list_distance
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.slates import (
    Floats,
    Slates,
    covered,
    discounted_values,
    diversity_values,
    slate_values,
    slates_of,
)

_N_RANDOM = 16


@dataclass(frozen=True)
class Axes:
    """Per-list means [M + 1] of the values of a random order and of the best order for each objective alone."""

    random: Floats
    ideal: Floats

    def normalise(self, values: Floats) -> Floats:
        """Mean values [..., M + 1] with random at 0 and ideal at 1."""
        return (values - self.random) / np.maximum(self.ideal - self.random, 1e-12)


def axes_of(problem: Problem, *, seed: int = 0) -> Axes:
    """The axes of a problem. The best order for diversity is the greedy one, which is all the slate stage can do."""
    rng = torch.Generator().manual_seed(seed)
    shape = problem.mask.shape
    shuffled = [slates_of(torch.rand(shape, generator=rng), problem) for _ in range(_N_RANDOM)]
    random = np.mean([slate_values(slates, problem).mean(axis=0) for slates in shuffled], axis=0)
    gains = problem.gains
    best = [
        discounted_values(slates_of(torch.from_numpy(gains[..., m]), problem), gains)[:, m].mean()
        for m in range(gains.shape[2])
    ]
    fresh = slates_of(torch.zeros(shape), problem, w_diversity=1.0)
    return Axes(random, np.array([*best, diversity_values(fresh, problem.aspects).mean()]))


def hypervolume(points: ArrayLike) -> float:
    """Volume dominated by points [P, D] to be maximised, above the one reference 0 (a random order)."""
    rows = np.maximum(np.asarray(points, dtype=np.float64), 0.0)
    return float(moocore.hypervolume(rows, ref=np.zeros(rows.shape[1]), maximise=True))


def igd_plus(points: ArrayLike, reference: ArrayLike) -> float:
    """Modified inverted generational distance (Ishibuchi et al. 2015) to a reference front; smaller is better."""
    return float(moocore.igd_plus(np.asarray(points, float), ref=np.asarray(reference, float), maximise=True))


def non_dominated(points: ArrayLike) -> Floats:
    """The points that no other is at least as good as everywhere and better somewhere."""
    rows = np.asarray(points, dtype=np.float64)
    kept: Floats = rows[np.asarray(moocore.is_nondominated(rows, maximise=True))]
    return kept


def monotone_share(path: ArrayLike, *, tolerance: ArrayLike = 0.0) -> float:
    """Share of the steps of a path [..., S] that do not fall by more than the tolerance; nan for a single point."""
    steps = np.diff(np.asarray(path, dtype=np.float64), axis=-1)
    return float((steps >= -np.asarray(tolerance)).mean()) if steps.size else float("nan")


def mean_path_monotonicity(values: Floats) -> float:
    """Monotonicity of the mean along a path, where a fall within one standard error of the paired step does not count.

    Args:
        values: [S, L] value of each list at each step.
    """
    steps = np.diff(values, axis=0)
    errors = steps.std(axis=1, ddof=1) / np.sqrt(steps.shape[1])
    return float((steps.mean(axis=1) >= -errors - 1e-12).mean())


@dataclass(frozen=True)
class Quality:
    """Per-list measures of slates, [L] each; nan where a list has no such value."""

    ndcg: Floats
    ndcg_linear: Floats
    revenue: Floats
    intra_list_distance: Floats
    alpha_ndcg: Floats
    coverage: Floats


def quality_of(slates: Slates, problem: Problem, *, grade_scale: float) -> Quality:
    """Measures of slates that rank whole lists to depth k.

    `ndcg` has gain `2^g - 1`, `ndcg_linear` gain `g`. Revenue is under position bias: a shopper looks at rank r with
    chance 1 / r (the position-based model), and buys what the label says he buys.

    Args:
        grade_scale: the largest gain `2^g - 1` of a grade, by which relevance labels were divided.
    """
    k = slates.shape[1]
    relevance = np.nan_to_num(problem.lists.labels[..., 0])[..., None].astype(np.float64)
    grades = np.log2(1 + relevance * grade_scale)
    examined = (slates >= 0) / np.arange(1, k + 1)
    revenue = np.zeros(len(problem))
    for number, objective in enumerate(problem.objectives):
        if objective.value == "price":
            taken = np.take_along_axis(problem.gains[..., number], np.maximum(slates, 0), axis=1)
            revenue = (taken * examined).sum(axis=1)
    shown = [codes[slate[slate >= 0]] for slate, codes in zip(slates, problem.aspects, strict=True)]
    fresh = slates_of(torch.zeros(problem.mask.shape), problem, w_diversity=1.0, k=k)
    return Quality(
        _normalised(slates, relevance, problem),
        _normalised(slates, grades, problem),
        revenue,
        np.array([intra_list_distance(codes) for codes in shown]),
        diversity_values(slates, problem.aspects) / np.maximum(diversity_values(fresh, problem.aspects), 1e-12),
        covered(slates, problem.aspects)[:, 0],
    )


def _normalised(slates: Slates, gains: Floats, problem: Problem) -> Floats:
    """[L] discounted gains over the best there is; nan where there is none."""
    best = discounted_values(slates_of(torch.from_numpy(gains[..., 0]), problem, k=slates.shape[1]), gains)[:, 0]
    reached = discounted_values(slates, gains)[:, 0]
    return np.where(best > 0, reached / np.where(best > 0, best, 1), np.nan)
