"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.text.numbers import POINT, UNDECIDED, NumberFormat, number_format_of, parse_number

COMMA = NumberFormat(",")


@pytest.mark.parametrize(
    ("text", "point", "undecided", "comma"),
    [
        ("1.299", "1.299", "1299", "1299"),
        ("1,299", "1299", "1299", "1.299"),
        ("1.299,50", "1299.5", "1299.5", "1299.5"),
        ("1'299.50", "1299.5", "1299.5", "1299.5"),
        ("1’299", "1299", "1299", "1299"),
        ("1,29,999", "129999", "129999", "129999"),
        ("12,34,567.89", "1234567.89", "1234567.89", "1234567.89"),
        ("٩٩٫٩", "99.9", "99.9", "99.9"),
        ("۹۴٬۰۰۰", "94000", "94000", "94000"),
        ("1\u202f299,5", "1299.5", "1299.5", "1299.5"),
        ("0.139", "0.139", "0.139", "0.139"),
        ("1299.000", "1299", "1299", "1299"),
        ("1.234.567", "1234567", "1234567", "1234567"),
        (",89", "0.89", "0.89", "0.89"),
        ("-5", "-5", "-5", "-5"),
        ("5-", "-5", "-5", "-5"),
        ("−5,5", "-5.5", "-5.5", "-5.5"),
        ("1e3", "1000", "1000", "1000"),
    ],
)
def test_a_lone_sign_before_three_digits_is_read_by_the_format(
    text: str, point: str, undecided: str, comma: str
) -> None:
    read = [parse_number(text, number_format) for number_format in (POINT, UNDECIDED, COMMA)]
    assert read == [Decimal(point), Decimal(undecided), Decimal(comma)]


@pytest.mark.parametrize("text", ["", "-", ".", "1 2", "1.2.3", "15.08.2017", "12 kg", "1,2,3", "1.23.456", "9" * 65])
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_the_format_is_decided_by_all_numbers_of_a_source() -> None:
    found = number_format_of(["1.299 €", "19,99 €", "249 €", "2.499,00 €"])
    assert (found.decimal, found.n_for, found.n_against) == (",", 2, 0)
    assert parse_number("1.299", found) == 1299
    assert number_format_of(["1.299", "2.499", "7"]).decimal is None
    assert number_format_of(["1.299", "0.500"]).decimal == "."
    assert number_format_of(["1,299", "2,500,000"]).decimal == "."
    mixed = number_format_of(["1,5", "2,5", "3.5"])
    assert (mixed.decimal, mixed.n_for, mixed.n_against) == (",", 2, 1)


@given(
    st.decimals(min_value=0, max_value=10**9, places=2),
    st.sampled_from([(".", ","), (",", "."), (".", "'"), (",", " "), (",", "\u00a0"), (".", ""), (",", "")]),
)
def test_what_is_written_with_groups_and_cents_is_read_back_in_any_format(
    value: Decimal, signs: tuple[str, str]
) -> None:
    decimal, group = signs
    written = f"{value:,}".translate({ord(","): group, ord("."): decimal})
    for number_format in (POINT, UNDECIDED, COMMA):
        assert parse_number(written, number_format) == value


@given(st.text(max_size=80))
def test_any_text_is_a_finite_number_or_none(text: str) -> None:
    value = parse_number(text)
    assert value is None or value.is_finite()
    assert number_format_of([text]).decimal in (".", ",", None)
