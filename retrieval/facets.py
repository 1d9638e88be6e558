"""Facets: how many items of a result set have each value of an attribute, or a value within each of some ranges."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.counting import count_once_each, n_beside
from trimtab.catalog.attributes.values import date_interval, plain_value
from trimtab.core.records import Facet, FacetRange, IntArray
from trimtab.retrieval.filters import RANGE, require_attribute

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

MAX_RANGES = 8
"""The most ranges that numbers are counted in."""
NICE = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
"""First digits of the numbers between ranges."""
DAY_SECONDS = 86_400
MONTHS_UP_TO_DAYS, DAYS_UP_TO_DAYS = 1000, 92
"""The spans up to which dates are counted by month, and by day."""


def require_facets(store: ItemStore, fields: Iterable[str]) -> None:
    """
    Raises:
        BadParameter: an attribute that is not there or has no facet.
    """
    for field in fields:
        require_attribute(store.attributes, field, parameter="facets", use="facet")


def facet_of(column: AttributeColumn, rows: IntArray, limit: int, *, groups: IntArray | None = None) -> Facet:
    """The facet of an attribute over some rows.

    Args:
        rows: [n], each once; where groups are counted, those of a group beside each other (`Groups.together`).
        limit: the most values of a name that are counted one by one, the most frequent ones; ranges are always few.
        groups: [n_items] counts the groups of the rows, each once for a value, instead of the rows.
    """
    if groups is not None or column.is_few(rows) or (column.is_multi and not column.is_named):
        return _facet_of_values(column, rows, limit, groups)
    counts, n_having = column.counts_at(rows)
    missing = len(rows) - n_having
    if column.is_named:
        return _named_facet(column, counts, limit, missing)
    return _facet_of_numbers(column, *_levels_counted(column, counts), missing)


def _facet_of_values(column: AttributeColumn, rows: IntArray, limit: int, groups: IntArray | None) -> Facet:
    """The facet by the values of each row: those of a group, or of a range, must be known to be one's."""
    codes, owners = column.codes_at(rows)
    if groups is None:
        missing = len(rows) - column.n_owners(owners)
    else:
        owners = groups[rows[owners]]
        missing = n_beside(groups[rows]) - n_beside(owners)
    if column.is_named:
        if groups is None:
            return _named_facet(column, np.bincount(codes, minlength=column.n_levels), limit, missing)
        return _named_facet(column, _once_each(column.same[codes], owners, column.n_levels), limit, missing)
    values = column.levels[codes]
    if column.is_few(rows):
        distinct, counts = np.unique(values, return_counts=True)
    else:
        distinct, counts = _levels_counted(column, np.bincount(codes, minlength=column.n_levels))
    is_repeated = groups is not None or column.is_multi
    return _facet_of_numbers(column, distinct, counts, missing, *((values, owners) if is_repeated else ()))


def _facet_of_numbers(
    column: AttributeColumn,
    distinct: NDArray[np.float64],
    counts: IntArray,
    missing: int,
    values: NDArray[np.float64] | None = None,
    owners: IntArray | None = None,
) -> Facet:
    """
    Args:
        distinct, counts: the numbers that there are, and how often.
        values, owners: [n_values] and whose they are, where one may have several.
    """
    attribute = column.attribute
    if len(distinct) == 0:
        return Facet(attribute.kind, attribute.label, {}, 0, missing)
    ranges = _date_ranges(distinct) if attribute.kind == "date" else _number_ranges(column, distinct, counts)
    found = _counted(ranges, distinct, counts=counts) if values is None else _counted(ranges, values, owners=owners)
    return Facet(
        attribute.kind,
        attribute.label,
        {text: n for (text, _, _), n in found},
        len(distinct),
        missing,
        plain_value(attribute, distinct[0].item()),
        plain_value(attribute, distinct[-1].item()),
        tuple(FacetRange(plain_value(attribute, low), _end(attribute.kind, high), n) for (_, low, high), n in found),
    )


Range = tuple[str, float, float]
"""How a filter writes it, and its ends, both of which belong to it."""


def _once_each(codes: NDArray[Any], owners: IntArray, n: int) -> IntArray:
    """[n] how many owners have each code; those of an owner are beside each other."""
    counts = np.zeros(n, dtype=np.int64)
    count_once_each(codes.astype(np.int32), owners, np.full(n, -1), counts)
    return counts


def _named_facet(column: AttributeColumn, by_code: IntArray, limit: int, missing: int) -> Facet:
    """The most frequent names with their counts, of equal ones the first by name.

    Args:
        by_code: [n_levels] how often each is there.
    """
    there = np.flatnonzero(by_code)
    counts = by_code[there]
    if column.has_spellings:
        there, place = np.unique(column.same[there], return_inverse=True)
        counts = np.bincount(place, weights=counts).astype(np.int64)
    n_values = len(there)
    if 0 < limit < n_values:
        is_frequent = counts >= np.partition(counts, -limit)[-limit]
        there, counts = there[is_frequent], counts[is_frequent]
    order = np.lexsort((column.name_ranks[there], -counts))[:limit]
    named = dict(zip(map(column.names.__getitem__, there[order].tolist()), counts[order].tolist(), strict=True))
    return Facet(column.attribute.kind, column.attribute.label, named, n_values, missing)


def _levels_counted(column: AttributeColumn, by_code: IntArray) -> tuple[NDArray[np.float64], IntArray]:
    """The different numbers among counted codes, ascending, and how often each is there."""
    there = np.flatnonzero(by_code)
    numbers, counts = column.levels[there], by_code[there]
    if column.earlier is None:  # the levels ascend
        return numbers, counts
    distinct, place = np.unique(numbers, return_inverse=True)
    return distinct, np.bincount(place, weights=counts).astype(np.int64)


def _counted(
    ranges: Sequence[Range],
    values: NDArray[np.float64],
    *,
    counts: IntArray | None = None,
    owners: IntArray | None = None,
) -> list[tuple[Range, int]]:
    """How many values are within each of some ranges, which are in order; those without any are left out.

    Args:
        counts: [n_values] how often each is there; once where not given.
        owners: [n_values] whose they are where one may have several, which then count once in a range; those of an
            owner are beside each other.
    """
    place = np.searchsorted([low for _, low, _ in ranges], values, side="right") - 1
    if owners is None:
        in_range = np.bincount(place, weights=counts, minlength=len(ranges)).astype(np.int64)
    else:
        in_range = _once_each(place, owners, len(ranges))
    return [(one, n) for one, n in zip(ranges, in_range.tolist(), strict=True) if n]


def _number_ranges(column: AttributeColumn, distinct: NDArray[np.float64], counts: IntArray) -> list[Range]:
    """One range a value where there are few, else ranges of about as many items, between round numbers.

    A range ends at the largest value of the catalogue below the next, so that it is the same as a filter.
    """
    if len(distinct) <= MAX_RANGES:
        return [(_number_text(value), value, value) for value in distinct.tolist()]
    up_to = np.cumsum(counts)
    places = np.arange(1, MAX_RANGES) * int(up_to[-1]) // MAX_RANGES
    cuts = distinct[np.searchsorted(up_to, places, side="right")].tolist()
    low, high = distinct[0].item(), distinct[-1].item()
    starts = sorted({low, *(nice for cut in cuts if low < (nice := _nice(cut)) <= high)})
    known = column.sorted_levels
    ends = [*known[np.searchsorted(known, starts[1:]) - 1].tolist(), high]
    return [
        (f"{_number_text(start)}{RANGE}{_number_text(end)}", start, end)
        for start, end in zip(starts, ends, strict=True)
    ]


def _nice(number: float) -> float:
    """A round number near another."""
    if number == 0:
        return 0.0
    scale = 10.0 ** math.floor(math.log10(abs(number)))
    digits = abs(number) / scale
    above = bisect_left(NICE, digits, hi=len(NICE) - 1)
    nearest = min(NICE[max(above - 1, 0) : above + 1], key=lambda nice: abs(nice - digits))
    return math.copysign(float(f"{nearest * scale:.3g}"), number)


def _number_text(number: float) -> str:
    return repr(number).removesuffix(".0")


def _date_ranges(distinct: NDArray[np.float64]) -> list[Range]:
    """The years, months or days, by what span there is, that some values are in."""
    days = (distinct[-1] - distinct[0]) / DAY_SECONDS
    length = 10 if days <= DAYS_UP_TO_DAYS else 7 if days <= MONTHS_UP_TO_DAYS else 4
    texts = {datetime.fromtimestamp(value, UTC).date().isoformat()[:length] for value in distinct.tolist()}
    return [(text, *date_interval(text)) for text in sorted(texts)]


def _end(kind: str, high: float) -> float | str | bool:
    """The end of a range as JSON has it: of dates the last day."""
    if kind == "date":
        return datetime.fromtimestamp(high, UTC).date().isoformat()
    return int(high) if high.is_integer() and abs(high) < 2**53 else high
