"""Exact Pareto search (EPO; Mahapatra & Rajan, ICML 2020): the Pareto point whose losses are inversely proportional to
the preference, `w_1 * loss_1 = ... = w_M * loss_M`.

While the weighted losses are unequal the direction that evens them out is taken, as long as no already low one must
rise; once they are even, all descend together. Each step solves a linear program over the Gramian of the gradients.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from trimtab.ranker.methods.fronts.front import Front
from trimtab.ranker.methods.method import Floats
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.trainer import Rule

EVEN = 0.01
"""Non-uniformity (a Kullback-Leibler divergence) below which the weighted losses count as even."""
LEAST_WEIGHT = 0.02
"""Weights of 0 ask for an infinite loss; they are lifted to this."""


class ExactPareto(Front):
    name = "exact_pareto"

    def rule(self, data: Problem) -> Rule:
        return ExactParetoRule()


class ExactParetoRule:
    """The rule of exact Pareto search; linear programs are solved every `every` steps."""

    needs_gramians = True

    def __init__(self, *, every: int = 5) -> None:
        self._every, self._step = every, 0
        self._last = torch.empty(0)

    def coefficients(self, losses: Tensor, preferences: Tensor, gramians: Tensor) -> Tensor:
        if self._step % self._every == 0:
            rows = [
                exact_pareto_weights(one, weights, gramian)
                for one, weights, gramian in zip(
                    losses.double().numpy(), preferences.double().numpy(), gramians.double().numpy(), strict=True
                )
            ]
            self._last = torch.from_numpy(np.array(rows)).to(losses.dtype)
        self._step += 1
        return self._last * losses.shape[1]


def exact_pareto_weights(losses: Floats, preference: Floats, gramian: Floats) -> Floats:
    """[M] coefficients on the simplex; losses above 0, preference on the simplex, gramian [M, M]."""
    from scipy.optimize import linprog  # noqa: PLC0415  # slow to import, and only training needs it

    n = len(losses)
    lifted = np.maximum(preference, LEAST_WEIGHT)
    weighted = lifted * np.maximum(losses, 1e-9)
    shares: Floats = weighted / weighted.sum()
    non_uniformity = float(np.sum(shares * np.log(np.maximum(n * shares, 1e-12))))
    # The anchor direction: how strongly each loss pulls the weighted losses out of balance.
    anchor = lifted * (np.log(np.maximum(n * shares, 1e-12)) - non_uniformity)
    unit = gramian / max(float(np.trace(gramian)) / n, 1e-12)
    pull = unit @ anchor
    if non_uniformity > EVEN:
        target = pull
        highest = weighted >= weighted.max() - 1e-12
        # Losses the balancing would lower anyway must not rise; the highest must fall.
        kept = (pull > 0) & ~highest
        bounds_matrix = np.vstack([-unit[kept], -unit[highest]])
        bounds = np.zeros(len(bounds_matrix))
    else:
        target = unit.sum(axis=0)
        bounds_matrix, bounds = -unit, np.zeros(n)
    solved = linprog(-target, bounds_matrix, bounds, np.ones((1, n)), [1.0], bounds=[(0, 1)] * n, method="highs")
    if solved.x is None:
        return shares
    coefficients: Floats = np.asarray(solved.x, dtype=np.float64)
    return coefficients
