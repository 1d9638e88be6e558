"""The Icecat catalogue of electronics: `products.jsonl.gz` as the Chorus project ships it (see the data's README).

Prices there are integer cents; the supplier is the brand. There is no category; a product type is given for 8 % of
the products (`attr_t_product_type`). Which attributes are worth searching was read off the values: what a shopper
would type (colour, compatible models, interface, processor...), not temperatures, pallets, customs codes or switches.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.files import read_bytes
from trimtab.catalog.schema import complete
from trimtab.core.errors import BadFile

FILE = "products.jsonl.gz"
MAX_ATTRIBUTE_CHARACTERS = 600
MAX_VALUE_CHARACTERS = 120

MIN_SHARE = 0.005
"""The least share of the products that have an attribute: there are 5,354, most of them of a handful of products."""
MAX_NAME_CHARACTERS = 60

UNSEARCHED = re.compile(
    r"temperature|humidity|altitude|dimension|pallet|package|carton|certificat|compliance|country|harmonized|"
    r"status|launch|frequency|voltage|power_requirement|led_indicator|oem_code|market_segment|shock|vibration|"
    r"awg|plating|stepping|bus_type|codename|lithography|warranty|sustainab|turbo_boost|_ratio|operating_modes|"
    r"supported_instruction|segment|code"
)
EMPTY = {"", "n", "y", "not available", "not supported", "unspecified", "n/a", "none", "other"}


def load_icecat(data: Path) -> pl.DataFrame:
    """Items in schema columns, in the file's order.

    Args:
        data: the folder that holds `products.jsonl.gz`.

    Raises:
        BadFile: the file is missing or damaged; names the line.
    """
    return complete(pl.DataFrame(_read(data, _item), infer_schema_length=None))


def icecat_attributes(data: Path) -> pl.DataFrame:
    """The attributes of the same items that at least `MIN_SHARE` of them have, `attr_*`.

    Raises:
        BadFile: as `load_icecat`.
    """
    products = _read(data, _own_attributes)
    frequencies = Counter(name for product in products for name in product)
    names = [name for name, n in frequencies.items() if n >= MIN_SHARE * len(products)]
    columns = {f"{PREFIX}{name}": [product.get(name) for product in products] for name in names}
    return pl.DataFrame(columns, strict=False)


def _own_attributes(product: dict[str, Any]) -> dict[str, Any]:
    """The values by names that are fit for query parameters: `attr_t_wi_fi_standards` is `wi_fi_standards`.

    The letter is the kind; a flag, which may have the name of a text (`colour`), is `has_colour`.
    """
    found: dict[str, Any] = {"released": date.fromisoformat(product["date_released"][:10])}
    for column, value in product.items():
        kind, name = column[:7], re.sub("_+", "_", column[7:]).strip("_")[:MAX_NAME_CHARACTERS]
        if kind == "attr_t_" and (text := " ".join(str(value).split())).lower() not in EMPTY:
            found[name] = text[:MAX_VALUE_CHARACTERS]
        elif kind == "attr_n_":
            found.setdefault(name, value)
        elif kind == "attr_b_":
            found[f"has_{name.removeprefix('has_')}"] = value
    return found


def _read(data: Path, row_of: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    path = Path(data) / FILE
    rows = []
    for line, text in enumerate(read_bytes(path).splitlines(), 1):
        try:
            rows.append(row_of(orjson.loads(text)))
        except (orjson.JSONDecodeError, KeyError, ValueError) as error:
            raise BadFile(path, f"is not an Icecat product ({error})", row=line) from None
    return rows


def _item(product: dict[str, Any]) -> dict[str, Any]:
    product_type = str(product.get("attr_t_product_type", "")).strip()
    if not any(letter.isalpha() for letter in product_type):  # "1" and the like are not types
        product_type = ""
    return {
        "item_id": product["id"],
        "title": product["title"],
        "description": product.get("short_description", ""),
        "brand": product["supplier"],
        "product_type": product_type.lower(),
        "price": product["price"] / 100 if product.get("price") else None,
        "image": product.get("img_500x500", ""),
        "attributes": _attributes(product),
    }


def _attributes(product: dict[str, Any]) -> str:
    """The name the maker gives it, then the values of its text attributes, each once."""
    values = [product.get("name", "")]
    values += [
        str(value)[:MAX_VALUE_CHARACTERS]
        for name, value in product.items()
        if name.startswith("attr_t_") and not UNSEARCHED.search(name) and any(c.isalpha() for c in str(value))
    ]
    known = {value.strip().lower(): " ".join(value.split()) for value in values if value.strip().lower() not in EMPTY}
    return ", ".join(known.values())[:MAX_ATTRIBUTE_CHARACTERS]
