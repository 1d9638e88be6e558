"""The products of Amazon's Shopping Queries data (ESCI) with the attributes of their pages: `products.jsonl.gz`.

A category is a path: its first step is the item's category, its last the product type. How often an item was rated
stands for its popularity.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from trimtab.catalog.attributes.definition import SEPARATOR
from trimtab.catalog.files import read_bytes
from trimtab.catalog.schema import complete
from trimtab.core.errors import BadFile

FILE = "products.jsonl.gz"


def load_esci(data: Path) -> pl.DataFrame:
    """Items in schema columns, in the file's order.

    Args:
        data: the folder that holds `products.jsonl.gz`.

    Raises:
        BadFile: the file is missing or damaged; names the line.
    """
    return complete(_table(data, _item))


def esci_attributes(data: Path) -> pl.DataFrame:
    """The attributes of the same items, `attr_*`.

    Raises:
        BadFile: as `load_esci`.
    """
    return _table(data, _attributes)


def _table(data: Path, row_of: Callable[[dict[str, Any]], dict[str, Any]]) -> pl.DataFrame:
    path = Path(data) / FILE
    rows = []
    for line, text in enumerate(read_bytes(path).splitlines(), 1):
        try:
            rows.append(row_of(orjson.loads(text)))
        except (orjson.JSONDecodeError, KeyError) as error:
            raise BadFile(path, f"is not an ESCI product ({error})", row=line) from None
    return pl.DataFrame(rows, infer_schema_length=None)


def _attributes(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "attr_category": SEPARATOR.join(product["category"]) or None,
        "attr_colour": product["color"],
        "attr_rating": product["rating"],
        "attr_ratings": product["rating_count"],
    }


def _item(product: dict[str, Any]) -> dict[str, Any]:
    path: list[str] = product["category"]
    return {
        "item_id": product["asin"],
        "title": product["title"],
        "description": _joined(" ", product["bullet_points"], product["description"]),
        "brand": product["brand"],
        "category": path[0] if path else "",
        "product_type": path[-1].lower() if path else "",
        "price": product["price"],
        "popularity": product["rating_count"],
        "image": product["image"],
        "attributes": _joined(", ", product["color"], *path[1:-1]),
    }


def _joined(separator: str, *texts: str | None) -> str:
    return separator.join(" ".join(text.split()) for text in texts if text)
