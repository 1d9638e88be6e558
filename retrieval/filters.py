"""Filters: `brand:Acme`, `category:Dairy`, `product_type:Notebook`, `price:5..20`, `price:..20`, `in_stock:true`.

Conditions on one field widen, conditions on different fields narrow. A value that no item has is simply no match; a
field that does not exist is a mistake of the caller.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import BadParameter
from core.records import Filter

if TYPE_CHECKING:
    from catalog.store import ItemStore

Mask = NDArray[np.bool_]

NAMED_FIELDS = ("brand", "category", "product_type")
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
    raise BadParameter("filter", f"there is no field {field!r}", FORMS)


def format_filter(condition: Filter) -> list[str]:
    """The texts that `parse_filter` reads it from: one a value, or one for a range."""
    if condition.field == "price":
        # repr is the shortest text that reads back as the same number.
        ends = ("" if end is None else repr(end).removesuffix(".0") for end in (condition.low, condition.high))
        return ["price:" + "..".join(ends)]
    return [f"{condition.field}:{value}" for value in condition.values]


def filter_mask(store: ItemStore, filters: Iterable[Filter]) -> Mask | None:
    """[n_items] which items pass all filters; None where there are none, which is everything.

    Raises:
        BadParameter: an unknown field.
    """
    by_field: dict[str, Mask] = {}
    for condition in filters:
        passes = _passes(store, condition)
        known = by_field.get(condition.field)
        by_field[condition.field] = passes if known is None else known | passes
    if not by_field:
        return None
    return np.asarray(np.all(list(by_field.values()), axis=0))


def codes_of(store: ItemStore, field: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """The codes [n_items] (-1 unknown) and the vocabulary of a named field."""
    match field:
        case "brand":
            return store.brand_codes, store.brands
        case "category":
            return store.category_codes, store.categories
        case _:
            return store.type_codes, store.types


def _passes(store: ItemStore, condition: Filter) -> Mask:
    match condition.field:
        case "price":
            low = -math.inf if condition.low is None else condition.low
            high = math.inf if condition.high is None else condition.high
            # An unknown price is nan and passes no range. Prices are kept in 32 bits, so the ends must be too.
            return np.asarray((store.prices >= np.float32(low)) & (store.prices <= np.float32(high)))
        case "in_stock":
            wanted = {value.lower() == "true" for value in condition.values}
            return np.isin(store.in_stock, list(wanted))
        case field if field in NAMED_FIELDS:
            codes, vocabulary = codes_of(store, field)
            known = _codes_by_name(vocabulary)
            return np.isin(codes, [code for value in condition.values for code in known.get(value.casefold(), ())])
        case unknown:
            raise BadParameter("filter", f"there is no field {unknown!r}", FORMS)


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
        raise BadParameter("filter", f"{value!r} is no price range", "price:5..20, price:..20, price:5..")
    return ends[0], ends[1]
