"""How often loss budgets break: on predictions alone, and fitted on held-out lists.

The lists of a data set stand for the population: what a budget truly costs is the mean over all of them. Budgets are
fitted on lists drawn from it with replacement, as many as a shop would have; one breaks where the mean true loss is
above what was asked for.
"""

from __future__ import annotations

import numpy as np

from trimtab.ranker.loss_budgets import LossBudgets
from trimtab.ranker.methods.problem import Problem, lattice
from trimtab.ranker.study.cell import Row
from trimtab.ranker.training.loss_budgets import Floats, LossPath, fit_loss_budgets, loss_path, paths_by_objective

ASKED = (0.01, 0.02, 0.05)
N_DRAWS = 200
N_DIVISIONS = 3
"""Divisions of the lattice of weightings that budgets are tried at, mixtures of several objectives among them."""


def study_budgets(
    problem: Problem, gains: Floats, ranges: Floats, *, n_lists: int, n_draws: int = N_DRAWS, seed: int = 0
) -> list[Row]:
    """Rows of one data set: weighting, loss asked for, how often each kind of budget breaks, and what it leaves.

    Args:
        problem: lists that the ranker was not fitted on; revenue is the second objective.
        gains: [L, n, M] predicted.
        ranges: [M].
        n_lists: how many lists budgets are fitted on.
        n_draws: how often they are.

    Returns:
        `w_<objective>`, `asked`, `naive_loss` and `naive_revenue` (true, relative), `broken` (share of draws),
        `loss` and `revenue` (means over draws).
    """
    names = [one.name for one in problem.objectives]
    weightings = [row for row in lattice(len(names), N_DIVISIONS) if row[0] < 1]
    tried = [loss_path(problem, gains, ranges, np.append(row, 0.0)) for row in weightings]
    fitted_on = paths_by_objective(problem, gains, ranges)
    rng = np.random.Generator(np.random.PCG64(seed))
    budgets = []
    for _ in range(n_draws):
        drawn = rng.integers(0, len(problem), n_lists)
        fitted = fit_loss_budgets(
            {name: [path.take(drawn) for path in paths] for name, paths in fitted_on.items()}, asked=ASKED
        )
        if fitted is not None:
            budgets.append(fitted)
    rows: list[Row] = []
    for weights, path in zip(weightings, tried, strict=True):
        by_name = dict(zip(names, weights.tolist(), strict=True))
        rows += [
            {f"w_{name}": weight for name, weight in by_name.items()} | _row(path, asked, budgets, by_name)
            for asked in ASKED
        ]
    return rows


def _row(path: LossPath, asked: float, budgets: list[LossBudgets], weights: dict[str, float]) -> Row:
    naive_loss, naive_revenue = _outcome(path, asked)
    outcomes = np.array([_outcome(path, one.predicted_for(asked, weights)) for one in budgets])
    return {
        "asked": asked,
        "naive_loss": naive_loss,
        "naive_revenue": naive_revenue,
        "broken": float((outcomes[:, 0] > asked).mean()),
        "loss": float(outcomes[:, 0].mean()),
        "revenue": float(outcomes[:, 1].mean()),
    }


def _outcome(path: LossPath, loss: float) -> tuple[float, float]:
    """The true loss of relevance and gain of revenue, both relative to the slates of pure relevance."""
    means, best = path.within(loss).mean(axis=0), path.best.mean(axis=0)
    return float(1 - means[0] / best[0]), float(means[1] / best[1] - 1)
