"""What a platform's format is: how it is recognised, and how its rows become rows of a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trimtab.catalog.feeds.rows import Row, Rows, Value, texts
from trimtab.catalog.rejections import Rejection
from trimtab.catalog.shop import AttributeKind

ROLES = (
    "item_id", "title", "description", "brand", "category", "product_type", "price", "sale_price", "sale_period",
    "regular_price", "sale_start", "sale_end", "currency", "in_stock", "stock", "popularity", "discount",
    "purchase_rate", "image",    "url", "group_id", "attributes", "language", "latitude", "longitude", "location",
)  # fmt: skip
"""Names that a platform's rows may have beside those of attributes."""


@dataclass(frozen=True)
class Platform:
    """A format.

    Attributes:
        name: for people.
        matches: whether a feed with these columns is one.
        rows: the same rows with roles and attributes for columns.
        kinds: of attributes that the format defines.
        is_of_the_shop: whether the shop chose what its columns are called.
        market_price: what stands before the name of a market in columns of its prices; empty where there are none.
    """

    name: str
    matches: Callable[[frozenset[str]], bool]
    rows: Callable[[Rows], Rows]
    kinds: Mapping[str, AttributeKind] = field(default_factory=dict)
    is_of_the_shop: bool = False
    market_price: str = ""


def renamed(rows: Rows, roles: Mapping[str, str], dropped: frozenset[str] = frozenset()) -> Rows:
    """Rows with other names for their columns; one that already has a role's name keeps it.

    Args:
        roles: column -> its new name; of several columns with one name the first that is given counts.
        dropped: columns of no use to a search.
    """
    for row in rows:
        if isinstance(row, Rejection):
            yield row
            continue
        cells: dict[str, Value] = {}
        for name in roles:
            if name in row.cells:
                cells.setdefault(roles[name], row.cells[name])
        rest = {name: value for name, value in row.cells.items() if name not in roles and name not in dropped}
        yield Row(row.line, {**cells, **rest})


def listed(value: Value | None, separator: str) -> list[str]:
    """The parts of a cell with several values in one text; a separator behind a backslash is part of its value."""
    found: list[str] = []
    for text in texts(value):
        hidden = text.replace("\\" + separator, "\0")
        found += [part.replace("\0", separator).strip() for part in hidden.split(separator)]
    return [part for part in found if part]


def put(cells: dict[str, Value], name: str, value: Value | list[str] | None) -> None:
    """Set a cell unless there is nothing to set or it is set."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value not in (None, "", []):
        cells.setdefault(name, value)  # type: ignore[arg-type]  # None is left out above
