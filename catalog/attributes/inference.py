"""What kind of attribute a column of text is, by all of its cells."""

from __future__ import annotations

import polars as pl

from trimtab.catalog.attributes.values import FALSE, TRUE
from trimtab.catalog.shop import AttributeKind

DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
LEADING_ZERO = r"^[+-]?0\d"
"""A code rather than a number."""


def infer_kind(cells: pl.Series) -> AttributeKind:
    """The most particular kind that all of the cells are of that are not empty."""
    given = cells.drop_nulls().str.strip_chars()
    given = given.filter(given != "")
    if given.is_empty():
        return "text"
    words = given.str.to_lowercase()
    if words.is_in([word for word in (*TRUE, *FALSE) if word.isalpha()]).all():
        return "flag"
    if given.str.contains(NUMBER).all() and not given.str.contains(LEADING_ZERO).any():
        return "number"
    return "date" if given.str.contains(DATE).all() else "text"
