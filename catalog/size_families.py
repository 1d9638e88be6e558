"""Items that differ in size alone as variants of one product: `[variants] by_size` of `shop.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import polars as pl

from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.shop import SIZE_FAMILY, AttributeSection, Shop
from trimtab.text.amounts.quantities import AmountReader
from trimtab.text.language import AUTO, languages_of

COLUMN = PREFIX + SIZE_FAMILY
NAMED_BY = ("title", "brand", "product_type")
"""Columns of an item that say which family it is of."""
N_BYTES = 8
"""The length of a family's name: among ten million families two have the same one in three cases of a million."""
_WORD = re.compile(r"\w+")
_TIMES = re.compile(r"(?:^|\b\d+) ?[x×*] ?$")
"""What is left of how many there are of an amount: `6 x 1 l`."""


def with_size_families(items: pl.DataFrame, shop: Shop) -> tuple[pl.DataFrame, Shop]:
    """The items with their families, and the shop that knows of them; both as they were where it groups by none."""
    if not shop.variants.by_size or not len(items):
        return items, shop
    said = shop.catalogue.language
    languages = languages_of(items["title"].to_list()) if said == AUTO else said
    columns = [items[name].to_list() if name in items.columns else [None] * len(items) for name in NAMED_BY]
    found = SizeFamilies(languages)
    family = pl.Series(COLUMN, [found.named(*one) for one in zip(*columns, strict=True)], pl.String)
    section = AttributeSection(type="text", search=False, facet=False, sort=False)
    known = {
        "catalogue": shop.catalogue.model_copy(update={"language": tuple(languages)}),
        "attributes": {**shop.attributes, SIZE_FAMILY: section},
    }
    return items.with_columns(family), shop.model_copy(update=known)


class SizeFamilies:
    """Which family an item is of: of one brand and type, with the same title but for the amounts in it (`2 x 1 l`).

    A family's name follows from the item alone, so that an item that is new finds the others.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._reader = AmountReader(languages)

    @classmethod
    def of(cls, shop: Shop) -> SizeFamilies | None:
        """Those of a catalogue that was built; None where the shop groups by something else."""
        return cls(shop.catalogue.language) if shop.variants.by_size else None

    def named(self, title: str, brand: str | None, product_type: str | None) -> str:
        """The name of an item's family."""
        key = "\0".join((self._stem(title), brand or "", product_type or ""))
        return blake2b(key.encode(), digest_size=N_BYTES).hexdigest()

    def column_of(self, item: Mapping[str, Any]) -> dict[str, str]:
        """The family of a whole item as a column of it."""
        return {COLUMN: self.named(*(item.get(name) or "" for name in NAMED_BY))}

    def _stem(self, title: str) -> str:
        """A title without the amounts in it, as words."""
        return " ".join(_WORD.findall("".join(self._parts(title)).casefold()))

    def _parts(self, title: str) -> Iterator[str]:
        at = 0
        for start, amount in self._reader.amounts(title):
            if amount.measure is not None and start >= at:
                yield _TIMES.sub("", title[at:start])
                at = start + amount.length
        yield title[at:]
