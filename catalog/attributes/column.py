"""One attribute of all items: its values by row, as codes into the values that there are."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.counting import (
    Counts,
    Marked,
    count_by_owner,
    count_marked,
    count_several,
    count_single,
    mark_between,
)
from trimtab.catalog.attributes.definition import CODED, SEPARATOR, Attribute
from trimtab.catalog.attributes.value_rows import ValueRows
from trimtab.catalog.attributes.values import FLAGS, Raw, plain_values
from trimtab.catalog.attributes.vocabulary import Vocabulary
from trimtab.text.normal import folded

Mask = NDArray[np.bool_]
Codes = NDArray[np.int32]
Rows = NDArray[np.int64]

NOTHING: Codes = np.empty(0, dtype=np.int32)
NO_ROWS: Rows = np.empty(0, dtype=np.int64)

Range = tuple[float, float]
"""The ends of a range, both of which belong to it; an open end is infinite."""
FEW = 64
"""Rows are few where the catalogue has as many times more."""
BROAD = 32
"""A condition is broad where more than one row in as many meets it: going through all is then quicker."""
MOST_CHANGED = 1 / 8
"""The share of the rows up to which a column that changed is read as another one with changes."""


@dataclass(frozen=True, eq=False)
class AttributeColumn:
    """The values of an attribute, of one kind whether items have one, several or none.

    What takes room is what is known: thousands of attributes that few items have cost little.

    Attributes:
        attribute: what it is.
        n_items: rows of the catalogue.
        rows: [n_values] int32, ascending: whose value it is.
        codes: [n_values] int32, place in `names` or `levels`. An item with a path has all the steps above it, too.
        names: the values of texts, paths and flags.
        levels: [n_levels] float64, the values of numbers and dates, ascending and each once, up to those that came
            later.
        by_value_built: the rows by value, where they were sorted when the catalogue was built.
        earlier: what this column is a later state of; codes mean the same in both.
        changed: the rows that differ from it or are behind it.
    """

    attribute: Attribute
    n_items: int
    rows: Codes
    codes: Codes
    names: tuple[str, ...] = ()
    levels: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    by_value_built: ValueRows | None = None
    earlier: AttributeColumn | None = None
    changed: Rows = field(default_factory=lambda: NO_ROWS)

    @classmethod
    def of_values(cls, attribute: Attribute, values: Iterable[Sequence[Raw]]) -> AttributeColumn:
        """The column of values as `read_values` gives them, an item after the other."""
        is_path, is_named = attribute.kind == "path", attribute.kind in CODED
        places = defaultdict[str, int](count().__next__)
        counts = array("i")
        flat: array[Any] = array("i" if is_named else "d")
        for one in values:  # of which none is kept: there may be millions
            own = with_steps_above(one) if is_path else one
            counts.append(len(own))
            flat.extend([places[str(value)] for value in own] if is_named else map(float, own))
        rows = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        if not is_named:
            levels, codes = np.unique(np.frombuffer(flat, np.float64), return_inverse=True)
            return cls(attribute, len(counts), rows, codes.astype(np.int32), levels=levels)
        names = FLAGS if attribute.kind == "flag" else tuple(sorted(places))
        code_of = {name: code for code, name in enumerate(names)}
        codes_by_place = np.array([code_of[name] for name in places], dtype=np.int32)
        return cls(attribute, len(counts), rows, codes_by_place[np.frombuffer(flat, np.int32)], names)

    @classmethod
    def of_codes(
        cls, attribute: Attribute, codes: Codes, names: tuple[str, ...], *, earlier: AttributeColumn | None = None
    ) -> AttributeColumn:
        """The column of single names by row, -1 where unknown.

        Args:
            earlier: a column of single names of the same codes that this one hardly differs from.
        """
        known = np.flatnonzero(codes >= 0).astype(np.int32)
        changed = None if earlier is None else _changed_rows(codes, earlier.first_codes)
        if changed is None:
            return cls(attribute, len(codes), known, codes[known], names)
        return cls(attribute, len(codes), known, codes[known], names, earlier=earlier, changed=changed)

    @classmethod
    def of_numbers(
        cls, attribute: Attribute, numbers: NDArray[Any], *, earlier: AttributeColumn | None = None
    ) -> AttributeColumn:
        """The column of single numbers by row, NaN where unknown.

        Args:
            earlier: a column of single numbers that this one hardly differs from.
        """
        numbers = numbers.astype(np.float64)
        is_known = ~np.isnan(numbers)
        known = np.flatnonzero(is_known).astype(np.int32)
        changed = None if earlier is None else _changed_rows(numbers, earlier.numbers)
        if earlier is None or changed is None:
            levels, places = np.unique(numbers[known], return_inverse=True)
            return cls(attribute, len(numbers), known, places.astype(np.int32), levels=levels)
        codes: Codes = np.zeros(len(numbers), dtype=np.int32)
        codes[: earlier.n_items] = earlier.first_codes
        changed_to = changed[is_known[changed]]
        codes[changed_to] = earlier.n_levels + np.arange(len(changed_to))
        levels = np.concatenate([earlier.levels, numbers[changed_to]])
        return cls(attribute, len(numbers), known, codes[known], levels=levels, earlier=earlier, changed=changed)

    @classmethod
    def none(cls, attribute: Attribute, n_items: int) -> AttributeColumn:
        """The column of an attribute that no item has."""
        return cls(attribute, n_items, NOTHING, NOTHING, FLAGS if attribute.kind == "flag" else ())

    @property
    def is_named(self) -> bool:
        """Whether values are names rather than numbers."""
        return self.attribute.kind in CODED

    @property
    def n_levels(self) -> int:
        """How many codes there are."""
        return len(self.names) if self.is_named else len(self.levels)

    @cached_property
    def starts(self) -> Rows:
        """[n_items + 1] where the values of each row begin."""
        starts = np.zeros(self.n_items + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.rows, minlength=self.n_items), out=starts[1:])
        return starts

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """[n_items] the first number of each row, NaN where unknown; of a flag 0 and 1."""
        assert not self.is_named or self.attribute.kind == "flag"
        levels = np.arange(2.0) if self.is_named else self.levels
        numbers = np.full(self.n_items, np.nan)
        numbers[self.rows[::-1]] = levels[self.codes[::-1]]  # the first of a row is written last
        return numbers

    @cached_property
    def first_codes(self) -> Codes:
        """[n_items] the code of the first value of each row, -1 where unknown."""
        codes = np.full(self.n_items, -1, dtype=np.int32)
        codes[self.rows[::-1]] = self.codes[::-1]  # the first of a row is written last
        return codes

    @cached_property
    def sort_keys(self) -> NDArray[np.float64]:
        """[n_items] numbers in the order of the first value of each row, NaN where unknown."""
        if not self.is_named:
            return self.numbers
        keys = np.full(self.n_items, np.nan)
        keys[self.rows[::-1]] = self.vocabulary.ranks[self.codes[::-1]]
        return keys

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The names, and how they compare."""
        if self.earlier is None:
            return Vocabulary(self.names)
        known = self.earlier.vocabulary
        return known if len(known.names) == len(self.names) else Vocabulary(self.names, known)

    @cached_property
    def sorted_levels(self) -> NDArray[np.float64]:
        """The numbers that there are or were, each once, ascending."""
        return self.levels if self.earlier is None else np.unique(self.levels)

    @cached_property
    def known(self) -> Mask:
        """[n_items] which rows have a value."""
        known = np.zeros(self.n_items, dtype=bool)
        known[self.rows] = True
        return known

    @cached_property
    def same(self) -> Codes:
        """[n_levels] for each name the most frequent of its spellings, which stands for all; of numbers each itself."""
        same = np.arange(self.n_levels, dtype=np.int32)
        if self.is_named and self.vocabulary.spellings:
            frequencies = np.bincount(self.codes, minlength=len(self.names))
            for codes in self.vocabulary.spellings:
                same[list(codes)] = max(codes, key=lambda code: (frequencies[code], -code))
        return same

    def having(self, codes: Sequence[int] = (), ranges: Sequence[Range] = ()) -> Mask:
        """[n_items] which rows have a value of one of the codes, or within one of the ranges."""
        if self.earlier is not None:
            return self._having_by_earlier(self.earlier, codes, ranges)
        having = np.zeros(self.n_items, dtype=bool)
        for first, last in self._code_ranges(codes, ranges):
            if self.is_whole and self.by_value.n_between(first, last) * BROAD > self.n_items:
                mark_between(self.codes, first, last, having)
            else:
                self.by_value.mark(having, first, last)
        return having

    def n_having(self, codes: Sequence[int] = (), ranges: Sequence[Range] = ()) -> int:
        """About how many rows `having` finds, at once: values, and by the earlier state of a column that changed."""
        if self.earlier is not None:
            return self.earlier.n_having(codes, ranges) + len(self.changed)
        return sum(self.by_value.n_between(first, last) for first, last in self._code_ranges(codes, ranges))

    @cached_property
    def by_value(self) -> ValueRows:
        """The rows by value."""
        return (
            ValueRows.of(self.rows, self.codes, self.n_levels) if self.by_value_built is None else self.by_value_built
        )

    def _having_by_earlier(self, earlier: AttributeColumn, codes: Sequence[int], ranges: Sequence[Range]) -> Mask:
        having = np.zeros(self.n_items, dtype=bool)
        having[: earlier.n_items] = earlier.having(codes, ranges)
        having[self.changed] = False
        own, owners = self._few_codes_at(self.changed)
        meets = np.isin(own, np.array(codes, dtype=np.int32))
        for low, high in ranges:
            meets |= (self.levels[own] >= low) & (self.levels[own] <= high)
        having[self.changed[owners[meets]]] = True
        return having

    def _code_ranges(self, codes: Sequence[int], ranges: Sequence[Range]) -> Iterator[tuple[int, int]]:
        """What codes and ranges of numbers ask for, as ranges of codes without their ends."""
        yield from ((code, code + 1) for code in codes if code < self.n_levels)
        for low, high in ranges:
            first, last = np.searchsorted(self.levels, low), np.searchsorted(self.levels, high, side="right")
            yield int(first), int(max(first, last))

    @cached_property
    def is_multi(self) -> bool:
        """Whether any item has several values."""
        return bool((np.diff(self.rows) == 0).any())

    @cached_property
    def is_whole(self) -> bool:
        """Whether every item has exactly one value."""
        return len(self.rows) == self.n_items and not self.is_multi

    def codes_at(self, rows: Rows) -> tuple[Codes, Rows]:
        """The codes that some rows have, one row's after the other's, and for each its place among the rows."""
        if self.is_whole:
            return self.codes[rows], np.arange(len(rows))
        if len(rows) * FEW < self.n_items and "starts" not in self.__dict__:
            return self._few_codes_at(rows)
        first = self.starts[rows]
        return self._codes_of(first, self.starts[rows + 1] - first)

    def counts_at(self, rows: Rows) -> Counts:
        """How often values are there among those of some rows, by the code that stands for each."""
        n_levels = self.n_levels
        counts, there, totals = np.zeros(n_levels, np.int64), np.empty(n_levels, np.int64), np.empty(2, np.int64)
        if self.is_multi:
            count_several(rows, self.starts, self.codes, self.same, counts, there, totals)
        else:
            count_single(rows, self.codes if self.is_whole else self.first_codes, self.same, counts, there, totals)
        return Counts.of(counts, there, totals)

    def counts_of_marked(self, marked: Marked) -> Counts:
        """`counts_at` of broad rows, for which all values are gone through."""
        by_code, having = np.zeros(self.n_levels, dtype=np.int32), np.empty(1, dtype=np.int64)
        count_marked(marked.marks, NOTHING if self.is_whole else self.rows, self.codes, by_code, having)
        counts = by_code.astype(np.int64)
        if self.is_named and self.vocabulary.spellings:
            counts = np.bincount(self.same, weights=by_code, minlength=self.n_levels).astype(np.int64)
        there = np.flatnonzero(counts)
        return Counts(there, counts[there], 0 if self.is_whole else marked.n - int(having[0]))

    def counts_by_owner(self, rows: Rows, owners: Rows, kinds: Codes, n_kinds: int) -> Counts:
        """How many owners have a value of each kind.

        Args:
            rows: those of an owner are beside each other.
            owners: [n_items] whose each row is.
            kinds: [n_levels] as what a code counts.
        """
        counted, there, totals = np.full((n_kinds, 2), (0, -1)), np.empty(n_kinds, np.int64), np.empty(2, np.int64)
        count_by_owner(rows, owners, self.starts, self.codes, kinds, counted, there, totals)
        return Counts.of(counted[:, 0], there, totals)

    def is_few(self, rows: Rows) -> bool:
        """Whether rows are so few that it is better to look up their values than to go by all that there are."""
        is_at_hand = self.is_whole or not {"starts", "first_codes"}.isdisjoint(self.__dict__)
        return len(rows) * FEW < max(self.n_levels, 0 if is_at_hand else self.n_items)

    def _few_codes_at(self, rows: Rows) -> tuple[Codes, Rows]:
        """`codes_at` in time that goes with the rows alone."""
        keys = rows.astype(np.int32)
        first = np.searchsorted(self.rows, keys)
        return self._codes_of(first, np.searchsorted(self.rows, keys, side="right") - first)

    def _codes_of(self, first: Rows, counts: Rows) -> tuple[Codes, Rows]:
        if not self.is_multi:
            owners = np.flatnonzero(counts)
            return self.codes[first[owners]], owners
        owners = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.codes[first[owners] + within], owners

    def raw_at(self, row: int) -> list[Raw]:
        """The values of one row; of paths the longest ones."""
        first, last = np.searchsorted(self.rows, (row, row + 1))
        return self.raw_of(self.codes[first:last].tolist())

    def raw_of(self, codes: Sequence[int]) -> list[Raw]:
        """The values of one row's codes; of paths the longest ones."""
        if not self.is_named:
            return [float(self.levels[code]) for code in codes]
        names = [self.names[code] for code in codes]
        if self.attribute.kind != "path" or len(names) < 2:
            return list(names)
        above = {step for name in names for step in steps_above(name)}
        return [name for name in names if name not in above]

    def plain_at(self, row: int) -> Any:
        """The value of one row as JSON has it: a list where there are several, None where there is none."""
        return plain_values(self.attribute, self.raw_at(row))

    def taken(self, rows: Rows) -> AttributeColumn:
        """The column of some rows, in ascending order, renumbered."""
        return AttributeColumn.of_values(self.attribute, [self.raw_at(int(row)) for row in rows])

    def extended(self, values: Sequence[Sequence[Raw]], *, gone: Mask | None) -> AttributeColumn:
        """The column with more rows behind it and without the values of rows that are gone [n_items].

        The codes of the names that are there stay.
        """
        kept = slice(None) if gone is None else ~gone[self.rows]
        left = NO_ROWS if gone is None else np.flatnonzero(gone)
        behind = np.arange(self.n_items, self.n_items + len(values))
        places = {name: code for code, name in enumerate(self.names)}
        levels = list[float]()
        rows, codes = list[int](), list[int]()
        for row, one in enumerate(values, start=self.n_items):
            for value in with_steps_above(one) if self.attribute.kind == "path" else one:
                rows.append(row)
                if isinstance(value, str):
                    codes.append(places.setdefault(value, len(places)))
                else:
                    codes.append(len(self.levels) + len(levels))
                    levels.append(value)
        return AttributeColumn(
            self.attribute,
            self.n_items + len(values),
            np.concatenate([self.rows[kept], np.array(rows, dtype=np.int32)]),
            np.concatenate([self.codes[kept], np.array(codes, dtype=np.int32)]),
            tuple(places),
            np.concatenate([self.levels, np.array(levels, dtype=np.float64)]),
            earlier=self,
            changed=np.concatenate([left, behind]),
        )


def _changed_rows(now: NDArray[Any], earlier: NDArray[Any]) -> Rows | None:
    """The rows [n_changed] whose single values differ from those of an earlier state or are behind it; None where there
    are too many to tell them apart."""
    there = now[: len(earlier)]
    differs = there != earlier
    if there.dtype.kind == "f":
        differs &= ~(np.isnan(there) & np.isnan(earlier))
    changed = np.concatenate([np.flatnonzero(differs), np.arange(len(earlier), len(now))])
    return changed if len(changed) <= MOST_CHANGED * len(now) else None


def steps_above(path: str) -> list[str]:
    """The paths that lead to this one: of `a > b > c` these are `a` and `a > b`."""
    steps = path.split(SEPARATOR)
    return [SEPARATOR.join(steps[:n]) for n in range(1, len(steps))]


def with_steps_above(paths: Sequence[Raw]) -> list[Raw]:
    """The paths and all that lead to them, each once."""
    steps = (step for path in paths for step in (*steps_above(str(path)), path))
    return list({folded(str(step)): step for step in reversed(list(steps))}.values())[::-1]
