"""Facets: how many items of a result set have each value of an attribute, or a value within each of some ranges."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.counting import Counts, Marked, count_once_each, n_beside
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
KEPT_NUMBERS = 4096
"""How many of the numbers between ranges, such as prices, are kept once they are rounded."""
MONTHS_UP_TO_DAYS, DAYS_UP_TO_DAYS = 1000, 92
"""The spans up to which dates are counted by month, and by day."""


def require_facets(store: ItemStore, fields: Iterable[str]) -> None:
    """
    Raises:
        BadParameter: an attribute that is not there or has no facet.
    """
    for field in fields:
        require_attribute(store.attributes, field, parameter="facets", use="facet")


def facet_of(
    column: AttributeColumn,
    rows: IntArray,
    limit: int,
    *,
    groups: IntArray | None = None,
    marked: Marked | None = None,
) -> Facet:
    """The facet of an attribute over some rows.

    Args:
        rows: [n], each once; where groups are counted, those of a group beside each other (`Groups.together`).
        limit: the most values of a name that are counted one by one, the most frequent ones; ranges are always few.
        groups: [n_items] counts the groups of the rows, each once for a value, instead of the rows.
        marked: the rows where they are broad and no groups are counted.
    """
    if column.is_few(rows):
        return _facet_of_few(column, rows, limit, groups)
    if column.is_named and groups is not None:
        return _named_facet(column, column.counts_by_owner(rows, groups, column.same, column.n_levels), limit)
    counts = column.counts_at(rows) if marked is None else column.counts_of_marked(marked)
    if column.is_named:
        return _named_facet(column, counts, limit)
    distinct, n_of_each = _levels_counted(column, counts)
    if groups is None and not column.is_multi:
        return _facet_of_numbers(
            column, distinct, n_of_each, lambda lows: (_sums(lows, distinct, n_of_each), counts.missing)
        )
    owners = np.arange(column.n_items) if groups is None else groups

    return _facet_of_numbers(
        column,
        distinct,
        n_of_each,
        lambda lows: _in_ranges(lows, column.counts_by_owner(rows, owners, _places(lows, column.levels), len(lows))),
    )


def _facet_of_few(column: AttributeColumn, rows: IntArray, limit: int, groups: IntArray | None) -> Facet:
    """The facet of so few rows that the values of each are looked up."""
    codes, places = column.codes_at(rows)
    owners = places if groups is None else groups[rows[places]]
    missing = (len(rows) if groups is None else n_beside(groups[rows])) - n_beside(owners)
    if column.is_named:
        return _named_facet(column, _once_each(column.same[codes], owners, column.n_levels, missing), limit)
    values = column.levels[codes]
    return _facet_of_numbers(
        column,
        *np.unique(values, return_counts=True),
        lambda lows: _in_ranges(lows, _once_each(_places(lows, values), owners, len(lows), missing)),
    )


def _facet_of_numbers(
    column: AttributeColumn,
    distinct: NDArray[np.float64],
    counts: IntArray,
    count: Callable[[Sequence[float]], tuple[IntArray, int]],
) -> Facet:
    """
    Args:
        distinct, counts: the numbers that there are, and how often.
        count: how many have a number from each of some on up to the next, and how many have none.
    """
    attribute = column.attribute
    if len(distinct) == 0:
        return Facet(attribute.kind, attribute.label, {}, 0, count(())[1])
    ranges = _date_ranges(distinct) if attribute.kind == "date" else _number_ranges(column, distinct, counts)
    in_range, missing = count([low for _, low, _ in ranges])
    found = [(one, n) for one, n in zip(ranges, in_range.tolist(), strict=True) if n]
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


def _once_each(codes: NDArray[np.int32], owners: IntArray, n: int, missing: int) -> Counts:
    """How many owners have each of `n` codes; those of an owner are beside each other."""
    counts = np.zeros(n, dtype=np.int64)
    count_once_each(codes, owners, np.full(n, -1), counts)
    there = np.flatnonzero(counts)
    return Counts(there, counts[there], missing)


def _in_ranges(lows: Sequence[float], counted: Counts) -> tuple[IntArray, int]:
    """How many have a number of each range, and how many have none."""
    in_range = np.zeros(len(lows), dtype=np.int64)
    in_range[counted.codes] = counted.counts
    return in_range, counted.missing


def _named_facet(column: AttributeColumn, counted: Counts, limit: int) -> Facet:
    """The most frequent names with their counts, of equal ones the first by name."""
    there, counts, missing = counted
    n_values = len(there)
    if 0 < limit < n_values:
        is_frequent = counts >= np.partition(counts, -limit)[-limit]
        there, counts = there[is_frequent], counts[is_frequent]
    order = np.lexsort((column.vocabulary.ranks[there], -counts))[:limit]
    named = dict(zip(map(column.names.__getitem__, there[order].tolist()), counts[order].tolist(), strict=True))
    return Facet(column.attribute.kind, column.attribute.label, named, n_values, missing)


def _levels_counted(column: AttributeColumn, counted: Counts) -> tuple[NDArray[np.float64], IntArray]:
    """The different numbers among counted codes, ascending, and how often each is there."""
    numbers = column.levels[counted.codes]
    if column.earlier is None:  # the levels ascend
        return numbers, counted.counts
    distinct, place = np.unique(numbers, return_inverse=True)
    return distinct, np.bincount(place, weights=counted.counts).astype(np.int64)


def _places(lows: Sequence[float], values: NDArray[np.float64]) -> NDArray[np.int32]:
    """The range that each value is in, of ranges that begin so and leave no value out."""
    return (np.searchsorted(lows, values, side="right") - 1).astype(np.int32)


def _sums(lows: Sequence[float], values: NDArray[np.float64], counts: IntArray) -> IntArray:
    """How often there are values [n], which ascend, of each range, of ranges that leave no value out."""
    before = np.append(0, np.cumsum(counts))
    sums: IntArray = np.diff(before[np.append(np.searchsorted(values, lows), len(values))])
    return sums


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


@lru_cache(KEPT_NUMBERS)
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
