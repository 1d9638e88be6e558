"""Files as they are in the wild: encodings, signs between columns, packed and damaged ones."""

from __future__ import annotations

import bz2
import gzip
import json
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.catalog.feeds import reading
from trimtab.catalog.feeds.columns import survey
from trimtab.catalog.feeds.formats import source
from trimtab.catalog.feeds.formats.xml_structure import categories_in, item_element
from trimtab.catalog.feeds.reading import read_feed
from trimtab.core.errors import BadFile
from trimtab.core.work.processes import Processes


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Käse 花瓶"),
        ("utf-8-sig", "Käse"),
        ("utf-16", "Käse"),
        ("utf-16-le", "Käse"),
        ("cp1252", "Käse"),
        ("cp1252", "crème brûlée"),
        ("cp1250", "Żółta kurtka"),
        ("cp1250", "Fűrész erős"),
        ("cp1254", "Çiçek ığdır"),
        ("cp1251", "Стул деревянный"),
        ("cp1253", "Τραπέζι ξύλινο"),
        ("shift_jis", "木のテーブル"),
        ("gb18030", "木制餐桌椅子"),
        ("euc_kr", "나무 의자"),
    ],
)
def test_encodings(feed: Any, encoding: str, text: str) -> None:
    found = feed(f"id;title;price\n1;{text};2,50\n2;a;3\n".encode(encoding))
    assert found.items["title"].to_list() == [text, "a"]
    assert found.items["price"].to_list() == [2.5, 3]


@pytest.mark.parametrize(
    "text",
    [
        "id,title,price\n1,a,2\n2,b,3\n",
        "\ufeffid;title;price\n1;a;2\n2;b;3\n",
        "sep=;\r\nid;title;price\r\n1;a;2\r\n2;b;3\r\n",
        "id\ttitle\tprice\n1\ta\t2\n2\tb\t3\n",
        "id|title|price\n1|a|2\n2|b|3\n",
        "id,title,price\r1,a,2\r2,b,3\r",
        '\n;;;\n"id";"title";"price";\n1;a;2;\n;;;\n2;b;3;\n;;;\n\n',
        'id,title,price\n"1","a","2"\n2,b,3',
        '["id","title","price"]\n["1","a",2]\n["2","b",3]\n',
        '{"id":1,"title":"a","price":2}\n{"id":2,"title":"b","price":3}\n',
        '[{"id":1,"title":"a","price":2},{"id":2,"title":"b","price":3}]',
        '{"shop":"x","products":[{"id":1,"title":"a","price":"2"},{"id":2,"title":"b","price":"3"}]}',
        "<shop><product><id>1</id><title>a</title><price>2</price></product>"
        "<product><id>2</id><title>b</title><price>3</price></product></shop>",
    ],
)
def test_forms_of_one_table(feed: Any, text: str) -> None:
    found = feed(text, max_rejected_share=0.0)
    assert found.items.select("item_id", "title", "price").rows() == [("1", "a", 2.0), ("2", "b", 3.0)]


def test_packed_files_whatever_they_are_called(feed: Any, tmp_path: Path) -> None:
    table = b"id,title\n1,a\n"
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr("__MACOSX/x", "")
        archive.writestr("products.csv", table)
    for data in (gzip.compress(table), (tmp_path / "one.zip").read_bytes()):
        assert feed(data).items["title"].to_list() == ["a"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, "zip"])
def test_what_unpacks_to_far_more_than_a_feed_is_refused(
    pack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "UNPACKED_BYTES", 100_000)
    path = tmp_path / "feed"
    rows = b"id,title,price\n1,Tea,2.0\n"
    for table, is_refused in ((rows, False), (rows + b"\n" * 2_000_000, True)):
        if pack == "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("feed.csv", table)
        else:
            path.write_bytes(pack(table))
        if is_refused:
            with pytest.raises(BadFile, match="unpacks to more than"):
                read_feed(path)
        else:
            assert len(read_feed(path).items) == 1


@pytest.mark.parametrize("text", ["id,title\n1,{}", "id,title\n1,a\n2,{}\n3,b\n", "{}", 'id,title\n1,"{}'])
def test_a_line_without_an_end_is_named_and_takes_no_memory(feed: Any, text: str) -> None:
    """A few hundred kilobytes unpack to it."""
    packed = gzip.compress(text.format("a" * (source.MAX_LINE_CHARACTERS + 10)).encode(), 1)
    with pytest.raises(BadFile, match="a line of more than 10,000,000 characters"):
        feed(packed)


def test_a_packed_parquet_file_is_read(tmp_path: Path) -> None:
    pl.DataFrame({"id": ["1"], "title": ["Tea"], "price": [2.0]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    assert read_feed(tmp_path / "a.gz").items["title"].to_list() == ["Tea"]


def test_a_zip_file_with_a_password_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "feed.zip", "w") as archive:
        archive.writestr("feed.csv", "id,title\n1,Tea\n")
    data = bytearray((tmp_path / "feed.zip").read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    (tmp_path / "feed.zip").write_bytes(data)
    with pytest.raises(BadFile, match="cannot be unpacked"):
        read_feed(tmp_path / "feed.zip")


@pytest.mark.parametrize("encoding", ["zlib", "undefined", "hex"])
def test_an_encoding_that_is_none_of_text_is_not_believed(encoding: str, tmp_path: Path) -> None:
    items = "<products><product><id>1</id><title>Thé</title></product></products>"
    (tmp_path / "feed.xml").write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{items}'.encode("latin-1"))
    assert read_feed(tmp_path / "feed.xml").items["title"].to_list() == ["Thé"]


def test_a_number_of_thousands_of_digits_is_named(tmp_path: Path) -> None:
    (tmp_path / "feed.json").write_text('{"a": 1' + "0" * 5000 + "}")
    with pytest.raises(BadFile, match="is not JSON"):
        read_feed(tmp_path / "feed.json")


def test_damaged_items_of_xml_keep_the_others(feed: Any) -> None:
    text = """<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0"><channel><title>Shop</title>
<item><g:id>1</g:id><title>Black & Decker drill&nbsp;&eacute;</title><g:price>19.99 USD</g:price></item>
<item><g:id>2</g:id><title><![CDATA[Saw </item> <b>strong</b>]]></title><g:image_link>x</g:image_link></item>
<item><g:id>3</g:id><title>Broken <title></g:price></item>
<item><g:id>4</g:id><title>Käse</title><g:product_type>A > B</g:product_type><g:product_type>C</g:product_type></item>
<item><g:id>5</g:id><title>cut"""
    found = feed(text.encode("latin-1"), max_rejected_share=0.7)
    assert found.layout.platform == "Google Merchant Center"
    assert found.items["title"].to_list() == ["Black & Decker drill é", "Saw strong", "Käse"]
    assert found.items["attr_category"].to_list() == [None, None, ["A > B", "C"]]
    assert [row.line for row in found.rejections.rows] == [4, 6]
    assert found.rejections.rows[1].reason == "row is cut off"


def test_damaged_members_of_an_array_keep_the_others(feed: Any) -> None:
    text = '[{"id":1,"title":"a","price":1.299},\n{"id":2,"title":"b", oops},\n{"id":3,"title":"c","price":2},\n{"id":4'
    found = feed(text, max_rejected_share=0.7)
    assert found.items.select("item_id", "price").rows() == [("1", 1.299), ("3", 2.0)]
    assert [row.line for row in found.rejections.rows] == [2, 4]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("repeated", ["a", "<!--", "<?", "<![CDATA[", "<![CDATA[</item>", " <category ", "<p>a</p>"])
def test_xml_is_read_in_one_pass_whatever_is_repeated(feed: Any, repeated: str) -> None:
    """Where each of many openings was followed to the end of the text, these took from minutes to hours."""
    many = repeated * (300_000 // len(repeated))
    assert item_element(f"<shop><good {many}") is None
    assert categories_in(f"<category {many}>x</category>") == {}
    items = "".join(f"<item><id>{number}</id><title>Tea {number}</title></item>" for number in range(2))
    found = feed(f"<rss>{items}<item><id>2</id><title>{many}</item>", max_rejected_share=0.7)
    assert found.items["title"].to_list()[:2] == ["Tea 0", "Tea 1"]


@pytest.mark.timeout(20)
def test_a_file_of_bytes_is_read_in_one_pass(feed: Any) -> None:
    text = "id,title\n1,grün " + "a" * 250_000 + "\n2,b\n"
    assert feed(text.encode("cp1252"), max_rejected_share=0.7).items["title"].to_list() == ["b"]


@pytest.mark.parametrize("depth", [500, 900, 5000])
def test_what_is_nested_deeper_than_anything_is_refused_and_the_others_are_kept(feed: Any, depth: int) -> None:
    rows = [json.dumps({"item_id": str(number), "title": f"Phone {number}", "price": 3.5}) for number in range(3)]
    nested = '{"item_id": "deep", "title": "Phone", "more": ' + '{"a": ' * depth + "1" + "}" * depth + "}"
    found = feed("\n".join([rows[0], nested, *rows[1:]]) + "\n", max_rejected_share=0.7)
    assert found.items["item_id"].to_list() == ["0", "1", "2"]
    assert [one.line for one in found.rejections.rows] == [2]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: str | bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "feed.csv"
    prefix = b"id,title,price\n1,a,2\n"
    path.write_bytes(prefix + (data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data))
    found = None
    with suppress(BadFile):
        found = read_feed(path, max_rejected_share=1.0)
    assert found is None or found.rejections.n_kept == len(found.items)


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02garbage", b"\x00\x01" * 40, bytes(range(256)), b"%PDF-1.4\n\x00\x01\x02\x03"]
)
def test_what_is_not_text_is_refused_as_that(feed: Any, data: bytes) -> None:
    with pytest.raises(BadFile, match=r"is not text .* allowed: CSV, JSON, XML or Parquet"):
        feed(data)


def test_a_feed_is_the_same_however_many_processes_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "feed.csv"
    lines = [
        f"{number % 450},Blue lamp {number},{number}.50 EUR,{'x' if number % 9 == 0 else number},style {number // 3}"
        for number in range(500)
    ]
    path.write_text("\n".join(["id,title,price,watts,style", *lines, "500,,1 EUR,1,", "broken"]))
    whole = read_feed(path, max_rejected_share=1)
    assert whole.items["item_id"].n_unique() == len(whole.items) == 450
    monkeypatch.setattr(survey, "BLOCK_ROWS", 20)
    monkeypatch.setattr(reading, "BLOCK_ROWS", 20)
    for n in (1, 2):
        monkeypatch.setattr(reading, "Processes", partial(Processes, n))
        found = read_feed(path, max_rejected_share=1)
        assert found.items.equals(whole.items)
        assert found.shop == whole.shop
        assert found.rejections == whole.rejections
        assert found.layout.attributes == whole.layout.attributes
