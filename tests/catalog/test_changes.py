"""Changes as JSON objects: read by the rules of catalogue files, refused with one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from trimtab.catalog.changes import read_items
from trimtab.catalog.readers import read_catalogue
from trimtab.core.errors import BadParameter


def test_columns_that_are_given_are_read_and_the_others_left_alone() -> None:
    given = [
        {"item_id": "a", "price": "$3.99", "in_stock": "out of stock"},
        {"item_id": "b", "title": " Blue \n shoes", "price": None, "attr_colour": "blue", "attr_size": 42},
    ]
    assert read_items(given) == [
        {"item_id": "a", "price": 3.99, "in_stock": False},
        {"item_id": "b", "title": "Blue shoes", "price": None, "attributes": "blue, 42"},
    ]


def test_they_are_what_a_file_with_the_same_rows_would_be(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"item_id": 7, "title": "Tea", "price": "1.299,00 €", "discount": "20%", "popularity": 3},
        {"item_id": "b", "title": "Coffee", "brand": "Acme", "in_stock": "yes", "attr_roast": ["dark", "light"]},
    ]
    path = tmp_path / "items.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    from_file, _ = read_catalogue(path)
    for item, row in zip(read_items(rows), from_file.to_dicts(), strict=True):
        assert item == {name: pytest.approx(row[name]) if isinstance(row[name], float) else row[name] for name in item}


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([{"item_id": "a", "price": -1}], "price: is '-1'; allowed: a number above 0"),
        ([{"item_id": "a", "price": True}], "price: is 'true'; allowed: a number above 0"),
        ([{"item_id": "a", "price": 1e39}], r"price: is '1e\+39'; allowed: a number above 0"),
        ([{"item_id": "a", "popularity": 1e300}], "popularity: is '1e\\+300'; allowed: a number of 0 or more"),
        ([{"title": "Tea"}], "item_id: is missing; allowed: unique name"),
        ([{"item_id": None}], "item_id: is empty"),
        ([{"item_id": "a", "title": " "}], "title: is empty"),
        (
            [{"item_id": "a", "titel": "Tea"}],
            r"titel: is not a column of an item \(did you mean 'title'\?\); allowed: item_id",
        ),
        ([{"item_id": "a"}, {"item_id": "b", "in_stock": "maybe"}], r"items\[1\].in_stock: is 'maybe'; allowed: true"),
        ([{"item_id": "a"}, {"item_id": " a "}], r"items\[1\].item_id: repeats items\[0\]"),
    ],
)
def test_one_sentence_says_what_is_wrong(items: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        read_items(items)
