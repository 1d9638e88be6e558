"""Filters: `brand:Acme`, `category:Dairy`, `product_type:Notebook`, `price:5..20`, `price:..20`, `in_stock:true`.

Conditions on one field widen, conditions on different fields narrow. A value that no item has matches nothing; an
unknown field is an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.core.records import Filter

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

Mask = NDArray[np.bool_]

NAMED_FIELDS = ("brand", "category", "product_type")
FIELDS = (*NAMED_FIELDS, "in_stock", "price")
MAX_MASKS = 32
"""The most masks kept of one state of a store; each takes a byte an item."""
LARGEST = float(np.finfo(np.float32).max)

FORMS = "brand:NAME, category:NAME, product_type:NAME, price:LOW..HIGH (one end may be left open), in_stock:true|false"


def parse_filter(text: str) -> Filter:
    """Read one filter as it stands in a URL.

    Raises:
        BadParameter: an unknown field, or a value the field cannot have.
    """
    field, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not value:
        raise BadParameter("filter", f"cannot read {text!r}", FORMS)
    if field in NAMED_FIELDS:
        return Filter(field, values=(value,))
    if field == "price":
        low, high = _parse_range(value)
        return Filter(field, low=low, high=high)
    if field == "in_stock":
        if value.lower() not in {"true", "false"}:
            raise BadParameter("filter", f"in_stock cannot be {value!r}", "in_stock:true, in_stock:false")
        return Filter(field, values=(value.lower(),))
    raise BadParameter("filter", f"there is no field {field!r}" + did_you_mean(field, FIELDS), FORMS)


def format_filter(condition: Filter) -> list[str]:
    """The texts that `parse_filter` reads it from: one a value, or one for a range."""
    if condition.field == "price":
        # repr is the shortest text that reads back as the same number.
        ends = ("" if end is None else repr(end).removesuffix(".0") for end in (condition.low, condition.high))
        return ["price:" + "..".join(ends)]
    return [f"{condition.field}:{value}" for value in condition.values]


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field of an item must be, in the store's numbers: one of `codes`, or within one of `ranges`.

    Attributes:
        codes: places in the field's vocabulary; for `in_stock` 0 and 1.
        ranges: (low, high), both inclusive; an open end is infinite.
    """

    field: str
    codes: tuple[int, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()


def conditions_of(store: ItemStore, filters: Iterable[Filter]) -> tuple[Condition, ...]:
    """One condition for each field that is filtered on.

    Raises:
        BadParameter: an unknown field.
    """
    by_field: dict[str, Condition] = {}
    for wanted in filters:
        known = by_field.get(wanted.field, Condition(wanted.field))
        by_field[wanted.field] = _widened(store, known, wanted)
    return tuple(by_field.values())


def filter_mask(store: ItemStore, filters: Iterable[Filter]) -> Mask | None:
    """[n_items] which items pass all filters; None where there are none, which is everything.

    Raises:
        BadParameter: an unknown field.
    """
    return mask_of(store, conditions_of(store, filters))


def mask_of(store: ItemStore, conditions: Iterable[Condition]) -> Mask | None:
    """[n_items] which items meet all conditions; None where there are none, which is everything."""
    return _all_of([meets_condition(column_of(store, condition.field), condition) for condition in conditions])


class Masks:
    """The masks of one state of a store, the latest of which are kept: shoppers filter by the same few things."""

    def __init__(self, store: ItemStore) -> None:
        self._of_one = lru_cache(MAX_MASKS)(
            lambda condition: meets_condition(column_of(store, condition.field), condition)
        )

    def of(self, conditions: Sequence[Condition]) -> Mask | None:
        """[n_items] which items meet all conditions; None where there are none, which is everything."""
        return _all_of([self._of_one(condition) for condition in conditions])

    def narrowing(self, conditions: Iterable[Condition]) -> tuple[Condition, ...]:
        """Those of the conditions that some item does not meet: `in_stock:true` often leaves everything."""
        return tuple(condition for condition in conditions if not np.all(self._of_one(condition)))


def column_of(store: ItemStore, field: str) -> NDArray[Any]:
    """[n_items] the numbers that conditions on a field speak of: codes (-1 unknown) or prices (nan unknown)."""
    match field:
        case "price":
            return store.prices
        case "in_stock":
            return store.in_stock.astype(np.int32)
        case _:
            return codes_of(store, field)[0]


def codes_of(store: ItemStore, field: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """The codes [n_items] (-1 unknown) and the vocabulary of a named field."""
    match field:
        case "brand":
            return store.brand_codes, store.brands
        case "category":
            return store.category_codes, store.categories
        case _:
            return store.type_codes, store.types


def _widened(store: ItemStore, known: Condition, wanted: Filter) -> Condition:
    match wanted.field:
        case "price":
            low = -math.inf if wanted.low is None else _as_price(wanted.low)
            high = math.inf if wanted.high is None else _as_price(wanted.high)
            return replace(known, ranges=(*known.ranges, (low, high)))
        case "in_stock":
            return replace(known, codes=(*known.codes, *(int(value.lower() == "true") for value in wanted.values)))
        case field if field in NAMED_FIELDS:
            names = _codes_by_name(codes_of(store, field)[1])
            codes = (code for value in wanted.values for code in names.get(value.casefold(), ()))
            return replace(known, codes=(*known.codes, *codes))
        case unknown:
            raise BadParameter("filter", f"there is no field {unknown!r}", FORMS)


def _as_price(end: float) -> float:
    """The end of a range in the 32 bits that prices are kept in; beyond the largest of them, that one."""
    return float(np.float32(min(max(end, -LARGEST), LARGEST)))


def _all_of(masks: Sequence[Mask]) -> Mask | None:
    return np.asarray(np.logical_and.reduce(masks)) if masks else None


def meets_condition(column: NDArray[Any], condition: Condition) -> Mask:
    """[n] which of a field's numbers meet a condition."""
    if condition.ranges:
        within = [(column >= low) & (column <= high) for low, high in condition.ranges]
        return np.asarray(np.any(within, axis=0))
    return np.isin(column, condition.codes)


@lru_cache(maxsize=16)
def _codes_by_name(vocabulary: tuple[str, ...]) -> dict[str, list[int]]:
    known: dict[str, list[int]] = {}
    for code, name in enumerate(vocabulary):
        known.setdefault(name.casefold(), []).append(code)
    return known


def _parse_range(value: str) -> tuple[float | None, float | None]:
    low, dots, high = value.partition("..")
    try:
        ends: Sequence[float | None] = [float(end) if end.strip() else None for end in (low, high)]
    except ValueError:
        ends = ()
    given = [end for end in ends if end is not None]
    if not dots or not given or not all(map(math.isfinite, given)) or given != sorted(given):
        raise BadParameter("filter", f"{value!r} is not a price range", "price:5..20, price:..20, price:5..")
    return ends[0], ends[1]
