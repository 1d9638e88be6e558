"""What repeats on a page, and which of its amounts are rivals of the price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.features.price_rivals import RIVAL_NAMES, rival_rows
from trimtab.webpages.features.repetition import REPEAT_NAMES, repeats
from trimtab.webpages.parse.candidates import Candidate, price_candidates
from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.facts import Structured
from trimtab.webpages.parse.prices import PageLocale


def tiles(n: int, *, row: int = 100) -> str:
    """A category page of `n` products, `row` to a row; headed like a product."""
    made = [
        f'<div class="card"><a href="/p/{i}"><img src="/i/{i}.jpg"></a><h3>Lamp {chr(65 + i)}</h3>'
        f'<p class="cost"><b>{19 + i} €</b></p><button>In den Warenkorb</button></div>'
        for i in range(n)
    ]
    rows = ["<div class='row'>" + "".join(made[at : at + row]) + "</div>" for at in range(0, n, row)]
    return (
        "<html><head><title>Brass Lanterns</title></head><body><h1>Brass Lanterns</h1>"
        f"<p>Lanterns of brass.</p>{''.join(rows)}</body></html>"
    )


def amounts(html: str) -> tuple[Dom, list[Candidate]]:
    dom = parse(html)
    return dom, price_candidates(dom, Structured(), PageLocale("DE"))


def column(html: str, name: str) -> dict[str, float]:
    """Value of one column by the amount."""
    dom, candidates = amounts(html)
    rows = rival_rows(dom, candidates)
    return {c.money.text: row[RIVAL_NAMES.index(name)] for c, row in zip(candidates, rows, strict=True) if c.money}


@pytest.mark.parametrize(("n", "row"), [(2, 100), (3, 100), (9, 3), (12, 4)])
def test_a_category_page_headed_like_a_product_is_a_listing(n: int, row: int) -> None:
    page = analyze_page(tiles(n, row=row), "https://www.lantern-shop.example.de/brass-lanterns")
    assert page.kind != "product"


def test_related_products_do_not_make_a_product_page_a_listing() -> None:
    page = analyze_page(product(), PRODUCT_URL)
    assert (page.kind, page.elements["price"].value) == ("product", "49.90")


@given(st.lists(st.sampled_from(["<div>", "</div>", "<a>", "</a>", "<p>", "<span>", "</span>", "<img>"]), max_size=60))
def test_one_element_among_all_repeats_as_when_all_are_asked_about(pieces: list[str]) -> None:
    dom = parse("".join(pieces))
    everything = list(range(len(dom)))
    for element, row in zip(everything, repeats(dom, everything), strict=True):
        assert repeats(dom, everything, [element]).tolist() == [row.tolist()]


def repeated(html: str, name: str = "n_pictured_repeats") -> dict[str, set[float]]:
    """Values of one column of `repeats` by the amount."""
    dom, candidates = amounts(html)
    found: dict[str, set[float]] = {}
    for candidate, row in zip(candidates, repeats(dom, [c.element for c in candidates]), strict=True):
        if candidate.money:
            found.setdefault(candidate.money.text, set()).add(float(row[REPEAT_NAMES.index(name)]))
    return found


def test_blocks_of_one_make_are_counted_and_others_are_not() -> None:
    assert repeated(tiles(5)) == {str(19 + i): {5.0} for i in range(5)}
    counted = repeated(product())
    assert max(counted["49.90"]) <= 1
    assert counted["19.90"] == counted["9.90"] == {2.0}


@given(st.integers(1, 30), st.integers(1, 30))
def test_counts_do_not_depend_on_what_stands_around(n: int, n_around: int) -> None:
    around = "<section><p>1 €</p></section>" * n_around
    counted = repeated(tiles(n).replace("<h1>", around + "<h1>"))
    assert all(counted[str(19 + i)] == {float(n)} for i in range(n))
    assert len(repeats(parse(around), [])) == 0


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ("100,00 €", "zzgl. MwSt. netto"), ("50,00 €", "excl. BTW"), ("83,33 €", "Brez DDV"), ("11,90 €", "pro 100 g"),
        ("9,92 €", "12 x monatlich"), ("107,10 €", "for students"), ("99,00 €", "mit Gutschein"), ("4,95 €", "Versand"),
    ],
)  # fmt: skip
def test_an_amount_that_its_words_disqualify_is_no_rival(beside: str, words: str) -> None:
    html = f"<body><h1>Lamp</h1><div><p>119,00 €</p><p>{words} {beside}</p></div></body>"
    assert column(html, "smaller_rival")["119"] == 0
    assert column(html.replace(words, ""), "smaller_rival")["119"] == (
        1 if float(beside[:-2].replace(",", ".")) > 30 else 0
    )


@pytest.mark.parametrize(
    ("net", "gross"), [("100,00", "119,00"), ("36,53", "40,00"), ("81,97", "100,00"), ("99,16", "118,00")]
)
def test_a_price_without_tax_points_to_the_one_with_it(net: str, gross: str) -> None:
    html = f"<body><h1>Lamp</h1><ul><li>{gross}€</li><li>netto: <i>{net}€</i></li></ul></body>"
    with_tax = f"{float(gross.replace(',', '.')):.2f}".removesuffix(".00")
    without = f"{float(net.replace(',', '.')):.2f}".removesuffix(".00")
    assert column(html, "untaxed_beside")[with_tax] == 1
    assert column(html, "taxed_beside")[without] == 1
    other = html.replace(gross, "131,13")
    assert column(other, "untaxed_beside")["131.13"] == 0
    assert column(other, "taxed_beside")[without] == 0


def test_words_that_announce_the_next_amount_say_nothing_of_this_one() -> None:
    html = "<body><h1>Lamp</h1><ul><li>119,00 €</li><li>Netto: <i>100,00 €</i></li></ul></body>"
    assert column(html, "is_aside") == {"119": 0, "100": 1}
