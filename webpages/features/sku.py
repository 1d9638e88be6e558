"""Features of candidates for the shop's article number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.table import table_rows
from trimtab.webpages.parse.identifiers import SkuCandidate, is_gtin, key_of
from trimtab.webpages.parse.reading import NAN, Reading

MAX_PROSE = 300
MAX_TEXT = 200_000
MAKERS_COST = 3.0
"""What the score of the maker's number is lowered by in log-odds."""


class _Page:
    """What the features of all numbers of a page share."""

    def __init__(self, reading: Reading, candidates: list[SkuCandidate]) -> None:
        self.reading = reading
        self.text = "\x1f".join(s for s in reading.dom.segments if len(s) < MAX_PROSE)[:MAX_TEXT]
        self.first_stated = next((c for c in candidates if c.is_stated_sku), None)
        self.first_labelled = next((c for c in candidates if c.labels["sku"]), None)
        self.first_in_state = next((c for c in candidates if c.n_as_sku), None)
        self.first_in_form = next((c for c in candidates if c.n_in_forms), None)
        self.first_shown = next((c for c in candidates if c.is_shown), None)
        self.keys = [key_of(candidate.value) for candidate in candidates]
        self.stated_keys = [key for key, c in zip(self.keys, candidates, strict=True) if c.stated]
        self.most_pictures = max((c.n_in_pictures for c in candidates), default=0)
        self.most_places = max((c.n_places for c in candidates), default=0)


@dataclass
class _Number:
    page: _Page
    candidate: SkuCandidate

    @property
    def value(self) -> str:
        return self.candidate.value

    @cached_property
    def key(self) -> str:
        return key_of(self.candidate.value)

    @cached_property
    def n_digits(self) -> int:
        return sum(character.isdigit() for character in self.value)

    @property
    def from_name(self) -> float:
        """Text segments from the name to the place it stands in, signed, as a logarithm."""
        anchor, element, starts = (
            self.page.reading.name_anchor,
            self.candidate.element,
            self.page.reading.dom.segment_starts,
        )
        if element < 0 or anchor < 0:
            return NAN
        gap = starts[element] - starts[anchor]
        return math.copysign(math.log1p(abs(gap)), gap)

    def n_stated(self, kind: str) -> int:
        return sum(n for name, n in self.candidate.stated.items() if name.startswith(kind))


_FEATURES: dict[str, Callable[[_Number], float]] = {
    "stated_sku_json_ld": lambda n: n.candidate.stated["sku/json-ld"],
    "stated_sku_microdata": lambda n: n.candidate.stated["sku/microdata"],
    "stated_sku_opengraph": lambda n: n.candidate.stated["sku/opengraph"],
    "stated_mpn": lambda n: n.n_stated("mpn"),
    "stated_gtin": lambda n: n.n_stated("gtin"),
    "stated_first": lambda n: n.candidate is n.page.first_stated,
    "label_sku": lambda n: n.candidate.labels["sku"],
    "label_mpn": lambda n: n.candidate.labels["mpn"],
    "label_gtin": lambda n: n.candidate.labels["gtin"],
    "n_labels": lambda n: sum(n.candidate.labels.values()),
    "label_first": lambda n: n.candidate is n.page.first_labelled,
    "attributes": lambda n: min(n.candidate.attributes, 10),
    "n_in_forms": lambda n: min(n.candidate.n_in_forms, 5),
    "form_first": lambda n: n.candidate is n.page.first_in_form,
    "n_alone": lambda n: min(n.candidate.n_alone, 3),
    "is_shown": lambda n: n.candidate.is_shown,
    "shown_first": lambda n: n.candidate is n.page.first_shown,
    "n_in_pictures": lambda n: min(n.candidate.n_in_pictures, 4),
    "most_pictures": lambda n: 0 < n.candidate.n_in_pictures == n.page.most_pictures,
    "n_places": lambda n: n.candidate.n_places,
    "most_places": lambda n: n.candidate.n_places == n.page.most_places,
    "in_path": lambda n: n.candidate.in_path,
    "in_last": lambda n: n.candidate.in_last,
    "in_query": lambda n: n.candidate.in_query,
    "whole_token": lambda n: n.candidate.whole_token,
    "whole_part": lambda n: n.candidate.whole_part,
    "length": lambda n: len(n.value),
    "digit_share": lambda n: n.n_digits / len(n.value),
    "is_number": lambda n: n.value.isdigit(),
    "has_separator": lambda n: bool(re.search(r"[-./_ ]", n.value)),
    "has_upper": lambda n: any(character.isupper() for character in n.value),
    "is_gtin": lambda n: is_gtin(n.value),
    "n_in_text": lambda n: math.log1p(n.page.text.count(n.value)),
    "order": lambda n: n.candidate.order,
    "n_candidates": lambda n: math.log1p(len(n.page.keys)),
    "any_stated": lambda n: n.page.first_stated is not None,
    "any_labelled": lambda n: n.page.first_labelled is not None,
    "any_in_form": lambda n: n.page.first_in_form is not None,
    "from_name": lambda n: n.from_name,
    "longer_stated": lambda n: any(n.key != other and n.key in other for other in n.page.stated_keys),
    "prefix_of_other": lambda n: any(n.key != other and other.startswith(n.key) for other in n.page.keys[:60]),
    "n_in_state": lambda n: math.log1p(n.candidate.n_in_state),
    "n_as_sku": lambda n: math.log1p(n.candidate.n_as_sku),
    "state_first": lambda n: n.candidate is n.page.first_in_state,
    "named_query": lambda n: n.candidate.named_query,
    "n_blanks": lambda n: n.value.count(" "),
    "has_digit": lambda n: n.n_digits > 0,
}
SKU_FEATURES = tuple(_FEATURES)


def sku_costs(candidates: Sequence[SkuCandidate]) -> NDArray[np.float64]:
    """[n] what speaks against each number by its meaning: where the page states another as the shop's own, one that it
    states or labels as the maker's alone."""
    own = [candidate.is_stated_sku or bool(candidate.labels["sku"]) for candidate in candidates]
    if not any(candidate.is_stated_sku for candidate in candidates):
        return np.zeros(len(candidates))
    makers = [bool(c.labels["mpn"]) or any(name.startswith("mpn") for name in c.stated) for c in candidates]
    return np.asarray([MAKERS_COST * (is_makers and not is_own) for is_makers, is_own in zip(makers, own, strict=True)])


def own_number(candidates: Sequence[SkuCandidate]) -> SkuCandidate | None:
    """The one number that the page states as its article's; where it calls none so, the one that the cart's form
    carries, the address names or the platform calls the page by: what the shop itself goes by."""
    if any(candidate.labels["sku"] for candidate in candidates):
        return None
    own = [candidate for candidate in candidates if candidate.is_stated_sku] or [
        candidate for candidate in candidates if candidate.is_in_cart or candidate.named_query or candidate.n_in_page
    ]
    return own[0] if len(own) == 1 else None


def sku_rows(reading: Reading, candidates: list[SkuCandidate]) -> NDArray[np.float32]:
    """[n, len(SKU_FEATURES)] columns."""
    page = _Page(reading, candidates)
    return table_rows(_FEATURES, [_Number(page, candidate) for candidate in candidates])
