"""A page with everything features are computed from, and the words of texts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.candidates import Candidate, cart_candidates, name_candidates, says_add_to_cart
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import PageLocale, page_locale
from trimtab.webpages.parse.rendered.layout import Layout
from trimtab.webpages.parse.statements.facts import Structured
from trimtab.webpages.parse.style import Styles

Row = list[float]
NAN = float("nan")
_TYPOGRAPHIC = str.maketrans("‐‑‒–—―′’‘ʼ´`″“”„«»×", "------''''''\"\"\"\"\"\"x", "\u00ad\u200b™®©")
TOKEN = re.compile(r"\w+")


@dataclass(slots=True)
class Reading:
    """A page with everything features are computed from.

    Attributes:
        name_anchor, cart_anchor: elements taken for the product's name and its add-to-cart control before any model is
            asked, -1 where there is none; distances are measured to them.
        pictures_of_others: links to other pages that have a picture inside, once they are asked for.
        frames: what frames candidates, by `trimtab.webpages.features.common`.
        styles: those of the embedded sheets, once they are asked for.
    """

    dom: Dom
    structured: Structured
    url: str | None = None
    layout: Layout | None = None
    locale: PageLocale = field(default_factory=PageLocale)
    styles: Styles | None = None
    title_tokens: frozenset[str] = frozenset()
    url_tokens: frozenset[str] = frozenset()
    name_anchor: int = -1
    cart_anchor: int = -1
    names: list[Candidate] = field(default_factory=list)
    carts: list[Candidate] = field(default_factory=list)
    text_rows: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    pictures_of_others: list[int] | None = None
    frames: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, dom: Dom, structured: Structured, url: str | None = None, layout: Layout | None = None) -> Reading:
        stated = frozenset(structured.values("currency"))
        reading = cls(dom, structured, url, layout, page_locale(dom, url or structured.canonical, stated))
        reading.title_tokens = tokens(" ".join([*titles_of(dom), *structured.values("name")]))
        reading.url_tokens = tokens(path_of(url or structured.canonical))
        reading.names, reading.carts = name_candidates(dom), cart_candidates(dom)
        reading.name_anchor = _name_anchor(reading)
        reading.cart_anchor = _cart_anchor(reading)
        return reading

    def read_styles(self) -> Styles:
        """The page's styles; sheets are read when first asked for."""
        if self.styles is None:
            self.styles = Styles.of(self.dom)
        return self.styles


@lru_cache(maxsize=4096)
def tokens(text: str) -> frozenset[str]:
    return frozenset(token for token in TOKEN.findall(text.lower()) if len(token) > 1 or not token.isascii())


@lru_cache(maxsize=4096)
def plain_words(text: str) -> str:
    """Lower case, one blank between words, plain signs for the typographic ones that themes write (`–`, `’`)."""
    return " ".join(text.lower().translate(_TYPOGRAPHIC).split())


def overlap(left: frozenset[str], right: frozenset[str]) -> float:
    """Share of the tokens of `left` that are in `right`."""
    return len(left & right) / len(left) if left else 0.0


def path_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return unquote(parts.path + " " + parts.query)


def titles_of(dom: Dom) -> list[str]:
    return [dom.text(element)[:300] for element in dom.of_tags("title")[:1] if element < 400]


def _name_anchor(reading: Reading) -> int:
    dom = reading.dom
    best, best_score = -1, 0.35
    stated = {plain_words(name) for name in reading.structured.values("name")}
    for candidate in reading.names:
        tag = dom.tags[candidate.element]
        if tag == "title":
            continue
        words = tokens(candidate.text)
        if not words:
            continue
        shared = len(words & reading.title_tokens)
        score = (
            0.6 * shared / len(words)
            + 0.5 * shared / max(len(reading.title_tokens), 1)
            + {"h1": 0.5, "h2": 0.15}.get(tag, 0.0)
            + 0.3 * ("name" in dom.attribute(candidate.element, "itemprop"))
            + 0.6 * (plain_words(candidate.text) in stated)
            + 0.2 * overlap(words, reading.url_tokens)
        )
        if score > best_score:
            best, best_score = candidate.element, score
    return best


def _cart_anchor(reading: Reading) -> int:
    dom, name = reading.dom, reading.name_anchor
    start = dom.segment_starts[name] if name >= 0 else 0
    best, best_distance = -1, math.inf
    for candidate in reading.carts:
        if says_add_to_cart(candidate.text):
            distance = dom.segment_starts[candidate.element] - start
            distance = distance if distance >= 0 else 20 - 3 * distance
            if distance < best_distance:
                best, best_distance = candidate.element, distance
    return best
