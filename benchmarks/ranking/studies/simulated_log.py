"""A simulated log of any number of searches, whose lists are computed when they are asked for.

Stored is what a shop stores: the candidates of each query, with the features that no shopper changes, and what
households bought. A search is a query and a household. Its features, what is bought and so its labels follow from these
two and the number of its partition, and are computed on whatever device is asked: nothing grows with the log, and a
partition is the same wherever it is computed.

Shoppers choose among the candidates of their query as heads that were fitted on real purchases say. These read all that
a household bought; what a ranker reads is the history of one of many copies of it, each of which remembers half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trimtab.core.atomic import new_file
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.work.tasks import Tasks, Threads
from trimtab.ranker.features import AT, USER_FEATURES
from trimtab.ranker.methods.method import Floats
from trimtab.ranker.methods.problem import Problem

N_COPIES = 8
"""Households that share what one real household bought, each of which remembers another half."""
REMEMBERED = 0.5
LISTS_PER_PARTITION = 8192
RELEVANCE, PURCHASE = 0, 1
"""The columns of the labels."""


@dataclass(frozen=True)
class ShopData:
    """What the lists of all searches are computed from.

    Attributes:
        queries: a list for each query, as somebody whom nothing is known of sees it; labelled with what relevance is
            worth where nothing is bought, and no purchases.
        frequencies: [Q] share of the searches.
        type_codes, brand_codes: [n_items], -1 unknown.
        price_levels: [n_items], nan unknown.
        households, bought, units: [n] who bought which item how often, by household and item.
    """

    queries: Problem
    frequencies: Floats
    type_codes: NDArray[np.int32]
    brand_codes: NDArray[np.int32]
    price_levels: FloatArray
    households: IntArray
    bought: IntArray
    units: FloatArray

    @cached_property
    def n_households(self) -> int:
        return int(self.households.max()) + 1

    def save(self, path: Path) -> None:
        """Everything but the queries, which are a problem of their own."""
        with new_file(path) as file:
            np.savez(file, **{one.name: getattr(self, one.name) for one in fields(self) if one.name != "queries"})

    @classmethod
    def load(cls, path: Path, queries: Problem) -> ShopData:
        with np.load(path, allow_pickle=False) as kept:
            return cls(queries, **{name: kept[name] for name in kept.files})


class Histories:
    """What households bought, as tensors that many searches are looked up in.

    The same features as `trimtab.ranker.features` computes for one household and its candidates.
    """

    def __init__(self, data: ShopData, households: IntArray, kept: NDArray[np.intp], device: str) -> None:
        """
        Args:
            households: [m] by household and item.
            kept: [m] the line of `data` that each has.
        """
        n_households = int(households.max()) + 1
        bought, units = data.bought[kept], data.units[kept]

        def there(array: NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(array).to(device)

        def by_code(codes: NDArray[np.int32]) -> Tensor:
            width = int(codes.max()) + 2
            places = households * width + codes[bought] + 1
            sums = np.bincount(places, weights=units, minlength=n_households * width).reshape(n_households, width)
            sums[:, 0] = 0.0
            return there(sums.astype(np.float32))

        self.n_items = len(data.price_levels)
        self.keys, self.units = there(households * self.n_items + bought), there(units)
        self.by_type, self.by_brand = by_code(data.type_codes), by_code(data.brand_codes)
        self.totals = there(np.bincount(households, weights=units, minlength=n_households).astype(np.float32))
        levels = data.price_levels[bought]
        priced = np.isfinite(levels)
        sums = np.bincount(households, weights=np.where(priced, levels, 0.0), minlength=n_households)
        counts = np.bincount(households, weights=priced, minlength=n_households)
        self.levels = there((sums / (counts + 1)).astype(np.float32))
        self.type_columns, self.brand_columns = there(data.type_codes + 1), there(data.brand_codes + 1)
        self.price_levels = there(np.nan_to_num(data.price_levels))

    def features(self, households: Tensor, rows: Tensor) -> Tensor:
        """[B] households and [B, n] items -> [B, n, len(USER_FEATURES)]."""
        who = households[:, None]
        wanted = who * self.n_items + rows
        at = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        of_item = torch.where(self.keys[at] == wanted, self.units[at], 0.0)
        of_type = self.by_type[who, self.type_columns[rows]].clamp(min=1.0)
        total = self.totals[who]
        of_brand = self.by_brand[who, self.brand_columns[rows]] / total.clamp(min=1e-9)
        gap = (self.price_levels[rows] - self.levels[who]).abs()
        columns = torch.stack([torch.ones_like(of_item), of_item.log1p(), of_item / of_type, of_brand, gap], dim=2)
        return torch.where(total[..., None] > 0, columns, 0.0)


class Truth(NamedTuple):
    """How shoppers choose: softly by `sharpness` times the last head, and of `second` of the searches twice."""

    heads: nn.Module
    sharpness: float
    second: float


class Searches(NamedTuple):
    """Searches of a partition.

    Attributes:
        queries: [B].
        features: [B, n, F].
        labels: [B, n, H].
        chances: [B, n] of being bought.
    """

    queries: Tensor
    features: Tensor
    labels: Tensor
    chances: Tensor

    def batches(self, n_lists: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Features and labels, of `n_lists` searches at a time."""
        return zip(torch.split(self.features, n_lists), torch.split(self.labels, n_lists), strict=True)


class SimulatedLog:
    """A log of as many searches as are asked for."""

    def __init__(
        self,
        data: ShopData,
        truth: Truth,
        *,
        seed: int = 0,
        device: str = "cpu",
        n_copies: int = N_COPIES,
        lists_per_partition: int = LISTS_PER_PARTITION,
    ) -> None:
        self.data, self.device, self.seed, self.lists_per_partition = data, device, seed, lists_per_partition
        self.truth = truth._replace(heads=truth.heads.to(device))
        rng = np.random.Generator(np.random.PCG64(seed))
        every = np.arange(len(data.households))
        self._whole = Histories(data, data.households, every, device)
        kept = [every[rng.random(len(every)) < REMEMBERED] for _ in range(n_copies)]
        owners = np.concatenate([data.households[one] + n * data.n_households for n, one in enumerate(kept)])
        self._known = Histories(data, owners, np.concatenate(kept), device)
        self._n_known = len(self._known.totals)
        lists = data.queries.lists
        self._features, self._rows = (torch.from_numpy(one).to(device) for one in (lists.features, lists.rows))
        self._unbought = torch.from_numpy(lists.labels[..., RELEVANCE]).to(device)

    @torch.no_grad()
    def partition(self, number: int, n: int | None = None) -> Searches:
        """Searches of a number, the same on every device; as many as a partition has where `n` is not given."""
        n = self.lists_per_partition if n is None else n
        rng = np.random.Generator(np.random.PCG64([self.seed, number]))
        drawn = rng.choice(len(self._features), n, p=self.data.frequencies), rng.integers(0, self._n_known, n)
        queries, households = (torch.from_numpy(one).to(self.device) for one in drawn)
        luck = rng.gumbel(size=(n, self._features.shape[1])).astype(np.float32)
        twice = torch.from_numpy(rng.random(n) < self.truth.second).to(self.device)
        rows, features = self._rows[queries], self._features[queries]
        first = AT[USER_FEATURES[0]]
        features[..., first:] = self._whole.features(households % self.data.n_households, rows)
        utilities = self.truth.heads(features)[..., -1] * self.truth.sharpness
        features[..., first:] = self._known.features(households, rows)
        best = torch.topk(utilities + torch.from_numpy(luck).to(self.device), 2, dim=1).indices
        bought = torch.zeros(utilities.shape, dtype=torch.bool, device=self.device)
        bought.scatter_(1, best[:, :1], True)
        bought.scatter_(1, best[:, 1:], twice[:, None])
        labels = torch.stack([torch.where(bought, 1.0, self._unbought[queries]), bought.float()], dim=2)
        return Searches(queries, features, labels, _chances(utilities, self.truth.second))

    def partitions(self, numbers: Iterable[int], tasks: Tasks | None = None) -> Iterator[Searches]:
        """The searches of partitions, in their order.

        Args:
            tasks: where they are computed, a few ahead of what is asked for; in a thread of this process where None.
                Elsewhere than here only what is computed without a device can be.
        """
        return (tasks or Threads(1)).map(_partition, self, numbers)

    def problem(self, numbers: Sequence[int], tasks: Tasks | None = None) -> tuple[Problem, FloatArray]:
        """The lists of partitions as a problem, and what is expected of each label [L, n, H]."""
        parts = [Searches(*(one.cpu() for one in part)) for part in self.partitions(numbers, tasks)]
        queries, features, labels, chances = (torch.cat(column).numpy() for column in zip(*parts, strict=True))
        asked = self.data.queries.take(queries)
        unbought = asked.lists.labels[..., RELEVANCE]
        expected = np.stack([chances + (1 - chances) * unbought, chances], axis=2)
        return replace(asked, lists=replace(asked.lists, features=features, labels=labels)), expected


def _partition(log: SimulatedLog, number: int) -> Searches:
    return log.partition(number)


def _chances(utilities: Tensor, second: float) -> Tensor:
    """[B, n] the chance that each item is among the one or two that are chosen."""
    once = utilities.softmax(dim=1)
    odds = once / (1 - once).clamp(min=1e-9)
    return once + second * once * (odds.sum(dim=1, keepdim=True) - odds)
