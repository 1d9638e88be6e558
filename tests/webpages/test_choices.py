# ruff: noqa: E501  # markup reads better unbroken
"""Which of several amounts and controls is meant: options, tax, surcharges, buying at once, other products."""

from __future__ import annotations

import pytest

from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.features.carts.cart_page import is_headed_as_cart
from trimtab.webpages.features.carts.cart_rivals import AT_ONCE_COST, ELSEWHERE_COST, cart_costs
from trimtab.webpages.features.choices import labels_not_chosen
from trimtab.webpages.features.prices.price_rivals import RIVAL_NAMES, rival_rows
from trimtab.webpages.parse.candidates import cart_candidates, price_candidates
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.identifiers import sku_candidates
from trimtab.webpages.parse.prices import PageLocale
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.statements.facts import Structured
from trimtab.webpages.parse.statements.platform import page_by_platform
from trimtab.webpages.parse.words import roles_of

NET_AND_GROSS = '<div class="price"><div class="large">{net}</div><div class="small">zzgl. 19 % MwSt.</div><div class="small">{gross} inkl. MwSt.</div></div>'


def column(html: str, name: str) -> dict[str, float]:
    dom = parse(f"<body>{html}</body>")
    candidates = price_candidates(dom, Structured(), PageLocale("DE"))
    rows = rival_rows(dom, candidates)
    return {c.money.text: row[RIVAL_NAMES.index(name)] for c, row in zip(candidates, rows, strict=True) if c.money}


def test_of_a_price_with_and_without_tax_the_one_with_it_is_read() -> None:
    block = NET_AND_GROSS.format(net="100,00 €", gross="119,00 €")
    assert analyze_page(product(block=block), PRODUCT_URL).elements["price"].value == "119"


def test_who_states_the_price_without_tax_is_believed() -> None:
    block = NET_AND_GROSS.format(net="100,00 €", gross="119,00 €")
    assert analyze_page(product(block=block, stated="100.00"), PRODUCT_URL).elements["price"].value == "100"


@pytest.mark.parametrize("checked", [0, 1])
@pytest.mark.parametrize("is_around", [True, False])
def test_the_price_of_an_option_that_is_not_chosen_is_not_the_price(checked: int, *, is_around: bool) -> None:
    options = [f'<input type="radio" id="o{at}" name="plan" {"checked" if at == checked else ""}>' for at in range(2)]
    labels = [
        f'<label for="o{at}">{words} <b>{amount}</b></label>'
        for at, (words, amount) in enumerate([("Once", "13,90 €"), ("Again", "12,51 €")])
    ]
    if is_around:
        labels = [label.replace(">", f">{option}", 1) for label, option in zip(labels, options, strict=True)]
        options = ["", ""]
    found = column("".join(a + b for a, b in zip(options, labels, strict=True)), "is_disqualified")
    assert found == {"13.90": float(checked == 1), "12.51": float(checked == 0)}


def test_where_nothing_is_checked_no_option_is_left_out() -> None:
    assert (
        labels_not_chosen(
            parse("<label><input type=radio name=a>10 €</label><label><input type=radio name=a>12 €</label>")
        )
        == set()
    )


@pytest.mark.parametrize("text", ["Leather + € 400,-", "+ 2,50 € fee", "(+110,00 €)", "+ kr. 3,00"])
def test_what_is_paid_beside_the_price_is_not_the_price(text: str) -> None:
    assert set(column(f"<p>1.299,00 €</p><p>{text}</p>", "is_disqualified").values()) == {0.0, 1.0}


def test_raised_cents_before_the_currency_are_no_price_of_their_own() -> None:
    assert set(column("<p class=price>289<sup>99</sup> Lei</p>", "is_aside")) == {"289.99"}


@pytest.mark.parametrize(
    "name", ["font-bold", "relative", "border-b", "items-start", "before:absolute", "text-current"]
)
def test_a_utility_class_names_no_role(name: str) -> None:
    assert roles_of(name) == 0


def costs(html: str) -> dict[str, float]:
    """What speaks against each control of a page."""
    dom = parse(f"<body>{html}</body>")
    found = cart_candidates(dom)
    each = cart_costs(Reading.of(dom, Structured(), PRODUCT_URL), found).tolist()
    return {control.text: cost for control, cost in zip(found, each, strict=True)}


def test_a_control_that_buys_at_once_gives_way_to_one_that_fills_the_cart() -> None:
    found = costs("<h1>Ekspres</h1><button>KUP TERAZ</button><button>DODAJ DO KOSZYKA</button>")
    assert found == {"KUP TERAZ": AT_ONCE_COST, "DODAJ DO KOSZYKA": 0.0}
    assert costs("<h1>Roman</h1><button>Buy now</button>") == {"Buy now": 0.0}


def test_a_control_that_says_the_product_cannot_be_bought_is_none() -> None:
    page = analyze_page('<html lang="ko"><h1>린넨 커튼</h1><p>62,300원</p><button disabled>구매 불가</button>')
    assert page.elements["availability"].value == "OutOfStock"
    assert "add_to_cart" not in page.elements


def test_the_control_of_a_related_product_is_not_this_one_s() -> None:
    other = '<div><a href="/p/2"><img src="/2.jpg"></a><button>Add to cart</button></div>'
    found = costs(f"<main><h1>Atlas of lighthouses</h1><button>Tell me</button></main><section>{other * 2}</section>")
    assert found == {"Tell me": 0.0, "Add to cart": ELSEWHERE_COST}


@pytest.mark.parametrize(
    "markup",
    [
        '<a class="displaynone" href="#none">장바구니 담기</a>',
        '<div class="hidden"><button>In den Warenkorb</button></div>',
        '<a class="cart-count" href="/kosik/">Nákupní košík</a>',
    ],
)
def test_of_what_is_sold_out_a_control_that_is_not_shown_or_leads_to_the_cart_is_none(markup: str) -> None:
    page = analyze_page(f"<h1>Roman</h1><p>12,50 €</p><p>Sold out</p>{markup}")
    assert page.elements["availability"].value == "OutOfStock"
    assert "add_to_cart" not in page.elements


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Tinto Reserva 2019", "tinto-reserva-2019"),
        ("Ceai de tei 100g", "ceai-de-tei-100g"),
        ("Dried shiitake 200 g", "dried-shiitake-200"),
    ],
)
def test_a_name_with_a_number_is_no_article_number(name: str, path: str) -> None:
    url = f"https://shop.example/p/{path}"
    dom = parse(f"<body><h1>{name}</h1><form><input type=hidden name=product_id value=20931></form></body>")
    values = {candidate.value.lower() for candidate in sku_candidates(Reading.of(dom, Structured(), url))}
    assert "20931" in values
    assert not {name.lower(), path, "200"} & values


COUNTER = '<script>var Shopify = {{}}; var meta = {{"product":{{"variants":[{{"id":1,"price":3900,"name":"Jacket"}}]}},"page":{{"pageType":"{}"}}}};</script>'


@pytest.mark.parametrize(
    ("kind", "is_product"),
    [("product", True), ("collection", False), ("cart", False)],
)
def test_what_the_platform_calls_the_page_decides_its_kind(kind: str, *, is_product: bool) -> None:
    page = analyze_page(product(head=COUNTER.format(kind)), PRODUCT_URL)
    assert (page.kind == "product") == is_product


@pytest.mark.parametrize(
    ("names", "page"),
    [
        ("archive single-product woocommerce", "product"),
        ("catalog-category-view page-layout", "listing"),
        ("woocommerce-cart", "cart"),
        ("single-post not-single-product-x", ""),
    ],
)
def test_names_of_the_body_say_which_template_drew_a_page(names: str, page: str) -> None:
    assert page_by_platform(parse(f"<body class='{names}'>x</body>")) == page


def test_a_price_for_those_who_log_in_is_that_of_the_platform() -> None:
    block = '<a href="/account/login">Log in to see prices</a>'
    page = analyze_page(product(block=block, head=COUNTER.format("product")), PRODUCT_URL)
    assert page.elements["price"].value == "39"


def test_the_heading_of_a_drawer_makes_no_page_a_cart() -> None:
    drawer = '<div class="off-canvas--container"><h1>Your Cart</h1><button>Check out</button></div>'
    html = product().replace("<main", f"{drawer}<main", 1)
    assert analyze_page(html, PRODUCT_URL).kind == "product"
    assert is_headed_as_cart(parse(html.replace("off-canvas--container", "content")))
