# markup reads better unbroken
"""Prices as shops write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.webpages.parse.prices import country_of, currency_of, parse_machine_price, parse_price


@pytest.mark.parametrize(
    ("text", "country", "value", "currency"),
    [
        ("2.449 $", "", "2449", "USD"),
        ("1 299,00 kr", "se", "1299", "SEK"),
        ("1 299,00 kr", "no", "1299", "NOK"),
        ("Rs 23,450", "pk", "23450", "PKR"),
        ("63\x1f07\x1fLei", "ro", "63.07", "RON"),
        ("63\x1f,\x1f07 Lei", "ro", "63.07", "RON"),
        ("12€99", "fr", "12.99", "EUR"),
        ("1'299.-", "ch", "1299", None),
        ("CHF 12.–", "ch", "12", "CHF"),
        ("１２３円", "jp", "123", "JPY"),
        ("٩٩ ر.س", "sa", "99", "SAR"),
        ("0.999 KWD", "kw", "0.999", "KWD"),
        ("1.234,56 €", "de", "1234.56", "EUR"),
        ("₹1,23,456.00", "in", "123456", "INR"),
        ("R$ 1.759,99", "br", "1759.99", "BRL"),
        ("$24.990", "cl", "24990", "CLP"),
        ("NT$ 294", "tw", "294", "TWD"),
        ("30,000원", "kr", "30000", "KRW"),
        ("4 for $10", "", "10", "USD"),
        ("$30 $20", "", "30", "USD"),
        ("12 € 50 cm", "", "12", "EUR"),
        ("599\x1f500", "", "599", None),
    ],
)
def test_locales(text: str, country: str, value: str, currency: str | None) -> None:
    money = parse_price(text, country)
    assert money is not None
    assert money.value == Decimal(value)
    assert money.currency == currency


@pytest.mark.parametrize("text", ["", "free", "€", "0,00 €", "call us", "-" * 500, "9" * 200])
def test_no_price(text: str) -> None:
    assert parse_price(text) is None


@given(st.decimals(min_value="0.01", max_value="999999.99", places=2), st.sampled_from(["€", "$", "£", "EUR", "zł"]))
def test_what_is_written_with_a_point_is_read_back(value: Decimal, symbol: str) -> None:
    for text in (
        f"{value} {symbol}",
        f"{value:,} {symbol}",
        f"{value:,} {symbol}".translate(str.maketrans(",.", ".,")),
    ):
        money = parse_price(text)
        assert money is not None
        assert money.value == value


@given(st.text(max_size=130))
def test_any_text_has_a_price_above_zero_or_none(text: str) -> None:
    money = parse_price(text)
    assert money is None or (money.value > 0 and "E" not in money.text)


def test_machine_prices_take_the_point_as_decimal() -> None:
    assert parse_machine_price("24990.0") == parse_machine_price(24990)
    assert parse_machine_price("1.999").value == Decimal("1.999")  # type: ignore[union-attr]
    assert parse_machine_price(True) is None
    assert parse_machine_price({"price": 1}) is None


def test_countries_and_symbols() -> None:
    assert country_of("https://www.shop.co.uk/a") == "uk"
    assert country_of("https://ar-sa.shop.com/x") == "sa"
    assert country_of("https://shop.com/x") == ""
    assert country_of("https://shop.com/en-au/x") == "au"
    assert country_of("http://[broken") == ""
    assert currency_of("$", "au") == "AUD"
    assert currency_of("nothing") is None
