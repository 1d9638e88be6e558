"""Cells as people and programs write them: prices, sales, stock, codes, HTML."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trimtab.catalog.availability import in_stock_of
from trimtab.catalog.html_text import text_of_html


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
    found = feed("id,title,price\n1,a,$5\n2,b,£6\n3,c,USD 7\n4,d,8\n", max_rejected_share=0.7)
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


def test_a_price_of_some_kind_is_the_price_where_there_is_no_other(feed: Any) -> None:
    lines = [f"{n};Schraube M{n} verzinkt;0,0{n} €;0,00{n} €" for n in range(1, 10)]
    found = feed("\n".join(["Nr;Bezeichnung;Preis pro Stück netto;Preis ab 100", *lines]))
    assert found.items["price"].to_list()[:2] == [0.01, 0.02]
    assert found.items["attr_preis_ab_100"].to_list()[:2] == [0.001, 0.002]
    assert found.shop.catalogue.currency == "EUR"


def test_a_price_by_weight_is_a_price(feed: Any) -> None:
    lines = ("1,Pears,2.00 €/kg", "2,Limes,3.50 € per kg", "3,Figs,4.25 €/kg")
    found = feed("\n".join(["plu,name,price_per_kg", *lines]))
    assert found.items["price"].to_list() == [2, 3.5, 4.25]


def test_a_short_description_is_the_title_where_there_is_no_other(feed: Any) -> None:
    lines = [f"T{n},205/55 R16 9{n}V winter tyre,Nokian,{60 + n}" for n in range(1, 10)]
    found = feed("\n".join(["SKU,Description,Brand,Price excl VAT", *lines]))
    assert found.items["title"].to_list()[0] == "205/55 R16 91V winter tyre"
    assert found.items["price"].to_list()[0] == 61


def test_a_column_in_the_place_of_another_is_said(feed: Any) -> None:
    found = feed("id,title,price,PRICE\na,Tea,3,4\nb,Coffee,4,5\n")
    assert (found.items["price"].to_list(), found.attributes) == ([3, 4], ())
    assert "nothing was made of: PRICE (price is the price)" in found.rejections.said


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
