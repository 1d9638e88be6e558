"""What is looked for where no item has all words of a query that says which kind of item is wanted."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever

TYPES = {
    "Brand 1 pale ale, 12 oz": "Beer",
    "Brand 2 stout": "Beer",
    "Frosted light bulbs": "Light bulbs",
    "Red grapes": "Fruit",
    "Strawberry jelly": "Jelly",
    "Herbal infusion": "Tea",
    "Green olives": "Olives",
    "Green peas": "Peas",
    "Ale glass": "Glasses",
    "Brand 2 stout glass": "Glasses",
}


@pytest.fixture(scope="module")
def grocer(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    titles = list(TYPES)
    frame = pl.DataFrame({"item_id": titles, "title": titles, "product_type": list(TYPES.values())})
    folder: Path = tmp_path_factory.mktemp("kinds")
    return build_retriever(ItemStore.from_frame(frame), "wordllama", folder, languages=("en",))


@pytest.mark.parametrize(
    ("typed", "relaxed", "kinds"),
    [
        ("light beer", ("light",), {"Beer"}),
        ("green tea", ("green",), {"Tea"}),
        ("grape jelly", ("grape",), {"Jelly"}),  # there are grapes, too
        ("frosted light stout beer", ("frosted", "light"), {"Beer", "Glasses"}),
        ("beer stout", (), {"Beer", "Glasses"}),  # an item has both
        ("stout light", ("stout",), {"Beer", "Glasses", "Light bulbs"}),  # no kind is said at the end
    ],
)
def test_items_of_the_kind_are_found(grocer: Retriever, typed: str, relaxed: tuple[str, ...], kinds: set[str]) -> None:
    understood = grocer.understand(typed)
    assert understood.relaxed == relaxed
    found = grocer.lexical.search(understood, 10)[0].tolist()
    assert {list(TYPES.values())[row] for row in found} == kinds


def test_the_kind_comes_first_in_other_languages(tmp_path: Path) -> None:
    titles = {"Infusion menthe": "Thé", "Olives vertes": "Olives", "Petits pois verts": "Pois"}
    frame = pl.DataFrame({"item_id": list(titles), "title": list(titles), "product_type": list(titles.values())})
    shop = build_retriever(ItemStore.from_frame(frame), "wordllama", tmp_path, languages=("fr",))
    understood = shop.understand("thé vert")
    assert understood.relaxed == ("vert",)
    assert shop.lexical.search(understood, 3)[0].tolist() == [0]
