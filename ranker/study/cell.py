"""One cell of the comparison: one method, one seed, all folds pooled, as rows of measures.

All methods get the same lists, weights and slate stage. Diversity is traded in that stage, on top of utilities put on
one scale: those of a method without calibrated gains are calibrated at each weighting, against the true utility.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.ranker.attainment import PATH, fit_attainment
from trimtab.ranker.calibration import expected_calibration_error, fit_calibration
from trimtab.ranker.methods.heads import CalibratedHeads
from trimtab.ranker.methods.method import Method
from trimtab.ranker.methods.problem import Problem, lattice
from trimtab.ranker.methods.slates import (
    Floats,
    Slates,
    covered,
    discounted_values,
    diversity_values,
    slate_values,
    slates_of,
)
from trimtab.ranker.study.measures import Axes, axes_of, mean_path_monotonicity, monotone_share, quality_of

N_STEPS = 21
N_DIVISIONS = 6
ATTAINMENTS = np.linspace(0.1, 0.9, 9)
DIVERSITY_WEIGHTS = np.linspace(0, 0.5, 11)
N_FLOOR_DRAWS = 20


Row = dict[str, Any]


@dataclass(frozen=True)
class Fold:
    """The lists that a method learns from, that maps are fitted on, and that it is measured on."""

    train: Problem
    validation: Problem
    test: Problem


@dataclass(frozen=True)
class Weighting:
    """Weights [M] of item objectives on the simplex, and the weight of diversity beside them (sum of all is 1)."""

    items: Floats
    diversity: float


def front_weightings(n_objectives: int) -> list[Weighting]:
    """The 28 points that make a front: of three item objectives, or of two and diversity."""
    if n_objectives >= 3:
        return [Weighting(row, 0.0) for row in lattice(n_objectives, N_DIVISIONS)]
    weightings = []
    for row in lattice(n_objectives + 1, N_DIVISIONS):
        total = row[:-1].sum()
        # With all weight on diversity the items still need an order among equals: by relevance.
        items = row[:-1] / total if total > 0 else np.eye(n_objectives)[0]
        weightings.append(Weighting(items, float(row[-1])))
    return weightings


def training_preferences(n_objectives: int) -> Floats:
    """[P, M] the distinct item weights of the front: the models that a method without steering trains."""
    return np.unique(np.array([one.items for one in front_weightings(n_objectives)]).round(12), axis=0)


def path_weights(objective: int, n_objectives: int) -> Floats:
    """[S, M] from no weight on an objective to all of it, the others sharing the rest evenly."""
    return np.array([along_path(objective, n_objectives, float(weight)) for weight in np.linspace(0, 1, N_STEPS)])


def along_path(objective: int, n_objectives: int, weight: float) -> Floats:
    """[M] `weight` on an objective, the others sharing the rest evenly."""
    row = np.full(n_objectives, (1 - weight) / max(n_objectives - 1, 1))
    row[objective] = weight
    return row


class FittedMethod:
    """A method fitted on one fold, in front of the fold's validation and test lists."""

    def __init__(self, method: Method, fold: Fold) -> None:
        self.method, self.validation, self.test = method, fold.validation, fold.test
        self.n_objectives = len(fold.test.objectives)
        self.predicted = method.predict(fold.test.inputs, torch.from_numpy(fold.test.mask))
        self._units = np.maximum(fold.validation.gains[fold.validation.mask].std(axis=0), 1e-9)

    def slates(self, problem: Problem, weighting: Weighting) -> Slates:
        scores = self._score(problem, weighting.items)
        if weighting.diversity == 0:
            return slates_of(scores, problem)
        utilities = scores if self.predicted is not None else self._calibrated(problem, scores, weighting.items)
        return slates_of(utilities * (1 - weighting.diversity), problem, w_diversity=weighting.diversity)

    def values(self, weighting: Weighting) -> Floats:
        """[L, M + 1] true values of the test slates."""
        return slate_values(self.slates(self.test, weighting), self.test)

    def _score(self, problem: Problem, weights: Floats) -> Tensor:
        return self.method.score(problem.inputs, torch.from_numpy(problem.mask), weights)

    def _calibrated(self, problem: Problem, scores: Tensor, weights: Floats) -> Tensor:
        """Scores as utilities whose usual spread in a list is 1, as that of calibrated heads is."""
        known = self.validation
        reference = self._score(known, weights).numpy()
        truth = known.gains @ (weights / self._units)
        calibration = fit_calibration(reference[known.mask], truth[known.mask])
        values = calibration(scores.numpy())
        spread = np.median([np.ptp(row[m]) for row, m in zip(values, problem.mask, strict=True) if m.any()])
        return torch.from_numpy(values / max(float(spread), 1e-9)).float()


def compare_one(make: Callable[[], Method], folds: Sequence[Fold], *, grade_scale: float) -> list[Row]:
    """Fit a method on every fold and measure it on the pooled test lists.

    Returns:
        rows with `kind`, `value_*`, and where they apply `objective`, `step`, `w_*`.
    """
    started = time.process_time()
    fitted = []
    for fold in folds:
        method = make()
        method.fit(fold.train, training_preferences(len(fold.train.objectives)))
        fitted.append(FittedMethod(method, fold))
    seconds = (time.process_time() - started) / len(folds)
    axes = _pooled_axes([fold.test for fold in folds])
    return [
        {"kind": "train_seconds", "value_0": seconds},
        *front_rows(fitted, axes),
        *path_rows(fitted, axes),
        *diversity_rows(fitted),
        *quality_rows(fitted, grade_scale=grade_scale),
        *calibration_rows(fitted),
    ]


def _pooled_axes(tests: Sequence[Problem]) -> Axes:
    parts = [axes_of(test) for test in tests]
    sizes = [len(test) for test in tests]
    random = np.average([part.random for part in parts], axis=0, weights=sizes)
    return Axes(random, np.average([part.ideal for part in parts], axis=0, weights=sizes))


def pooled(fitted: Sequence[FittedMethod], weighting: Weighting) -> Floats:
    """[L, M + 1] true values of the test slates of all folds."""
    return np.concatenate([one.values(weighting) for one in fitted])


def front_rows(fitted: Sequence[FittedMethod], axes: Axes) -> list[Row]:
    """The front: a row a weighting with its normalised values (`value_0`.. by objective, diversity last)."""
    rows = []
    for number, weighting in enumerate(front_weightings(fitted[0].n_objectives)):
        point = axes.normalise(pooled(fitted, weighting).mean(axis=0))
        rows.append(
            {"kind": "front", "step": number, "w_diversity": weighting.diversity}
            | {f"w_{m}": float(w) for m, w in enumerate(weighting.items)}
            | {f"value_{m}": float(v) for m, v in enumerate(point)}
        )
    return rows


def path_rows(fitted: Sequence[FittedMethod], axes: Axes) -> list[Row]:
    """Steering: the mean true value of each objective along its path, and the measures of steering."""
    rows: list[Row] = []
    n_objectives = fitted[0].n_objectives
    spans = np.maximum(axes.ideal - axes.random, 1e-12)
    for objective in range(n_objectives):
        path = [Weighting(row, 0.0) for row in path_weights(objective, n_objectives)]
        values = np.array([pooled(fitted, weighting)[:, objective] for weighting in path])
        means = values.mean(axis=1)
        share_gap = attainment_gap(fitted, objective, means)
        spread = float((means[-1] - means[0]) / spans[objective])
        measures = {
            "true_monotonicity": mean_path_monotonicity(values),
            "spread": spread,
            "attainment_gap": share_gap,
            "pareto_calibration_error": share_gap * abs(spread),
        }
        if fitted[0].predicted is not None:
            measures["predicted_monotonicity"] = predicted_monotonicity(fitted, objective, path)
        rows += [
            {"kind": "path", "objective": objective, "step": step, "value_0": float(value)}
            for step, value in enumerate((means - axes.random[objective]) / spans[objective])
        ]
        rows += [{"kind": name, "objective": objective, "value_0": value} for name, value in measures.items()]
    return rows


def predicted_monotonicity(fitted: Sequence[FittedMethod], objective: int, path: Sequence[Weighting]) -> float:
    """Share of (list, step) at which the slate's predicted objective does not fall; 1.000 is exact."""
    shares = []
    for one in fitted:
        if one.predicted is None:
            return float("nan")
        gains = one.predicted.numpy()
        expected = np.array([discounted_values(one.slates(one.test, w), gains)[:, objective] for w in path])
        # Utilities are 32-bit: near-ties may fall either way by their last digits.
        slack = 1e-5 * np.abs(expected).max(axis=0)
        shares.append(monotone_share(expected.T, tolerance=slack[:, None]))
    return float(np.average(shares, weights=[len(one.test) for one in fitted]))


def attainment_gap(fitted: Sequence[FittedMethod], objective: int, means: Floats) -> float:
    """Mean gap between the requested share of an objective and the share achieved on the test lists.

    Each fold's map from weight to share is fitted on its validation lists. Shares are of the way from no weight to all
    weight: 0 and 1 are the ends `means` [S] of the test path. nan where the path does not rise.
    """
    n_objectives = fitted[0].n_objectives
    if means[-1] <= means[0]:
        return float("nan")
    weightings = [Weighting(along_path(objective, n_objectives, float(weight)), 0.0) for weight in PATH]
    maps = []
    for one in fitted:
        slates = [one.slates(one.validation, weighting) for weighting in weightings]
        known = [discounted_values(s, one.validation.gains)[:, objective].mean() for s in slates]
        maps.append(fit_attainment(PATH, known))
    gaps = []
    for share in ATTAINMENTS:
        reached = []
        for one, mapped in zip(fitted, maps, strict=True):
            row = along_path(objective, n_objectives, float(mapped.weight_for(share)))
            reached.append(one.values(Weighting(row, 0.0))[:, objective])
        achieved = (np.concatenate(reached).mean() - means[0]) / (means[-1] - means[0])
        gaps.append(abs(achieved - share))
    return float(np.mean(gaps))


def diversity_rows(fitted: Sequence[FittedMethod]) -> list[Row]:
    """Diversity and coverage of each list as the weight of diversity rises, at even item weights."""
    n_objectives = fitted[0].n_objectives
    items = np.full(n_objectives, 1 / n_objectives)
    diversity, coverage = [], []
    for weight in DIVERSITY_WEIGHTS:
        slates = [(one.slates(one.test, Weighting(items, float(weight))), one.test.aspects) for one in fitted]
        diversity.append(np.concatenate([diversity_values(*one) for one in slates]))
        coverage.append(np.concatenate([covered(*one).sum(axis=1) for one in slates]))
    rows: list[Row] = [
        {"kind": "diversity_path", "step": step, "value_0": float(d.mean()), "value_1": float(c.mean())}
        for step, (d, c) in enumerate(zip(diversity, coverage, strict=True))
    ]
    rows.append({"kind": "diversity_monotonicity", "value_0": monotone_share(np.array(diversity).T, tolerance=1e-9)})
    rows.append({"kind": "coverage_monotonicity", "value_0": monotone_share(np.array(coverage).T)})
    return rows


def quality_rows(fitted: Sequence[FittedMethod], *, grade_scale: float) -> list[Row]:
    """Measures of three slates: relevance alone, even item weights, and those with a quarter on diversity."""
    n_objectives = fitted[0].n_objectives
    even = np.full(n_objectives, 1 / n_objectives)
    places = {
        "relevance": Weighting(np.eye(n_objectives)[0], 0.0),
        "even": Weighting(even, 0.0),
        "even_diverse": Weighting(even, 0.25),
    }
    rows: list[Row] = []
    for place, weighting in places.items():
        parts = [quality_of(one.slates(one.test, weighting), one.test, grade_scale=grade_scale) for one in fitted]
        for name in parts[0].__dataclass_fields__:
            values = np.concatenate([getattr(part, name) for part in parts])
            rows.append({"kind": f"{place}:{name}", "value_0": float(np.nanmean(values))})
    return rows


def calibration_rows(fitted: Sequence[FittedMethod]) -> list[Row]:
    """Expected calibration error of each head on the pooled test lists, beside what perfect calibration would show.

    Bins are finite and the items of a list err together, because a query is easy or hard: `calibration_floor` is the
    error that perfect calibration would show, from residuals whose sign is drawn anew for each list.
    """
    heads = [one.method for one in fitted if isinstance(one.method, CalibratedHeads)]
    if len(heads) < len(fitted):
        return []
    rows: list[Row] = []
    for head in range(len(heads[0].calibrations)):
        expected, truth, lists = _pooled_head(heads, [one.test for one in fitted], head)
        measures = {
            "calibration_error": expected_calibration_error(expected, truth),
            "calibration_floor": calibration_floor(expected, truth, lists),
        }
        rows += [{"kind": name, "objective": head, "value_0": value} for name, value in measures.items()]
    return rows


@torch.inference_mode()
def _pooled_head(
    methods: Sequence[CalibratedHeads], tests: Sequence[Problem], head: int
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """[n] what a head expects of every labelled item of all folds, what was observed, and the number of its list."""
    expected, observed, lists = [], [], []
    n_before = 0
    for method, test in zip(methods, tests, strict=True):
        labels = test.lists.labels[..., head]
        known = ~np.isnan(labels)
        raw = method.heads(test.inputs.features).numpy()
        expected.append(method.calibrations[head](raw[..., head][known]))
        observed.append(labels[known].astype(np.float64))
        lists.append(np.nonzero(known)[0] + n_before)
        n_before += len(test)
    return np.concatenate(expected), np.concatenate(observed), np.concatenate(lists)


def calibration_floor(expected: Floats, truth: Floats, lists: NDArray[np.int64]) -> float:
    """Calibration error of residuals whose sign is drawn anew for each list (a wild cluster bootstrap), mean of draws.

    Args:
        expected, truth: [n] of items.
        lists: [n] number of each item's list.
    """
    rng = np.random.Generator(np.random.PCG64(0))
    signs = rng.choice([-1.0, 1.0], (N_FLOOR_DRAWS, lists.max() + 1))
    drawn = [expected + (truth - expected) * sign[lists] for sign in signs]
    return float(np.mean([expected_calibration_error(expected, one) for one in drawn]))
