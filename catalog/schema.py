"""What an item is: its columns, their types, and what stands where a catalogue says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Kind = Literal["text", "price", "flag", "amount", "share"]

MAX_TEXT_BYTES = 32_768
"""The longest text of one cell, in UTF-8."""
MAX_NAME_BYTES = 512
"""The longest name that many items share (a brand, a category): each is also a value of a facet."""
MAX_ID_BYTES = 512
"""The longest item_id."""
KINDS = ("product_type", "category")
"""Columns that say what kind of thing an item is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an item.

    Attributes:
        kind: how a cell is read, see `trimtab.catalog.cells`.
        default: the value of an empty cell; None where a cell must not be empty.
        meaning: one line for documentation and error messages.
        max_bytes: the longest text, in UTF-8.
    """

    kind: Kind
    default: str | float | bool | None
    meaning: str
    max_bytes: int = MAX_TEXT_BYTES


COLUMNS: dict[str, Column] = {
    "item_id": Column("text", None, "unique name of the item", MAX_ID_BYTES),
    "title": Column("text", None, "what a shopper reads first"),
    "description": Column("text", "", "longer text"),
    "brand": Column("text", "", "maker or label", MAX_NAME_BYTES),
    "category": Column("text", "", "coarse kind, for facets", MAX_NAME_BYTES),
    "product_type": Column("text", "", "what kind of thing it is, finer than the category", MAX_NAME_BYTES),
    "price": Column("price", float("nan"), "what one costs, above 0 in the catalogue's one currency; NaN unknown"),
    "in_stock": Column("flag", True, "can be bought now"),
    "popularity": Column("amount", 0.0, "how much it is bought, 0 or more on any scale"),
    "discount": Column("share", 0.0, "share off the regular price, 0 to 1"),
    "purchase_rate": Column("share", 0.0, "share of customers who buy it, 0 to 1"),
    "image": Column("text", "", "address of a picture"),
    "url": Column("text", "", "address of its page"),
    "attributes": Column("text", "", "more text to search in"),
}

REQUIRED = tuple(name for name, column in COLUMNS.items() if column.default is None)

DTYPES: dict[Kind, type[pl.DataType]] = {
    "text": pl.String,
    "price": pl.Float64,
    "flag": pl.Boolean,
    "amount": pl.Float32,
    "share": pl.Float32,
}


def complete(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the schema's columns, in their order and types; what is missing or null gets its default.

    For frames that are known to be good (the loaders'); a user's file goes through `trimtab.catalog.rejections` first.
    """
    columns = []
    for name, column in COLUMNS.items():
        dtype = DTYPES[column.kind]
        value = pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype)
        if column.default is not None:
            value = value.fill_null(pl.lit(column.default, dtype))
        columns.append(value.alias(name))
    return frame.select(columns)
