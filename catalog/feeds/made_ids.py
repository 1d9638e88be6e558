"""Ids for feeds that have none: the few columns whose values together are another in each row (style, colour, size)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from trimtab.catalog.feeds.columns.names import role_named, roles_of
from trimtab.catalog.feeds.columns.price_names import price_kind
from trimtab.catalog.feeds.reshaping.families import ENOUGH
from trimtab.catalog.feeds.rows import Row, Rows, first_text, names_of

N_LOOKED_AT = 1_000
MAX_COLUMNS = 5
"""Columns that make an id at most."""
MAX_CHARACTERS = 60
_NONE_OF = frozenset({"price", "sale_price", "stock", "in_stock", "description", "image", "popularity", "discount"})
"""Roles of what changes, or is too long, for an id."""


def columns_of_ids(again: Callable[[], Rows]) -> list[str]:
    """The columns that tell rows apart together; none where one does by itself, or is called an id.

    Args:
        again: reads the feed from its beginning; all of it where no column is an id.
    """
    rows = [row for row in islice(again(), N_LOOKED_AT) if isinstance(row, Row)]
    names = sorted(names_of(rows))
    if len(rows) < 2 or "item_id" in roles_of(names):
        return []
    kept = [name for name in names if role_named(name) not in _NONE_OF and price_kind(name) is None]
    if any(_n_different(rows, [name]) >= ENOUGH * len(rows) for name in kept):
        return []
    usable = [name for name in kept if _is_short(rows, name)]
    chosen: list[str] = []
    while len(chosen) < MAX_COLUMNS and _n_different(rows, chosen) < len(rows):
        left = [name for name in usable if name not in chosen]
        best = max(left, key=lambda name: _n_different(rows, [*chosen, name]), default=None)
        if best is None or _n_different(rows, [*chosen, best]) <= _n_different(rows, chosen):
            return []
        chosen.append(best)
    seen = Counter(_key(row, chosen) for row in again() if isinstance(row, Row))
    return chosen if len(seen) >= ENOUGH * seen.total() else []


def with_ids(rows: Rows, columns: Sequence[str]) -> Rows:
    """Rows with what some columns say together as their id."""
    for row in rows:
        key = _key(row, columns) if isinstance(row, Row) else ()
        yield Row(row.line, {**row.cells, "item_id": "-".join(filter(None, key))}) if isinstance(row, Row) else row


def _key(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(first_text(row.cells.get(name)) for name in columns)


def _n_different(rows: Sequence[Row], columns: Sequence[str]) -> int:
    return len({_key(row, columns) for row in rows})


def _is_short(rows: Sequence[Row], name: str) -> bool:
    """Whether a column has a short text in nearly all rows."""
    texts = [first_text(row.cells.get(name)) for row in rows]
    return sum(0 < len(text) <= MAX_CHARACTERS for text in texts) >= ENOUGH * len(texts)
