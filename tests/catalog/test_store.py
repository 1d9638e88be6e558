"""The item store: columns by row, memory-mapped, and what a damaged file says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from trimtab.catalog.store import FILE, ItemStore
from trimtab.core.errors import BundleDamaged


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Äpfel", "Bread", "Cheese", "Dates"],
            "brand": ["Z", "", "Y", "Z"],
            "category": ["fruit", "bakery", "", "fruit"],
            "product_type": ["apples", "bread", "", "dates"],
            "price": [1.0, None, 2.5, float("nan")],
            "popularity": [3.0, 0.0, 1.0, 2.0],
        }
    )


def test_columns_by_row(frame: pl.DataFrame, tmp_path: Path) -> None:
    ItemStore.from_frame(frame).save(tmp_path)
    store = ItemStore.load(tmp_path)
    assert store.brands == ("Y", "Z")
    assert store.brand_codes.tolist() == [1, -1, 0, 1]
    assert store.types == ("apples", "bread", "dates")
    assert np.isnan(store.prices).tolist() == [False, True, False, True]
    assert store.prices.dtype == store.popularity.dtype == np.float32
    assert store.in_stock.tolist() == [True] * 4
    assert store.item_ids(np.array([3, 0])) == ("d", "a")
    assert store.titles([2, 0]) == ["Cheese", "Äpfel"]
    assert store.texts("brand") == ["Z", "", "Y", "Z"]
    assert store.texts("title") == frame["title"].to_list()
    assert store.texts("category", [1, 2]) == ["bakery", ""]
    assert store.texts("description", [1]) == [""]
    assert store.has_prices
    assert store.aspects([0, 2]).tolist() == [[0, 1], [-1, 0]]
    assert store.aspects([0, 2]).dtype == np.int64


def test_aspects_fall_back_to_the_category(frame: pl.DataFrame) -> None:
    store = ItemStore.from_frame(frame.drop("product_type", "price"))
    assert store.aspects(np.array([0, 1, 2])).tolist() == [[1, 1], [0, -1], [-1, 0]]
    assert not store.has_prices
    assert store.display(0)["price"] is None


def test_numbers_are_mapped_not_copied(frame: pl.DataFrame, tmp_path: Path) -> None:
    ItemStore.from_frame(frame).save(tmp_path)
    before = pa.total_allocated_bytes()
    store = ItemStore.load(tmp_path)
    assert not store.popularity.flags.owndata
    assert not store.numbers("price").flags.writeable
    assert pa.total_allocated_bytes() - before < 4096


@pytest.mark.parametrize("damage", ["missing", "cut", "columns"])
def test_a_damaged_file_is_named(frame: pl.DataFrame, tmp_path: Path, damage: str) -> None:
    ItemStore.from_frame(frame).save(tmp_path)
    file = tmp_path / FILE
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-300])
    else:
        frame.write_ipc(file)
    with pytest.raises(BundleDamaged, match=r"items\.arrow"):
        ItemStore.load(tmp_path)
