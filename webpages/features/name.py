"""Features of candidates for the product's name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from trimtab.webpages.features.common import FAR, signatures_of
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import NAN, Reading, Row, overlap, titles_of, tokens

NAME_NAMES = [
    "is_h1", "is_h2", "is_h3", "is_title_element", "itemprop_name", "in_title", "title_in", "in_url", "is_stated",
    "n_words", "order",
    "n_h1", "n_candidates", "n_same_signature", "n_same_text", "starts_title", "to_cart", "has_digits", "before_cart",
]  # fmt: skip


def name_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom = reading.dom
    stated = [tokens(value) for value in reading.structured.values("name")[:6]]
    title = " ".join(titles_of(dom)).lower()
    signatures, n_signature = signatures_of(dom, candidates)
    n_text = Counter(candidate.text for candidate in candidates)
    n_h1 = float(sum(dom.tags[candidate.element] == "h1" for candidate in candidates))
    rows = []
    for index, candidate in enumerate(candidates):
        element, tag = candidate.element, dom.tags[candidate.element]
        words = tokens(candidate.text)
        agreement = max((len(words & other) / max(len(words | other), 1) for other in stated), default=NAN)
        cart = reading.cart_anchor
        rows.append(
            [
                float(tag == "h1"),
                float(tag == "h2"),
                float(tag == "h3"),
                float(tag == "title"),
                float("name" in dom.attribute(element, "itemprop")),
                overlap(words, reading.title_tokens),
                overlap(reading.title_tokens, words),
                overlap(words, reading.url_tokens),
                agreement,
                float(len(words)),
                math.log1p(index),
                n_h1,
                math.log1p(len(candidates)),
                math.log1p(n_signature[signatures[index]]),
                float(n_text[candidate.text]),
                float(bool(title) and title.startswith(candidate.text.lower()[:40])),
                float(min(FAR, abs(dom.segment_starts[element] - dom.segment_starts[cart]))) if cart >= 0 else NAN,
                float(any(character.isdigit() for character in candidate.text)),
                float(element < cart) if cart >= 0 else NAN,
            ]
        )
    return rows
