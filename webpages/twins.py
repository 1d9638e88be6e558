"""Pages that could have been: labelled pages read as if they said less. Training only.

Shops that state a price, a picture or a number teach nothing about those that do not, because agreement decides. Each
page is therefore used again with its evidence thinned out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

from webpages.identifiers import SkuCandidate
from webpages.structured import Structured

UNSTATED_WEIGHT, THINNED_WEIGHT, STATED_WEIGHT = 0.7, 0.25, 0.25
"""Of a twin in training, where the page itself weighs 1; chosen by the loss on sites left out, over all sets."""
_THINNED: dict[str, dict[str, Any]] = {
    "statements": {"stated": Counter[str]()},
    "labels": {"labels": Counter[str]()},
    "attributes": {"attributes": 0},
    "scripts": {"n_in_state": 0, "n_as_sku": 0},
    "address": {"in_path": False, "in_last": False, "in_query": False, "whole_token": False, "named_query": False},
}
SKU_SOURCES = tuple(_THINNED)
"""Where a page can say its article number."""


def unstated(structured: Structured) -> Structured:
    """The page with nothing stated but its address."""
    return Structured(canonical=structured.canonical)


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
