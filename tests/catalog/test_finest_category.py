"""The type of product that is made of a category follows it."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.finest_category import product_type_after
from trimtab.catalog.live.changes import read_items

PATHS = {"category": Attribute.usual("category", "path", multi=True)}
SHIRT = {"category": "Clothes", "attr_category": "Clothes > Shirts", "product_type": "Shirts"}


@pytest.mark.parametrize(
    ("known", "given", "product_type"),
    [
        (SHIRT, {"category": "Shoes > Boots"}, "Boots"),
        (SHIRT, {"attr_category": "Shoes > Boots"}, "Boots"),
        (SHIRT, {"attributes": {"category": ["Shoes > Boots", "Sale"]}}, "Boots"),
        (SHIRT, {"category": "Shoes"}, ""),
        (SHIRT, {"category": None}, ""),
        (SHIRT, {"category": "Shoes > Boots", "product_type": "Wellies"}, "Wellies"),
        ({**SHIRT, "product_type": "T-shirt"}, {"category": "Shoes > Boots"}, None),
        ({}, {"category": "Shoes > Boots"}, "Boots"),
        (SHIRT, {"price": 3}, None),
    ],
)
def test_it_follows_the_category_where_it_was_made_of_it(
    known: dict[str, Any], given: dict[str, Any], product_type: str | None
) -> None:
    (item,) = read_items([{"item_id": "a", **given}], PATHS)
    after = {**item, **product_type_after(known, item)}
    assert after.get("product_type") == product_type


def test_the_attribute_and_the_column_say_the_same_whichever_is_given() -> None:
    column, attribute = ({"item_id": "a", name: "Shoes > Boots"} for name in ("category", "attr_category"))
    both = {"item_id": "a", "attr_category": "Shoes > Boots", "category": "Shoes"}
    read = [read_items([one], PATHS)[0] for one in (column, attribute, both)]
    assert read == [{"item_id": "a", "category": "Shoes", "attr_category": "Shoes > Boots"}] * 3
