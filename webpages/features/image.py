"""Features of candidates for the main image."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.common import signatures_of
from trimtab.webpages.features.repetition import REPEAT_NAMES, repeats
from trimtab.webpages.features.table import table_rows
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import NAN, Reading, overlap, tokens
from trimtab.webpages.parse.words import has_role

MAX_KEY = 300
_IMAGE_FILE = re.compile(r"[^/?&=%]+\.(?:jpe?g|png|webp|gif|avif)(?=$|[?&])")
_SIZE_IN_URL = re.compile(r"(?<!\d)(\d{2,4})(?:x|,|_)(\d{2,4})(?!\d)|[?&_/](?:w|wid|width|sw|h|hei)[=_]?(\d{2,4})")

_EXTENSION = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)$")
_SIZE_IN_NAME = re.compile(r"[-_]?\d{2,4}x\d{0,4}|_(?:xl|l|m|s|large|medium|small|grande)$")
_IMAGE_LINK = re.compile(r"\.(?:jpe?g|png|webp)")
_PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*")
_ZOOM = re.compile(r"zoom|large|hires")


class _Page:
    """What the features of all images of a page share."""

    def __init__(self, reading: Reading, candidates: Sequence[Candidate]) -> None:
        self.reading, self.dom, self.name = reading, reading.dom, reading.name_anchor
        facts = [fact for fact in reading.structured.facts if fact.kind == "image"]
        self.opengraph: set[str] = {image_key(fact.value) for fact in facts if fact.source == "opengraph"}
        self.stated: set[str] = {image_key(fact.value) for fact in facts if fact.source != "opengraph"}
        self.n_of_source: Counter[str] = Counter(image_key(candidate.text) for candidate in candidates)
        self.name_words: frozenset[str] = tokens(self.dom.text(self.name)) if self.name >= 0 else frozenset()
        self.known_words: frozenset[str] = reading.url_tokens | reading.title_tokens
        self.n_candidates: int = len(candidates)


@dataclass
class _Image:
    page: _Page
    candidate: Candidate
    index: int
    n_same_signature: int

    @cached_property
    def key(self) -> str:
        return image_key(self.candidate.text)

    @cached_property
    def attributes(self) -> dict[str, str]:
        return self.page.dom.attributes[self.candidate.element]

    @cached_property
    def words(self) -> frozenset[str]:
        return tokens(self.attributes.get("alt", "")[:300])

    @cached_property
    def width(self) -> float:
        return _pixels(self.attributes.get("width"))

    @cached_property
    def height(self) -> float:
        return _pixels(self.attributes.get("height"))

    @property
    def url_size(self) -> float:
        """The largest number of pixels in the address."""
        found = _SIZE_IN_URL.findall(self.candidate.text.lower())
        return max((float(size) for sizes in found for size in sizes if size), default=NAN)

    @property
    def link(self) -> str:
        dom = self.page.dom
        return next(
            (dom.attribute(a, "href") for a in dom.ancestors(self.candidate.element, 4) if dom.tags[a] == "a"), ""
        )


_FEATURES: dict[str, Callable[[_Image], float]] = {
    "alt_in_title": lambda i: overlap(i.words, i.page.reading.title_tokens),
    "title_in_alt": lambda i: overlap(i.page.reading.title_tokens, i.words),
    "alt_words": lambda i: len(i.words),
    "is_og_image": lambda i: i.key in i.page.opengraph if i.page.opengraph else NAN,
    "is_stated": lambda i: i.key in i.page.stated if i.page.stated else NAN,
    "itemprop_image": lambda i: "image" in i.attributes.get("itemprop", ""),
    "width": lambda i: i.width,
    "height": lambda i: i.height,
    "attribute_area": lambda i: math.sqrt(i.width * i.height),
    "url_size": lambda i: i.url_size,
    "src_roles_image": lambda i: has_role(i.key[-80:], "image"),
    "src_roles_thumb": lambda i: has_role(i.key[-80:], "thumb"),
    "is_gif": lambda i: ".gif" in i.candidate.text[-40:],
    "is_svg": lambda i: ".svg" in i.candidate.text[-40:],
    "is_data": lambda i: i.candidate.text.startswith("data:"),
    "url_in_src": lambda i: len(tokens(i.key[-80:]) & i.page.known_words),
    "order": lambda i: math.log1p(i.index),
    "n_candidates": lambda i: math.log1p(i.page.n_candidates),
    "n_same_signature": lambda i: math.log1p(i.n_same_signature),
    "n_same_source": lambda i: i.page.n_of_source[i.key],
    "zoom_attributes": lambda i: any(_ZOOM.search(name) for name in i.attributes),
    "before_name": lambda i: i.candidate.element < i.page.name if i.page.name >= 0 else NAN,
    "link_to_image": lambda i: bool(_IMAGE_LINK.search(i.link)),
    "alt_in_name": lambda i: overlap(i.words, i.page.name_words) if i.page.name_words else NAN,
    "name_in_alt": lambda i: overlap(i.page.name_words, i.words) if i.page.name_words else NAN,
}
IMAGE_NAMES = [*_FEATURES, *REPEAT_NAMES]


def image_rows(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """[n, len(IMAGE_NAMES)] columns."""
    page = _Page(reading, candidates)
    signatures, n_signature = signatures_of(reading.dom, candidates)
    images = [
        _Image(page, candidate, index, n_signature[signature])
        for index, (candidate, signature) in enumerate(zip(candidates, signatures, strict=True))
    ]
    repeated = repeats(reading.dom, [candidate.element for candidate in candidates])
    return np.hstack([table_rows(_FEATURES, images), repeated])


@lru_cache(maxsize=4096)
def image_key(url: str) -> str:
    """File part of an image address, without query, size and extension: the same picture in two sizes is one."""
    files = _IMAGE_FILE.findall(url[-MAX_KEY:].lower())
    name = files[-1] if files else url.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1].lower()
    return _SIZE_IN_NAME.sub("", _EXTENSION.sub("", name)) or url[-80:]


def _pixels(value: str | None) -> float:
    match = _PIXELS.fullmatch(value or "")
    return float(match.group(1)) if match else NAN
