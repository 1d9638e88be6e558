"""Items that stand in several rows: one for each car that a part fits, for each store that has it, for each label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from trimtab.catalog.feeds.columns.names import role_named, roles_of
from trimtab.catalog.feeds.reshaping.families import ENOUGH
from trimtab.catalog.feeds.rows import Row, Rows, Value, clean_name, first_text, names_of, split_words, texts
from trimtab.catalog.rejections import Rejection

N_LOOKED_AT = 1_000
SOME = 0.05
"""The share of rows that repeat an id from which on they are no mistake."""
_STORES = frozenset(
    split_words(
        "store store_code store_id store_name branch warehouse location_code shop_code filiale magasin entrepôt tienda "
        "almacén negozio magazzino sklep magazyn winkel filiaal butik lager_id магазин склад 店舗 門店 门店 매장"
    )
)
_OFFERED = ("stock", "in_stock", "price")
"""Roles of what differs from store to store."""


@dataclass(frozen=True)
class Repeated:
    """How the rows of one item belong together.

    Attributes:
        key: the column with the item's id.
        store: the column that names a place; None where there is none.
    """

    key: str
    store: str | None

    def rows(self, rows: Rows) -> Iterator[Row | Rejection]:
        """The items, each with all that its rows say; they are held until the last row."""
        items: dict[str, Row] = {}
        for row in rows:
            if not isinstance(row, Row) or not (key := first_text(row.cells.get(self.key))):
                yield row
                continue
            cells = self._by_store(row.cells)
            if key not in items:
                items[key] = Row(row.line, cells)
            else:
                add_values(items[key].cells, cells)
        yield from items.values()

    def _by_store(self, cells: dict[str, Value]) -> dict[str, Value]:
        """The cells, those of an offer called by the store that makes it."""
        place = clean_name(first_text(cells.get(self.store))) if self.store is not None else ""
        if not place:
            return dict(cells)
        named = {f"{name}.{place}" if role_named(name) in _OFFERED[:2] else name: one for name, one in cells.items()}
        priced = {f"{name}.{place}": one for name, one in cells.items() if role_named(name) == "price"}
        return {**{name: one for name, one in named.items() if name != self.store}, **priced}


def repeated_of(again: Callable[[], Rows]) -> Repeated | None:
    """How the rows of a feed repeat items; None where each is another one.

    Rows that share an id, differ in the price and name no store are variants without ids of their own: left alone.

    Args:
        again: reads the feed from its beginning.
    """
    rows = [row for row in islice(again(), N_LOOKED_AT) if isinstance(row, Row)]
    names = sorted(names_of(rows))
    named = roles_of(names)
    keys = [name for name in named.get("item_id", []) if _share_with(rows, name) >= ENOUGH]
    if not keys or any(_share_repeated(rows, name) <= SOME for name in keys):
        return None
    store = next((name for name in names if clean_name(name) in _STORES), None)
    shared = [*named.get("title", [])[:1], *([] if store else named.get("price", [])[:1])]
    key = min(keys, key=lambda name: _share_repeated(rows, name))
    return Repeated(key, store) if all(_is_of_item(rows, key, name) for name in shared) else None


def _share_with(rows: list[Row], name: str) -> float:
    return sum(name in row.cells for row in rows) / len(rows)


def _share_repeated(rows: list[Row], name: str) -> float:
    return 1 - len({first_text(row.cells.get(name)) for row in rows}) / len(rows)


def _is_of_item(rows: list[Row], key: str, name: str) -> bool:
    """Whether a column says the same in all rows of nearly every item."""
    said: dict[str, list[str]] = {}
    for row in rows:
        said.setdefault(first_text(row.cells.get(key)), []).append(first_text(row.cells.get(name)))
    several = [values for values in said.values() if len(values) > 1]
    return sum(len(set(values)) == 1 for values in several) >= ENOUGH * len(several)


def add_values(cells: dict[str, Value], more: dict[str, Value]) -> None:
    """Add what a further row says, each value once."""
    for name, value in more.items():
        if name not in cells:
            cells[name] = value
        elif cells[name] != value and role_named(name) not in _OFFERED:
            known = texts(cells[name])
            new = [one for one in texts(value) if one not in known]
            cells[name] = [*known, *new] if new else cells[name]
