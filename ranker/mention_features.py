"""Features of the values of attributes that a query mentions: a brand, a colour, a size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.schema import KINDS
from trimtab.core.records import IntArray
from trimtab.core.understood import Mention
from trimtab.text.normal import folded

Column = NDArray[np.floating] | float
Mask = NDArray[np.bool_]

BRAND = "brand"
MENTIONED = ("brand_met", "brand_contradicted", "attributes_met", "attributes_contradicted")
"""Shares of the mentions of brands, and of attributes that are not kinds of items, that an item meets, and that it has
other values for."""
SHORTEST_SAID = 3
"""Letters of a value that another one may say too: `Light Blue` and `mørkeblå` are blue; `XL` is not `L`."""


def mention_features(
    mentions: Sequence[Mention], attributes: Mapping[str, AttributeColumn], rows: IntArray
) -> tuple[Column, ...]:
    """The columns of `MENTIONED` for some items."""
    if not mentions:
        return (0.0,) * len(MENTIONED)
    brands = [one for one in mentions if one.field == BRAND]
    others = [one for one in mentions if one.field != BRAND and not _is_kind(one.field, attributes)]
    return (*_shares(brands, attributes, rows), *_shares(others, attributes, rows))


def _shares(
    mentions: Iterable[Mention], attributes: Mapping[str, AttributeColumn], rows: IntArray
) -> tuple[Column, Column]:
    """Shares of the mentions that are met, and that are contradicted."""
    compared = [_compared(attributes[one.field], one.value, rows) for one in mentions if one.field in attributes]
    if not compared:
        return 0.0, 0.0
    return np.mean([met for met, _ in compared], axis=0), np.mean([other for _, other in compared], axis=0)


def _is_kind(field: str, attributes: Mapping[str, AttributeColumn]) -> bool:
    """Whether an item has one of several values that may be meant, so that another contradicts nothing: how many words
    of the query they have are features of their own."""
    return field in KINDS or (field in attributes and attributes[field].attribute.kind == "path")


def _compared(column: AttributeColumn, value: str, rows: IntArray) -> tuple[Mask, Mask]:
    """Which of the rows have the value, and which have only others, that do not say it among other words either."""
    if not column.is_named:
        numbers = column.numbers[rows]
        low, is_range, high = value.partition("..")
        least, most = float(low or "-inf"), float((high or "inf") if is_range else low)
        met = (least <= numbers) & (numbers <= most)
        return met, ~np.isnan(numbers) & ~met
    codes, owners = column.codes_at(rows)
    known, met, said = np.zeros((3, len(rows)), dtype=bool)
    known[owners] = True
    met[owners[np.isin(codes, column.vocabulary.codes_of(value))]] = True
    if len(value) >= SHORTEST_SAID and column.attribute.name != BRAND:
        wanted = folded(value)
        saying = [code for code in np.unique(codes).tolist() if wanted in folded(column.names[code])]
        said[owners[np.isin(codes, saying)]] = True
    return met, known & ~met & ~said
