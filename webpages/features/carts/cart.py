"""Features of candidates for the add-to-cart control."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.common import signatures_of
from trimtab.webpages.features.table import table_rows
from trimtab.webpages.parse.candidates import Candidate, mark, says_add_to_cart
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.reading import TOKEN, Reading
from trimtab.webpages.parse.words import NOT_CART, has_role


class _Page:
    """What the features of all controls of a page share."""

    def __init__(self, reading: Reading, candidates: Sequence[Candidate]) -> None:
        self.dom, self.anchor = reading.dom, reading.cart_anchor
        self.n_of_text = Counter(candidate.text for candidate in candidates)
        self.n_saying = sum(says_add_to_cart(candidate.text) for candidate in candidates)
        self.n_candidates = len(candidates)


@dataclass
class _Control:
    page: _Page
    candidate: Candidate
    index: int
    n_same_signature: int

    @cached_property
    def tag(self) -> str:
        return self.page.dom.tags[self.candidate.element]

    @cached_property
    def attributes(self) -> dict[str, str]:
        return self.page.dom.attributes[self.candidate.element]

    @property
    def form_name(self) -> str:
        """What the form around it is called, and the end of the address it goes to."""
        dom: Dom = self.page.dom
        form = next((a for a in dom.ancestors(self.candidate.element, 15) if dom.tags[a] == "form"), -1)
        return f"{mark(dom, form)} {dom.attribute(form, 'action')[-60:]}" if form >= 0 else ""


_FEATURES: dict[str, Callable[[_Control], float]] = {
    "says_cart": lambda c: says_add_to_cart(c.candidate.text),
    "says_not_cart": lambda c: bool(NOT_CART.search(c.candidate.text.lower())),
    "n_words": lambda c: len(TOKEN.findall(c.candidate.text)),
    "is_button": lambda c: c.tag == "button",
    "is_input": lambda c: c.tag == "input",
    "is_link": lambda c: c.tag == "a",
    "is_submit": lambda c: c.attributes.get("type", "").lower() in ("submit", "image"),
    "disabled": lambda c: "disabled" in c.attributes or "disabled" in c.attributes.get("class", ""),
    "order": lambda c: math.log1p(c.index),
    "n_candidates": lambda c: math.log1p(c.page.n_candidates),
    "n_same_signature": lambda c: math.log1p(c.n_same_signature),
    "n_same_text": lambda c: c.page.n_of_text[c.candidate.text],
    "n_says_cart": lambda c: min(c.page.n_saying, 10),
    "form_cart": lambda c: has_role(c.form_name, "cart"),
    "is_anchor": lambda c: c.candidate.element == c.page.anchor,
    "has_text": lambda c: bool(c.candidate.text),
}
CART_NAMES = [*_FEATURES]


def cart_rows(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """[n, len(CART_NAMES)] columns."""
    page = _Page(reading, candidates)
    signatures, n_signature = signatures_of(reading.dom, candidates)
    controls = [
        _Control(page, candidate, index, n_signature[signature])
        for index, (candidate, signature) in enumerate(zip(candidates, signatures, strict=True))
    ]
    return table_rows(_FEATURES, controls)
