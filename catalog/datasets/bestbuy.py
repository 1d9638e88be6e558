"""The Best Buy catalogue of consumer electronics that Typesense's demo ships: `ecommerce.json.gz`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import polars as pl

from trimtab.catalog.attributes.definition import SEPARATOR
from trimtab.catalog.files import read_bytes
from trimtab.catalog.schema import complete
from trimtab.core.errors import BadFile

FILE = "ecommerce.json.gz"


def load_bestbuy(data: Path) -> pl.DataFrame:
    """Items in schema columns; the category is the first and the product type the last of its path of categories.

    The file has no ids: the number in the picture's address is the shop's own.

    Args:
        data: the folder that holds `ecommerce.json.gz`.

    Raises:
        BadFile: the file is missing or damaged.
    """
    return complete(_table(data))


def bestbuy_attributes(data: Path) -> pl.DataFrame:
    """The attributes of the same items, `attr_*`.

    Raises:
        BadFile: as `load_bestbuy`.
    """
    return _table(data).select("attr_category")


def _table(data: Path) -> pl.DataFrame:
    path = Path(data) / FILE
    try:
        items = [_item(product) for product in orjson.loads(read_bytes(path))]
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError) as error:
        raise BadFile(path, f"is not a list of Best Buy products ({error})") from None
    return pl.DataFrame(items, infer_schema_length=None).unique("item_id", keep="first", maintain_order=True)


def _item(product: dict[str, Any]) -> dict[str, Any]:
    return {
        "item_id": product["image"].rsplit("/", 1)[1].partition("_")[0],
        "title": product["name"],
        "description": product["description"],
        "brand": product["brand"],
        "category": product["categories"][0],
        "product_type": product["categories"][-1].lower(),
        "price": product["price"],
        "popularity": product["popularity"],
        "image": product["image"],
        "attributes": ", ".join(product["categories"]),
        "attr_category": SEPARATOR.join(product["categories"]),
    }
