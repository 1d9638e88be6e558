"""Cross-validation: fit on all lists, calibrate and measure on the held-out folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from trimtab.core.work.progress import Progress, silent
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.training.heads import (
    Recipe,
    assemble,
    calibrate,
    calibrated,
    fit_calibrations,
    fit_heads,
    raw_scores,
)
from trimtab.ranker.training.held_out import held_out_report
from trimtab.ranker.training.lists import RankingLists

N_FOLDS = 5


@dataclass(frozen=True)
class Fitted:
    """A ranker, its ranges [M], the gains [L, n, M] and the metrics of held-out lists.

    Attributes:
        gains_by_others: the same gains by calibrations of the other folds.
    """

    ranker: ServedRanker
    ranges: NDArray[np.float32]
    held_out_gains: NDArray[np.float64]
    gains_by_others: NDArray[np.float64]
    report: dict[str, Any]


def folds_of(groups: NDArray[np.str_], *, n_folds: int = N_FOLDS, seed: int = 0) -> NDArray[np.int64]:
    """[L] fold of each list; lists of one group share a fold, folds are of about equal size."""
    names, inverse = np.unique(groups, return_inverse=True)
    shuffled = np.random.Generator(np.random.PCG64(seed)).permutation(len(names))
    return np.asarray((shuffled % n_folds)[inverse], dtype=np.int64)


def out_of_fold_scores(
    lists: RankingLists, recipe: Recipe, *, seed: int = 0, progress: Progress = silent
) -> NDArray[np.float32]:
    """[L, n, H] raw scores of each list by heads that were fitted without its group."""
    return scores_out_of_fold(lists, lambda kept: fit_heads(kept, recipe, seed=seed), seed=seed, progress=progress)


def scores_out_of_fold(
    lists: RankingLists, fit: Callable[[RankingLists], nn.Module], *, seed: int, progress: Progress = silent
) -> NDArray[np.float32]:
    """[L, n, H] raw scores of each list by what `fit` makes of the lists of other groups."""
    folds = folds_of(lists.groups, seed=seed)
    scores = np.zeros(lists.labels.shape, dtype=np.float32)
    for fold in range(N_FOLDS):
        held_out = folds == fold
        if held_out.any() and not held_out.all():
            scores[held_out] = raw_scores(fit(lists.take(~held_out)), lists.take(held_out))
        progress("cross-validation", fold + 1, N_FOLDS)
    return scores


def fit_cross_validated(
    problem: Problem, fit: Callable[[RankingLists], nn.Module], *, progress: Progress = silent
) -> Fitted:
    """Heads that `fit` makes of all lists; calibration, ranges and metrics from the folds' held-out scores."""
    lists = problem.lists
    held_out_scores = scores_out_of_fold(lists, fit, seed=0, progress=progress)
    calibrations, gains, ranges = calibrate(held_out_scores, problem)
    heads = fit(lists)
    expected = expected_by_others(held_out_scores, lists)
    report = {"folds": N_FOLDS, **held_out_report(held_out_scores, expected, lists)}
    ranker = assemble(heads, calibrations, ranges, problem.head_of)
    return Fitted(ranker, ranges, gains, problem.gains_of(expected), report)


def expected_by_others(scores: NDArray[np.float32], lists: RankingLists) -> NDArray[np.float64]:
    """[L, n, H] expected values of scores [L, n, H], by calibrations fitted on the other folds."""
    folds = folds_of(lists.groups)
    expected = np.full(scores.shape, np.nan)
    for fold in np.unique(folds):
        held_out = folds == fold
        others = held_out if held_out.all() else ~held_out  # a single group has no others
        expected[held_out] = calibrated(fit_calibrations(scores[others], lists.take(others)), scores[held_out])
    return expected
