"""A user's catalogue file: what is kept, what is rejected and why, what refuses the whole file."""

from __future__ import annotations

import bz2
import gzip
import json
import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.catalogues import read_catalogue
from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadFile, NotFound

SHOP = """item_id,title,brand,price,in_stock,attr_material,colour
A1,"Garden chair,
folding",Acme,$39.99,yes,teak,brown
A2,,Acme,5,,,
A3,Parasol,Acme,cheap,,,
A1,Garden chair again,Acme,1,,,
A4,Table,Bolt,"1,299.00",no,oak,
A5,Bench,Bolt,12,true,pine,red,too,many
A6,Stool,Bolt,,,,
A7,"Lamp" on,Bolt,3,,,
A8,Hammock,,"3,99 $",maybe,,
A9,Swing,,"3,99 $",out of stock,,
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_shop_s_file_with_some_bad_rows(tmp_path: Path) -> None:
    items, rejections = read_catalogue(write(tmp_path / "shop.csv", SHOP), max_rejected_share=0.7)

    assert items["item_id"].to_list() == ["A1", "A4", "A6", "A7", "A9"]
    assert items.columns == [*COLUMNS, "attr_material", "attr_colour"]
    assert items["title"].to_list()[::3] == ["Garden chair, folding", '"Lamp" on']
    assert items["attr_material"].to_list() == ["teak", "oak", None, None, None]
    assert items["price"].fill_nan(None).to_list() == pytest.approx([39.99, 1299.0, None, 3, 3.99])
    assert items["in_stock"].to_list() == [True, False, True, True, False]

    reasons = {row.line: row.reason for row in rejections.rows}
    assert list(reasons) == [4, 5, 6, 8, 11]
    assert reasons[4] == "title is empty"
    assert reasons[5].startswith("price is 'cheap'; allowed: a number above 0")
    assert reasons[6] == "item_id 'A1' repeats line 2"
    assert reasons[8] == "row has 9 cells, the header has 7"
    assert reasons[11] == "in_stock is 'maybe'; allowed: true or false"
    summary = rejections.as_dict()
    assert (summary["n_kept"], summary["n_rejected"]) == (5, 5)
    assert {column: one["n"] for column, one in summary["rejected"].items()} == {
        "row": 1, "title": 1, "price": 1, "item_id": 1, "in_stock": 1,
    }  # fmt: skip
    assert summary["rejected"]["row"]["first_line"] == 8
    assert summary["attribute_columns"] == ["material", "colour"]

    ItemStore.from_frame(items).save(tmp_path / "bundle")
    store = ItemStore.load(tmp_path / "bundle")
    assert store.display(store.row_of("A4")) == {
        "item_id": "A4", "title": "Table", "brand": "Bolt", "category": "", "price": 1299.0, "in_stock": False,
        "image": "", "url": "", "attributes": {"material": "oak"},
    }  # fmt: skip
    assert store.display(store.row_of("A6"))["price"] is None
    with pytest.raises(NotFound, match="A3"):
        store.row_of("A3")


def test_too_many_bad_rows_refuse_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "shop.csv", SHOP)
    with pytest.raises(BadFile, match=r"5 of 10 rows rejected \(50.0%\), allowed: 5.0%; line 4: title is empty"):
        read_catalogue(path)


ROWS = [
    {"item_id": "7", "title": "Äpfel 5\" \\ x", "price": 1.5, "popularity": 3, "in_stock": True, "discount": 0.25},
    {"item_id": "8", "title": "Pears", "price": None, "popularity": 0, "in_stock": False, "discount": 0.0},
]  # fmt: skip


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_format_says_the_same(tmp_path: Path, kind: str, zipped: bool) -> None:
    frame = pl.DataFrame(ROWS)
    path = tmp_path / f"items.{kind}"
    if kind == "csv":
        frame.write_csv(path)
    elif kind == "jsonl":
        path.write_text("\n\n".join(json.dumps(row) for row in ROWS))
    else:
        frame.write_parquet(path)
    if zipped:
        plain = path
        path = tmp_path / f"items.{kind}.gz"
        path.write_bytes(gzip.compress(plain.read_bytes()))

    items, rejections = read_catalogue(path)

    assert rejections.rows == ()
    assert items["title"].to_list() == ['Äpfel 5" \\ x', "Pears"]
    assert items["price"][0] == 1.5
    assert math.isnan(items["price"][1])
    assert items["popularity"].to_list() == [3.0, 0.0]
    assert items["in_stock"].to_list() == [True, False]
    assert items["discount"].to_list() == [0.25, 0.0]


def test_parquet_ids_of_any_number_type_are_text(tmp_path: Path) -> None:
    pl.DataFrame({"item_id": [12.0, 13.0], "title": ["a", "b"], "attr_tags": [["x", "y"], []]}).write_parquet(
        tmp_path / "i.parquet"
    )
    items, _ = read_catalogue(tmp_path / "i.parquet")
    assert items["item_id"].to_list() == ["12", "13"]
    assert items["attr_tags"].to_list() == [["x", "y"], None]


def test_a_column_named_like_ours_inside_is_only_another_column(tmp_path: Path) -> None:
    path = write(tmp_path / "i.csv", "item_id,title,line,_line,_problem\n1,a,x,y,z\n")
    items, rejections = read_catalogue(path)
    assert len(items) == 1
    assert items.select("attr_line", "attr_problem").rows() == [("x", "z")]
    assert rejections.ignored_columns == ("_line",)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("3.99", 3.99), ("$3.99", 3.99), ("3,99 €", 3.99), ("1,299", 1299), ("1,299.00", 1299), ("1.299,00", 1299),
        ("USD 5", 5), ("5 GBP", 5), ("0,299", 0.299), ("1 299,50", 1299.5), (".5", 0.5),
    ],
)  # fmt: skip
def test_prices_as_people_write_them(tmp_path: Path, text: str, price: float) -> None:
    items, _ = read_catalogue(write(tmp_path / "i.csv", f'item_id,title,price\n1,a,"{text}"\n'))
    assert items["price"][0] == pytest.approx(price)


@pytest.mark.parametrize(
    ("column", "text"),
    [("price", "0"), ("price", "-3"), ("price", "inf"), ("price", "3.99.1"), ("price", "dirt cheap"),
     ("popularity", "-1"), ("popularity", "many"), ("discount", "1.5"), ("discount", "120%"), ("in_stock", "perhaps")],
)  # fmt: skip
def test_cells_that_cannot_be_meant(tmp_path: Path, column: str, text: str) -> None:
    path = write(tmp_path / "i.csv", f"item_id,title,{column}\n1,a,{text}\n2,b,\n")
    items, rejections = read_catalogue(path, max_rejected_share=0.5)
    assert items["item_id"].to_list() == ["2"]
    assert rejections.rows[0].reason.startswith(f"{column} is '{text}'; allowed: ")


BAD_FILES = {
    "no_title.csv": ("item_id,size\n1,a\n", "required column title is missing; found: item_id, size"),
    "empty.csv": ("", "is empty"),
    "header.csv": ("item_id,title\n", "has a header but no rows"),
    "twice.csv": ("item_id,title,title\n1,a,b\n", "'title' stands twice"),
    "none.csv": ("item_id,title\n1,\n", "no row can be used; line 2: title is empty"),
    "mixed.csv": (
        "item_id,title,price\n1,a,$3\n2,b,4 €\n",
        r"line 3: price is '4 €', in EUR; allowed: USD, the currency of the catalogue",
    ),
    "no.jsonl": ("[1]\nnot json\n", "no row can be used; line 1: row is not a JSON object"),
    "items.xlsx": ("PK and more", "is a workbook or an archive"),
    "page.csv": ("<!DOCTYPE html><html>", "is a web page"),
    "items.xml": ("<rss><channel></channel></rss>", "has no element that is an item"),
    "text.parquet": ("PAR1 but not really", "is not a complete Parquet file"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_one_clear_sentence_for_a_file_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    text, sentence = BAD_FILES[name]
    with pytest.raises(BadFile, match=sentence) as error:
        read_catalogue(write(tmp_path / name, text))
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_quotes_that_are_no_quotes_keep_none_of_the_other_rows(tmp_path: Path) -> None:
    text = 'item_id,title,price\n1,a,2\n2,"b,3\n3,c,4\n4,"d" e,5\n5,"f"" g, h",6\n6,"i\nj\n7,k,8\n'
    items, rejections = read_catalogue(write(tmp_path / "open.csv", text), max_rejected_share=0.5)
    assert items["title"].to_list() == ["a", '"b', "c", '"d" e', 'f" g, h', "k"]
    assert {row.line: row.reason for row in rejections.rows} == {
        7: "row has 2 cells, the header has 3",
        8: "row has 1 cells, the header has 3",
    }


def test_files_that_are_cut_off_or_missing(tmp_path: Path) -> None:
    whole = gzip.compress(SHOP.encode() * 50)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    whole = bz2.compress(SHOP.encode() * 50)
    (tmp_path / "cut.csv.bz2").write_bytes(whole[: len(whole) // 2])
    pl.DataFrame(ROWS).write_parquet(tmp_path / "cut.parquet")
    parquet = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(parquet[:-20])
    for name, sentence in {
        "cut.csv.gz": "is not a complete gzip file",
        "cut.csv.bz2": "is not a complete bzip2 file",
        "cut.parquet": "is not a complete Parquet file",
        "missing.csv": "no such file",
    }.items():
        with pytest.raises(BadFile, match=sentence):
            read_catalogue(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadFile, match="cannot be read"):
        read_catalogue(tmp_path / "folder.csv")


def test_json_lines_reject_by_line(tmp_path: Path) -> None:
    lines = ['{"item_id": 1, "title": "a", "attr_x": [1, "b"], "deep": {"k": 1}}', "{", "3", '{"item_id": "2"}']
    items, rejections = read_catalogue(write(tmp_path / "i.jsonl", "\n".join(lines)), max_rejected_share=0.9)
    assert items.select("item_id", "attr_x").rows() == [("1", ["1", "b"])]
    assert [row.line for row in rejections.rows] == [2, 3, 4]
    assert items["attr_deep.k"].to_list() == [1]


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=12)
catalogues = st.lists(
    st.fixed_dictionaries(
        {"item_id": words, "title": words, "brand": st.just("") | words,
         "category": st.just("") | words.filter(str.isalnum),
         "price": st.none() | st.integers(1, 10_000_000).map(lambda cents: cents / 100), "in_stock": st.booleans()}
    ),
    min_size=1, max_size=12, unique_by=lambda row: row["item_id"],
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(catalogues)
def test_what_is_written_is_what_is_found(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("round")
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows)))
    items, rejections = read_catalogue(folder / "items.jsonl")
    assert rejections.n_kept == len(rows)
    ItemStore.from_frame(items).save(folder)
    store = ItemStore.load(folder)
    assert len(store) == len(rows)
    for row, wanted in enumerate(rows):
        shown = store.display(row)
        assert store.row_of(str(wanted["item_id"])) == row
        assert {name: shown[name] for name in ("item_id", "title", "brand", "category", "in_stock")} == {
            name: wanted[name] for name in ("item_id", "title", "brand", "category", "in_stock")
        }
        assert shown["price"] == wanted["price"]
