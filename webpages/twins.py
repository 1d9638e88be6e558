"""Pages that could have been: labelled pages read as if they stated less, or something else. Training only.

Shops that state a price or a number teach nothing about those that do not, because agreement decides; shops whose
statements lag behind what they show are few. Each page is therefore used again with its evidence thinned out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.random import Generator

from webpages.dom import Dom
from webpages.identifiers import SkuCandidate
from webpages.prices import Money
from webpages.structured import PriceFact, Structured

UNSTATED_WEIGHT, MISSTATED_WEIGHT, THINNED_WEIGHT = 0.7, 0.2, 0.25
"""Of a twin in training, where the page itself weighs 1; chosen by the loss on sites left out, over all sets."""
_FACTORS = (0.5, 0.75, 0.8, 0.9, 1.1, 1.2, 1.3, 1.5, 2.0)
_THINNED: dict[str, dict[str, Any]] = {
    "statements": {"stated": Counter[str]()},
    "labels": {"labels": Counter[str]()},
    "attributes": {"attributes": 0},
    "scripts": {"n_in_state": 0, "n_as_sku": 0},
    "address": {"in_path": False, "in_last": False, "in_query": False, "whole_token": False, "named_query": False},
}
SKU_SOURCES = tuple(_THINNED)
"""Where a page can say its article number."""


def draws_for(key: str) -> Generator:
    """The same draws for the same page, whatever else is read."""
    return np.random.Generator(np.random.PCG64(list(key.encode())))


def unstated(structured: Structured) -> Structured:
    """The page with nothing stated but its address."""
    return Structured(canonical=structured.canonical)


def misstated(dom: Dom, structured: Structured, draw: Generator) -> Structured | None:
    """Statements that lag behind, or speak of another variant first: the price a shopper reads is the price.

    Returns:
        None where every stated price is a text that is shown.
    """
    factor = Decimal(str(draw.choice(_FACTORS)))

    def other(fact: PriceFact) -> PriceFact:
        value = max((fact.money.value * factor).quantize(Decimal("0.01")), Decimal("0.01"))
        return replace(fact, money=Money(value, fact.money.currency))

    wrong = [other(fact) for fact in structured.prices if not dom.text(fact.element)]
    if not wrong:
        return None
    return replace(structured, prices=wrong if draw.random() < 0.5 else [*wrong[:1], *structured.prices])


def thinned(candidates: Sequence[SkuCandidate], source: str) -> list[SkuCandidate]:
    """The candidates of a page that has no such source; those seen nowhere else are gone."""
    kept = [copy(candidate) for candidate in candidates]
    for candidate in kept:
        for name, value in _THINNED[source].items():
            setattr(candidate, name, copy(value))
    return [c for c in kept if c.stated or c.labels or c.attributes or c.n_in_state or c.whole_token]


def thinned_pages(candidates: Sequence[SkuCandidate], sources: Sequence[str]) -> Iterator[list[SkuCandidate]]:
    """A page's candidates without each source that told something."""
    for source in sources:
        kept = thinned(candidates, source)
        if kept != list(candidates):
            yield kept
