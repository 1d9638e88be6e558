"""Fit loss budgets on lists that the ranker has not seen.

Learn then Test (Angelopoulos, Bates, Candes, Jordan & Lei 2021, arXiv 2110.01052) with a fixed sequence of hypotheses:
budgets are tried from the strictest on, and the last one before the first whose true loss cannot be shown to hold is
kept. So the chance that the kept one does not hold is at most one minus the confidence, however many are tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.core.weights import DIVERSITY
from trimtab.ranker.loss_budgets import LossBudgets
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.slates import discounted_values, slates_of

Floats = NDArray[np.float64]

ASKED = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Losses for which budgets are fitted."""
CONFIDENCE = 0.9
MIN_LISTS = 30
"""With fewer held-out lists nothing can be shown, and a budget is one of predictions."""
SHARES = (1 / 3, 2 / 3, 1.0)
"""Weights of the objective that relevance is traded for, relevance having the rest."""
N_PATH = 41
"""Points on the way from a weighting to pure relevance."""
STRICTNESS = np.concatenate([np.linspace(0, 0.02, 41)[1:], np.linspace(0.02, 0.2, 37)[1:]])
"""Predicted losses that are tried, from the strictest on."""


@dataclass(frozen=True, slots=True)
class LossPath:
    """Slates on the way from a weighting to pure relevance; the first point is the weighting itself.

    Attributes:
        predicted: [T, L] predicted relevance of each list's slate.
        true: [T, L, M] true values of the same slates.
    """

    predicted: Floats
    true: Floats

    def within(self, loss: float) -> Floats:
        """[L, M] true values of the slates whose predicted loss is at most this, the nearest to the weighting."""
        floor = (1 - loss) * self.predicted[-1]
        holds = self.predicted >= floor - 1e-6 * np.maximum(np.abs(floor), 1.0)
        return np.asarray(self.true[holds.argmax(axis=0), np.arange(self.true.shape[1])])

    @property
    def best(self) -> Floats:
        """[L, M] true values of the slates of pure relevance."""
        return np.asarray(self.true[-1])

    def take(self, lists: NDArray[np.integer]) -> LossPath:
        return LossPath(self.predicted[:, lists], self.true[:, lists])


def loss_path(problem: Problem, gains: Floats, ranges: NDArray[np.floating], weights: Floats) -> LossPath:
    """The slates from a weighting to pure relevance, chosen as a service chooses them.

    Args:
        problem: lists that the ranker was not fitted on; relevance is the first objective.
        gains: [L, n, M] predicted.
        ranges: [M] that utilities are divided by.
        weights: [M + 1] of the objectives, diversity last.
    """
    pure = np.eye(len(weights))[0]
    predicted, true = [], []
    for step in np.linspace(0, 1, N_PATH):
        mixed = (1 - step) * weights + step * pure
        utilities = torch.from_numpy((gains @ (mixed[:-1] / ranges)).astype(np.float32))
        slates = slates_of(utilities, problem, w_diversity=float(mixed[-1]))
        predicted.append(discounted_values(slates, gains)[:, 0])
        true.append(discounted_values(slates, problem.gains))
    return LossPath(np.array(predicted), np.array(true))


def paths_by_objective(problem: Problem, gains: Floats, ranges: NDArray[np.floating]) -> dict[str, list[LossPath]]:
    """Objective that relevance is traded for, diversity among them -> a path for each of `SHARES`."""
    names = [*(one.name for one in problem.objectives[1:]), DIVERSITY]
    corners = np.eye(len(names) + 1)
    return {
        name: [
            loss_path(problem, gains, ranges, (1 - share) * corners[0] + share * corners[number]) for share in SHARES
        ]
        for number, name in enumerate(names, 1)
    }


def fit_loss_budgets(
    paths: dict[str, list[LossPath]], *, asked: Sequence[float] = ASKED, confidence: float = CONFIDENCE
) -> LossBudgets | None:
    """The loosest predicted losses whose true loss holds at every share of an objective; None where lists are few.

    Args:
        confidence: of the one-sided bound on the mean true loss.
    """
    n_lists = len(next(iter(paths.values()))[0].best)
    if n_lists < MIN_LISTS:
        return None
    predicted = {name: _fit(of_objective, asked, confidence) for name, of_objective in paths.items()}
    return LossBudgets(tuple(asked), predicted, confidence, n_lists)


def _fit(paths: Sequence[LossPath], asked: Sequence[float], confidence: float) -> tuple[float, ...]:
    kept = {loss: [path.within(loss)[:, 0] for path in paths] for loss in STRICTNESS.tolist()}
    best = paths[0].best[:, 0]
    allowed = []
    for loss in asked:
        found = 0.0
        for tried, values in kept.items():
            if tried > loss or not all(is_within((1 - loss) * best - value, confidence) for value in values):
                break
            found = tried
        allowed.append(found)
    return tuple(np.maximum.accumulate(allowed).tolist())


def is_within(excess: Floats, confidence: float) -> bool:
    """Whether the mean of [L] values is at most 0 with this confidence: a one-sided Student bound.

    Means of skewed values exceed it more often than it says; the published table has how often budgets broke.
    """
    from scipy.stats import t  # noqa: PLC0415  # slow to import, and only training needs it

    error = excess.std(ddof=1) / np.sqrt(len(excess))
    return bool(excess.mean() + t.ppf(confidence, len(excess) - 1) * error <= 0)
