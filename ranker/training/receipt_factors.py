"""Fit what receipts multiply their sums by, on lists that the ranker has not seen.

Heads are calibrated over all candidates, and a slate is not a sample of them: it has those whose predictions are
highest, some of them by luck, and an objective may borrow a head that was calibrated without the item's value. So the
sums of a slate are off although its heads are not. One factor for each objective, what was realised over what was
promised, puts that right as far as the lists can say: the less they say, the more it is drawn towards 1.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.ranker.methods.problem import Problem, lattice
from trimtab.ranker.methods.slates import discounted_values, slates_of

Floats = NDArray[np.float64]

MIN_LISTS = 30
TYPICAL_DIFFERENCE = 0.1
"""How far receipts are usually off, as a standard deviation about 1 (.13 over the objectives of grocery's validation
weeks; of the ways tried to draw factors of 40 to 150 of those lists towards 1, this one came nearest to all lists')."""
N_DIVISIONS = 3
"""Divisions of the lattice of weightings whose slates are compared."""


def fit_receipt_factors(problem: Problem, gains: Floats, ranges: NDArray[np.floating]) -> dict[str, float] | None:
    """Objective -> factor; None where lists are few.

    Args:
        problem: lists that the ranker was not fitted on.
        gains: [L, n, M] predicted, by calibrations that were not fitted on the same lists either.
        ranges: [M] that utilities are divided by.
    """
    if len(problem) < MIN_LISTS:
        return None
    promised, realised = slate_sums(problem, gains, ranges)
    return {
        objective.name: shrunk_ratio(realised.sum(axis=0)[:, number], promised.sum(axis=0)[:, number])
        for number, objective in enumerate(problem.objectives)
    }


def slate_sums(problem: Problem, gains: Floats, ranges: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """[W, L, M] promised and realised sums of the slates at the weightings of a lattice."""
    promised, realised = [], []
    for weights in lattice(len(problem.objectives), N_DIVISIONS):
        slates = slates_of(torch.from_numpy((gains @ (weights / ranges)).astype(np.float32)), problem)
        promised.append(discounted_values(slates, gains))
        realised.append(discounted_values(slates, problem.gains))
    return np.array(promised), np.array(realised)


def shrunk_ratio(realised: Floats, promised: Floats) -> float:
    """The ratio of the sums of [L] lists, drawn towards 1 as far as its standard error leaves room for chance.

    The mean of what it may be where ratios lie about 1 by `TYPICAL_DIFFERENCE` and are seen with that error.
    """
    total = float(promised.sum())
    if total <= 0:
        return 1.0
    error = ratio_error(realised, promised)
    believed = TYPICAL_DIFFERENCE**2 / (TYPICAL_DIFFERENCE**2 + error**2)
    return 1 + believed * (float(realised.sum()) / total - 1)


def ratio_error(realised: Floats, promised: Floats) -> float:
    """Standard error of the ratio of the sums of [L] lists that err independently."""
    total = promised.sum()
    residuals = realised - realised.sum() / total * promised
    return float(np.sqrt(len(residuals) / (len(residuals) - 1) * (residuals**2).sum()) / abs(total))
