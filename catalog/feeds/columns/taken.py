"""What each column of a feed was taken for, one row a column, for a person to look over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from trimtab.catalog.feeds.columns.layout import Layout
from trimtab.catalog.feeds.columns.survey import adapted
from trimtab.catalog.feeds.rows import Row, texts
from trimtab.catalog.shop import Shop

N_ROWS = 50
"""Rows that are looked through for an example of each column."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One column.

    Attributes:
        column: as the feed's format calls it.
        role: what it is: a column of the catalogue, an attribute's kind, or nothing.
        use: what it serves for, or why nothing was made of it.
        example: its first value; empty where the first rows have none.
    """

    column: str
    role: str
    use: str
    example: str


def columns_taken(path: Path, shop: Shop, layout: Layout) -> list[Taken]:
    """What became of each column, the catalogue's own first, what is ignored last."""
    examples = _examples(path, shop)
    return [Taken(column, role, use, examples.get(column, "")) for column, role, use in _taken(layout)]


def _taken(layout: Layout) -> Iterator[tuple[str, str, str]]:
    for role, column in layout.roles.items():
        yield column, role, "the catalogue's own"
    for one in layout.attributes:
        attribute = one.attribute
        kind = f"{attribute.kind}, {attribute.unit}" if attribute.unit else attribute.kind
        uses = [name for name in ("search", "filter", "facet", "sort") if getattr(attribute, name)]
        several = "several values; " if attribute.multi else ""
        yield one.source, f"{attribute.name} ({kind})", several + ", ".join(uses)
    for column in layout.searched:
        yield column, "text", "search"
    for column, why in layout.ignored.items():
        yield column, "nothing", why


def _examples(path: Path, shop: Shop) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for row in islice(adapted(path, shop)[1], N_ROWS):
        if isinstance(row, Row):
            for column, value in row.cells.items():
                text = ", ".join(texts(value))
                if text and column not in found:
                    found[column] = text
    return found
