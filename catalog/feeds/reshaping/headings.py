"""Rows of a price list that are headings: one text alone, and below it the rows of that category."""

from __future__ import annotations

from itertools import chain, islice

from trimtab.catalog.feeds.columns.names import role_named
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, names_of
from trimtab.catalog.rejections import Omission

N_LOOKED_AT = 1_000
MIN_CELLS = 3
"""Cells that the rows of a table have, most of them."""
MIN_HEADINGS = 2
"""Headings from which on they are categories; a single one is a remark."""


def with_headings(rows: Rows) -> Rows:
    """The rows below headings, with those for a category where the table has none."""
    first = list(islice(rows, N_LOOKED_AT))
    whole = [row for row in first if isinstance(row, Row)]
    headings = [text for row in whole if (text := _heading(row.cells))]
    is_table = sum(len(row.cells) >= MIN_CELLS for row in whole) > len(whole) / 2
    if not headings or not is_table or len(headings) > len(whole) / 3:
        return chain(first, rows)
    has_categories = any(role_named(name) == "category" for name in names_of(first))
    is_category = len(headings) >= MIN_HEADINGS and not has_categories
    return _below(chain(first, rows), is_category=is_category)


def _below(rows: Rows, *, is_category: bool) -> Rows:
    heading = ""
    for row in rows:
        if isinstance(row, Row) and (text := _heading(row.cells)):
            heading = text
            yield Omission(row.line, "it is a heading")
        elif isinstance(row, Row) and heading and is_category:
            yield Row(row.line, {**row.cells, "category": heading})
        else:
            yield row


def _heading(cells: dict[str, Value]) -> str:
    """The text that stands alone in a row; empty where there is more, or nothing that names anything."""
    if len(cells) != 1:
        return ""
    (name, value), text = next(iter(cells.items())), ""
    if isinstance(value, str) and (role_named(name) != "item_id" or " " in value.strip()):
        text = first_text(value)
    return text if any(map(str.isalpha, text)) else ""
