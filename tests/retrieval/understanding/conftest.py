"""Shops as retrievers."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.retrieval.understanding.furniture import COLOURS, TITLES
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    store = ItemStore.from_frame(
        pl.DataFrame(
            {
                "item_id": [str(number) for number in range(len(TITLES))],
                "title": TITLES,
                "brand": ["Sonny" if number % 2 else "Lego" for number in range(len(TITLES))],
                "attr_colour": [COLOURS.get(title) for title in TITLES],
                "attr_screen": [32.0 if "Television" in title else None for title in TITLES],
            }
        ),
        [Attribute("screen", "number", unit="inch", label="Screen size")],
    )
    folder: Path = tmp_path_factory.mktemp("understanding")
    return build_retriever(store, "wordllama", folder)


@pytest.fixture(scope="session")
def detergents(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    brands = {"Laundry detergent free & clear": "Green", "Floral dress": "Free People", "Logo hoodie": "No Fear"}
    titles = [*brands, "Free & clear baby wipes", "Laundry detergent, lavender", "Chicken, free range", "Eggs 12 ct"]
    titles += ["Sugar free candy", "Free candy with a toy", "Sugar-free cookies", "Cotton dress", "Fragrance free soap"]
    frame = {"item_id": titles, "title": titles, "brand": [brands.get(title, "Acme") for title in titles]}
    return build_retriever(
        ItemStore.from_frame(pl.DataFrame(frame)), "wordllama", tmp_path_factory.mktemp("detergents"), languages=("en",)
    )
