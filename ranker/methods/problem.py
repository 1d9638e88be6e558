"""A multi-objective ranking problem: lists, the gains of each objective, and the aspects that diversity counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from trimtab.core.errors import BadInput
from trimtab.core.records import FloatArray, IntArray
from trimtab.ranker.objectives import Objective
from trimtab.ranker.training.lists import RankingLists

_SIMPLEX_TOLERANCE = 1e-6


class Inputs(NamedTuple):
    """The inputs of scoring: features [L, n, F] and multipliers [L, n, M]."""

    features: Tensor
    multipliers: Tensor


@dataclass(frozen=True)
class Problem:
    """Lists with several objectives.

    The gain of objective m is `labels[..., objectives[m].head] * multipliers[..., m]`: what happened, times what was
    known of the item beforehand (its price, whether it is a private label, or 1).

    Attributes:
        lists: padded lists; L lists of n items.
        objectives: M objectives of items.
        multipliers: [L, n, M] float32, at least 0, 0 in the padding.
        aspects: [L, n, A] int64 codes that diversity counts, -1 unknown or padding.
    """

    lists: RankingLists
    objectives: tuple[Objective, ...]
    multipliers: FloatArray
    aspects: IntArray

    def __len__(self) -> int:
        return len(self.lists)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """[L, n] the items with a label; the others are not ranked here."""
        return np.asarray(~np.isnan(self.lists.labels).any(axis=2))

    @property
    def gains(self) -> FloatArray:
        """[L, n, M] true gains, 0 where nothing is known."""
        heads = [objective.head for objective in self.objectives]
        return np.asarray(np.nan_to_num(self.lists.labels[..., heads]) * self.multipliers, dtype=np.float32)

    @property
    def inputs(self) -> Inputs:
        return Inputs(torch.from_numpy(self.lists.features), torch.from_numpy(self.multipliers))

    def take(self, which: NDArray[np.integer] | NDArray[np.bool_]) -> Problem:
        return Problem(self.lists.take(which), self.objectives, self.multipliers[which], self.aspects[which])


def multipliers_of(
    lists: RankingLists, objectives: Sequence[Objective], flags: Mapping[str, NDArray[np.bool_]] | None = None
) -> FloatArray:
    """[L, n, M]: the price where an objective asks for it (0 if unknown), a flag [L, n] where it has one, else 1."""
    there = (lists.rows >= 0).astype(np.float32)
    columns = []
    for objective in objectives:
        column = there * np.nan_to_num(lists.prices) if objective.times_price else there
        if flags and objective.name in flags:
            column = column * flags[objective.name]
        columns.append(column)
    return np.asarray(np.stack(columns, axis=2), dtype=np.float32)


def check_problem(problem: Problem) -> None:
    """Raise an error where a problem cannot be learned from.

    A list of one item is allowed: it has one order and teaches no ranking.

    Raises:
        BadInput: no list, a feature that is not finite, or an objective whose gain is 0 everywhere or the same for
            every item, so that no order is better than another; names the objective.
    """
    if len(problem) == 0:
        raise BadInput("training set: there are no lists")
    if not np.isfinite(problem.lists.features).all():
        where = np.argwhere(~np.isfinite(problem.lists.features))[0]
        raise BadInput(f"training features: list {where[0]}, item {where[1]}, feature {where[2]} is not finite")
    mask, gains = problem.mask, problem.gains
    if not (gains > 0).any():
        raise BadInput("training labels are all 0 or unknown: there is nothing to learn")
    for number, objective in enumerate(problem.objectives):
        values = gains[..., number][mask]
        if values.min() == values.max():
            raise BadInput(
                f"objective {objective.name}: its gain is {values[0]:g} everywhere and orders nothing; leave it out"
            )


def check_preferences(preferences: ArrayLike, n_objectives: int) -> NDArray[np.float64]:
    """[P, M] weights, each row on the simplex.

    Raises:
        BadInput: another shape, a weight that is negative or not finite, or a row that does not sum to 1.
    """
    rows = np.atleast_2d(np.asarray(preferences, dtype=np.float64))
    if rows.shape[1] != n_objectives:
        raise BadInput(f"weights: {rows.shape[1]} given for {n_objectives} objectives")
    if not np.isfinite(rows).all() or (rows < 0).any() or (abs(rows.sum(axis=1) - 1) > _SIMPLEX_TOLERANCE).any():
        raise BadInput("weights: allowed are numbers of 0 or more that sum to 1 (the simplex)")
    return rows


def lattice(n_objectives: int, n_divisions: int) -> NDArray[np.float64]:
    """[C(n_divisions + M - 1, M - 1), M] the evenly spread points of the simplex (Das & Dennis 1998)."""
    if n_objectives == 1:
        return np.array([[1.0]])
    rows = []
    for first in range(n_divisions + 1):
        rest = (
            lattice(n_objectives - 1, n_divisions - first) if first < n_divisions else np.zeros((1, n_objectives - 1))
        )
        rows += [[first / n_divisions, *(row * (n_divisions - first) / n_divisions)] for row in rest]
    return np.array(rows)
