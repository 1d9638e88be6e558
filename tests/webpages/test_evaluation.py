"""Labels derived from a page are masked before it is learnt from, and figures weigh shops and not pages."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.webpages.evaluation.availability import figures_of, read_example
from trimtab.webpages.evaluation.shops import Answer, by_group, calibration, calibration_error, judge
from trimtab.webpages.page import Element, Page
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.statements.structured import read_structured
from trimtab.webpages.training.datasets import LabelledPage, brand_site
from trimtab.webpages.training.examples import Example
from trimtab.webpages.training.masking import STATEMENTS, mask

MICRODATA = """<meta property="og:title" content="Brass Lantern"><div itemscope itemtype="https://schema.org/Product">
<h1 itemprop="name">Brass Lantern</h1><div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
<span itemprop="price" content="49.90">49,90 €</span></div></div>"""


@pytest.mark.parametrize("html", [product(stated="49.90"), MICRODATA, product(stated="49.90") + MICRODATA])
def test_a_masked_page_states_nothing_and_shows_the_same(html: str) -> None:
    whole, masked = parse(html), mask(parse(html), STATEMENTS)
    assert read_structured(whole, PRODUCT_URL).facts
    stated = read_structured(masked, PRODUCT_URL)
    assert (stated.facts, stated.prices) == ([], [])
    assert masked.segments == whole.segments
    assert masked.tags == whole.tags


def test_one_syntax_is_masked_and_the_others_stay() -> None:
    page = LabelledPage("1", "made", "lumen", PRODUCT_URL, (product(stated="49.90") + MICRODATA).encode())
    page.masked = frozenset({"json-ld"})
    sources = {fact.source for fact in read_structured(page.dom(masked=True), PRODUCT_URL).facts}
    assert "json-ld" not in sources
    assert "microdata" in sources
    assert any(fact.source == "json-ld" for fact in read_structured(page.dom(), PRODUCT_URL).facts)


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("https://www.amazon.co.uk/dp/1", "amazon"),
        ("testament.myshopify.com", "testament"),
        ("owner.github.io", "owner"),
        ("Somebody/a_shop", "somebodyashop"),
    ],
)
def test_shops_on_one_host_are_shops_of_their_own(name: str, site: str) -> None:
    assert brand_site(name) == site


def test_a_page_is_judged_by_what_it_is_labelled_for() -> None:
    page = LabelledPage("1", "made", "lumen", PRODUCT_URL, b"", name="Brass  Lantern")
    page.fields = {"availability": ["OutOfStock"], "sku": ["BL-4711"]}
    found = {"name": Element("brass lantern", 0.9), "availability": Element("Discontinued", 0.8)}
    judged = {kind: (right, confidence) for kind, right, confidence in judge(page, Page("product", 1.0, found))}
    assert judged == {"name": (True, 0.9), "availability": (True, 0.8), "sku": (False, None)}


def test_a_shop_of_many_pages_weighs_like_one_of_few() -> None:
    def answers(group: str, shop: str, right: bool, n: int) -> list[Answer]:
        return [Answer("statements", group, shop, "price", right, 0.8)] * n

    small = [one for number in range(5) for one in answers("small", f"s{number}", number > 0, 1)]
    large = [*answers("large", "a", True, 50), *(one for n in range(4) for one in answers("large", f"b{n}", False, 1))]
    few = answers("few", "c", False, 3)
    rows = by_group([*small, *large, *few])
    assert [(row["group"], row["statements"]["value"]) for row in rows] == [
        ("large", 0.2),
        ("small", 0.8),
        ("few", 0.0),
    ]
    measured = calibration([*small, *large])["price"]
    assert measured["right_where_answered"] == pytest.approx(0.5)
    assert measured["expected_calibration_error"] == pytest.approx(0.3)


def test_calibration_error_is_nothing_where_confidence_is_the_share_right() -> None:
    confidences, right = np.full(10, 0.7), np.asarray([1.0] * 7 + [0.0] * 3)
    assert calibration_error(confidences, right, np.ones(10)) == pytest.approx(0.0)


def test_availability_is_measured_on_sites_that_its_weights_have_not_seen() -> None:
    def examples(value: str) -> list[Example]:
        pages = [LabelledPage(f"{i}", "made-up", f"shop-{i}", PRODUCT_URL, product().encode()) for i in range(8)]
        return [read_example(dataclasses.replace(page, fields={"availability": [value]})) for page in pages]

    right, error = figures_of(examples("InStock"), seed=0)
    assert right == {"made-up": 1.0}
    assert error < 0.05
    assert figures_of(examples("OutOfStock")[:1] + examples("InStock")[1:], seed=0)[0] == {"made-up": 7 / 8}
