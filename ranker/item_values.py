"""What items are worth to each objective at a moment, and the bounds that keep one item from buying a slate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.store import ItemStore
from trimtab.core.records import FloatArray, IntArray
from trimtab.ranker.expressions import Column, Floats, parse_expression
from trimtab.ranker.objectives import Objective

WINSORISED_SHARE = 0.01
"""The share of the items with a value, at either end, whose value is taken to be that of the next one."""
FEWEST_TO_WINSORISE = 3


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the largest value [M] that an item counts with, by objective.

    0 is always between them: it is what an item without a value is worth, and what no other item may pull along.
    """

    low: Floats
    high: Floats

    @classmethod
    def of(cls, values: Floats) -> Bounds:
        """The bounds of a whole catalogue [n_items, M], nan where an item has no value.

        Items of value 0 do not count: of a bid or a flag that few items have, the few are the population. At least one
        item at either end is bounded by the next, so that in a small catalogue too none counts for more than the rest.
        """
        bounds = [_bounds(column[np.isfinite(column) & (column != 0)]) for column in values.T]
        low, high = np.array(bounds, dtype=np.float64).reshape(-1, 2).T
        return cls(low, high)

    def winsorised(self, values: Floats) -> FloatArray:
        """[..., M] values within the bounds, 0 where there is none."""
        return np.clip(np.nan_to_num(values, nan=0.0), self.low, self.high).astype(np.float32)


def _bounds(values: Floats) -> tuple[float, float]:
    if len(values) == 0:
        return 0.0, 0.0
    n_bounded = int(np.ceil(WINSORISED_SHARE * len(values))) if len(values) >= FEWEST_TO_WINSORISE else 0
    ordered = np.sort(values)
    return min(float(ordered[n_bounded]), 0.0), max(float(ordered[-1 - n_bounded]), 0.0)


@dataclass(frozen=True, slots=True)
class ServedObjective:
    """An objective as a bundle serves it: what was frozen when it was built.

    Attributes:
        range: its population range, above 0.
        low, high: the bounds of its value.
        n_without_value: items that had none.
        price_lists: by name the range and the bounds by the prices of that list.
    """

    objective: Objective
    range: float
    low: float
    high: float
    n_without_value: int
    price_lists: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)

    def in_price_list(self, name: str | None) -> ServedObjective:
        """The objective by the prices of a list."""
        if name is None or name not in self.price_lists:
            return self
        value_range, low, high = self.price_lists[name]
        return replace(self, range=value_range, low=low, high=high)

    def as_dict(self) -> dict[str, Any]:
        plain = asdict(self)
        return {**plain.pop("objective"), **plain, "winsorised_share": WINSORISED_SHARE}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ServedObjective:
        """Read what `as_dict` wrote.

        Raises:
            KeyError, TypeError, ValueError: it was not written by `as_dict`.
        """
        objective = Objective(*(plain[name] for name in ("name", "head", "value", "unit", "label")))
        value_range, low, high = (float(plain[name]) for name in ("range", "low", "high"))
        lists = {name: (float(one[0]), float(one[1]), float(one[2])) for name, one in plain["price_lists"].items()}
        return cls(objective, value_range, low, high, int(plain["n_without_value"]), lists)


class ItemValues:
    """The values of several objectives.

    Attributes:
        columns: attributes that are read.
        uses_clock: whether a value changes with the time alone.
    """

    def __init__(self, objectives: Sequence[Objective], kinds: Mapping[str, str]) -> None:
        """
        Args:
            kinds: the catalogue's attributes with their kinds.

        Raises:
            BadParameter: a value is not an expression over these attributes; names the objective.
        """
        self._expressions = [
            parse_expression(one.value, kinds, place=f"objectives.{one.name}.value") for one in objectives
        ]
        self.columns = tuple(dict.fromkeys(name for one in self._expressions for name in one.columns))
        self.uses_clock = any(one.uses_clock for one in self._expressions)

    def of(self, column: Column, n_items: int, *, moment: float | Floats) -> Floats:
        """[n_items, M] values at a moment in seconds since 1970, or [n_items] of each; nan where there is none."""
        columns = [one(column, n_items, moment=moment) for one in self._expressions]
        return np.stack(columns, axis=1) if columns else np.empty((n_items, 0))


def kinds_of(store: ItemStore) -> dict[str, str]:
    """The attributes of a catalogue with their kinds."""
    return {name: attribute.kind for name, attribute in store.attributes.definitions.items()}


def columns_at(store: ItemStore, rows: IntArray | slice = slice(None)) -> Column:
    """The numbers, flags and dates of some items; of several values the first."""

    def column(name: str) -> Floats:
        # The schema's own are at hand; as attributes they would be made anew for each state of a live catalogue.
        is_own = name in store.own_attributes
        numbers = store.attributes[name].numbers if is_own or name not in COLUMNS else store.numbers(name)
        return np.asarray(numbers[rows], dtype=np.float64)

    return column
