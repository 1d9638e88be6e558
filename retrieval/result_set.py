"""The result set of a search: every item that meets the filters and the query, of which the candidates are the best.

An item meets the query if it has one of its rare words, or if its cosine with the query reaches the floor below which
nonsense finds items too: what is asked of a candidate is asked of every item, and the filters do not matter to it. A
query without words is met by every item. Facets, sort orders and pages are of this set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.attributes.counting import Marked, is_broad
from trimtab.catalog.groups import Groups
from trimtab.core.records import Facet, Filter, IntArray, Sort
from trimtab.retrieval.facets import facet_of
from trimtab.retrieval.filters import Masks, require_attribute
from trimtab.retrieval.ordering import NO_KEYS, page_of
from trimtab.retrieval.protocol import NO_ROWS

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore


class ResultSet:
    """Items of one state of a store, in no order."""

    def __init__(
        self,
        store: ItemStore,
        masks: Masks,
        meeting_query: Mask,
        filters: Iterable[Filter],
        *,
        hidden: IntArray,
        groups: Groups | None = None,
    ) -> None:
        """
        Args:
            meeting_query: [n_items] those that meet the query and are there.
            hidden: rows that must not be shown.
            groups: makes it a set of groups, each with those of its items that meet filters and query.

        Raises:
            BadParameter: a filter that cannot be, see `conditions_of`.
        """
        self._store = store
        self._conditions = masks.conditions(filters)
        self._groups = groups
        if len(hidden):
            meeting_query = meeting_query.copy()
            meeting_query[hidden] = False
        self._meeting_query = meeting_query
        self._rows_meeting_query = rows = np.flatnonzero(meeting_query)
        self._is_broad = is_broad(len(rows), len(store))
        self._meets = [masks.at(one, None if self._is_broad else rows) for one in self._conditions]
        self.rows = self._meeting(self._meets)

    def __len__(self) -> int:
        return len(self.rows) if self._groups is None else self._groups.n_of(self.rows)

    def facets(self, fields: Sequence[str], limit: int, *, of_items: bool = False) -> Mapping[str, Facet]:
        """The facets of some attributes, at most `limit` values each, counting groups where it is a set of groups.

        What is asked of an attribute does not narrow its own facet, so that it shows what another value would add
        (disjunctive faceting); what is ruled out of it does.

        Args:
            of_items: count items all the same.
        """
        attributes = self._store.attributes
        found = dict[str, Facet]()
        if of_items or self._groups is None:
            marked = Marked.of(self.rows, len(self._store)) if fields else None
            for field in fields:
                rows = self._rows_but(field)
                some = marked if rows is self.rows else Marked.of(rows, len(self._store))
                found[field] = facet_of(attributes[field], rows, limit, marked=some)
            return found
        groups = self._groups
        every = groups.together(self.rows) if fields else self.rows
        for field in fields:
            rows = self._rows_but(field)
            rows = every if rows is self.rows else groups.together(rows)
            found[field] = facet_of(attributes[field], rows, limit, groups=groups.codes)
        return found

    def sorted(self, sort: Sort, page: slice) -> IntArray:
        """A page of the rows in an order, one of each group; those without a value come last, equal ones by popularity.

        A group stands where the first of its items that are in stock would, if any of them is.

        Raises:
            BadParameter: there is no such attribute, or it is not for sorting.
        """
        attributes = self._store.attributes
        require_attribute(attributes, sort.field, parameter="sort", use="sort")
        groups = None if sort.field == "in_stock" else self._groups
        rows = self.rows if groups is None else groups.to_be_bought(self.rows, self._store.in_stock)
        keys = attributes[sort.field].sort_keys[rows]
        if sort.descending:
            np.negative(keys, out=keys)
        keys[np.isnan(keys)] = np.inf
        return page_of(rows, keys, self._store.popularity, page, self._groups)

    def popular(self, page: slice, *, but: IntArray = NO_ROWS) -> IntArray:
        """A page of the rows by popularity, one of each group, without some and whoever is of their groups.

        A group stands where the most popular of its items that are in stock would, if any of them is.
        """
        rows = self.rows if self._groups is None else self._groups.to_be_bought(self.rows, self._store.in_stock)
        if len(but):
            rows = rows[~self._are_among(rows, but)]
        return page_of(rows, NO_KEYS, self._store.popularity, page, self._groups)

    def _are_among(self, rows: IntArray, others: IntArray) -> Mask:
        """Which of some rows are among others, or of their groups."""
        n = len(self._store)
        if self._groups is not None:
            rows, others, n = self._groups.codes[rows], self._groups.codes[others], self._groups.n_codes
        among = np.zeros(n, dtype=bool)
        among[others] = True
        return np.asarray(among[rows])

    def _rows_but(self, field: str) -> IntArray:
        """The rows that meet the query and all conditions but those of an attribute that are not negated."""
        named = zip(self._conditions, self._meets, strict=True)
        others = [meets for one, meets in named if one.field != field or one.negated]
        return self.rows if len(others) == len(self._conditions) else self._meeting(others)

    def _meeting(self, conditions: Sequence[Mask]) -> IntArray:
        """The rows that meet the query, and all conditions: of all items where the set is broad, else of these rows."""
        if not conditions:
            return self._rows_meeting_query
        if self._is_broad:
            return np.flatnonzero(reduce(np.logical_and, conditions, self._meeting_query))
        return self._rows_meeting_query[reduce(np.logical_and, conditions)]
