"""Features of candidates for the product's name."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.common import FAR, signatures_of
from trimtab.webpages.features.table import table_rows
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import NAN, Reading, overlap, plain_words, titles_of, tokens

_HOME = re.compile(
    r"https?://[^/?#]+/?|(?:https?://[^/?#]+|(?:\.\./)*)(?:/|/?index\.(?:html?|php)|/[a-z]{2}(?:[-_][a-z]{2})?/?)",
    re.IGNORECASE,
)
"""Addresses of a shop's first page."""


class _Page:
    """What the features of all names of a page share."""

    def __init__(self, reading: Reading, candidates: Sequence[Candidate]) -> None:
        dom = reading.dom
        self.reading, self.dom, self.cart = reading, dom, reading.cart_anchor
        stated = reading.structured.values("name")[:6]
        self.stated, self.as_stated = [tokens(value) for value in stated], {plain_words(value) for value in stated}
        self.home_links = [link for link in dom.of_tags("a") if _is_home(dom.attributes[link])]
        self.title = " ".join(titles_of(dom)).lower()
        self.n_of_text = Counter(candidate.text for candidate in candidates)
        self.n_h1 = sum(dom.tags[candidate.element] == "h1" for candidate in candidates)
        self.n_candidates = len(candidates)


def _is_home(attributes: Mapping[str, str]) -> bool:
    return attributes.get("rel") == "home" or _HOME.fullmatch(attributes.get("href", "")[:100]) is not None


@dataclass
class _Name:
    page: _Page
    candidate: Candidate
    index: int
    n_same_signature: int

    @cached_property
    def words(self) -> frozenset[str]:
        return tokens(self.candidate.text)

    @cached_property
    def tag(self) -> str:
        return self.page.dom.tags[self.candidate.element]

    @property
    def agreement(self) -> float:
        """The largest share of common words with a stated name."""
        shares = (len(self.words & other) / max(len(self.words | other), 1) for other in self.page.stated)
        return max(shares, default=NAN)

    @property
    def is_home_link(self) -> bool:
        """Whether it is, holds or stands in a link to the shop's first page."""
        element, ends, links = self.candidate.element, self.page.dom.ends, self.page.home_links
        return any(link <= element < ends[link] or element <= link < ends[element] for link in links)

    @property
    def to_cart(self) -> float:
        starts = self.page.dom.segment_starts
        return min(FAR, abs(starts[self.candidate.element] - starts[self.page.cart]))


_FEATURES: dict[str, Callable[[_Name], float]] = {
    "is_h1": lambda n: n.tag == "h1",
    "is_h2": lambda n: n.tag == "h2",
    "is_h3": lambda n: n.tag == "h3",
    "is_title_element": lambda n: n.tag == "title",
    "itemprop_name": lambda n: "name" in n.page.dom.attribute(n.candidate.element, "itemprop"),
    "in_title": lambda n: overlap(n.words, n.page.reading.title_tokens),
    "title_in": lambda n: overlap(n.page.reading.title_tokens, n.words),
    "in_url": lambda n: overlap(n.words, n.page.reading.url_tokens),
    "is_stated": lambda n: n.agreement,
    "is_as_stated": lambda n: plain_words(n.candidate.text) in n.page.as_stated,
    "is_home_link": lambda n: n.is_home_link,
    "url_in": lambda n: overlap(n.page.reading.url_tokens, n.words),
    "n_words": lambda n: len(n.words),
    "order": lambda n: math.log1p(n.index),
    "n_h1": lambda n: n.page.n_h1,
    "n_candidates": lambda n: math.log1p(n.page.n_candidates),
    "n_same_signature": lambda n: math.log1p(n.n_same_signature),
    "n_same_text": lambda n: n.page.n_of_text[n.candidate.text],
    "starts_title": lambda n: bool(n.page.title) and n.page.title.startswith(n.candidate.text.lower()[:40]),
    "to_cart": lambda n: n.to_cart if n.page.cart >= 0 else NAN,
    "has_digits": lambda n: any(character.isdigit() for character in n.candidate.text),
    "before_cart": lambda n: n.candidate.element < n.page.cart if n.page.cart >= 0 else NAN,
}
NAME_NAMES = [*_FEATURES]


def name_rows(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """[n, len(NAME_NAMES)] columns."""
    page = _Page(reading, candidates)
    signatures, n_signature = signatures_of(reading.dom, candidates)
    names = [
        _Name(page, candidate, index, n_signature[signature])
        for index, (candidate, signature) in enumerate(zip(candidates, signatures, strict=True))
    ]
    return table_rows(_FEATURES, names)
