"""Prices as pages show them: whole, with cents in a node of their own, in the currency of the page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.parse.candidates import price_candidates
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.prices import PageLocale, page_locale, price_text, shown_price, stated_price
from trimtab.webpages.parse.statements.facts import Structured
from trimtab.webpages.parse.statements.structured import read_structured


def shown(markup: str, locale: PageLocale | None = None) -> str | None:
    dom = parse(f"<body><div>{markup}</div></body>")
    found = shown_price(price_text(dom, dom.of_tags("div")[0]), locale or PageLocale())
    return f"{found[0].text} {found[0].currency}" if found else None


@pytest.mark.parametrize(
    ("markup", "price"),
    [
        ("63<sup>07</sup> Lei", "63.07 RON"),
        ("<b>63</b><b>,</b><b>07</b> Lei", "63.07 RON"),
        ("<b>63</b><b>,07</b> Lei", "63.07 RON"),
        ("<b>63,</b><b>07</b> Lei", "63.07 RON"),
        ("<i>$</i><b>1,299</b><i class=fraction>95</i>", "1299.95 USD"),
        ("<b>12€</b><sup>99</sup>", "12.99 EUR"),
        ("<b>12 €</b><sup>99</sup>", "12.99 EUR"),
        ("<b>1 299</b><span class='price__cents'>50</span> zł", "1299.50 PLN"),
        ("<i>$</i><b>1</b><i>,</i><b>299</b><i>.</i><b>00</b>", "1299 USD"),
        ("<b>599</b><i>500</i> €", "500 EUR"),
        ("<b>1<span> </span>299</b> kr", "1299 SEK"),
        ("<b>45<br>299</b> €", "299 EUR"),
        ("€ 45<span>10% off</span>", "45 EUR"),
        ("€ 45<sup>10%</sup>", "45 EUR"),
        ("€ 45<i>10</i><i>% off</i>", "45 EUR"),
        ("<i>12</i> <b>49,90 €</b>", "49.90 EUR"),
        ("<i>1</i><b>234,00 €</b>", "234 EUR"),
        ("<i>45</i> <b>€</b> <i>12</i> <b>3</b>", "45 EUR"),
        ("49,90 €<i>20</i>", "49.90 EUR"),
        ("<b>4</b><i>.</i><b>95</b><b>$</b>", "4.95 USD"),
        ("<del>$<b>53</b></del> <ins>$<b>46</b></ins>", "53 USD"),
        ("gratis", None),
        ("0,00 €", None),
    ],
)
def test_cents_are_joined_where_the_markup_says_so(markup: str, price: str | None) -> None:
    assert shown(markup) == price


@pytest.mark.parametrize(
    ("text", "lang", "url", "price"),
    [
        ("CHF 1’049.95", "de-CH", "https://www.shop.ch/p", "1049.95 CHF"),
        (",89 €", "de", "https://www.shop.de/p", "0.89 EUR"),
        ("£0.139", "en", "https://uk.shop.com/p", "0.139 GBP"),
        ("$1,190.00 AUD", "en", "https://shop.com/p", "1190 AUD"),
        ("$49.00", "en-CA", "https://shop.com/p", "49 CAD"),
        ("$49.00", "en", "https://ca.store.shop.com/p", "49 CAD"),
        ("$24.990", "es-CL", "https://shop.cl/p", "24990 CLP"),
        ("R 1 299.00", "en-ZA", "https://shop.co.za/p", "1299 ZAR"),
        ("3 100р.", "ru", "https://shop.com/p", "3100 RUB"),
        ("۹۴٬۰۰۰ تومان", "fa", "https://shop.ir/p", "94000 IRR"),
        ("1 299,00 kr", "nb-NO", "https://shop.no/p", "1299 NOK"),
        ("12.500 د.ك", "ar", "https://shop.com/ar-kw/p", "12.500 KWD"),
        ("1 299 kr", "sv", "https://shop.com/p", "1299 SEK"),
        ("1.299 kr.", "da", "https://shop.com/p", "1299 DKK"),
        ("2,000円(税込2,200円)", "ja", "https://shop.jp/p", "2200 JPY"),
        ("2,200円(税抜2,000円)", "ja", "https://shop.jp/p", "2200 JPY"),
        ("12,10 € (inkl. MwSt.)", "de", "https://shop.de/p", "12.10 EUR"),
        ("Nu 899,-", "da", "https://shop.dk/p", "899 None"),
        ("Nu. 899", "dz", "https://shop.bt/p", "899 BTN"),
    ],
)
def test_a_price_is_read_by_where_the_page_is_from(text: str, lang: str, url: str, price: str) -> None:
    dom = parse(f'<html lang="{lang}"><body></body></html>')
    assert shown(text, page_locale(dom, url, frozenset())) == price


def test_the_one_currency_that_is_stated_tells_which_dollar_is_shown() -> None:
    dom = parse("<html><head><meta property='og:locale' content='en_NZ'></head></html>")
    assert shown("$5", page_locale(dom, "https://shop.com/p", frozenset({"AUD"}))) == "5 AUD"
    assert shown("$5", page_locale(dom, "https://shop.com/p", frozenset({"AUD", "USD"}))) == "5 NZD"
    assert page_locale(parse(""), "http://[broken", frozenset()) == PageLocale()


@given(
    st.lists(st.sampled_from(["1", "12", "45", "234", ".", ",", "€", "10%", " ", "off", "x"]), min_size=1, max_size=6)
)
def test_joined_text_has_the_same_signs_and_no_others(pieces: list[str]) -> None:
    dom = parse("<body><div>" + "".join(f"<b>{piece}</b>" for piece in pieces) + "</div></body>")
    read = price_text(dom, dom.of_tags("div")[0])
    written = "".join(piece.strip() for piece in pieces)
    plain = read.replace("\x1f", "").replace(" ", "")
    assert sorted(plain.replace(".", "")) == sorted(written.replace(".", ""))


@given(st.text(max_size=130))
def test_any_text_has_a_price_above_zero_or_none(text: str) -> None:
    found = shown_price(text, PageLocale())
    assert found is None or (found[0].amount > 0 and "E" not in found[0].text)


def test_stated_prices_take_the_point_as_decimal() -> None:
    assert stated_price("24990.0") == stated_price(24990)
    assert stated_price("1.999").amount == Decimal("1.999")  # type: ignore[union-attr]
    assert stated_price("1.234,50 €").currency == "EUR"  # type: ignore[union-attr]
    assert stated_price(True) is None
    assert stated_price(0) is None
    assert stated_price({"price": 1}) is None


def test_the_text_of_a_price_is_read_in_the_page() -> None:
    price = "<p class=price>€ 45<span>10% off</span></p><button>In den Warenkorb</button>"
    html = f"<html lang=de><title>Lampe Arve</title><h1>Lampe Arve</h1>{price}"
    assert analyze_page(html, "https://www.lamps.example.de/p/arve").elements["price"].value == "45"


@pytest.mark.parametrize("amounts", [("$", "53", "46"), ("R$", "5,899.00", "5,699.00"), ("€", "39.95", "29.95")])
def test_a_block_of_two_prices_is_not_a_price_of_its_own(amounts: tuple[str, str, str]) -> None:
    symbol, before, now = amounts
    block = "".join(
        f"<{tag}><span class=amount><bdi><span>{symbol}</span>{value}</bdi></span></{tag}> "
        for tag, value in (("del", before), ("ins", now))
    )
    dom = parse(f"<body><h1>Lamp</h1><p class=price>{block}</p></body>")
    found = {c.money.text for c in price_candidates(dom, Structured(), PageLocale()) if c.money}
    assert found == {value.replace(",", "").removesuffix(".00") for value in (before, now)}
    assert {dom.tags[c.element] for c in price_candidates(dom, Structured(), PageLocale())} == {"bdi"}


@pytest.mark.parametrize(
    "text",
    [
        "LIMITLESS COLLECTION 05 TOP",
        "KN95 Face Mask",
        "EV10G53885KR",
        "Bearing 6204-2RS",
        "11G-P4-2384-KR",
        "Open 8.00AM - 4.00PM",
        "26:58",
        "Robot vacuum RS7",
        "DIN 912 / ISO 4762",
    ],
)
def test_a_number_of_something_else_is_no_amount(text: str) -> None:
    assert shown_price(text, PageLocale("CA", "en")) is None


def test_amounts_with_a_code_before_or_behind_them_stay_amounts() -> None:
    for text, amount in (
        ("EUR120", "120"),
        ("CHF7.95", "7.95"),
        ("Rs599", "599"),
        ("95kr", "95"),
        ("1,299 SEK", "1299"),
    ):
        found = shown_price(text, PageLocale())
        assert found is not None
        assert found[0].text == amount


def amounts_of(markup: str, locale: PageLocale | None = None) -> set[str]:
    found = price_candidates(parse(f"<body>{markup}</body>"), Structured(), locale or PageLocale())
    return {candidate.money.text for candidate in found if candidate.money}


def test_a_part_of_an_amount_is_no_amount_of_its_own() -> None:
    assert amounts_of("<p>$<strong>499</strong><sup>.99</sup></p>", PageLocale("US")) == {"499.99"}


@pytest.mark.parametrize(
    ("markup", "amounts"),
    [
        ("<div>12,90 € <s>15,90 €</s></div>", {"12.90", "15.90"}),
        ("<div><s>15,90 €</s> 12,90 € <i>-19 %</i></div>", {"12.90", "15.90"}),
        ("<td>Netto: 100,00 €<br>Brutto: 119,00 €</td>", {"100", "119"}),
        ("<div>2 490,- <i>3 000 Kč</i></div>", {"2490", "3000"}),
        ("<p>1 299:-</p>", {"1299"}),
        ("<p>49.–</p>", {"49"}),
        ("<p>12 <b>pieces</b></p>", set()),
    ],
)
def test_an_amount_may_stand_beside_other_texts_and_end_in_a_dash(markup: str, amounts: set[str]) -> None:
    assert amounts_of(markup.replace("<td>", "<table><td>")) == amounts


def test_a_price_that_only_a_script_of_its_platform_holds_is_read() -> None:
    script = 'var Shopify = {}; var meta = {"product":{"id":1,"variants":[{"id":2,"price":2400,"name":"Lamp"}]}};'
    dom = parse(f"<body><script>{script}</script><h1>Lamp</h1></body>")
    stated = read_structured(dom)
    assert [money.text for _, money in stated.script_prices] == ["24"]
    found = price_candidates(dom, stated, PageLocale())
    assert [(c.source, c.money and c.money.text, dom.tags[c.element]) for c in found] == [("script", "24", "script")]


@pytest.mark.parametrize(
    ("markup", "prices"),
    [
        ('<product-price data-price="249.00" data-currency="GBP"></product-price>', ["249"]),
        ('<i data-price-amount="9.5"></i><i data-price-amount="12" data-price-type="oldPrice"></i>', ["9.5"]),
        ('<i class="was" data-price="19.00"></i>', []),
        ('<i data-price="19.00">19,00 €</i>', []),
        ('<i data-price="call us"></i>', []),
        ('<i class="price" content="71.2"></i><i class="rating" content="4.5"></i>', ["71.2"]),
        ('<script>push({event: "view_item", ecommerce: {currency: "AUD", items: [{price: 649.0}]}})</script>', ["649"]),
        ("<script>fbq('track', 'ViewContent', {value: '12.50', currency: 'EUR'})</script>", ["12.50"]),
        ("<script>fbq('track', 'ViewContent', {value: '1,299.00'})</script>", []),
        ('<script>{"title":"Lamp","sku":"L-1","price":{"value":79.95,"currency":"GBP"}}</script>', ["79.95"]),
        ('<script>{"name":"Lamp stand","price":79.95}</script>', []),
        ('<script>push({event: "view_item_list", items: [{price: 3}]})</script>', []),
    ],
)
def test_a_price_that_is_held_for_a_script_or_counted_is_read(markup: str, prices: list[str]) -> None:
    stated = read_structured(parse(f"<body><h1>Lamp</h1>{markup}</body>"))
    assert [money.text for _, money in stated.script_prices] == prices
