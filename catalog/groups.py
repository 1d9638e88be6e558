"""Groups: items of a catalogue that are variants of one product, and the first of each in some order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.counting import n_beside, place_by_code, take_first_of_each

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

Rows = NDArray[np.int64]

NEVER = -1
"""The code of a row that is never found."""
FEW = 256
"""Rows are few, and sorted by group, where the catalogue has as many times more; else they are marked among all."""


def nth_of_each(counts: Rows) -> Rows:
    """0, 1, 2 ... of each item's others, which stand beside each other: as many of each as are counted."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


class Alternatives:
    """Items of which one is found for all that have the same code; those whose code is negative are never found.

    Attributes:
        codes: [n_items] int64.
        n_codes: larger than any.
    """

    def __init__(self, codes: Rows, n_codes: int, every: Alternatives | None = None) -> None:
        """
        Args:
            every: those of which these are some; None where they are all.
        """
        self.codes, self.n_codes = codes, n_codes
        self._every = every

    def first_of_each(self, rows: Rows, n: int | None = None) -> Rows:
        """The places of the rows that are the first with their code, ascending.

        Args:
            n: how many at most; all by default.
        """
        places = np.empty(len(rows) if n is None else min(n, len(rows)), dtype=np.int64)
        count = np.empty(1, dtype=np.int64)
        take_first_of_each(rows, self.codes, np.zeros(self.n_codes, dtype=bool), places, count)
        return places[: count[0]]

    def to_be_bought(self, rows: Rows, in_stock: NDArray[np.bool_]) -> Rows:
        """The rows that are in stock, and those of groups of which none is.

        Args:
            in_stock: [n_items] what can be bought now.
        """
        there, codes = in_stock[rows], self.codes[rows]
        can_be = np.zeros(self.n_codes + 1, dtype=bool)  # the last is of those that are never found
        can_be[codes[there]] = True
        return rows[there | ~can_be[codes]]

    def without(self, rows: Rows) -> Alternatives:
        """The same, of which some rows are never found."""
        codes = self.codes.copy()
        codes[rows] = NEVER
        return Alternatives(codes, self.n_codes, self._every or self)

    def with_others(self, rows: Rows) -> tuple[Rows, Rows]:
        """The rows with the codes of some rows, which are found, and the place of the one whose code each has."""
        every = self._every or self
        order, ends = every.members
        codes = every.codes[rows]
        begin = np.where(codes > 0, ends[codes - 1], 0)
        lengths = ends[codes] - begin
        places = np.repeat(np.arange(len(rows)), lengths)
        others = order[np.arange(len(places)) + np.repeat(begin - lengths.cumsum() + lengths, lengths)]
        alike = self.codes[others] == self.codes[rows[places]]
        return others[alike], places[alike]

    @cached_property
    def members(self) -> tuple[Rows, Rows]:
        """[n_items] all rows, those of a code ascending beside each other; [n_codes] where those of each code end."""
        counts = np.bincount(self.codes)
        order = np.empty(len(self.codes), dtype=np.int64)
        ends = np.cumsum(counts) - counts  # where they begin, until each place that is taken moves one on
        place_by_code(self.codes, ends, order)
        return order, ends


class Groups(Alternatives):
    """Which product each item of a store is a variant of; an item without a group is one of its own.

    Attributes:
        group_by: the attribute whose value is the same for the items of a group.
        codes: [n_items] int64, equal for items of one group.
    """

    def __init__(self, store: ItemStore, group_by: str) -> None:
        self.group_by = group_by
        column = store.attributes[group_by]
        self._gone = store.gone
        codes = np.arange(len(store), dtype=np.int64) + column.n_levels
        first = column.starts[:-1][column.known]
        codes[column.known] = column.codes[first]
        super().__init__(codes, int(codes.max(initial=-1)) + 1)

    @classmethod
    def of(cls, store: ItemStore, group_by: str | None) -> Groups | None:
        """The groups by an attribute; None where there is no such attribute."""
        return cls(store, group_by) if group_by is not None and group_by in store.attributes else None

    def together(self, rows: Rows) -> Rows:
        """Ascending rows, those of a group beside each other."""
        if self.are_beside:
            return rows
        if len(rows) * FEW < len(self.codes):
            return rows[np.argsort(self.codes[rows], kind="stable")]
        order, _ = self.members
        there = np.zeros(len(order), dtype=bool)
        there[self._places[rows]] = True
        return order[np.flatnonzero(there)]

    def n_of(self, rows: Rows) -> int:
        """How many groups some ascending rows are of."""
        return n_beside(self.codes[rows]) if self.are_beside else len(self.first_of_each(rows))

    def standing(self, *, pinned: Sequence[int], hidden: Rows) -> Alternatives:
        """The items that may stand for their groups.

        Args:
            pinned: rows that are found beside each other; nothing else stands for their groups.
            hidden: rows that must not be shown, unless they are pinned.
        """
        if not len(pinned) and not len(hidden):
            return self
        others = [self.others(row) for row in pinned]
        standing = self.without(np.concatenate([hidden, *others]))
        standing.codes[list(pinned)] = self.n_codes + np.arange(len(pinned))
        standing.n_codes += len(pinned)
        return standing

    def others(self, row: int) -> Rows:
        """The other rows of an item's group that are there, ascending."""
        return self.others_of(np.array([row]))[0]

    def others_of(self, rows: Rows) -> tuple[Rows, Rows]:
        """The other rows that are there of some items' groups, ascending, and the place of the item of each."""
        others, places = self.with_others(rows)
        there = others != rows[places]
        if self._gone is not None:
            there &= ~self._gone[others]
        return others[there], places[there]

    @cached_property
    def are_beside(self) -> bool:
        """Whether the items of each group stand beside each other, as feeds have them."""
        return n_beside(self.codes) == int(np.count_nonzero(np.bincount(self.codes)))

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        """[n_items] where each row stands among the rows by group."""
        order, _ = self.members
        places = np.empty(len(order), dtype=np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return places
