"""Features of candidates for the add-to-cart control."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from trimtab.webpages.features.common import signatures_of
from trimtab.webpages.parse.candidates import Candidate, mark, says_add_to_cart
from trimtab.webpages.parse.reading import TOKEN, Reading, Row
from trimtab.webpages.parse.words import NOT_CART, has_role

CART_NAMES = [
    "says_cart", "says_not_cart", "n_words", "is_button", "is_input", "is_link", "is_submit", "disabled", "order",
    "n_candidates",
    "n_same_signature", "n_same_text", "n_says_cart", "form_cart", "is_anchor", "has_text",
]  # fmt: skip


def cart_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom = reading.dom
    signatures, n_signature = signatures_of(dom, candidates)
    n_text = Counter(candidate.text for candidate in candidates)
    saying = [says_add_to_cart(candidate.text) for candidate in candidates]
    rows = []
    for index, candidate in enumerate(candidates):
        element, tag = candidate.element, dom.tags[candidate.element]
        attributes = dom.attributes[element]
        form = next((a for a in dom.ancestors(element, 15) if dom.tags[a] == "form"), -1)
        form_name = f"{mark(dom, form)} {dom.attribute(form, 'action')[-60:]}" if form >= 0 else ""
        rows.append(
            [
                float(saying[index]),
                float(bool(NOT_CART.search(candidate.text.lower()))),
                float(len(TOKEN.findall(candidate.text))),
                float(tag == "button"),
                float(tag == "input"),
                float(tag == "a"),
                float(attributes.get("type", "").lower() in ("submit", "image")),
                float("disabled" in attributes or "disabled" in attributes.get("class", "")),
                math.log1p(index),
                math.log1p(len(candidates)),
                math.log1p(n_signature[signatures[index]]),
                float(n_text[candidate.text]),
                float(min(sum(saying), 10)),
                float(has_role(form_name, "cart")),
                float(element == reading.cart_anchor),
                float(bool(candidate.text)),
            ]
        )
    return rows
