"""Judgments, and the catalogues of the shared data."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

from trimtab.catalog.attributes.columns import columns_of_frame
from trimtab.catalog.attributes.definition import definitions_of
from trimtab.catalog.datasets.bestbuy import load_bestbuy
from trimtab.catalog.datasets.esci import load_esci
from trimtab.catalog.datasets.folders import DATA_SETS
from trimtab.catalog.datasets.icecat import load_icecat
from trimtab.catalog.judgments import read_judgments
from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.shop import Shop
from trimtab.core.errors import BadFile


def test_judgments_of_a_user(tmp_path: Path) -> None:
    path = tmp_path / "judgments.csv"
    path.write_text('query,grade,item_id,who\n"tv, 40 inch",3,a,me\ntv,0,a,me\n\ntv,0,a,you\n')
    assert read_judgments(path).rows() == [("tv, 40 inch", "a", 3), ("tv", "a", 0)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("query,item_id\n", "column grade is missing"),
        ("query,item_id,grade\n", "has no judgments"),
        ("query,item_id,grade\na,1,2\na,2,good\n", "row 3: grade is 'good'"),
        ("query,item_id,grade\na,1,-1\n", "row 2: grade is '-1'"),
        ("query,item_id,grade\na,1\n", "row 2: has 2 cells"),
        ("query,item_id,grade\n,1,2\n", "row 2: query is empty"),
        ("query,item_id,grade\na,1,2\na,1,3\n", "row 3: 'a' and '1' are graded twice"),
    ],
)
def test_one_bad_judgment_refuses_the_file(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "judgments.csv"
    path.write_text(text)
    with pytest.raises(BadFile, match=sentence):
        read_judgments(path)


@pytest.mark.shared_data
def test_icecat(shared_data: Path) -> None:
    items = load_icecat(shared_data / "icecat")
    assert items.shape == (19_406, len(COLUMNS))
    assert items["item_id"].n_unique() == len(items)
    xerox = items.filter(pl.col("item_id") == "3920564").row(0, named=True)
    assert (xerox["brand"], xerox["price"]) == ("Xerox", pytest.approx(49.95))
    assert "Laser printing" in xerox["attributes"]
    assert items.filter(pl.col("item_id") == "2101957")["product_type"].item() == "notebook"
    assert items["attributes"].str.len_chars().max() <= 600  # type: ignore[operator]
    judgments = read_judgments(shared_data / "icecat" / "judgments.csv")
    assert judgments.shape == (2_570, 3)
    assert judgments["query"].n_unique() == 95
    assert judgments["item_id"].is_in(items["item_id"].implode()).all()


@pytest.mark.shared_data
def test_bestbuy(shared_data: Path) -> None:
    items = load_bestbuy(shared_data / "bestbuy")
    assert items.shape == (3_291, len(COLUMNS))
    assert items["price"].min() > 0  # type: ignore[operator]
    assert items.filter(pl.col("item_id") == "5191101").select("category", "product_type").row(0) == (
        "Cell Phones",
        "all unlocked cell phones",
    )


@pytest.mark.shared_data
def test_esci(shared_data: Path) -> None:
    items = load_esci(shared_data / "esci")
    assert items.shape == (6_764, len(COLUMNS))
    book = items.filter(pl.col("item_id") == "0142420956").row(0, named=True)
    assert (book["category"], book["product_type"]) == ("Books", "growing up & facts of life")
    assert book["attributes"] == "Multicolor, Children's Books"
    assert (book["brand"], book["popularity"]) == ("Puffin Books", 648)
    judgments = read_judgments(shared_data / "esci" / "judgments.csv")
    assert judgments["item_id"].is_in(items["item_id"].implode()).all()


def test_a_data_set_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no such file"):
        load_icecat(tmp_path)
    with pytest.raises(BadFile, match="no such file"):
        load_bestbuy(tmp_path)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "attribute", "kind", "facet"),
    [
        ("icecat", "product_colour", "text", "Black"),
        ("icecat", "display_diagonal", "number", None),
        ("icecat", "released", "date", None),
        ("icecat", "has_bluetooth", "flag", "true"),
        ("bestbuy", "category", "path", "Cell Phones > Prepaid Phones"),
        ("esci", "category", "path", "Books > Literature & Fiction"),
        ("esci", "rating", "number", None),
    ],
)
def test_real_attributes(shared_data: Path, name: str, attribute: str, kind: str, facet: str | None) -> None:
    items, shop = data_set(name, shared_data / name)
    column = columns_of_frame(items.select(f"attr_{attribute}"), definitions_of(shop))[0]
    assert (column.attribute.kind, column.attribute.search) == (kind, False)
    assert 0 < column.known.sum() <= len(items)
    assert facet is None or column.having(column.vocabulary.codes_of(facet)).any()


@lru_cache
def data_set(name: str, folder: Path) -> tuple[pl.DataFrame, Shop]:
    return DATA_SETS[name].read(folder)
