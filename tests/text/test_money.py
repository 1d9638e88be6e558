"""Prices as shops write them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from babel import localedata
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from trimtab.text.amounts.currencies import symbols
from trimtab.text.money import (
    currencies_in,
    currency_of,
    currency_of_territory,
    parse_price,
    prices_in,
    read_price,
    territory_of,
)
from trimtab.text.numbers import NumberFormat, plain_text

EXAMPLES = Path(__file__).parent / "price_parser" / "examples.jsonl"

DISAGREEMENTS = {
    "1250€600": "three digits behind a euro sign are no cents",
    "$..75,333": "read as 75,333; that the point is the decimal sign does not make it 0.75333",
    "Free!": "an amount is a number: what is free is for who knows the page or the feed",
    "559. 99 undefined 559.99 inkl. MwSt. zzgl. Versand": "no currency says that 559 and 99 are one price",
}
"""Where price-parser's own examples are read otherwise, and why."""


def read_example(hint: str | None, text: str | None, decimal: str | None) -> tuple[Decimal | None, str | None]:
    currency = next(iter(currencies_in(hint or "")), None)
    number_format = NumberFormat(decimal) if decimal in {".", ","} else None  # type: ignore[arg-type]
    money = read_price(text or "", currency=currency, number_format=number_format)
    return (money.amount, money.currency) if money else (None, currency)


def test_price_parsers_own_examples_are_read_as_it_reads_them() -> None:
    examples = [json.loads(line) for line in EXAMPLES.read_text().splitlines()]
    others = []
    for hint, text, written, amount, decimal in examples:
        wanted = currency_of(written) if written else None
        found_amount, found = read_example(hint, text, decimal)
        if found_amount != (None if amount is None else Decimal(amount)) or (
            found != wanted and (wanted or not written)
        ):
            others.append(text)
    assert set(others) == set(DISAGREEMENTS)
    assert len(examples) == 1051
    assert 1 - len(others) / len(examples) >= 0.995


@pytest.mark.parametrize(
    ("text", "source", "amount", "currency"),
    [
        ("CHF 1’049.95", {}, "1049.95", "CHF"),
        ("1´049.95 CHF", {}, "1049.95", "CHF"),
        ("1'299.-", {"territory": "CH"}, "1299", None),
        ("CHF 12.–", {}, "12", "CHF"),
        (",89 €", {}, "0.89", "EUR"),
        ("$119. 95", {}, "119.95", "USD"),
        ("12€99", {}, "12.99", "EUR"),
        ("12 € 50 cm", {}, "12", "EUR"),
        ("0.999 KWD", {}, "0.999", "KWD"),
        ("12.500 BHD", {}, "12.5", "BHD"),
        ("1,250 DT", {}, "1.25", "TND"),
        ("٩٩ ر.س", {}, "99", "SAR"),
        ("۹۴٬۰۰۰ تومان", {}, "94000", "IRR"),
        ("١٬٢٩٩٫٥٠ د.إ", {}, "1299.5", "AED"),
        ("$1,190.00 AUD", {}, "1190", "AUD"),
        ("NZD $100.70", {}, "100.70", "NZD"),
        ("CDN$ 99.99", {}, "99.99", "CAD"),
        ("AU $59.95", {}, "59.95", "AUD"),
        ("£94.50 GBP", {}, "94.50", "GBP"),
        ("R1,299.00", {"territory": "ZA"}, "1299", "ZAR"),
        ("R1,299.00", {}, "1299", None),
        ("S/ 49.90", {}, "49.90", "PEN"),
        ("6 300 Р", {}, "6300", "RUB"),
        ("450.000 ₫", {}, "450000", "VND"),
        ("6790 dinara", {}, "6790", "RSD"),
        ("120 dirhams", {"territory": "MA"}, "120", "MAD"),
        ("120 dirhams", {}, "120", "AED"),
        ("₹1,29,999", {}, "129999", "INR"),
        ("Rs.450", {"territory": "LK"}, "450", "LKR"),
        ("1 299,00 kr", {"territory": "no"}, "1299", "NOK"),
        ("1 299,00 kr", {"language": "da"}, "1299", "DKK"),
        ("¥1,200", {"language": "zh"}, "1200", "CNY"),
        ("$49", {"territory": "CA"}, "49", "CAD"),
        ("$49", {"currency": "CAD"}, "49", "CAD"),
        ("49", {"currency": "CAD"}, "49", "CAD"),
        ("$24.990", {"territory": "CL"}, "24990", "CLP"),
        ("１２３円", {}, "123", "JPY"),
        ("30,000원", {}, "30000", "KRW"),
        ("4 for $10", {}, "10", "USD"),
        ("$30 $20", {}, "30", "USD"),
        ("12,00 – 15,00 €", {}, "12", "EUR"),
        ("2 - 10 €", {}, "10", "EUR"),
        ("1.299 €", {"number_format": NumberFormat(",")}, "1299", "EUR"),
        ("1.299 €", {"number_format": NumberFormat(".")}, "1.299", "EUR"),
        ("-20% 15,00 €", {}, "15", "EUR"),
    ],
)
def test_prices_of_many_places(text: str, source: dict[str, object], amount: str, currency: str | None) -> None:
    money = read_price(text, **source)  # type: ignore[arg-type]
    assert money is not None
    assert (money.amount, money.currency) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["", "free", "€", "call us", "40% OFF", "-5 €", "MX924", "15.08.2017", "9" * 200])
def test_what_states_no_price(text: str) -> None:
    assert read_price(text) is None


def test_a_cell_is_a_price_or_nothing() -> None:
    assert parse_price(" 1.299,00 € ") == read_price("1299 €")
    assert parse_price("EUR 5") == parse_price("5 eur") == parse_price("5,- €")
    for text in ("5 € each", "from 5 €", "5 € 6 €", "cheap", "", "-5", "5%"):
        assert parse_price(text) is None


def test_currencies_of_texts_and_territories() -> None:
    assert currencies_in("Preise in CHF (inkl. MwSt.)") == ("CHF",)
    assert currencies_in("price_eur") == currencies_in("Price [€]") == ("EUR",)
    assert currencies_in("all prices, try our pens") == ()
    assert currency_of("$", territory="au") == "AUD"
    assert currency_of("usd") == currency_of("US $") == "USD"
    assert currency_of("nothing") is None
    assert currency_of_territory("uk") == "GBP"
    assert currency_of_territory("nowhere") is None


def test_the_territory_of_a_shop() -> None:
    assert territory_of("https://www.shop.co.uk/a") == "GB"
    assert territory_of("https://ca.store.example.com") == "CA"
    assert territory_of("https://ar-sa.shop.com/x") == "SA"
    assert territory_of("https://shop.com/en-au/x") == "AU"
    assert territory_of("https://shop.com/x", "de", "zh-Hant-TW") == "TW"
    assert territory_of("https://shop.io", "de") is None
    assert territory_of("http://[broken") is None


def test_a_price_ends_where_its_text_ends() -> None:
    for text in ("0P", "5 K", "12€", "7 kr"):
        assert [price.end for price in prices_in(text)] == [len(text)]


def test_every_symbol_of_a_currency_in_use_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """CLDR has one symbol a language."""
    monkeypatch.setattr(localedata, "_cache", {})  # what is loaded without what it inherits would stay so for others
    today = date.today().timetuple()[:3]  # noqa: DTZ011  (CLDR has dates without a zone)
    in_use = {
        code
        for uses in get_global("territory_currencies").values()
        for code, _, until, tender in uses
        if tender and (until is None or until >= today)
    }
    unknown = []
    for locale in localedata.locale_identifiers():
        for code, symbol in localedata.load(locale, merge_inherited=False).get("currency_symbols", {}).items():
            written = plain_text(symbol).strip()
            if code in in_use and written and code not in symbols().get(written.replace(" ", ""), ()):
                unknown.append((locale, code, written))
    spelled_out = {("ru", "TMT"), ("kk", "LSL"), ("pa_Arab", "PKR")}
    assert {(locale, code) for locale, code, _ in unknown} == spelled_out


@given(
    st.decimals(min_value="0.01", max_value="999999.99", places=2),
    st.sampled_from(["€", "$", "£", "EUR", "zł", "руб.", "Kč", "₺", "kr", "CHF", "R$", "د.إ"]),
)
def test_what_is_written_with_cents_is_read_back(value: Decimal, symbol: str) -> None:
    for number in (f"{value}", f"{value:,}", f"{value:,}".translate(str.maketrans(",.", ".,"))):
        for text in (f"{number} {symbol}", f"{symbol} {number}", f"{symbol}{number}"):
            money = parse_price(text)
            assert money is not None, text
            assert (money.amount, money.currency) == (value, currency_of(symbol)), text


@given(st.text(max_size=130))
def test_any_text_states_prices_of_0_or_more(text: str) -> None:
    for price in prices_in(text):
        assert price.money.amount >= 0
        assert "E" not in price.money.text
        assert 0 <= price.start < price.end <= len(plain_text(text))
