"""What is suggested: names of the catalogue, its best known items, and queries that shoppers found something with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.definition import SEPARATOR
from trimtab.catalog.groups import Groups, nth_of_each

if TYPE_CHECKING:
    from trimtab.catalog.attributes.column import AttributeColumn
    from trimtab.catalog.store import ItemStore

Kind = Literal["query", "category", "brand", "attribute", "item"]

CATEGORIES, BRANDS = ("category", "product_type"), ("brand",)
MAX_ITEMS = 20_000
"""The most items that are suggested, the most popular ones: of others their kind is."""
MAX_VARIANTS = 50
"""The variants of a product whose titles are compared."""
ENOUGH_WORDS = 2
"""The words that all titles of a product begin with from which on they name it."""
BETWEEN = " -\u2013\u2014,;:|/("
"""What stands between the title of a product and what tells a variant apart."""
MAX_VALUES = 200_000
"""The most names that are suggested, those of most items."""


Name = tuple[str, str]
"""A field and a value of it, or `ITEM` and an item's id."""
ITEM = "item_id"


class Entry(NamedTuple):
    """Something that can be suggested.

    Attributes:
        weight: how often it is wanted, among entries of its kind.
        field, value: the filter that it is, of names of attributes.
        n: items with the name; of a query the number of searches.
    """

    kind: Kind
    text: str
    weight: float
    field: str = ""
    value: str = ""
    item_id: str = ""
    url: str = ""
    n: int | None = None

    @property
    def name(self) -> Name | None:
        """What it is called by where somebody is known to like it; a query has none."""
        return (self.field, self.value) if self.field else (ITEM, self.item_id) if self.item_id else None


def entries_of(store: ItemStore, group_by: str | None = None) -> Iterator[Entry]:
    """What a catalogue has to suggest.

    Args:
        group_by: the attribute that variants of a product have in common.
    """
    yield from names_of(store)
    yield from items_of(store, group_by)


def names_of(store: ItemStore) -> Iterator[Entry]:
    """The names of categories, brands and other attributes that are filtered on."""
    entries = [entry for column in store.attributes.values() for entry in _names_of(column, store)]
    entries.sort(key=lambda entry: -entry.weight)
    yield from entries[:MAX_VALUES]


def items_of(store: ItemStore, group_by: str | None = None) -> Iterator[Entry]:
    """The most popular items; of a product's variants one, by what their titles begin with alike."""
    there = np.arange(len(store)) if store.gone is None else np.flatnonzero(~store.gone)
    rows = there[np.argsort(-store.popularity[there], kind="stable")]
    groups = Groups.of(store, group_by)
    rows = (rows if groups is None else rows[groups.first_of_each(rows, MAX_ITEMS)])[:MAX_ITEMS]
    titles = store.titles(rows) if groups is None else _titles_of_products(store, groups, rows)
    texts = (store.item_ids(rows), titles, store.texts("url", rows), store.popularity[rows].tolist())
    for item_id, title, url, popularity in zip(*texts, strict=True):
        yield Entry("item", title, popularity + 1.0, item_id=item_id, url=url)


def _titles_of_products(store: ItemStore, groups: Groups, rows: NDArray[np.int64]) -> list[str]:
    """The title of each item's product."""
    others, places = groups.others_of(rows)
    counts = np.bincount(places, minlength=len(rows))
    titles = iter(store.titles(others[nth_of_each(counts) < MAX_VARIANTS]))
    own = zip(store.titles(rows), counts.tolist(), strict=True)
    return [_shared_start([title, *islice(titles, min(n, MAX_VARIANTS))]) for title, n in own]


def _shared_start(titles: Sequence[str]) -> str:
    """The words that all titles begin with, or else the first title."""
    split = [title.split() for title in titles]
    alike = list(takewhile(lambda words: len(set(words)) == 1, zip(*split, strict=False)))
    shared = " ".join(words[0] for words in alike).rstrip(BETWEEN)
    return shared if len(alike) >= ENOUGH_WORDS else titles[0]


def _names_of(column: AttributeColumn, store: ItemStore) -> Iterator[Entry]:
    attribute = column.attribute
    if attribute.kind not in ("text", "path") or not attribute.filter:
        return
    kind: Kind = "category" if attribute.name in CATEGORIES else "brand" if attribute.name in BRANDS else "attribute"
    # One more an item, so that a catalogue without popularity is ordered by its counts.
    weights = np.bincount(column.codes, weights=store.popularity[column.rows] + 1.0, minlength=len(column.names))
    counts = np.bincount(column.codes, minlength=len(column.names))
    for name, weight, count in zip(column.names, weights.tolist(), counts.tolist(), strict=True):
        text = name.rpartition(SEPARATOR)[2].strip()
        if count and any(character.isalpha() for character in text):
            yield Entry(kind, text, weight, attribute.name, name, n=count)
