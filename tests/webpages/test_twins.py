"""Pages thinned out for training: what is taken away is gone, what a shopper reads stays."""

from __future__ import annotations

from copy import deepcopy

import pytest

from tests.webpages.pages_made_here import PRODUCT_URL, product
from webpages.analyze import calibrate
from webpages.dom import parse
from webpages.identifiers import sku_candidates
from webpages.reading import Reading
from webpages.structured import read_structured
from webpages.twins import SKU_SOURCES, thinned, thinned_pages, unstated

STATED = product("49,90 €", stated="49.90")


def test_the_unstated_twin_states_nothing_and_keeps_its_address() -> None:
    structured = read_structured(parse(STATED))
    twin = unstated(structured)
    assert structured.facts
    assert structured.prices
    assert (twin.facts, twin.prices, twin.types) == ([], [], {})
    assert twin.canonical == structured.canonical == PRODUCT_URL


@pytest.mark.parametrize("source", SKU_SOURCES)
def test_a_thinned_page_has_nothing_of_the_source_and_all_of_the_others(source: str) -> None:
    dom = parse(STATED)
    candidates = sku_candidates(Reading.of(dom, read_structured(dom), PRODUCT_URL))
    before = deepcopy(candidates)
    kept = {candidate.value: candidate for candidate in thinned(candidates, source)}
    assert candidates == before
    number = kept["BL-4711"]
    assert bool(number.stated) == (source != "statements")
    assert bool(number.labels) == (source != "labels")
    assert any(candidate.in_path for candidate in kept.values()) == (source != "address")
    assert source in ("statements", "labels", "address") or list(kept.values()) == before


def test_only_sources_that_told_something_make_a_twin() -> None:
    dom = parse(product())
    candidates = sku_candidates(Reading.of(dom, read_structured(dom), PRODUCT_URL))
    assert len(list(thinned_pages(candidates, SKU_SOURCES))) == 2  # its label and its address
    assert list(thinned_pages(candidates, ("statements",))) == []


def test_pages_without_their_price_teach_the_confidence_that_a_weak_winner_is_none() -> None:
    right = [(2.0, 6.0, True)] * 36 + [(-1.0, 6.0, True)] * 4
    taken_away = [(-4.0, 6.0, False)] * 40
    logits, leads, labels = zip(*right, *taken_away, strict=True)
    trusting = calibrate(logits[:40], leads[:40], labels[:40])
    careful = calibrate(logits, leads, labels, [1.0] * 40 + [0.2] * 40)
    assert careful(-4.0, 6.0) < min(0.45, trusting(-4.0, 6.0))
    assert careful(2.0, 6.0) > 0.9
