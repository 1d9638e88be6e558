"""The columns of a feed as a table: made of the schema, for people and for the documentation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.catalog.feeds.columns.names import BESIDE, names_of
from trimtab.catalog.schema import COLUMNS, Column

BEGIN = "<!-- columns: made by `trimtab shop columns --write docs/catalogue.md` -->"
END = "<!-- columns end -->"
N_NAMES = 8
"""Names of a column that are listed; all are in `catalog/feeds/columns/names.py`."""


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column of a feed.

    Attributes:
        empty: what an empty cell says; "required" where it must say something.
        names: some of what feeds call it.
    """

    column: str
    type: str
    empty: str
    meaning: str
    names: tuple[str, ...]


def column_lines() -> Iterator[ColumnLine]:
    """The catalogue's own columns, then those that become something else."""
    for name, column in COLUMNS.items():
        yield ColumnLine(name, column.kind, _empty(column), column.meaning, _names(name))
    for name, (kind, meaning) in BESIDE.items():
        yield ColumnLine(name, kind, "nothing", meaning, _names(name))


def markdown() -> str:
    """The table in Markdown, between its marks."""
    lines = ["| column | type | empty | what it is | also called |", "|---|---|---|---|---|"]
    for one in column_lines():
        names = ", ".join(f"`{name}`" for name in one.names)
        lines.append(f"| `{one.column}` | {one.type} | {one.empty} | {one.meaning} | {names} |")
    return "\n".join([BEGIN, "", *lines, "", END])


def written_into(text: str) -> str:
    """A document with the table in the place of the one that it has.

    Raises:
        ValueError: it has no marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"it has no {BEGIN} and {END}")
    return before + markdown() + after


def _empty(column: Column) -> str:
    default = column.default
    if default is None:
        return "required"
    if isinstance(default, float):
        return "unknown" if math.isnan(default) else f"{default:g}"
    return str(default).lower() if isinstance(default, bool) else "nothing"


def _names(role: str) -> tuple[str, ...]:
    return tuple(name for name in names_of(role) if name != role and "." not in name)[:N_NAMES]
