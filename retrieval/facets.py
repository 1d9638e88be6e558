"""Facet counts: how many matching items each value of a field has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.core.records import Filter, IntArray
from trimtab.retrieval.filters import NAMED_FIELDS, Mask, codes_of, column_of, conditions_of, meets_condition

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

MAX_VALUES = 50
"""Values shown of one facet, the most frequent first."""


def facet_counts(
    store: ItemStore, matches: IntArray, fields: Sequence[str], filters: Sequence[Filter]
) -> dict[str, dict[str, int]]:
    """Counts by value for each field, most frequent first (then by name), at most `MAX_VALUES`.

    A field's own filters do not narrow its counts, so that a shopper sees what a second value would add
    (disjunctive faceting).

    Args:
        matches: [n] rows of all items that match the query, before any filter.

    Raises:
        BadParameter: a field that has no facets.
    """
    require_facets(fields)
    # Once for all facets, and of the matches alone.
    meets = {
        condition.field: meets_condition(column_of(store, condition.field)[matches], condition)
        for condition in conditions_of(store, filters)
    }
    return {field: _counts(store, _narrowed(matches, meets, field), field) for field in fields}


def require_facets(fields: Iterable[str]) -> None:
    """
    Raises:
        BadParameter: a field that has no facets.
    """
    for field in fields:
        if field not in NAMED_FIELDS:
            raise BadParameter(
                "facets", f"there is no facet {field!r}" + did_you_mean(field, NAMED_FIELDS), ", ".join(NAMED_FIELDS)
            )


def _narrowed(matches: IntArray, meets: Mapping[str, Mask], but: str) -> IntArray:
    """The matches that meet the conditions on all fields but one."""
    of_others = [mask for field, mask in meets.items() if field != but]
    return matches[np.logical_and.reduce(of_others)] if of_others else matches


def _counts(store: ItemStore, rows: IntArray, field: str) -> dict[str, int]:
    codes, vocabulary = codes_of(store, field)
    known = codes[rows]
    counts = np.bincount(known[known >= 0], minlength=len(vocabulary))
    named = sorted((-int(counts[code]), vocabulary[code]) for code in np.flatnonzero(counts))
    return {name: -count for count, name in named[:MAX_VALUES]}
