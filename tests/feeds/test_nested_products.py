"""Products of JSON with their variants inside: in lists, in colours with sizes, in connections."""

from __future__ import annotations

import json
from typing import Any

from tests.feeds.tables import N, column


def test_colours_with_sizes_that_have_offers(feed: Any) -> None:
    sizes = [
        {"size": size, "ean": size * 5, "retailPrice": 59.99, "wholesalePrice": 24.9, "stock": size % 2}
        for size in (34, 35)
    ]
    products = [
        {"styleNumber": f"F{row}", "name": f"Blouse viscose {row}",
         "colors": [{"colorName": colour, "sizes": [{**one, "ean": f"{row}{colour}{one['size']}"} for one in sizes]}
                    for colour in ("white", "rose")]}
        for row in range(6)
    ]  # fmt: skip
    found = feed(json.dumps({"products": products}))
    assert found.items.select("title", "price", "in_stock", "attr_colorname", "attr_size").row(1) == (
        "Blouse viscose 0", 59.99, True, "white", 35,
    )  # fmt: skip
    assert len(found.items) == 24
    assert len(found.items["attr_group_id"].unique()) == 6
    assert "what the shop pays" in " ".join(found.rejections.said)


def test_models_in_objects_with_colours_with_sizes(feed: Any) -> None:
    def model(row: int) -> dict[str, Any]:
        colours = [
            {"product_config_attributes": {"color_code.primary": colour}, "product_simples": [
                {"merchant_product_simple_id": f"{row}-{colour}-{size}",
                 "product_simple_attributes": {"ean": f"4{row}{colour}{size}", "size_codes": {"size": size}}}
                for size in (36, 38)
            ]}
            for colour in ("802", "101")
        ]  # fmt: skip
        named = {"product_model_attributes": {"name": f"Linen shirt {row}"}, "product_configs": colours}
        return {"outline": "shirt", "product_model": {"merchant_product_model_id": f"M{row}", **named}}

    found = feed(json.dumps([model(row) for row in range(N)]))
    names = ("item_id", "title", "attr_group_id", "attr_color_code.primary", "attr_size_codes.size")
    assert found.items.select(names).row(1) == ("4080238", "Linen shirt 0", "M0", 802, 38)
    assert len(found.items) == 4 * N


def test_options_of_variants_that_name_themselves(feed: Any) -> None:
    variant = {"sku": "M", "options": [{"value": "Black", "option": {"title": "Color"}}], "price": 5}
    products = [
        {"id": f"P{row}", "title": f"Oak table for {row + 2} people", "variants": [{**variant, "sku": f"M{row}"}]}
        for row in range(N)
    ]
    assert feed(json.dumps({"products": products})).items["attr_color"][0] == "Black"


def test_connections_of_graphql(feed: Any) -> None:
    def connection(nodes: list[dict[str, object]]) -> dict[str, object]:
        return {"edges": [{"cursor": "c", "node": node} for node in nodes]}

    def variant(n: int, size: str) -> dict[str, object]:
        price = {"amount": f"{10 + n}.5", "currencyCode": "CAD"}
        chosen = [{"name": "Size", "value": size}]
        return {"sku": f"C{n}{size}", "availableForSale": size == "L", "price": price, "selectedOptions": chosen}

    products = [
        {"id": f"gid/{n}", "title": f"Candle {n}", "variants": connection([variant(n, "S"), variant(n, "L")])}
        for n in range(N)
    ]
    found = feed(json.dumps({"data": {"products": {**connection(products), "pageInfo": {"hasNextPage": False}}}}))
    assert column(found, "item_id")[:2] == ["C0S", "C0L"]
    assert (column(found, "price")[0], found.shop.catalogue.currency) == (10.5, "CAD")
    assert column(found, "in_stock")[:2] == [False, True]
    assert column(found, "attr_size")[:2] == ["S", "L"]
