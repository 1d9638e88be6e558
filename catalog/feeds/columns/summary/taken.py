"""What each column of a feed was taken for, one row a column, for a person to look over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.attributes.roles import ROLES as KNOWN
from trimtab.catalog.feeds.columns.layout import Layout
from trimtab.catalog.feeds.columns.survey import adapted
from trimtab.catalog.feeds.platforms.detection import raw_rows
from trimtab.catalog.feeds.rows import Row, texts
from trimtab.catalog.shop import Shop

SEARCHED = ("title", "description", "attributes")
"""Roles that are searched and serve for nothing else."""
NOTHING = "nothing"
N_ROWS = 50
"""Rows that are looked through for an example of each column."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One column.

    Attributes:
        column: as the feed calls it.
        role: what it is: a column of the catalogue, an attribute's kind, or nothing.
        use: the most that it serves for, or why nothing was made of it.
        example: its first value; empty where the first rows have none.
    """

    column: str
    role: str
    use: str
    example: str


def columns_taken(path: Path, shop: Shop, layout: Layout) -> list[Taken]:
    """What became of each column, the catalogue's own first, what is ignored last."""
    platform, rows = adapted(path, shop)
    first = [row for row in islice(rows, N_ROWS) if isinstance(row, Row)]
    examples = _values_of(first)
    headers = {} if platform.is_of_the_shop else _headers_of(path, first)
    return [
        Taken(headers.get(column, column), role, use, next(iter(examples.get(column, {}).values()), ""))
        for column, role, use in _taken(layout)
    ]


def _taken(layout: Layout) -> Iterator[tuple[str, str, str]]:
    """A line for each column, and for what else is made of it."""
    attributes = {one.source: one.attribute for one in layout.attributes}
    roles = set(layout.roles.values())
    for role, column in layout.roles.items():
        used_as = attributes.get(column) or KNOWN.get(role)
        yield column, role, _use(used_as) if used_as is not None else "search" if role in SEARCHED else ""
    for one in layout.attributes:
        attribute = one.attribute
        if one.source not in roles or one.side is not None:
            kind = f"{attribute.kind}, {attribute.unit}" if attribute.unit else attribute.kind
            yield one.source, f"{attribute.name} ({kind})", _use(attribute)
    for column in layout.searched:
        yield column, "text", "search"
    for column, why in layout.ignored.items():
        yield column, NOTHING, why


def _use(attribute: Attribute) -> str:
    """The most that an attribute serves for; what has a facet is also filtered and sorted by."""
    return next((name for name in ("facet", "filter", "sort", "search") if getattr(attribute, name)), "objectives")


def _values_of(rows: Iterable[Row]) -> dict[str, dict[int, str]]:
    """Column -> its texts by their line."""
    found: dict[str, dict[int, str]] = {}
    for row in rows:
        for column, value in row.cells.items():
            if text := ", ".join(texts(value)):
                found.setdefault(column, {})[row.line] = text
    return found


def _headers_of(path: Path, rows: Sequence[Row]) -> dict[str, str]:
    """Column as the feed's format is read -> what the feed itself calls it: where the same stands in the same lines."""
    written = _values_of(row for row in islice(raw_rows(path), rows[-1].line if rows else 0) if isinstance(row, Row))
    headers = {}
    for column, values in _values_of(rows).items():
        alike = {name: _likeness(values, others) for name, others in written.items()}
        best = max(alike, key=alike.__getitem__, default="")
        if best and alike[best]:
            headers[column] = best
    return headers


def _likeness(values: Mapping[int, str], others: Mapping[int, str]) -> float:
    """How much two columns say the same in the lines that both fill, less where one fills few of the other's."""
    both = values.keys() & others.keys()
    alike = [_overlap(values[line], others[line]) for line in both]
    return mean(alike) * math.sqrt(len(both) / len(values)) if both else 0.0


def _overlap(one: str, other: str) -> float:
    """The share of the longer text that is the shorter one."""
    short, long = sorted((one, other), key=len)
    return len(short) / len(long) if short in long else 0.0
