"""Items that differ in size alone as variants of one product: `[variants] by_size` of `shop.toml`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.shop import SIZE_FAMILY, Attribute, Shop
from trimtab.text.language import AUTO, languages_of
from trimtab.text.quantities import AmountReader

_BESIDE = ("brand", "product_type")
_WORD = re.compile(r"\w+")
_TIMES = re.compile(r"\b\d+ ?[x×*] ?$")
"""How many there are of an amount: `6 x 1 l`."""


def with_size_families(items: pl.DataFrame, shop: Shop) -> tuple[pl.DataFrame, Shop]:
    """The items with the families that they are of, and the shop that knows them; as they were where it groups by none.

    A family is of one brand and type, and its titles are the same without the amounts in them (`56 oz`, `2 x 1 l`).
    """
    if not shop.variants.by_size or not len(items):
        return items, shop
    titles = items["title"].to_list()
    said = shop.catalogue.language
    stems = stems_of(titles, languages_of(titles) if said == AUTO else said)
    beside = [name for name in _BESIDE if name in items.columns]
    key = pl.struct(pl.Series("stem", stems), *(pl.col(name).fill_null("") for name in beside))
    family = items.select(key.rank("dense").cast(pl.String).alias(PREFIX + SIZE_FAMILY))
    section = Attribute(type="text", search=False, facet=False, sort=False)
    known = {"attributes": {**shop.attributes, SIZE_FAMILY: section}}
    return items.drop(family.columns, strict=False).hstack(family), shop.model_copy(update=known)


def stems_of(titles: Sequence[str], languages: tuple[str, ...]) -> list[str]:
    """Titles without the amounts in them, as words."""
    reader = AmountReader(languages)
    return [_stem(title, reader) for title in titles]


def _stem(title: str, reader: AmountReader) -> str:
    parts, at = list[str](), 0
    for start, amount in reader.amounts(title):
        if amount.measure is not None and start >= at:
            parts.append(_TIMES.sub("", title[at:start]))
            at = start + amount.length
    return " ".join(_WORD.findall("".join([*parts, title[at:]]).casefold()))
