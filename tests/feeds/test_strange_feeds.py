"""Feeds as they are in the wild: what is damaged or odd keeps none of the rest."""

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

from trimtab.catalog.availability import in_stock_of
from trimtab.catalog.feeds import reading
from trimtab.catalog.feeds.columns import survey
from trimtab.catalog.feeds.formats import source
from trimtab.catalog.feeds.reading import Feed, read_feed
from trimtab.catalog.html_text import text_of_html
from trimtab.catalog.shop import naming_lines
from trimtab.core.errors import BadFile, BadParameter
from trimtab.core.work.processes import Processes


@pytest.fixture
def feed(tmp_path: Path) -> Any:
    def read(data: str | bytes, *, max_rejected_share: float = 0.7) -> Feed:
        path = tmp_path / "feed"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_feed(path, max_rejected_share=max_rejected_share)

    return read


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
    found = feed(text.encode("latin-1"))
    assert found.layout.platform == "Google Merchant Center"
    assert found.items["title"].to_list() == ["Black & Decker drill é", "Saw strong", "Käse"]
    assert found.items["attr_category"].to_list() == [None, None, ["A > B", "C"]]
    assert [row.line for row in found.rejections.rows] == [4, 6]
    assert found.rejections.rows[1].reason == "row is cut off"


def test_damaged_members_of_an_array_keep_the_others(feed: Any) -> None:
    text = '[{"id":1,"title":"a","price":1.299},\n{"id":2,"title":"b", oops},\n{"id":3,"title":"c","price":2},\n{"id":4'
    found = feed(text)
    assert found.items.select("item_id", "price").rows() == [("1", 1.299), ("3", 2.0)]
    assert [row.line for row in found.rejections.rows] == [2, 4]


def test_nested_json_is_flat_by_name(feed: Any) -> None:
    item = {
        "id": 1,
        "title": "a",
        "brand": {"name": "Acme"},
        "price": {"amount": 5.5, "currency": "GBP"},
        "size": {"eu": 42, "uk": 8.5},
        "attributes": [{"name": "Colour", "value": "red"}, {"name": "Fit", "values": ["slim", "long"]}],
        "images": [{"src": "https://s.example/1.jpg"}],
        "nothing": None,
    }
    found = feed(json.dumps([item]))
    assert found.shop.catalogue.currency == "GBP"
    (row,) = found.items.to_dicts()
    assert (row["brand"], row["price"], row["image"]) == ("Acme", 5.5, "https://s.example/1.jpg")
    assert (row["attr_size.eu"], row["attr_size.uk"]) == (42, 8.5)
    assert (row["attr_colour"], row["attr_fit"]) == ("red", ["slim", "long"])


@pytest.mark.parametrize(
    ("prices", "read", "currency"),
    [
        (["1.299 €", "19,99 €", "249 €"], [1299, 19.99, 249], "EUR"),
        (["1.299", "2.499", "249"], [1299, 2499, 249], None),
        (["1.299", "0.750", "12.000"], [1.299, 0.75, 12], None),
        (["KWD 1.250", "KWD 12.500"], [1.25, 12.5], "KWD"),
        (["₹1,29,999", "₹999.50"], [129999, 999.5], "INR"),
        (["CHF 1’049.95", "CHF 12.–"], [1049.95, 12], "CHF"),
        (["$5", "CA$6", "$7"], [5, 6, 7], "CAD"),
        (["۹۴٬۰۰۰ تومان", "١٢"], [94000, 12], "IRR"),
        (["1 299,00 kr", "n/a", ""], [1299, None, None], "SEK"),
    ],
)
def test_prices_are_read_by_the_evidence_of_all_rows(
    feed: Any, prices: list[str], read: list[float | None], currency: str | None
) -> None:
    rows = [{"id": number, "title": "a", "price": price} for number, price in enumerate(prices)]
    found = feed("\n".join(map(json.dumps, rows)))
    assert found.items["price"].fill_nan(None).to_list() == pytest.approx(read, nan_ok=True)
    assert found.shop.catalogue.currency == currency


def test_a_row_in_another_currency_is_rejected_alone(feed: Any) -> None:
    found = feed("id,title,price\n1,a,$5\n2,b,£6\n3,c,USD 7\n4,d,8\n")
    assert found.items["item_id"].to_list() == ["1", "3", "4"]
    assert found.rejections.rows[0].reason == "price is '£6', in GBP; allowed: USD, the currency of the catalogue"


def test_sales_now_and_for_a_time(feed: Any) -> None:
    now = feed("id,title,price,sale_price\n1,a,10 EUR,8 EUR\n2,b,10 EUR,0\n3,c,10 EUR,12 EUR\n").items
    assert now["price"].to_list() == [8, 10, 10]
    assert now["discount"].to_list() == pytest.approx([0.2, 0, 0])
    text = "id,title,price,sale_price,sale_price_effective_date\n1,a,10,8,2026-01-01T00:00+0100/2026-02-01T00:00+0100\n"
    later = feed(text).items
    assert (later["price"][0], later["attr_sale_price"][0]) == (10, 8)
    assert later["attr_sale_end"].dt.strftime("%Y-%m-%dT%H").to_list() == ["2026-01-31T23"]


def test_shopify_as_it_was_and_is(feed: Any) -> None:
    text = (
        "Handle,Title,Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,"
        "Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Status\n"
        "mug,Mug,Acme,Kitchen,Title,Default Title,,5,deny,12.50,,http://x,active\nmug,,,,,,,,,,,http://y,\n"
        "tee,Tee,Acme,Shirts,Size,S,T-S,0,continue,10.00,15.00,,active\ntee,,,,,M,T-M,0,deny,10.00,,,\n"
        "old,Old,,,,,O1,,,5,,,draft\n"
    )
    items = feed(text).items
    assert items.select("item_id", "title", "price", "in_stock").rows() == [
        ("mug", "Mug", 12.5, True),
        ("T-S", "Tee - S", 10.0, True),
        ("T-M", "Tee - M", 10.0, False),
    ]
    newer = (
        "Title,URL handle,Vendor,Product category,Status,SKU,Option1 name,Option1 value,Price,Inventory quantity\n"
        "Mug,mug,Acme,Home > Mugs,Active,M1,Color,Red,5.00,3\n,mug,,,,M2,,Blue,6.00,0\n"
    )
    assert feed(newer).items.select("item_id", "title", "attr_color", "in_stock").rows() == [
        ("M1", "Mug - Red", "Red", True),
        ("M2", "Mug - Blue", "Blue", False),
    ]


def test_woocommerce_parents_and_simple_products(feed: Any) -> None:
    text = (
        "ID,Type,SKU,Name,Published,Categories,Regular price,In stock?,Parent,Attribute 1 name,Attribute 1 value(s)\n"
        '1,simple,S1,Mug,1,"Kitchen, Kitchen > Mugs","1.299,50",1,,Colour,"Red, Blue"\n'
        '2,variable,,Tee,1,Clothing,,1,,Size,"S, M"\n3,variation,,Tee - S,1,,"10,00",1,id:2,Size,S\n'
        '4,variable,V,Bag,1,Bags,"7,00",1,,Size,L\n5,simple,D,Book,0,,5,1,,,\n'
    )
    items = feed(text).items
    assert items.select("item_id", "title", "price", "attr_group_id").rows() == [
        ("S1", "Mug", 1299.5, None),
        ("3", "Tee - S", 10.0, "id:2"),
        ("V", "Bag", 7.0, None),
    ]
    assert items["attr_category"].to_list() == [["Kitchen", "Kitchen > Mugs"], ["Clothing"], ["Bags"]]
    assert items["attr_colour"].to_list() == [["Red", "Blue"], None, None]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p style="color:red">Soft cotton</p><br>&nbsp;wash at 30', "Soft cotton wash at 30"),
        ("&lt;p&gt;H<sub>2</sub>O&lt;/p&gt;", "H2O"),
        ("Black &amp; Decker", "Black & Decker"),
        ("3 < 5 and 6 > 2, AT&T, I <3 you", "3 < 5 and 6 > 2, AT&T, I <3 you"),
        ("<style>p{}</style><script>x()</script><!-- no -->yes", "yes"),
        ('<a title="a > b">link</a>', "link"),
    ],
)
def test_html_becomes_the_text_that_it_shows(html: str, text: str) -> None:
    assert text_of_html(html) == text


@pytest.mark.parametrize(
    ("word", "is_there"),
    [("in_stock", True), ("https://schema.org/InStock", True), ("Auf Lager", True), ("On backorder", False),
     ("http://schema.org/PreOrder", False), ("sold-out", False), ("нет в наличии", False), ("perhaps", None),
     ("Ships in 2-3 days", True), ("Lieferzeit 1–3 Werktage", True), ("12", True), ("0", False)],
)  # fmt: skip
def test_words_for_stock(word: str, is_there: bool | None) -> None:
    assert in_stock_of(word) is is_there


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


def test_variants_in_a_list_are_items_of_a_group(feed: Any) -> None:
    variants = [
        {"id": 1, "title": "Pink", "price": "199.00", "sku": "P", "inventory_quantity": 9, "option1": "Pink"},
        {"id": 2, "title": "Default Title", "price": "189.00", "inventory_quantity": 0, "option1": "Red"},
    ]
    product = {"id": 7, "title": "Pod", "vendor": "Acme", "variants": variants, "options": [{"name": "Colour"}]}
    items = feed(json.dumps({"products": [product]})).items
    assert items.select("item_id", "title", "brand", "in_stock", "attr_group_id", "attr_colour").rows() == [
        ("P", "Pod - Pink", "Acme", True, "7", "Pink"),
        ("2", "Pod", "Acme", False, "7", "Red"),
    ]


def test_xml_of_other_kinds(feed: Any) -> None:
    text = """<SHOP><SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>Nokia</PRODUCTNAME><PRICE_VAT>6000,50</PRICE_VAT>
<PARAM><PARAM_NAME>Barva</PARAM_NAME><VAL>černá</VAL></PARAM></SHOPITEM></SHOP>"""
    assert feed(text).items.select("item_id", "title", "price", "attr_barva").row(0) == ("1", "Nokia", 6000.5, "černá")
    text = """<yml_catalog><shop><offers><offer id="9" available="false"><name>Мороженица</name><price>8990</price>
<currencyId>RUR</currencyId><param name="Цвет">белый</param></offer></offers></shop></yml_catalog>"""
    found = feed(text)
    assert found.items.select("item_id", "price", "in_stock", "attr_цвет").row(0) == ("9", 8990, False, "белый")
    assert found.shop.catalogue.currency == "RUB"


def test_a_graph_says_more_than_products(feed: Any) -> None:
    product = {"@type": "Product", "name": "A", "sku": "1", "offers": [{"price": "5.00", "priceCurrency": "EUR"}]}
    found = feed(json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, product]}))
    assert (found.rejections.rows, found.items["price"].to_list()) == ((), [5])


def feed_in(tmp_path: Path, header: str, *lines: str) -> Feed:
    path = tmp_path / "feed.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return read_feed(path)


def test_a_price_of_some_kind_is_the_price_where_there_is_no_other(tmp_path: Path) -> None:
    lines = [f"{n};Schraube M{n} verzinkt;0,0{n} €;0,00{n} €" for n in range(1, 10)]
    feed = feed_in(tmp_path, "Nr;Bezeichnung;Preis pro Stück netto;Preis ab 100", *lines)
    assert feed.items["price"].to_list()[:2] == [0.01, 0.02]
    assert feed.items["attr_preis_ab_100"].to_list()[:2] == [0.001, 0.002]
    assert feed.shop.catalogue.currency == "EUR"


def test_a_price_by_weight_is_a_price(tmp_path: Path) -> None:
    lines = ("1,Pears,2.00 €/kg", "2,Limes,3.50 € per kg", "3,Figs,4.25 €/kg")
    feed = feed_in(tmp_path, "plu,name,price_per_kg", *lines)
    assert feed.items["price"].to_list() == [2, 3.5, 4.25]


def test_a_short_description_is_the_title_where_there_is_no_other(tmp_path: Path) -> None:
    lines = [f"T{n},205/55 R16 9{n}V winter tyre,Nokian,{60 + n}" for n in range(1, 10)]
    feed = feed_in(tmp_path, "SKU,Description,Brand,Price excl VAT", *lines)
    assert feed.items["title"].to_list()[0] == "205/55 R16 91V winter tyre"
    assert feed.items["price"].to_list()[0] == 61


def test_items_of_one_colour_or_seller_are_not_one_product(tmp_path: Path) -> None:
    lines = [f"{n},Oak sideboard {100 + n} cm,{'Natural' if n % 2 else 'Black'},Shop {n % 3}" for n in range(1, 13)]
    assert feed_in(tmp_path, "id,title,colour,seller", *lines).shop.variants.group_by is None
    lines = [
        f"{n},{kind} chair {n % 2},{kind}"
        for n, kind in enumerate(["Alm", "Alm", "Furka", "Furka", "Susten", "Susten"])
    ]
    assert feed_in(tmp_path, "id,title,line", *lines).shop.variants.group_by == "line"


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


@pytest.mark.parametrize(
    ("start", "end", "other", "begins"),
    [
        ("12/1/26", "12/15/26", "12/25/2025", "2026-12-01"),  # the end shows the order
        ("12/1/26", "12/3/26", "12/25/2025", "2026-12-01"),  # another column does
        ("1.12.26", "15.12.26", "25.12.2025", "2026-12-01"),
    ],
)
def test_the_period_of_a_sale_is_read_in_the_order_of_all_dates_and_ends_with_its_day(
    feed: Any, start: str, end: str, other: str, begins: str
) -> None:
    head = "id,title,price,special_price,special_from_date,special_to_date,launch\n"
    found = feed(head + f"a,Tea,10.00,8.00,{start},{end},{other}\nb,Coffee,9.00,,,,{other}\n").items
    assert found["attr_sale_start"][0].isoformat() == f"{begins}T00:00:00+00:00"
    assert found["attr_sale_end"][0].isoformat() in ("2026-12-15T23:59:59+00:00", "2026-12-03T23:59:59+00:00")


@pytest.mark.parametrize(
    "header",
    [
        "Preis;Angebotspreis;Angebot von;Angebot bis",
        "Preis;Aktionspreis;Aktion ab;Aktion bis",
        "Preis;Sonderpreis;Sonderpreis gültig von;Sonderpreis gültig bis",
        "Prix;Prix promo;Début promo;Fin promo",
        "Precio;Precio oferta;Inicio oferta;Fin oferta",
        "price;sale_price;sale from;sale until",
        "price;sale_price;sale_price_valid_from;sale_price_valid_to",
    ],
)
def test_sale_periods_are_found_by_their_names(feed: Any, header: str) -> None:
    found = feed(f"id;title;{header}\na;Tea;10,50;8,50;01.11.2026;26.11.2026\nb;Coffee;9,50;;;\n").items
    assert (found["price"][0], found["attr_sale_price"][0]) == (10.5, 8.5)
    assert found["attr_sale_end"][0].isoformat() == "2026-11-26T23:59:59+00:00"


def test_a_price_that_cannot_be_paid_is_left_empty_and_counted(feed: Any) -> None:
    found = feed("id,title,price_eur,price_usd\na,Tea,3,-2\nb,Coffee,4,5\n")
    assert found.items["attr_price_usd"].to_list() == [None, 5]
    assert "1 cell of price_usd could not be read and is left empty" in found.rejections.said


def test_a_column_in_the_place_of_another_is_said(feed: Any) -> None:
    found = feed("id,title,price,PRICE\na,Tea,3,4\nb,Coffee,4,5\n")
    assert (found.items["price"].to_list(), found.attributes) == ([3, 4], ())
    assert "nothing was made of: PRICE (price is the price)" in found.rejections.said


LISTED = [{"sku": str(n), "title": f"Phone {n}", "price": n, "specs": {"ram": [4, 8]}} for n in range(1, 5)]


@pytest.mark.parametrize(
    "whole",
    [
        {"export": {"products": LISTED}},
        {"responseHeader": {"status": 0, "params": {"q": "*:*"}}, "response": {"numFound": 4, "docs": LISTED}},
        {"status": "ok", "result": {"items": LISTED, "page": 1}},
        {"took": 3, "hits": {"total": {"value": 4}, "hits": [{"_id": one["sku"], "_source": one} for one in LISTED]}},
        {"hits": {"hits": [{"_id": one["sku"], "_source": {"title": one["title"], "price": 1}} for one in LISTED]}},
        {"a": {"b": {"c": {"d": LISTED}}}, "categories": [{"id": 1, "name": "Phones"}]},
        {"response": {"page": {"products": {"edges": [{"node": one} for one in LISTED]}}}},
    ],
)
def test_lists_of_products_are_found_however_deep_they_are(feed: Any, whole: dict[str, Any]) -> None:
    found = feed(json.dumps(whole)).items
    assert found["item_id"].to_list() == ["1", "2", "3", "4"]
    assert found["title"].to_list() == ["Phone 1", "Phone 2", "Phone 3", "Phone 4"]


@pytest.mark.parametrize("depth", [500, 900, 5000])
def test_what_is_nested_deeper_than_anything_is_refused_and_the_others_are_kept(feed: Any, depth: int) -> None:
    rows = [json.dumps({"item_id": str(number), "title": f"Phone {number}", "price": 3.5}) for number in range(3)]
    nested = '{"item_id": "deep", "title": "Phone", "more": ' + '{"a": ' * depth + "1" + "}" * depth + "}"
    found = feed("\n".join([rows[0], nested, *rows[1:]]) + "\n")
    assert found.items["item_id"].to_list() == ["0", "1", "2"]
    assert [one.line for one in found.rejections.rows] == [2]


def test_one_item_with_several_ids_is_refused(feed: Any) -> None:
    with pytest.raises(BadFile, match="item_id has 2 different ids in one item"):
        feed(json.dumps({"id": ["a", "b"], "title": ["Phone 1", "Phone 2"], "price": [3, 4], "x": 1}))


def test_details_of_merchant_center_are_attributes(feed: Any) -> None:
    head = "id\ttitle\tlink\timage_link\tavailability\tprice\tproduct_detail\n"
    rows = [
        f"{n}\tShoe {n}\thttps://x/{n}\thttps://x/{n}.jpg\tin_stock\t{n}.00 EUR\t"
        f"General:Drop:{n} mm,General:Colour family:{colour}\n"
        for n, colour in enumerate(("warm", "cold, dark", "warm"), 1)
    ]
    found = feed(head + "".join(rows))
    assert found.items["attr_drop"].to_list() == [1, 2, 3]
    assert found.items["attr_colour_family"].to_list() == ["warm", "cold, dark", "warm"]
    assert {one.name: one.unit for one in found.attributes}["drop"] == "mm"


def test_quantities_and_ratings_of_json_ld_are_attributes(feed: Any) -> None:
    def quantity(value: float, **unit: str) -> dict[str, Any]:
        return {"@type": "QuantitativeValue", "value": value, **unit}

    lamps = [
        {
            "@context": "https://schema.org", "@type": "Product", "sku": f"{n}", "name": f"Lamp {n}",
            "weight": quantity(100 + n, unitCode="GRM"), "width": quantity(n + 0.5, unitText="cm"),
            "aggregateRating": {"@type": "AggregateRating", "ratingValue": "4.5", "reviewCount": n},
            "additionalProperty": [{"@type": "PropertyValue", "name": "Length", "value": 2 * n, "unitText": "cm"}],
        }
        for n in (1, 2)
    ]  # fmt: skip
    found = feed(json.dumps(lamps))
    names = ("attr_weight", "attr_width", "attr_rating", "attr_review_count", "attr_length")
    assert found.items.select(names).row(1) == (102, 2.5, 4.5, 2, 4)
    units = {one.name: one.unit for one in found.attributes}
    assert (units["weight"], units["width"], units["length"]) == ("g", "cm", "cm")


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ('[prices.b2b]\ncolumn = "colour"', "line 2: prices.b2b.column: the column 'colour' has no prices: 'red'"),
        (
            '[prices.b2b]\ncolumn = "price_b2b"\ncurrency = "XYZ"',
            "line 3: prices.b2b.currency: 'XYZ' is not a currency",
        ),
        ('[stores.lyon]\nstock = "colour"', "line 2: stores.lyon.stock: .* does not say what is in stock: 'red'"),
        ("[stores.lyon]\nlatitude = 45", "line 1: stores.lyon: latitude and longitude are one place: give both"),
        ('[attributes.price]\ncolumn = "colour"', "line 2: attributes.price.column: .* stand in the place of price"),
    ],
)
def test_what_of_shop_toml_does_not_fit_is_refused_with_its_line(tmp_path: Path, section: str, sentence: str) -> None:
    path, shop = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text("sku,title,price,price_b2b,colour\na,Red shirt,3,2,red\nb,Blue shirt,4,3,blue\n")
    shop.write_text(section)
    with pytest.raises(BadFile, match=sentence):
        read_feed(path, shop)


def test_shop_toml_may_begin_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    path, shop = tmp_path / "feed.csv", tmp_path / "shop.toml"
    path.write_text("sku,title\na,Red shirt\nb,Blue shirt\n")
    shop.write_text('\ufeff[catalogue]\nlanguage = "de"\n')
    assert read_feed(path, shop).shop.catalogue.language == ("de",)


def test_errors_about_shop_toml_name_its_line_whoever_finds_them(tmp_path: Path) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text('[catalogue]\nlanguage = "xx"\n[objectives.m]\nvalue = "pric"\n')
    with pytest.raises(BadFile, match=r"shop.toml: line 4: objectives.m.value: is 1; allowed: 2"), naming_lines(shop):
        raise BadParameter("objectives.m.value", "is 1", "2")
    with pytest.raises(BadFile, match=r"shop.toml: line 2: language: is 1"), naming_lines(shop):
        raise BadParameter("language", "is 1", "2")


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02garbage", b"\x00\x01" * 40, bytes(range(256)), b"%PDF-1.4\n\x00\x01\x02\x03"]
)
def test_what_is_not_text_is_refused_as_that(feed: Any, data: bytes) -> None:
    with pytest.raises(BadFile, match=r"is not text .* allowed: CSV, JSON, XML or Parquet"):
        feed(data)


CODES = {
    "E notation": ("1E5", "12E4", "7E12"), "zeros": ("0012", "1200", "0451"), "one of many": ("012", *["120"] * 80),
    "beyond floats": ("9007199254740993", "9007199254740995", "9007199254740997"),
}  # fmt: skip


@pytest.mark.parametrize("codes", CODES.values(), ids=CODES)
def test_digits_that_name_something_are_no_numbers(feed: Any, codes: tuple[str, ...]) -> None:
    rows = [f"{number},Lamp {number},{code}" for number, code in enumerate(codes)]
    assert feed("\n".join(["id,title,part", *rows])).items["attr_part"].to_list() == list(codes)
    if not any(code.startswith("0") or "E" in code for code in codes):
        typed = [{"id": str(number), "title": f"Lamp {number}", "part": int(code)} for number, code in enumerate(codes)]
        assert feed(json.dumps(typed)).items["attr_part"].to_list() == list(codes)


def test_numbers_stay_numbers(feed: Any) -> None:
    rows = [f"{number},Lamp {number},{power},{size}" for number, (power, size) in enumerate([("1.2E+05", 0), (90, 5)])]
    assert feed("\n".join(["id,title,power,shade", *rows])).items.select("attr_power", "attr_shade").rows() == [
        (120_000, 0), (90, 5)
    ]  # fmt: skip


def test_sales_of_a_feed_are_by_the_clock_of_the_shop(tmp_path: Path) -> None:
    path, shop = tmp_path / "feed.csv", tmp_path / "shop.toml"
    shop.write_text('[catalogue]\nzone = "America/New_York"\n')
    path.write_text("id,title,price,sale_price,sale_start,sale_end\n1,a,10,8,2026-07-01,2026-12-01\n")
    found = read_feed(path, shop)
    assert found.items["attr_sale_start"][0].isoformat() == "2026-07-01T04:00:00+00:00"
    assert found.items["attr_sale_end"][0].isoformat() == "2026-12-02T04:59:59+00:00"
    assert found.shop.catalogue.zone == "America/New_York"
