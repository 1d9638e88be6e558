# ruff: noqa: E501  # markup reads better unbroken
"""Statements read by us against extruct, and statements that are broken."""

from __future__ import annotations

import gzip
import json
import warnings
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webpages.pages_made_here import product
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.statements.facts import Structured, schema_availability
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.parse.statements.tolerant_json import load_mended


def test_json_ld_microdata_and_opengraph_are_read() -> None:
    html = """<html><head><meta property="og:title" content="Lamp"><meta property="og:type" content="product">
    <meta property="product:price:amount" content="12.50"><meta property="product:price:currency" content="EUR"></head>
    <body><div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Lamp</h1><span itemprop="sku">L-1</span>
    <div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><span itemprop="price" content="12.50">12,50 €</span>
    <link itemprop="availability" href="http://schema.org/OutOfStock"></div>
    <div itemscope itemtype="https://schema.org/Product"><span itemprop="name">Other</span></div></div></body></html>"""
    found = read_structured(parse(html))
    assert found.values("name") == ["Lamp", "Lamp"]
    assert found.values("sku") == ["L-1"]
    assert found.values("availability") == ["OutOfStock"]
    assert {(fact.source, fact.money.amount) for fact in found.prices} == {
        ("microdata", Decimal("12.50")),
        ("opengraph", Decimal("12.50")),
    }
    assert found.count("product") == 2


@pytest.mark.parametrize(
    "source",
    [
        "",
        "{",
        "[" * 100_000,
        '{"@type": "Product", "name": "A", "offers": {"price": "12.50",},}',
        '<!-- {"@type": "Product", "name": "A", "offers": [{"price": 12.5}]} -->',
        '{"@type": ["Product"], "name": {"x": 1}, "offers": [null, 3, {"price": "free"}], "brand": [], "image": [{}]}',
        '{"@graph": [{"@type": "BreadcrumbList"}, {"@type": "http://schema.org/Product", "name": "A", "offers": {"price": "12,50 €"}}]}',
        '{"@type": "Product", "name": "line\nbreak", "offers": {"lowPrice": 12.5, "highPrice": 20}}',
    ],
)
def test_broken_and_odd_json_ld(source: str) -> None:
    found = read_structured(parse(f'<script type="application/ld+json">{source}</script>'))
    assert all(fact.money.amount in (Decimal("12.5"), Decimal("20")) for fact in found.prices)


def test_other_products_of_the_page_are_not_this_one() -> None:
    related = '<script type="application/ld+json">{"@type": "ItemList", "itemListElement": [{"@type": "Product", "name": "X", "offers": {"price": 1}}]}</script>'
    prices = read_structured(parse(product(stated="49.90").replace("</body>", related + "</body>"))).prices
    assert prices[0].money.amount == Decimal("49.90")


def test_availability_names() -> None:
    assert schema_availability("https://schema.org/InStock") == "InStock"
    assert schema_availability("out of stock") == "OutOfStock"
    assert schema_availability("maybe") is None


@pytest.mark.shared_data
def test_at_least_the_prices_extruct_finds(shared_data: Path) -> None:
    extruct = pytest.importorskip("extruct")
    compared = missing = 0
    for path in sorted((shared_data / "webpages" / "product-pages" / "html").glob("*.gz"))[:40]:
        html = gzip.decompress(path.read_bytes())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = extruct.extract(html.decode("utf-8", "replace"), syntaxes=["json-ld"], errors="ignore")["json-ld"]
        ours = {fact.money.amount for fact in read_structured(parse(html)).prices}
        for node in theirs:
            offers = node.get("offers") if node.get("@type") == "Product" else None
            offer = offers[0] if isinstance(offers, list) and offers else offers
            if isinstance(offer, dict) and str(offer.get("price", "")).replace(".", "").isdigit():
                compared += 1
                missing += Decimal(str(offer["price"])) not in ours
    assert compared >= 5
    assert missing == 0


def stated(source: str, url: str = "https://shop.example/p/lamp") -> Structured:
    return read_structured(parse(f'<title>Lamp</title><script type="application/ld+json">{source}</script>'), url)


LAMP = '{"@type": "Product", "name": "Lamp", "sku": "L-1", "offers": {"price": "12.50", "priceCurrency": "EUR"}}'


@pytest.mark.parametrize(
    "source",
    [
        LAMP.replace('"', "&quot;"),
        LAMP.replace('"', "&#34;"),
        LAMP.replace('"sku"', '\n// the "number", it\'s ours\n"sku"').replace('"offers"', '/* { */ "offers"'),
        LAMP.replace("}}", ",},}"),
        LAMP.replace('"', "'"),
        '{"@type": "WebSite", "name": "Shop"} ' + LAMP,
        '{"@type": "WebSite", "name": "Shop"};\n' + LAMP + ";",
        LAMP + "}}",
        LAMP[:-1],
        LAMP[:-2] + ', "x": [',
        "{" + LAMP,
        LAMP.replace("Lamp", r"Lamp \'s \x lamp"),
        LAMP.replace("Lamp", 'Lamp 24" wide'),
        LAMP.replace("Lamp", "Lamp\n\ttall"),
        LAMP.replace('"Lamp", ', '"Lamp"\n'),
        LAMP.replace('"12.50"', "12,50"),
        LAMP.replace('"sku"', '"weight": , "sku"'),
        LAMP.replace('"Lamp", ', '"Lamp" '),
        LAMP.replace('"Lamp",', '"Lamp",,'),
        LAMP.replace('"sku"', '"brand": {{ brand.name }}, "sku"'),
        json.dumps(LAMP),
        "var lamp = " + LAMP + ";",
        LAMP.replace('"name"', '"schema:name"').replace('"offers"', '"http://schema.org/offers"'),
        LAMP.replace('"sku"', '"Sku"').replace('"price"', '"Price"').replace('"@type"', '"@Type"'),
        '{"@graph": ['
        + LAMP.split(', "offers"', maxsplit=1)[0]
        + ', "offers": {"@id": "#o"}}, {"@id": "#o", "price": "12.50"}]}',
        '{"@type": "Offer", "price": "12.50", "itemOffered": {"@type": "Product", "name": "Lamp", "sku": "L-1"}}',
        '{"@type": "ItemPage", "mainEntity": ' + LAMP + "}",
        "//<![CDATA[\n" + LAMP + "\n//]]>",
        "<!-- " + LAMP + " -->",
    ],
)
def test_json_ld_as_it_is_in_the_wild(source: str) -> None:
    found = stated(source)
    assert found.values("sku") == ["L-1"]
    assert [fact.money.amount for fact in found.prices] == [Decimal("12.50")]
    assert found.values("name")[0].startswith("Lamp")


@given(st.lists(st.sampled_from([*"{}[]\",:'\\/* \n", "//", "/*", '"a":', "12,50", "&quot;", "\\u00"]), max_size=60))
def test_mending_never_fails(pieces: list[str]) -> None:
    assert isinstance(load_mended("{" + "".join(pieces)), list)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 10**9) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=12,
    )
)
def test_what_is_json_is_the_same_mended(value: object) -> None:
    node = {"@type": value}
    assert load_mended(json.dumps(node)) == [node]


def offer(*specifications: str, rest: str = "") -> Structured:
    made = ",".join("{" + specification + "}" for specification in specifications)
    return stated(f'{{"@type": "Product", "name": "Lamp", "offers": {{{rest}"priceSpecification": [{made}]}}}}')


@pytest.mark.parametrize(
    ("other", "role"),
    [
        ('"price": 20, "priceType": "https://schema.org/ListPrice"', "list"),
        ('"price": 20, "priceType": "StrikethroughPrice"', "list"),
        ('"price": 20, "priceType": "http://schema.org/MSRP"', "list"),
        ('"price": 9, "validForMemberTier": {"name": "Gold"}', "member"),
        ('"price": 30, "referenceQuantity": {"value": 1, "unitCode": "KGM"}', "unit"),
        ('"price": 9, "eligibleQuantity": {"minValue": 10}', "bulk"),
        ('"price": 12.6, "valueAddedTaxIncluded": false', "net"),
        ('"price": 2, "billingDuration": 12', "instalment"),
        ('"price": 2, "priceComponentType": "https://schema.org/Installment"', "instalment"),
    ],
)
def test_a_price_specification_says_what_its_price_is(other: str, role: str) -> None:
    for specifications in (
        (other, '"price": 15, "valueAddedTaxIncluded": true'),
        ('"price": 15, "valueAddedTaxIncluded": true', other),
    ):
        found = offer(*specifications)
        assert [str(fact.money.amount) for fact in found.prices] == ["15"]
        assert [fact.role for fact in found.other_prices] == [role]


def test_a_price_with_a_quantity_to_compare_with_is_the_whole_price() -> None:
    found = offer(
        '"price": 4.5, "referenceQuantity": {"value": "500", "unitCode": "MLT", "valueReference": {"value": 1, "unitCode": "LTR"}}',
        rest='"price": 4.5, ',
    )
    assert [fact.role for fact in found.prices] == ["price", "price"]
    # Nobody compares by 340 g: it is what is in the bag.
    found = offer(
        '"price": 24, "priceType": "ListPrice"', '"price": 19, "referenceQuantity": {"value": 340, "unitCode": "GRM"}'
    )
    assert [(str(fact.money.amount), fact.role) for fact in found.prices] == [("19", "price")]
    assert not offer('"@type": "DeliveryChargeSpecification", "price": 4.95', rest='"price": 15, ').other_prices


VARIANTS = [
    f'{{"@type": "Product", "sku": "L-{n}", "offers": {{"url": "/p/lamp?variant={n}", "price": {n}0}}}}'
    for n in (1, 2, 3)
]


@pytest.mark.parametrize(
    ("url", "prices"),
    [
        ("https://shop.example/p/lamp?variant=2", ["20"]),
        ("https://shop.example/p/lamp?utm=x&variant=3", ["30"]),
        ("https://shop.example/p/lamp?sku=L-1", ["10"]),
        ("https://shop.example/p/lamp", ["10", "20", "30"]),
        ("https://shop.example/p/lamp?variant=9", ["10", "20", "30"]),
    ],
)
def test_the_variant_that_the_address_names(url: str, prices: list[str]) -> None:
    group = f'{{"@type": "ProductGroup", "name": "Lamp", "hasVariant": [{",".join(VARIANTS)}]}}'
    assert [str(fact.money.amount) for fact in stated(group, url).prices] == prices


def test_offers_of_other_variants_and_of_used_ones_are_not_the_price() -> None:
    offers = ",".join(
        f'{{"url": "https://shop.example/p/lamp?v={n}", "price": {n}0, "availability": "{stock}"}}'
        for n, stock in ((1, "OutOfStock"), (2, "InStock"))
    )
    found = stated(f'{{"@type": "Product", "name": "Lamp", "offers": [{offers}]}}', "https://shop.example/p/lamp?v=2")
    assert [str(fact.money.amount) for fact in found.prices] == ["20"]
    assert found.values("availability") == ["InStock"]
    used = '{"price": 5, "itemCondition": "https://schema.org/UsedCondition"}, {"price": 9}'
    found = stated(
        f'{{"@type": "Product", "name": "Lamp", "offers": {{"@type": "AggregateOffer", "lowPrice": 5, "offers": [{used}]}}}}'
    )
    assert [fact.role for fact in found.prices] == ["low", "price"]
    assert [fact.role for fact in found.other_prices] == ["used"]


@pytest.mark.parametrize(
    "source",
    [
        '{{"@type": "Product", "name": "Boot", "offers": [{0}]}}',
        '[{{"@type": "Product", "name": "Boot", "offers": {1}}}, {{"@type": "Product", "name": "Boot", "offers": {2}}}]',
    ],
)
def test_a_page_that_sells_several_sizes_states_the_stock_of_each(source: str) -> None:
    url = "https://shop.example/p/boot"
    sizes = [
        f'{{"@type": "Offer", "url": "{url}", "price": 70, "availability": "{stock}"}}'
        for stock in ("OutOfStock", "InStock")
    ]
    found = stated(source.format(",".join(sizes), *sizes), url)
    assert found.values("availability") == ["OutOfStock", "InStock"]
    assert {str(fact.money.amount) for fact in found.prices} == {"70"}


def test_of_several_products_the_one_the_page_is_about() -> None:
    other = '{"@type": "Product", "name": "Oil can", "offers": {"price": 3}}'
    for source in (f"[{other},{LAMP}]", f'{{"@graph": [{other},{LAMP}]}}'):
        assert [str(fact.money.amount) for fact in stated(source).prices] == ["12.50"]


@pytest.mark.parametrize(
    ("owner", "brand"),
    [
        (
            '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><div itemprop="seller" itemscope itemtype="https://schema.org/Organization"><i itemprop="name">Halm</i></div></div>',
            [],
        ),
        (
            '<div itemprop="review" itemscope itemtype="https://schema.org/Review"><div itemprop="publisher" itemscope itemtype="https://schema.org/Organization"><i itemprop="name">Halm</i></div></div>',
            [],
        ),
        (
            '<div itemprop="manufacturer" itemscope itemtype="https://schema.org/Organization"><i itemprop="name">Halm</i></div>',
            ["Halm"],
        ),
        (
            '<div itemprop="brand" itemscope itemtype="https://schema.org/Brand"><i itemprop="name">Halm</i></div>',
            ["Halm"],
        ),
        ('<i itemprop="brand">Halm</i>', ["Halm"]),
    ],
)
def test_a_brand_is_named_as_one(owner: str, brand: list[str]) -> None:
    html = f'<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Lamp</h1>{owner}</div>'
    assert read_structured(parse(html)).values("brand") == brand


@pytest.mark.parametrize(
    "markup",
    [
        '<div vocab="https://schema.org/" typeof="Product"><b property="name">Lamp</b><i property="sku">L-1</i>'
        '<div property="offers" typeof="Offer"><meta property="price" content="12.50"></div></div>',
        '<div typeof="schema:Product"><b property="schema:name">Lamp</b><i property="schema:sku">L-1</i>'
        '<div property="schema:offers" typeof="schema:Offer"><i property="schema:price">12.50</i></div></div>',
        '<div itemscope itemtype="http://schema.org/Product" itemref="o"><b itemprop="name">Lamp</b><i itemprop="sku">L-1</i></div>'
        '<p id="o"><i itemprop="offers" itemscope itemtype="http://schema.org/Offer"><b itemprop="price">12.50</b></i></p>',
        '<div itemscope itemtype="http://data-vocabulary.org/Product"><b itemprop="name">Lamp</b><i itemprop="sku">L-1</i>'
        '<i itemprop="offerDetails" itemscope itemtype="http://data-vocabulary.org/Offer"><b itemprop="price">12.50</b></i></div>',
    ],
)
def test_attributes_that_state_a_product(markup: str) -> None:
    found = read_structured(parse(markup))
    assert (found.values("name"), found.values("sku")) == (["Lamp"], ["L-1"])
    assert [str(fact.money.amount) for fact in found.prices] == ["12.50"]


def test_one_offer_of_a_product_that_is_not_named_counts_and_several_do_not() -> None:
    offer = '<p itemscope itemtype="http://schema.org/Offer"><meta itemprop="price" content="12.50"></p>'
    assert [str(fact.money.amount) for fact in read_structured(parse(offer)).prices] == ["12.50"]
    assert read_structured(parse(offer * 2)).prices == []


def test_offers_that_name_one_another_end() -> None:
    found = stated(
        '{"@graph": [{"@type": "Product", "@id": "#p", "offers": {"@id": "#p"}}, {"@id": "#o", "offers": "#o"}]}'
    )
    assert found.prices == []
