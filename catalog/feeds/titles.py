"""Which column of a feed has the titles: the one called so, else one that looks like it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from trimtab.catalog.feeds.columns import roles_of
from trimtab.catalog.feeds.evidence import ENOUGH, ColumnEvidence


def title_column(columns: Mapping[str, ColumnEvidence], n_rows: int) -> str | None:
    """The column with the titles; None where no column could have them."""
    named = roles_of(columns).get("title", [])
    return next(iter(named), None) or next(titles_by_looks(columns, n_rows), None)


def titles_by_looks(columns: Mapping[str, ColumnEvidence], n_rows: int, taken: Collection[str] = ()) -> Iterator[str]:
    """Columns of short texts of several words, another one in most rows; in the feed's order."""
    return (name for name, column in columns.items() if name not in taken and _looks_so(column, n_rows))


def _looks_so(column: ColumnEvidence, n_rows: int) -> bool:
    is_own = column.n >= ENOUGH * n_rows and column.n_distinct >= 0.7 * n_rows
    with_words = sum(" " in value for value in column.distinct) >= 0.5 * len(column.distinct)
    return is_own and with_words and 5 <= column.mean_characters <= 150 and not column.share("is_address")
