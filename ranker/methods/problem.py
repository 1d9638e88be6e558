"""A multi-objective ranking problem: lists, the gains of each objective, and the aspects that diversity counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from trimtab.core.errors import BadInput
from trimtab.core.records import FloatArray, IntArray
from trimtab.ranker.item_values import Bounds, ItemValues
from trimtab.ranker.objectives import NO_HEAD, Objective, lender_of
from trimtab.ranker.training.lists import RankingLists

_SIMPLEX_TOLERANCE = 1e-6


class Inputs(NamedTuple):
    """The inputs of scoring: features [L, n, F] and multipliers [L, n, M]."""

    features: Tensor
    multipliers: Tensor


@dataclass(frozen=True)
class Problem:
    """Lists with several objectives.

    The gain of objective m is the label of its head times `multipliers[..., m]`: what happened, times what was known of
    the item beforehand (its price, whether it is a private label, or 1).

    Attributes:
        lists: padded lists; L lists of n items.
        objectives: M objectives of items.
        multipliers: [L, n, M] float32, 0 in the padding.
        aspects: [L, n, A] int64 codes that diversity counts, -1 unknown or padding.
    """

    lists: RankingLists
    objectives: tuple[Objective, ...]
    multipliers: FloatArray
    aspects: IntArray

    def __len__(self) -> int:
        return len(self.lists)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """[L, n] the items with a label; the others are not ranked here."""
        return np.asarray(~np.isnan(self.lists.labels).all(axis=2))

    @property
    def head_of(self) -> list[int]:
        """[M] the label that each objective reads, H for one that reads none."""
        heads = self.lists.heads
        return [
            len(heads) if one.head == NO_HEAD else heads.index(lender_of(one.head, heads)) for one in self.objectives
        ]

    @cached_property
    def gains(self) -> FloatArray:
        """[L, n, M] true gains, 0 where nothing is known."""
        return np.asarray(self.gains_of(np.nan_to_num(self.lists.labels)), dtype=np.float32)

    @property
    def inputs(self) -> Inputs:
        return Inputs(torch.from_numpy(self.lists.features), torch.from_numpy(self.multipliers))

    def gains_of(self, heads: NDArray[np.floating]) -> NDArray[np.float64]:
        """[L, n, M] gains where the heads are [L, n, H]."""
        return np.asarray(heads_by_objective(heads, self.head_of) * self.multipliers, dtype=np.float64)

    def joined(self, others: Sequence[Problem]) -> Problem:
        """These lists and those of others of the same catalogue, padded alike."""
        parts = (self, *others)
        lists = [one.lists for one in parts]
        joined = replace(
            self.lists,
            features=np.concatenate([one.features for one in lists]),
            prices=np.concatenate([one.prices for one in lists]),
            labels=np.concatenate([one.labels for one in lists]),
            groups=np.concatenate([one.groups for one in lists]),
            rows=np.concatenate([one.rows for one in lists]),
        )
        return Problem(
            joined,
            self.objectives,
            np.concatenate([one.multipliers for one in parts]),
            np.concatenate([one.aspects for one in parts]),
        )

    def take(self, which: NDArray[np.integer] | NDArray[np.bool_]) -> Problem:
        return Problem(self.lists.take(which), self.objectives, self.multipliers[which], self.aspects[which])


def heads_by_objective(heads: NDArray[np.floating], head_of: Sequence[int]) -> NDArray[np.floating]:
    """[L, n, M] what each objective reads of the heads [L, n, H]; 1 where it reads none."""
    none = np.ones_like(heads[..., :1])
    return np.concatenate([heads, none], axis=-1)[..., head_of]


def multipliers_of(
    lists: RankingLists,
    values: ItemValues,
    columns: Mapping[str, NDArray[Any]] = MappingProxyType({}),
    *,
    bounds: Bounds | None = None,
    moment: float = 0.0,
) -> FloatArray:
    """[L, n, M] the values of the candidates, 0 in the padding.

    Args:
        columns: attributes [L, n], nan unknown; the price is that of the lists.
        bounds: by which they are winsorised.
        moment: when they are looked at, in seconds since 1970.
    """
    known = {"price": lists.prices, **columns}
    found = values.of(lambda name: known[name].ravel().astype(np.float64), lists.rows.size, moment=moment)
    bounded = np.nan_to_num(found).astype(np.float32) if bounds is None else bounds.winsorised(found)
    return np.where((lists.rows >= 0)[..., None], bounded.reshape(*lists.rows.shape, -1), np.float32(0))


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
