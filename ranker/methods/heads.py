"""Calibrated heads with linear fusion: the served default, alone and as an ensemble distilled into one student.

Each head predicts what was observed (a grade's gain, a purchase). An objective's gain is its head times what is known
at request time, and a score is `sum_m w_m * gain_m / range_m`: linear in the weights, exact for discounted sums.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from trimtab.ranker.calibration import Calibration
from trimtab.ranker.methods.method import Floats
from trimtab.ranker.methods.problem import Inputs, Problem, check_preferences, check_problem, heads_by_objective
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.training.crossval import folds_of, scores_out_of_fold
from trimtab.ranker.training.heads import (
    Recipe,
    assemble,
    calibrated,
    fit_calibrations,
    fit_heads,
    population_ranges,
    raw_scores,
)
from trimtab.ranker.training.lists import RankingLists

N_MEMBERS = 3
ENOUGH_TO_HOLD_OUT = 1000
"""The number of lists from which on one fold is enough to calibrate on; with fewer, all folds are used."""


class CalibratedHeads:
    name = "heads"
    steerable = True

    def __init__(self, recipe: Recipe, *, seed: int = 0) -> None:
        self.recipe, self.seed = recipe, seed

    def fit(self, data: Problem, preferences: Floats) -> None:
        check_problem(data)
        self.head_of = data.head_of
        self.heads, self.calibrations = self.learn(data.lists)
        gains = data.gains_of(calibrated(self.calibrations, raw_scores(self.heads, data.lists)))
        self.ranges = population_ranges(gains, data.lists.rows >= 0)

    def learn(self, lists: RankingLists) -> tuple[nn.Module, list[Calibration]]:
        """Heads from all lists, calibrated on held-out scores."""
        return self.fit_raw(lists), held_out_calibrations(lists, self.fit_raw, seed=self.seed)

    def fit_raw(self, lists: RankingLists) -> nn.Module:
        """Heads before they are calibrated."""
        return fit_heads(lists, self.recipe, seed=self.seed)

    @torch.inference_mode()
    def score(self, x: Inputs, mask: Tensor, weights: Floats) -> Tensor:
        asked = check_preferences(weights, len(self.ranges))[0]
        return self.predict(x, mask) @ torch.from_numpy(asked / self.ranges).float()

    @torch.inference_mode()
    def predict(self, x: Inputs, mask: Tensor) -> Tensor:
        raw = self.heads(x.features).numpy()
        expected = heads_by_objective(calibrated(self.calibrations, raw), self.head_of)
        return torch.from_numpy(expected).float() * x.multipliers

    def export(self) -> ServedRanker:
        return assemble(self.heads, self.calibrations, self.ranges, self.head_of)


class Ensemble(CalibratedHeads):
    """Three members, served as the mean of their raw scores."""

    name = "ensemble"

    def __init__(self, recipe: Recipe, *, seed: int = 0) -> None:
        super().__init__(replace(recipe, n_members=N_MEMBERS), seed=seed)


class Taught(CalibratedHeads, ABC):
    """A student of other heads."""

    def teacher(self) -> CalibratedHeads:
        return Ensemble(self.recipe, seed=self.seed)

    @abstractmethod
    def student_of(self, teacher: nn.Module, calibrations: list[Calibration], lists: RankingLists) -> nn.Module:
        """Raw heads that learn from those of a fitted teacher."""

    def learn(self, lists: RankingLists) -> tuple[nn.Module, list[Calibration]]:
        heads, calibrations = self.teacher().learn(lists)
        student = self.student_of(heads, calibrations, lists)
        # The student imitates its teacher, so what the teacher's scores are worth unseen is what the student's are.
        return student, student_calibrations(student, heads, calibrations, lists)


class DistilledEnsemble(Taught):
    """One student network that learns the calibrated expectations of its teacher in place of the labels."""

    name = "distilled"

    def student_of(self, teacher: nn.Module, calibrations: list[Calibration], lists: RankingLists) -> nn.Module:
        return self.fit_raw(with_teacher_labels(lists, teacher, calibrations))


def held_out_calibrations(
    lists: RankingLists, fit: Callable[[RankingLists], nn.Module], *, seed: int
) -> list[Calibration]:
    """Calibrations on scores of held-out lists: one fold where lists are many, all folds where they are few.

    Args:
        fit: makes raw heads of lists.
    """
    if len(lists) < ENOUGH_TO_HOLD_OUT:
        return fit_calibrations(scores_out_of_fold(lists, fit, seed=seed), lists)
    held_out = folds_of(lists.groups, seed=seed) == 0
    rest = lists.take(held_out)
    return fit_calibrations(raw_scores(fit(lists.take(~held_out)), rest), rest)


def with_teacher_labels(lists: RankingLists, teacher: nn.Module, calibrations: list[Calibration]) -> RankingLists:
    """Lists whose labels are replaced by the teacher's expectations."""
    expected = calibrated(calibrations, raw_scores(teacher, lists))
    soft = np.where(np.isnan(lists.labels), np.nan, np.clip(expected, 0, 1)).astype(np.float32)
    return replace(lists, labels=soft)


def student_calibrations(
    student: nn.Module, teacher: nn.Module, calibrations: list[Calibration], lists: RankingLists
) -> list[Calibration]:
    """Maps from the student's raw score to the teacher's calibrated score, one for each head."""
    soft = with_teacher_labels(lists, teacher, calibrations)
    return fit_calibrations(raw_scores(student, lists), soft)
