"""Rows without a title behind one that has it: variants of that product, as Wix, Squarespace and eBay write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from trimtab.catalog.cells import read_number
from trimtab.catalog.feeds.columns.names import role_named, role_of, roles_of
from trimtab.catalog.feeds.reshaping.families import ENOUGH, RARELY, is_shared
from trimtab.catalog.feeds.reshaping.repeated import add_values
from trimtab.catalog.feeds.rows import Row, Rows, Value, clean_name, first_text, names_of, spaced

N_LOOKED_AT = 200
FEW = 3
"""Rows without a title that are damage, however small the feed."""
SOME = 0.05
"""The share of rows without a title from which on they are no damage."""
_VARIANT = re.compile(r"varia|child|sku|option")
"""What a column of kinds calls rows that are variants."""
_SURCHARGE = frozenset({"surcharge", "price_difference", "price_modifier", "aufpreis", "supplément", "recargo"})
_OFFER = ("price", "sale_price", "stock", "in_stock")


@dataclass(frozen=True)
class Continued:
    """How the rows of a feed continue each other.

    Attributes:
        title: the column without which a row continues the one before.
        ids: columns of ids, that of the variants first.
        are_templates: whether a product with variants is not an item by itself.
        are_lists: whether what continues a product adds values to it, as Odoo's lines of attributes do.
        twins: a column of variants -> the one that says the same of products: `variation_price` and `price`.
    """

    title: str
    ids: tuple[str, ...]
    are_templates: bool
    are_lists: bool = False
    twins: Mapping[str, str] = field(default_factory=dict)

    def rows(self, rows: Rows) -> Rows:
        """The rows, variants whole; what continues a product without being a variant of it (a picture) is dropped."""
        product: Row | None = None
        behind: list[Row] = []
        for row in _with_twins(rows, self.twins):
            if not isinstance(row, Row):
                yield row
            elif not first_text(row.cells.get(self.title)) and product is not None:
                behind.append(row)
            else:
                yield from self._whole(product, behind)
                product, behind = row, []
        yield from self._whole(product, behind)

    def _whole(self, product: Row | None, behind: Sequence[Row]) -> Iterator[Row]:
        if product is None:
            return
        variants = [row for row in behind if _is_item(row, product, self.ids)]
        group = _own_id(product, None, self.ids[::-1])
        own = Row(product.line, {**product.cells, "item_id": _own_id(product, None, self.ids)})
        if self.are_lists:
            for row in behind:
                add_values(own.cells, row.cells)
        if not variants:
            yield own
            return
        if not self.are_templates:
            yield Row(own.line, {**own.cells, "group_id": group})
        for row in variants:
            taken = {name: value for name, value in product.cells.items() if is_shared(name) and name not in self.ids}
            said = {
                name: value for name, value in row.cells.items() if name not in self.ids or _is_own(name, row, product)
            }
            cells: dict[str, Value] = {**taken, **_with_surcharge(said, product.cells)}
            yield Row(row.line, {**cells, "item_id": self._id(row, product, group), "group_id": group})

    def _id(self, row: Row, product: Row, group: str) -> str:
        """The variant's own id, else the product's with what the row says of its own."""
        own = [first_text(value) for name, value in row.cells.items() if role_of(name) is None]
        return _own_id(row, product, self.ids) or "-".join([group, *own])


@dataclass
class _Shown:
    """What rows with others behind them have, and those others."""

    filled: dict[bool, Counter[str]] = field(default_factory=lambda: {True: Counter(), False: Counter()})
    kinds: dict[bool, dict[str, set[str]]] = field(default_factory=lambda: {True: {}, False: {}})
    n: Counter[bool] = field(default_factory=Counter)

    def add(self, row: Row, *, is_behind: bool) -> None:
        self.n[is_behind] += 1
        self.filled[is_behind].update(row.cells.keys())
        for name, value in row.cells.items():
            values = self.kinds[is_behind].setdefault(name, set())
            if len(values) <= 4:
                values.add(first_text(value).casefold())

    def share(self, name: str, *, is_behind: bool) -> float:
        return self.filled[is_behind][name] / max(1, self.n[is_behind])

    @property
    def n_shared(self) -> int:
        """Columns that products have and what is behind them has not."""
        return sum(
            self.share(name, is_behind=False) >= ENOUGH and self.share(name, is_behind=True) <= RARELY
            for name in self.filled[False]
        )

    def is_kind(self, name: str) -> bool:
        """Whether a column says which rows are variants."""
        behind, others = self.kinds[True].get(name, set()), self.kinds[False].get(name, set())
        return 0 < len(behind) <= 4 and behind.isdisjoint(others) and any(map(_VARIANT.search, behind))

    def is_counted_anew(self, name: str) -> bool:
        """Whether a column of ids says the same of all products: it counts the variants of each."""
        return self.n[False] > FEW and len(self.kinds[False].get(name, ())) == 1

    def is_variants_own(self, name: str) -> bool:
        return self.share(name, is_behind=True) >= ENOUGH and self.share(name, is_behind=False) <= RARELY


def continued_of(again: Callable[[], Rows]) -> Continued | None:
    """How the rows of a feed continue each other; None where each of them stands alone.

    Args:
        again: reads the feed from its beginning; all of it where rows could continue others.
    """
    first = list(islice(again(), N_LOOKED_AT))
    named = roles_of(sorted(names_of(first)))
    titles, ids = named.get("title", []), named.get("item_id", [])
    lacking = titles and any(isinstance(row, Row) and not first_text(row.cells.get(titles[0])) for row in first)
    twins = _twins_in(names_of(first))
    found = _continued(_with_twins(again(), twins), titles[0], ids) if lacking and ids else None
    return None if found is None else replace(found, twins=twins)


_OF_VARIANTS = re.compile(r"(?:variation|variant)[_ ]", re.IGNORECASE)


def _twins_in(names: Collection[str]) -> dict[str, str]:
    plain = {name: _OF_VARIANTS.sub("", name) for name in names if _OF_VARIANTS.search(name)}
    found = {
        name: next((one for one in (twin, role_named(twin)) if one in names), None) for name, twin in plain.items()
    }
    return {name: twin for name, twin in found.items() if twin is not None}


def _with_twins(rows: Rows, twins: Mapping[str, str]) -> Rows:
    """Rows in which what is said of a variant is called as it is of a product, where nothing else is called so."""
    if not twins:
        yield from rows
        return
    for row in rows:
        if isinstance(row, Row):
            cells = row.cells
            yield Row(
                row.line,
                {twins[name] if name in twins and twins[name] not in cells else name: cells[name] for name in cells},
            )
        else:
            yield row


def _continued(rows: Rows, title: str, ids: Sequence[str]) -> Continued | None:
    """What the rows of a feed show; None where those without a title lack nothing else."""
    seen, own = _Shown(), Counter[str]()
    product: Row | None = None
    n_rows, n_more, is_counted = 0, 0, False
    for row in rows:
        if not isinstance(row, Row):
            continue
        n_rows += 1
        if first_text(row.cells.get(title)):
            product, is_counted = row, False
        elif product is None:
            return None
        else:
            if not is_counted:
                seen.add(product, is_behind=False)
                is_counted = True
            if _is_item(row, product, ids):
                seen.add(row, is_behind=True)
                own.update(name for name in ids if _own_id(row, product, (name,)))
            else:
                n_more += 1
    if not seen.n[True] and n_more > max(FEW, SOME * n_rows):
        return Continued(title, tuple(ids), are_templates=False, are_lists=True)
    if seen.n[True] <= max(FEW, SOME * n_rows) or seen.n_shared < 2:
        return None
    offers = [name for name in seen.filled[True] if name in ids or role_named(name) in _OFFER]
    are_templates = any(map(seen.is_kind, seen.kinds[True])) or any(map(seen.is_variants_own, offers))
    naming = [name for name in ids if not seen.is_counted_anew(name)] or ids
    return Continued(title, tuple(sorted(naming, key=lambda name: -own[name])), are_templates)


def _is_item(row: Row, product: Row, ids: Sequence[str]) -> bool:
    """Whether a row has an id, a price or a stock of its own."""
    offers = any(role_named(name) in _OFFER for name in row.cells)
    n_own = sum(name not in ids and _is_own(name, row, product) for name in row.cells)
    return n_own > 0 and (offers or bool(_own_id(row, product, ids)))


def _own_id(row: Row, product: Row | None, ids: Sequence[str]) -> str:
    """The first id that a row does not share with its product; empty where it has none."""
    given = ((name, first_text(row.cells.get(name))) for name in ids)
    return next((value for name, value in given if value and (product is None or _is_own(name, row, product))), "")


def _is_own(name: str, row: Row, product: Row) -> bool:
    return first_text(row.cells[name]) != first_text(product.cells.get(name))


def _with_surcharge(own: dict[str, Value], product: dict[str, Value]) -> dict[str, Value]:
    """The cells of a variant with the product's price and what it costs more."""
    more = next((read_number(own[name]) for name in own if clean_name(spaced(name)) in _SURCHARGE), None)
    priced = next((name for name in product if role_named(name) == "price"), None)
    if not more or priced is None or priced in own:
        return own
    price = read_number(product[priced])
    return own if price is None else {**own, priced: price + more}
