"""What slates promise beside what they bring, on lists that nothing was fitted on, with and without receipt factors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from trimtab.ranker.methods.heads import CalibratedHeads
from trimtab.ranker.methods.problem import Problem, lattice
from trimtab.ranker.study.cell import Fold, Row
from trimtab.ranker.training.crossval import expected_by_others, scores_out_of_fold
from trimtab.ranker.training.receipt_factors import N_DIVISIONS, Floats, fit_receipt_factors, ratio_error, slate_sums


def study_receipts(make: Callable[[], CalibratedHeads], folds: Sequence[Fold], *, seed: int) -> list[Row]:
    """Rows of a data set: objective, weighting, and realised over promised of the test lists of all folds.

    Returns:
        `objective`, `w_<objective>`, `plain` and `calibrated` (ratios), `error` (standard error of `plain`), `factor`
        (mean over folds).
    """
    parts = [_fold_sums(make(), fold, seed) for fold in folds]
    promised, calibrated, realised = (np.concatenate([part[n] for part in parts], axis=1) for n in range(3))
    factors = np.mean([part[3] for part in parts], axis=0)
    names = [one.name for one in folds[0].test.objectives]
    return [
        {
            "objective": name,
            **{f"w_{other}": float(weight) for other, weight in zip(names, weights, strict=True)},
            "plain": float(realised[w, :, m].sum() / promised[w, :, m].sum()),
            "calibrated": float(realised[w, :, m].sum() / calibrated[w, :, m].sum()),
            "error": ratio_error(realised[w, :, m], promised[w, :, m]),
            "factor": float(factors[m]),
        }
        for m, name in enumerate(names)
        for w, weights in enumerate(lattice(len(names), N_DIVISIONS))
    ]


def _fold_sums(method: CalibratedHeads, fold: Fold, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Promised sums [W, L, M] of the test slates, the same by receipt factors, realised ones, and the factors [M]."""
    method.fit(fold.train, lattice(len(fold.train.objectives), 1))
    factors = fit_receipt_factors(fold.validation, _unseen(method, fold, seed), method.ranges)
    by_objective = np.array([1.0 if factors is None else factors[one.name] for one in fold.test.objectives])
    promised, realised = slate_sums(fold.test, _predicted(method, fold.test), method.ranges)
    return promised, promised * by_objective, realised, by_objective


def _unseen(method: CalibratedHeads, fold: Fold, seed: int) -> Floats:
    """Gains of the validation lists; out of fold where these are the training lists.

    Where they are not they are later ones, as a build has them: what slates bring changes from week to week.
    """
    if fold.validation is not fold.train:
        return _predicted(method, fold.validation)
    scores = scores_out_of_fold(fold.train.lists, method.fit_raw, seed=seed)
    return np.asarray(fold.train.gains_of(expected_by_others(scores, fold.train.lists)))


def _predicted(method: CalibratedHeads, problem: Problem) -> Floats:
    return method.predict(problem.inputs, torch.from_numpy(problem.mask)).numpy().astype(np.float64)
