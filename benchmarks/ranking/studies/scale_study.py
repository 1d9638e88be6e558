"""What a method reaches with how many lists to learn from, up to ten million simulated ones.

Networks learn from more lists than are worth keeping in one pass over the partitions of a simulated log; everything
else has its lists in memory. Calibrations are fitted and fronts measured on partitions that nothing learned from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count, islice

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from benchmarks.ranking.studies.simulated_log import PURCHASE, SimulatedLog, Truth
from trimtab.core.errors import BadInput
from trimtab.core.records import FloatArray
from trimtab.core.work.tasks import Tasks
from trimtab.ranker.methods.heads import CalibratedHeads, Ensemble
from trimtab.ranker.methods.method import Floats, Method
from trimtab.ranker.methods.problem import Inputs, Problem
from trimtab.ranker.methods.registry import make_method
from trimtab.ranker.model import Average, Heads, ServedRanker
from trimtab.ranker.study.cell import (
    FittedMethod,
    Fold,
    Row,
    Weighting,
    calibration_rows,
    front_rows,
    training_preferences,
)
from trimtab.ranker.study.measures import Axes, axes_of, hypervolume, quality_of
from trimtab.ranker.training.heads import (
    MANY_LISTS,
    Recipe,
    calibrate,
    descend,
    fit_members,
    one_thread,
    population_ranges,
    raw_scores,
    seeds_of_members,
    untrained,
)

SIZES = (20, 200, 2_000, 20_000, 200_000, 1_000_000, 10_000_000)
CHOOSER = "slim_blend"
"""The method whose purchase head simulated shoppers choose by."""
GRADE_SCALE = 3.0
N_AXES = 3
TOGETHER = (CalibratedHeads.name, Ensemble.name)
"""Methods whose networks learn from the same batches."""
TEST, HELD_OUT = (0, 1), (2, 3)
FIRST_TO_LEARN_FROM = 4
"""Partitions: those to measure on, those to calibrate on, and those from which on is learned."""


def truth_of(fold: Fold, recipe: Recipe, *, seed: int = 0) -> Truth:
    """How households chose: heads of their lists, and how sure they are of them on later lists."""
    chooser = make_method(CHOOSER, recipe, seed=seed)
    if not isinstance(chooser, CalibratedHeads):
        raise AssertionError("shoppers choose by heads")
    heads = chooser.fit_raw(fold.train.lists)
    lists = fold.validation.lists
    utilities = torch.from_numpy(raw_scores(heads, lists)[..., PURCHASE]).masked_fill(
        torch.from_numpy(lists.rows < 0), -1e9
    )
    bought = torch.from_numpy(np.nan_to_num(lists.labels[..., PURCHASE]))

    def surprise(sharpness: float) -> float:
        return float(-(torch.log_softmax(utilities * sharpness, dim=1) * bought).sum())

    sharpness = minimize_scalar(surprise, bounds=(0.01, 20.0), method="bounded").x
    return Truth(heads, float(sharpness), float((bought.sum(dim=1) > 1).float().mean()))


@dataclass(frozen=True)
class Training:
    """How networks learn from a number of lists.

    Attributes:
        recipe: the served one.
        most_steps: of one pass; batches of more lists are larger instead.
    """

    recipe: Recipe = MANY_LISTS
    most_steps: int = 3_000

    @property
    def most_in_memory(self) -> int:
        """As many lists as the recipe draws; of more each is used once."""
        return self.recipe.n_steps * self.recipe.lists_per_step

    def recipe_for(self, n_lists: int, *, device: str = "cpu") -> Recipe:
        """The recipe; of more lists than it draws, one pass of as many steps or more of larger batches."""
        if n_lists <= self.most_in_memory:
            return replace(self.recipe, device=device)
        lists_per_step = max(self.recipe.lists_per_step, n_lists // self.most_steps)
        return replace(self.recipe, n_steps=n_lists // lists_per_step, lists_per_step=lists_per_step, device=device)


AS_SERVED = Training()


def study_scale(
    log: SimulatedLog,
    methods: Sequence[str],
    sizes: Sequence[int],
    *,
    training: Training = AS_SERVED,
    tasks: Tasks | None = None,
    seed: int = 0,
) -> Iterator[Row]:
    """Rows as they are measured: `method`, `n_lists`, `hypervolume`, `ndcg`, `calibration_error`, `train_seconds`.

    Args:
        methods: `heads` and `ensemble` are one network and three, which learn together; others learn in memory. `truth`
            is what shoppers choose by, which nothing can be better than; it learns nothing.
        tasks: where the lists are computed.
    """
    (test, expected), (held_out, _) = log.problem(TEST), log.problem(HELD_OUT)
    axes = axes_of(test)
    if Oracle.name in methods:
        yield {"method": Oracle.name, "n_lists": 0, **measured(Oracle(test, expected), held_out, test, axes)}
    learning = _Learning(log, held_out, training, seed, tasks)
    for n_lists in sizes:
        for name in methods:
            if name != Oracle.name:
                method, seconds = learning.fitted(name, n_lists)
                found = measured(method, held_out, test, axes)
                yield {"method": name, "n_lists": n_lists, "train_seconds": seconds, "device": log.device, **found}


def measured(method: Method, held_out: Problem, test: Problem, axes: Axes) -> Row:
    """The measures of a fitted method."""
    fitted = FittedMethod(method, Fold(held_out, held_out, test))
    points = [[row[f"value_{m}"] for m in range(N_AXES)] for row in front_rows([fitted], axes)]
    slates = fitted.slates(test, Weighting(np.eye(fitted.n_objectives)[0], 0.0))
    errors = [row["value_0"] for row in calibration_rows([fitted]) if row["kind"] == "calibration_error"]
    return {
        "hypervolume": hypervolume(points),
        "ndcg": float(np.nanmean(quality_of(slates, test, grade_scale=GRADE_SCALE).ndcg)),
        "calibration_error": float(np.mean(errors)) if errors else None,
    }


class _Learning:
    """Fits methods to the first lists of a log."""

    def __init__(
        self, log: SimulatedLog, held_out: Problem, training: Training, seed: int, tasks: Tasks | None
    ) -> None:
        self.log, self.held_out, self.training, self.seed, self.tasks = log, held_out, training, seed, tasks
        self._networks = lru_cache(maxsize=1)(self._learned)
        self._lists = lru_cache(maxsize=1)(self._in_memory)

    def fitted(self, name: str, n_lists: int) -> tuple[Method, float]:
        """A method, and the seconds that it learned; one network takes a third of what three take."""
        method = make_method(name, self.training.recipe_for(n_lists, device=self.log.device), seed=self.seed)
        if name in TOGETHER:
            networks, seconds = self._networks(n_lists)
            heads = networks[0] if name == CalibratedHeads.name else Average([*networks])
            share = 1 / len(networks) if name == CalibratedHeads.name else 1.0
            return calibrated_on(self.held_out, method, heads), seconds * share
        problem = self._lists(n_lists)
        started = time.perf_counter()
        if isinstance(method, CalibratedHeads):
            method = calibrated_on(self.held_out, method, method.fit_raw(problem.lists))
        else:
            method.fit(problem, training_preferences(len(problem.objectives)))
        return method, time.perf_counter() - started

    def _learned(self, n_lists: int) -> tuple[list[Heads], float]:
        """Networks, and how long they learned."""
        recipe = self.training.recipe_for(n_lists, device=self.log.device)
        lists = self._lists(n_lists).lists if n_lists <= self.training.most_in_memory else None
        started = time.perf_counter()
        networks = self._in_one_pass(recipe) if lists is None else fit_members(lists, recipe, seed=self.seed)
        return networks, time.perf_counter() - started

    def _in_one_pass(self, recipe: Recipe) -> list[Heads]:
        networks = [untrained(self.held_out.lists, recipe, seed=seed) for seed in seeds_of_members(recipe, self.seed)]
        with one_thread():
            descend(networks, self._one_pass(recipe), recipe)
        return networks

    def _one_pass(self, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
        parts = self.log.partitions(count(FIRST_TO_LEARN_FROM), self.tasks)
        return islice((batch for part in parts for batch in part.batches(recipe.lists_per_step)), recipe.n_steps)

    def _in_memory(self, n_lists: int) -> Problem:
        numbers = range(FIRST_TO_LEARN_FROM, FIRST_TO_LEARN_FROM + -(-n_lists // self.log.lists_per_partition))
        return self.log.problem(numbers, self.tasks)[0].take(np.arange(n_lists))


def calibrated_on(held_out: Problem, method: Method, heads: nn.Module) -> CalibratedHeads:
    """A method of heads that are fitted already."""
    if not isinstance(method, CalibratedHeads):
        raise AssertionError(f"{method.name} has heads")
    raw = raw_scores(heads, held_out.lists)
    found = calibrate(raw, held_out)
    method.heads, method.head_of = heads, held_out.head_of
    method.calibrations, method.ranges = found.calibrations, found.ranges
    return method


class Oracle:
    """What shoppers choose by, as a method, on the lists whose chances it knows."""

    name = "truth"
    steerable = True

    def __init__(self, test: Problem, expected: FloatArray) -> None:
        self.gains = test.gains_of(expected)
        self.ranges = population_ranges(self.gains, test.mask)

    def fit(self, data: Problem, preferences: Floats) -> None:
        """Nothing is left to learn."""

    def score(self, x: Inputs, mask: Tensor, weights: Floats) -> Tensor:  # noqa: ARG002  # one network, whatever the weights
        return torch.from_numpy(self.gains @ (weights / self.ranges)).float()

    def predict(self, x: Inputs, mask: Tensor) -> Tensor:  # noqa: ARG002  # one network, whatever the weights
        return torch.from_numpy(self.gains).float()

    def export(self) -> ServedRanker:
        raise BadInput("the truth is not served")
