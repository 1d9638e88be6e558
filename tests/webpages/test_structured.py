# ruff: noqa: E501  # markup reads better unbroken
"""Statements read by us against extruct, and statements that are broken."""

from __future__ import annotations

import gzip
import warnings
from decimal import Decimal
from pathlib import Path

import pytest

from tests.webpages.pages_made_here import product
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.structured import read_structured, schema_availability


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
    assert {(fact.source, fact.money.value) for fact in found.prices} == {
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
    assert all(fact.money.value in (Decimal("12.5"), Decimal("20")) for fact in found.prices)


def test_other_products_of_the_page_are_not_this_one() -> None:
    related = '<script type="application/ld+json">{"@type": "ItemList", "itemListElement": [{"@type": "Product", "name": "X", "offers": {"price": 1}}]}</script>'
    prices = read_structured(parse(product(stated="49.90").replace("</body>", related + "</body>"))).prices
    assert prices[0].money.value == Decimal("49.90")


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
        ours = {fact.money.value for fact in read_structured(parse(html)).prices}
        for node in theirs:
            offers = node.get("offers") if node.get("@type") == "Product" else None
            offer = offers[0] if isinstance(offers, list) and offers else offers
            if isinstance(offer, dict) and str(offer.get("price", "")).replace(".", "").isdigit():
                compared += 1
                missing += Decimal(str(offer["price"])) not in ours
    assert compared >= 5
    assert missing == 0
