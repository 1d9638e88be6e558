"""What may be asked of a log, and the answers as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from urllib.parse import urlencode

import numpy as np
import polars as pl

from trimtab.core.errors import BadParameter
from trimtab.engine.analytics.measures import (
    Every,
    before_and_after,
    by_category,
    by_query,
    by_rank,
    by_time,
    searches_of,
    totals,
    trending,
)
from trimtab.engine.analytics.reading import Log, read

Of = Literal["top", "trending", "no_results", "no_clicks", "corrected", "revenue"]
MIN_USERS = 5
"""Users who must have done something before it is a row of its own."""
DEEPEST = 50
"""Ranks that have a row of their own."""

COUNTED: dict[Of, str] = {
    "top": "searches",
    "no_results": "no_results",
    "no_clicks": "no_clicks",
    "corrected": "corrected",
    "revenue": "revenue",
}
"""The column that the queries of a list are sorted by, of which they have some."""
NEXT: dict[Of, tuple[str, ...]] = {
    "top": ("judgment", "rule"),
    "trending": ("rule",),
    "no_results": ("synonym", "rule"),
    "no_clicks": ("judgment", "rule"),
    "corrected": ("synonym",),
    "revenue": ("rule",),
}
"""What can be done about the queries of a list, the most likely first; a synonym for any that found nothing."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Which rows are shown.

    Attributes:
        min_users: who did something, at least, for it to be a row of its own.
        limit: rows of a list.
    """

    min_users: int = MIN_USERS
    limit: int = 20


def overview(log: Log) -> list[dict[str, Any]]:
    """All searches together: one row."""
    return _rows(totals(searches_of(log.impressions, log.events)))


def queries(log: Log, of: Of, shown: Shown) -> list[dict[str, Any]]:
    """Queries of one kind, the most important first, each with where to look at it and what can be done.

    Raises:
        BadParameter: there is no such kind.
    """
    if of not in get_args(Of):
        raise BadParameter("of", f"there are no queries {of!r}", ", ".join(get_args(Of)))
    searches = searches_of(log.impressions, log.events)
    if of == "trending":
        found = _trending(searches, shown)
    else:
        counted = COUNTED[of]
        known = by_query(searches, min_users=shown.min_users).filter(pl.col(counted) > 0)
        found = _rows(known.sort(counted, "query", descending=[True, False]).limit(shown.limit))
    return [{**row, "playground": f"/?{urlencode({'q': row['query']})}", "next": _next(of, row)} for row in found]


def _next(of: Of, row: Mapping[str, Any]) -> tuple[str, ...]:
    """What can be done about one query."""
    ways = NEXT[of]
    return ways if row["no_results"] == 0 or "synonym" in ways else ("synonym", *ways)


def _trending(searches: pl.LazyFrame, shown: Shown) -> list[dict[str, Any]]:
    """Queries of the later half of the time against the earlier one."""
    ends = read(searches.select(pl.col("at").min().alias("first"), pl.col("at").max().alias("last")))
    first, last = ends.row(0)
    if first is None:
        return []
    middle: datetime = first + (last - first) / 2
    return _rows(trending(searches, middle, min_users=shown.min_users).limit(shown.limit))


def sample(log: Log, n: int, *, seed: int, min_users: int = MIN_USERS) -> list[str]:
    """Queries drawn without replacement, each with a chance in proportion to its searches.

    Args:
        min_users: who searched for it, at least.
    """
    found = read(by_query(searches_of(log.impressions, log.events), min_users=min_users).sort("query"))
    # The n largest of u ** (1 / searches) are such a draw (Efraimidis and Spirakis, 2006); logarithms keep them apart.
    order = np.log(np.random.default_rng(seed).random(len(found))) / found["searches"].to_numpy()
    return [found["query"][int(row)] for row in np.argsort(-order, kind="stable")[:n]]


def categories(log: Log, items: pl.DataFrame, shown: Shown) -> list[dict[str, Any]]:
    """Categories by searches, the most first.

    Args:
        items: item_id, category.
    """
    found = by_category(searches_of(log.impressions, log.events), items.lazy(), min_users=shown.min_users)
    rows = _rows(found.sort("searches", "category", descending=[True, False]).limit(shown.limit))
    return [
        {**row, "playground": f"/?{urlencode({'q': '*', 'filter': 'category:' + row['category']})}"} for row in rows
    ]


def times(log: Log, every: Every) -> list[dict[str, Any]]:
    """Searches by time, the earliest first.

    Raises:
        BadParameter: time is not divided so.
    """
    if every not in get_args(Every):
        raise BadParameter("every", f"cannot divide time by {every!r}", ", ".join(get_args(Every)))
    return _rows(by_time(searches_of(log.impressions, log.events), every))


def ranks(log: Log) -> list[dict[str, Any]]:
    """How often what stands at each rank is chosen."""
    return _rows(by_rank(log.impressions, log.events, deepest=DEEPEST))


def change(log: Log, at: datetime) -> list[dict[str, Any]]:
    """The searches before a moment, then those from then on. What differs need not come of what was done then."""
    return _rows(before_and_after(searches_of(log.impressions, log.events), at))


def _rows(frame: pl.LazyFrame) -> list[dict[str, Any]]:
    return read(frame).to_dicts()
