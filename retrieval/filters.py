"""Filters on attributes: `brand:Acme`, `-brand:Acme`, `price:5..20`, `category:Shoes > Boots`, `released:2024-05`.

Conditions on one attribute widen (any of them), negated ones and those on different attributes narrow (all of them). A
value that no item has matches nothing; an item on a path is on all the steps above it, too. An item of which an
attribute is not known meets no condition on it but negated ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial, reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn, Mask
from trimtab.catalog.attributes.columns import AttributeColumns
from trimtab.catalog.attributes.values import FALSE, TRUE, Unreadable, date_interval, number_of, path_of
from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.core.places import Place, parse_place
from trimtab.core.records import Filter, IntArray, Sort
from trimtab.text.normal import folded

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

MAX_MASKS = 32
"""The most conditions whose bits are kept of one state of a store."""
_HIGHEST_BIT = np.uint8(128)
MAX_NAMED = 20
"""The most attributes that an error lists."""
RANGE = ".."
ASCENDING, DESCENDING = "asc", "desc"

FORMS = "NAME:VALUE such as brand:Acme, or NAME:LOW..HIGH (one end may be left open); - before it leaves those out"
NEAR = "LATITUDE,LONGITUDE in degrees, -90..90 and -180..180, such as 48.857,2.352"
FORMS_BY_KIND = {
    "number": "NAME:5, NAME:5..20, NAME:..20, NAME:5..",
    "date": "NAME:2024-05-31, NAME:2024-05, NAME:2024-01-01..2024-06-30, NAME:..2023, NAME:2024..",
    "flag": "NAME:true, NAME:false",
}


def parse_filter(text: str) -> Filter:
    """Read one filter as it stands in a URL; what its value means depends on the attribute, see `conditions_of`.

    Raises:
        BadParameter: it has no name or no value.
    """
    field, colon, value = (part.strip() for part in text.partition(":"))
    name = field.removeprefix("-").strip()
    if not colon or not value or not name:
        raise BadParameter("filter", f"cannot read {text!r}", FORMS)
    return Filter(name, values=(value,), negated=field.startswith("-"))


def format_filter(condition: Filter) -> list[str]:
    """The texts that `parse_filter` reads it from: one a value."""
    sign = "-" if condition.negated else ""
    return [f"{sign}{condition.field}:{value}" for value in condition.values]


def words_asked(query: str | None, *, has_conditions: bool) -> str:
    """The words of a search, empty where every item is asked for: by `*`, or by filters or an order without words.

    Raises:
        BadParameter: nothing says what is looked for.
    """
    words = (query or "").strip()
    if not words and not has_conditions:
        raise BadParameter("query", "is empty", "some words; * for every item; none beside filters or an order")
    return "" if words == "*" else words


def parse_sort(text: str) -> Sort:
    """Read a sort order as it stands in a URL: `price`, `price:asc`, `released:desc`.

    Raises:
        BadParameter: it has no name, or another direction.
    """
    field, colon, direction = (part.strip() for part in text.rpartition(":"))
    if not colon:
        field, direction = direction, ASCENDING
    if not field or direction.lower() not in (ASCENDING, DESCENDING):
        raise BadParameter("sort", f"cannot read {text!r}", "NAME, NAME:asc or NAME:desc")
    return Sort(field, descending=direction.lower() == DESCENDING)


def format_sort(sort: Sort) -> str:
    """The text that `parse_sort` reads it from."""
    return f"{sort.field}:{DESCENDING if sort.descending else ASCENDING}"


def parse_near(text: str) -> Place:
    """Read where somebody is as it stands in a URL, as precisely as it is kept.

    Raises:
        BadParameter: it is not a place.
    """
    place = parse_place(text)
    if place is None:
        raise BadParameter("near", f"cannot read {text!r}", NEAR)
    return place.rounded()


@dataclass(frozen=True, slots=True)
class Condition:
    """What one attribute of an item must be (or, negated, must not be): one of `codes`, or within one of `ranges`.

    Attributes:
        codes: places among the attribute's names.
        ranges: (low, high), both inclusive; an open end is infinite.
    """

    field: str
    codes: tuple[int, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()
    negated: bool = False


def conditions_of(store: ItemStore, filters: Iterable[Filter]) -> tuple[Condition, ...]:
    """One condition for each attribute that is filtered on, and one for each that is filtered out.

    Raises:
        BadParameter: there is no such attribute, it is not for filters, or it cannot have such a value.
    """
    by_field: dict[tuple[str, bool], Condition] = {}
    for wanted in filters:
        key = wanted.field, wanted.negated
        known = by_field.get(key, Condition(wanted.field, negated=wanted.negated))
        column = _filterable(store.attributes, wanted.field)
        for value in wanted.values:
            known = _widened(column, known, value)
        by_field[key] = known
    return tuple(by_field.values())


def unknown_values(store: ItemStore, filters: Iterable[Filter]) -> list[str]:
    """A sentence for each name in some filters that no item has, with the one that may be meant.

    Raises:
        BadParameter: as `conditions_of`.
    """
    return [
        f"no item has {wanted.field}:{value}{did_you_mean(value, column.names)}"
        for wanted in filters
        if (column := _filterable(store.attributes, wanted.field)).attribute.kind in ("text", "path")
        for value in wanted.values
        if not _widened(column, Condition(wanted.field), value).codes
    ]


def filter_mask(store: ItemStore, filters: Iterable[Filter]) -> Mask | None:
    """[n_items] which items pass all filters; None where there are none, which is everything.

    Raises:
        BadParameter: as `conditions_of`.
    """
    return mask_of(store, conditions_of(store, filters))


def mask_of(store: ItemStore, conditions: Iterable[Condition]) -> Mask | None:
    """[n_items] which items meet all conditions; None where there are none, which is everything."""
    return _all_of([meeting(store.attributes[condition.field], condition) for condition in conditions])


class Masks:
    """The masks of one state of a store, the latest of which are kept: shoppers filter by the same few things."""

    def __init__(self, store: ItemStore) -> None:
        self._store = store
        self._of_one = lru_cache(MAX_MASKS)(self._bits_of)
        self._narrows = lru_cache(MAX_MASKS)(lambda one: int(np.bitwise_count(self._of_one(one)).sum()) < len(store))
        self._conditions = lru_cache(MAX_MASKS)(partial(conditions_of, store))

    def conditions(self, filters: Iterable[Filter]) -> tuple[Condition, ...]:
        """`conditions_of`, asked several times in a search."""
        return self._conditions(tuple(filters))

    def of(self, conditions: Sequence[Condition]) -> Mask | None:
        """[n_items] which items meet all conditions; None where there are none, which is everything."""
        if not conditions:
            return None
        bits = reduce(np.bitwise_and, map(self._of_one, conditions))
        return np.unpackbits(bits, count=len(self._store)).view(bool)

    def at(self, condition: Condition, rows: IntArray | None) -> Mask:
        """[n] which of some rows, each once and ascending, or of all, meet a condition."""
        if rows is None or len(rows) == len(self._store):
            return np.unpackbits(self._of_one(condition), count=len(self._store)).view(bool)
        # Bits stand from the highest of a byte on.
        meets: Mask = self._of_one(condition)[rows >> 3] << (rows & 7).astype(np.uint8) >= _HIGHEST_BIT
        return meets

    def narrowing(self, conditions: Iterable[Condition]) -> tuple[Condition, ...]:
        """Those of the conditions that some item does not meet: `in_stock:true` often leaves everything."""
        return tuple(filter(self._narrows, conditions))

    def _bits_of(self, condition: Condition) -> NDArray[np.uint8]:
        return np.packbits(meeting(self._store.attributes[condition.field], condition))


def meeting(column: AttributeColumn, condition: Condition) -> Mask:
    """[n_items] which items meet a condition."""
    having = column.having(condition.codes, condition.ranges)
    return ~having if condition.negated else having


def require_attribute(attributes: AttributeColumns, name: str, *, parameter: str, use: str) -> None:
    """Check that an attribute exists and may be used for something.

    Args:
        use: `filter`, `facet` or `sort`.

    Raises:
        BadParameter: it does not, or may not be.
    """
    asked = attributes.definitions.get(name)
    if asked is not None and getattr(asked, use):
        return
    usable = [known for known, definition in attributes.definitions.items() if getattr(definition, use)]
    if asked is None:
        problem = f"there is no attribute {name!r}" + did_you_mean(name, usable)
    else:
        problem = f"{name!r} is not for this: shop.toml has {use} = false"
    others = f" and {len(usable) - MAX_NAMED} more" if len(usable) > MAX_NAMED else ""
    raise BadParameter(parameter, problem, ", ".join(usable[:MAX_NAMED]) + others)


def _filterable(attributes: AttributeColumns, name: str) -> AttributeColumn:
    require_attribute(attributes, name, parameter="filter", use="filter")
    return attributes[name]


def _widened(column: AttributeColumn, known: Condition, value: str) -> Condition:
    attribute = column.attribute
    match attribute.kind:
        case "number":
            return replace(known, ranges=(*known.ranges, _number_range(attribute.name, value, attribute.unit)))
        case "date":
            return replace(known, ranges=(*known.ranges, _date_range(attribute.name, value)))
        case "flag":
            word = value.lower()
            if word not in TRUE | FALSE:
                raise _wrong_value(attribute.name, value, "flag")
            return replace(known, codes=(*known.codes, int(word in TRUE)))
        case "path":
            return replace(known, codes=(*known.codes, *column.vocabulary.codes_of(path_of(value))))
        case _:
            return replace(known, codes=(*known.codes, *column.vocabulary.codes_of(value)))


def _number_range(name: str, value: str, unit: str | None) -> tuple[float, float]:
    low, dots, high = value.partition(RANGE)
    ends = [_number(end, unit) if end.strip() else None for end in ((low, high) if dots else (low, low))]
    given = [end for end in ends if end is not None]
    if not given or not all(map(math.isfinite, given)) or given != sorted(given):
        raise _wrong_value(name, value, "number")
    return -math.inf if ends[0] is None else ends[0], math.inf if ends[1] is None else ends[1]


def _number(text: str, unit: str | None) -> float:
    """The number, with or without its unit; NaN where it is none."""
    bare = text.strip()
    if unit is not None and folded(bare).endswith(folded(unit)):
        bare = bare[: -len(unit)].strip()
    try:
        return number_of(bare)
    except Unreadable:
        return math.nan


def _date_range(name: str, value: str) -> tuple[float, float]:
    low, dots, high = value.partition(RANGE)
    try:
        start = date_interval(low)[0] if low.strip() else -math.inf
        end = date_interval(high if dots else low)[1] if not dots or high.strip() else math.inf
    except Unreadable:
        raise _wrong_value(name, value, "date") from None
    if start > end or start == -end:
        raise _wrong_value(name, value, "date")
    return start, end


def _wrong_value(name: str, value: str, kind: str) -> BadParameter:
    return BadParameter("filter", f"{name} cannot be {value!r}", FORMS_BY_KIND[kind].replace("NAME", name))


def _all_of(masks: Sequence[Mask]) -> Mask | None:
    return np.asarray(np.logical_and.reduce(masks)) if masks else None
