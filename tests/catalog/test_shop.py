"""A shop.toml: what it says, and the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.catalog.shop import Shop
from trimtab.core.errors import BadFile

WHOLE = """\
[catalogue]
language = ["de", "fr"]
currency = "EUR"
id = "sku"
title = "name"

[attributes.colour]
multi = true
facet = true
label = "Colour"

[attributes.screen_size]
type = "number"
unit = "inch"

[variants]
group_by = "style_id"

[prices.b2b]
column = "b2b_price"
currency = "CHF"

[stores.lyon]
stock = "stock_lyon"
latitude = 45.76
longitude = 4.84

[objectives.margin]
head = "purchase"
value = "price - cost"
unit = "EUR"

[synonyms]
files = ["synonyms.txt"]

[defaults]
weights = { relevance = 0.8, margin = 0.2 }
max_relevance_loss = 0.02

[understanding]
relax = false
"""


def test_a_whole_shop_is_read() -> None:
    shop = Shop.parse(WHOLE)
    assert shop.catalogue.language == ("de", "fr")
    assert shop.catalogue.columns == {"item_id": "sku", "title": "name"}
    assert shop.attributes["colour"].multi
    assert shop.attributes["screen_size"].type == "number"
    assert shop.variants.group_by == "style_id"
    assert shop.prices["b2b"].currency == "CHF"
    assert shop.stores["lyon"].stock == "stock_lyon"
    assert shop.objectives["margin"].value == "price - cost"
    assert shop.defaults.weights == {"relevance": 0.8, "margin": 0.2}
    assert not shop.understanding.relax


def test_an_empty_shop_is_every_default() -> None:
    assert Shop.parse("") == Shop()
    assert Shop().catalogue.language == ("auto",)


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("[atributes.colour]", "[attributes.colour]", r"line 7: atributes is not a known name.*attributes"),
        (
            "facets = true",
            "facet = true",
            r"line 9: attributes.colour.facets is.*facet.*; allowed: .*\bsearch, filter, facet, sort",
        ),
        ('tittle = "name"', 'title = "name"', r"line \d+: catalogue: 'tittle' .*title"),
        (
            'type = "numbr"',
            'type = "number"',
            r"line 13: attributes.screen_size.type: 'numbr' is not allowed.*'number'",
        ),
        ("[objectives.diversity]", "[objectives.margin]", r"line \d+: objectives: 'diversity' is reserved"),
        ("latitude = 95", "latitude = 45.76", r"line 25: stores.lyon.latitude: 95 is not allowed"),
        ('currency = "euro"', 'currency = "EUR"', r"line 3: catalogue.currency: 'euro' is not of the form"),
        ("max_relevance_loss = nan", "max_relevance_loss = 0.02", r"line \d+: defaults.max_relevance_loss"),
        ("group_by = = 2", 'group_by = "style_id"', r"is not TOML: .*line 17"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(wrong: str, right: str, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        Shop.parse(WHOLE.replace(right, wrong))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"shop.toml: is missing"):
        Shop.read(tmp_path / "shop.toml")
