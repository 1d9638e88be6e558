"""Patterns of roles as `re` runs them quickly, against the same patterns as they are written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.webpages.parse.candidates import cart_candidates, says_add_to_cart
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.patterns import fast_pattern
from trimtab.webpages.parse.words import _ROLES, ROLES, has_role, lower_same_length, role_bit, roles_of

WRITTEN = [*_ROLES.values(), r"\b(?:was|ht|p[uů]v|old)\b|\bn(?:et|ow)|(?:ex|no)?tax|(?:bag|fn)-?1|[|]x", r"\|a|b\(c"]
PATTERNS = [(fast_pattern(pattern), re.compile(pattern)) for pattern in WRITTEN]

PIECES = [
    "price",
    "was",
    "ex",
    "tax",
    "net",
    "nav",
    "old",
    "now",
    "bag",
    "cart",
    "pdp",
    "ht",
    "fn",
    "rec",
    "ref",
    "title",
]


@given(st.lists(st.sampled_from([*PIECES, "-", "_", " ", "X", "é", "1"]), max_size=8).map("".join))
def test_a_pattern_finds_what_it_says(text: str) -> None:
    for fast, written in PATTERNS:
        assert bool(fast.search(text)) == bool(written.search(text)), written


@given(st.text(st.sampled_from("aBcpriceoldwas-_ "), max_size=40))
def test_one_role_is_the_bit_of_all_roles(mark: str) -> None:
    for name in ROLES:
        assert has_role(mark, name) == bool(roles_of(mark) & role_bit(name)), name


@pytest.mark.parametrize(
    ("text", "adds"),
    [
        ("Add to basket", True), ("Buy now", True), ("Ask a question", False), ("Find in store", False),
        ("お気に入りに追加", False), ("カートに入れる", True), ("Lägg till i favoriter", False), ("加入收藏", False),
        ("In mandje", True), ("Dans le panier", True),
        ("Toevoegen aan winkelwagen", True), ("أضف إلى العربة", True), ("เพิ่มไปยังรถเข็น", True), ("Setja í körfu", True),
        ("Zum Warenkorb hinzufügen", True), ("Ielikt grozā", True), ("कार्ट में डालें", True), ("Nu kopen", True),
        ("Nákupní košík", False), ("Toevoegen aan verlanglijst", False),
        ("J'achète", True), ("Add bundle to bag", True), ("Zum Warenkorb", False), ("Mon panier", False),
    ],
)  # fmt: skip
def test_a_control_that_adds_to_the_cart(text: str, *, adds: bool) -> None:
    assert says_add_to_cart(text) is adds


@pytest.mark.parametrize(
    ("markup", "texts"),
    [
        ('<a class="btn __special" data-modal="buy">Купити</a>', ["Купити"]),
        ('<a class="btn" href="/p/2">Buy now</a>', []),
        ('<button><img src="/b.gif" alt="カートに入れる"></button>', ["カートに入れる"]),
        ("<a class=link href='#'>Buy now</a>", ["Buy now"]),
        ('<a class=btn href="/panier/ajout/7">Acheter</a>', ["Acheter"]),
        ('<a class=btn href="/panier">Voir le panier</a>', []),
    ],
)
def test_what_could_be_a_control(markup: str, texts: list[str]) -> None:
    assert [control.text for control in cart_candidates(parse(f"<body>{markup}</body>"))] == texts


def test_lower_case_keeps_every_character_in_its_place() -> None:
    assert lower_same_length("SKU: ÄB1") == "sku: äb1"
    assert lower_same_length("İNDİRİM A1") == "İNDİRİM A1"
