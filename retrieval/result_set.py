"""The result set of a search: every item that meets the filters and the query, of which the candidates are the best.

An item meets the query if it has one of its rare words, or if its cosine with the query reaches the floor below which
nonsense finds items too: what is asked of a candidate is asked of every item, and the filters do not matter to it. A
query without words is met by every item. Facets, sort orders and pages are of this set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import Mask
from trimtab.core.records import Facet, Filter, IntArray, Sort
from trimtab.retrieval.facets import facet_of
from trimtab.retrieval.filters import Condition, Masks, conditions_of, require_attribute

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore


class ResultSet:
    """Items of one state of a store, in no order."""

    def __init__(
        self, store: ItemStore, masks: Masks, meeting_query: Mask, filters: Iterable[Filter], hidden: IntArray
    ) -> None:
        """
        Args:
            meeting_query: [n_items] those that meet the query and are there.
            hidden: rows that must not be shown.

        Raises:
            BadParameter: a filter that cannot be, see `conditions_of`.
        """
        self._store, self._masks = store, masks
        self._meeting_query = meeting_query
        self._conditions = conditions_of(store, filters)
        self._hidden = hidden
        self.rows = self._meeting(self._conditions)

    def __len__(self) -> int:
        return len(self.rows)

    def facets(self, fields: Sequence[str], limit: int) -> Mapping[str, Facet]:
        """The facets of some attributes, at most `limit` values each.

        What is asked of an attribute does not narrow its own facet, so that it shows what another value would add
        (disjunctive faceting); what is ruled out of it does.
        """
        return {field: facet_of(self._store.attributes[field], self._rows_but(field), limit) for field in fields}

    def sorted(self, sort: Sort, n: int) -> IntArray:
        """The first rows in an order; those without a value come last, equal ones by popularity and row.

        Raises:
            BadParameter: there is no such attribute, or it is not for sorting.
        """
        attributes = self._store.attributes
        require_attribute(attributes, sort.field, parameter="sort", use="sort")
        keys = attributes[sort.field].sort_keys[self.rows]
        return self._first(self.rows, np.where(np.isnan(keys), np.inf, -keys if sort.descending else keys), n)

    def popular(self, n: int, *, but: IntArray) -> IntArray:
        """The first rows by popularity, without some."""
        is_left = np.ones(len(self._store), dtype=bool)
        is_left[but] = False
        rows = self.rows[is_left[self.rows]]
        return self._first(rows, np.zeros(len(rows)), n)

    def _first(self, rows: IntArray, keys: NDArray[np.float64], n: int) -> IntArray:
        """The `n` rows with the smallest keys [n_rows], in order."""
        if n < len(rows):
            is_near = keys <= np.partition(keys, n)[n]
            rows, keys = rows[is_near], keys[is_near]
        return np.asarray(rows[np.lexsort((rows, -self._store.popularity[rows], keys))[:n]])

    def _rows_but(self, field: str) -> IntArray:
        others = tuple(one for one in self._conditions if one.field != field or one.negated)
        return self.rows if len(others) == len(self._conditions) else self._meeting(others)

    def _meeting(self, conditions: tuple[Condition, ...]) -> IntArray:
        mask = self._masks.of(conditions)
        meeting = self._meeting_query if mask is None else self._meeting_query & mask
        if len(self._hidden):
            meeting = meeting.copy()
            meeting[self._hidden] = False
        return np.flatnonzero(meeting)
