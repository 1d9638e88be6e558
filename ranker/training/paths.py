"""The attainment maps of a bundle: the value of each objective as the weight moves from relevance to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.core.weights import DIVERSITY
from trimtab.ranker.attainment import PATH, Attainment, fit_attainment
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.slates import discounted_values, diversity_values, slates_of
from trimtab.ranker.model import ServedRanker

N_LISTS = 500
"""The first lists of a sample are enough for a mean."""

Floats = NDArray[np.float64]
Utilities = Callable[[Floats], Tensor]
"""Weights [M] of the item objectives -> utilities [L, n] of the lists of a problem, anything in the padding."""


def attainment_of_gains(
    problem: Problem, gains: NDArray[np.floating], ranges: NDArray[np.floating]
) -> dict[str, Attainment]:
    """Attainment maps of calibrated heads, from gains [L, n, M], preferably of held-out lists, and their ranges [M]."""
    some = np.arange(min(len(problem), N_LISTS))
    scaled = torch.from_numpy(gains[some] / ranges).float()
    return attainment_maps(lambda weights: scaled @ torch.from_numpy(weights).float(), problem.take(some))


def attainment_of_ranker(problem: Problem, ranker: ServedRanker) -> dict[str, Attainment]:
    """Attainment maps of any served ranker."""
    some = problem.take(np.arange(min(len(problem), N_LISTS)))
    return attainment_maps(served_utilities(ranker, some), some)


def attainment_maps(utilities: Utilities, problem: Problem) -> dict[str, Attainment]:
    """A map for diversity and every objective but the first, from the true values of the slates on its path."""
    first, *others = np.eye(len(problem.objectives))
    maps = {}
    for number, corner in enumerate(others, start=1):
        slates = [slates_of(utilities((1 - weight) * first + weight * corner), problem) for weight in PATH]
        values = [discounted_values(one, problem.gains)[:, number].mean() for one in slates]
        maps[problem.objectives[number].name] = fit_attainment(PATH, values)
    relevance = utilities(first)
    slates = [slates_of((1 - weight) * relevance, problem, w_diversity=float(weight)) for weight in PATH]
    maps[DIVERSITY] = fit_attainment(PATH, [diversity_values(one, problem.aspects).mean() for one in slates])
    return maps


@torch.inference_mode()
def served_utilities(ranker: ServedRanker, problem: Problem) -> Utilities:
    """The utilities of a served ranker as a function of the weights; the lists are scored once."""
    lists = problem.lists
    sizes = (lists.rows >= 0).sum(axis=1)
    gains = [
        ranker.gains(torch.from_numpy(features[:n]), torch.from_numpy(values[:n]))
        for features, values, n in zip(lists.features, problem.multipliers, sizes, strict=True)
    ]

    @torch.inference_mode()
    def utilities(weights: Floats) -> Tensor:
        padded = torch.zeros(lists.prices.shape)
        row = torch.from_numpy(weights[None, :]).float()
        for number, one in enumerate(gains):
            padded[number, : len(one)] = ranker.utilities(one, row)[0]
        return padded

    return utilities
