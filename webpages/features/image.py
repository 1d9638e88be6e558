"""Features of candidates for the main image."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from trimtab.webpages.features.common import signatures_of
from trimtab.webpages.features.repetition import REPEAT_NAMES, repeats
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import NAN, Reading, Row, overlap, tokens
from trimtab.webpages.parse.words import has_role

MAX_KEY = 300
_IMAGE_FILE = re.compile(r"[^/?&=%]+\.(?:jpe?g|png|webp|gif|avif)(?=$|[?&])")
_SIZE_IN_URL = re.compile(r"(?<!\d)(\d{2,4})(?:x|,|_)(\d{2,4})(?!\d)|[?&_/](?:w|wid|width|sw|h|hei)[=_]?(\d{2,4})")

_EXTENSION = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)$")
_SIZE_IN_NAME = re.compile(r"[-_]?\d{2,4}x\d{0,4}|_(?:xl|l|m|s|large|medium|small|grande)$")
_IMAGE_LINK = re.compile(r"\.(?:jpe?g|png|webp)")
_PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*")

IMAGE_NAMES = [
    "alt_in_title", "title_in_alt", "alt_words", "is_og_image", "is_stated", "itemprop_image", "width", "height",
    "attribute_area",
    "url_size", "src_roles_image", "src_roles_thumb", "is_gif", "is_svg", "is_data", "url_in_src", "order",
    "n_candidates",
    "n_same_signature", "n_same_source", "zoom_attributes", "before_name", "link_to_image",
    "alt_in_name", "name_in_alt", *REPEAT_NAMES,
]  # fmt: skip


def image_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom, structured = reading.dom, reading.structured
    opengraph = {image_key(f.value) for f in structured.facts if f.kind == "image" and f.source == "opengraph"}
    stated = {image_key(f.value) for f in structured.facts if f.kind == "image" and f.source != "opengraph"}
    signatures, n_signature = signatures_of(dom, candidates)
    n_source = Counter(image_key(candidate.text) for candidate in candidates)
    name = tokens(dom.text(reading.name_anchor)) if reading.name_anchor >= 0 else frozenset()
    repeated = repeats(dom, [candidate.element for candidate in candidates]).tolist()
    rows = []
    for index, candidate in enumerate(candidates):
        element, source = candidate.element, candidate.text
        attributes = dom.attributes[element]
        key = image_key(source)
        words = tokens(attributes.get("alt", "")[:300])
        width, height = _pixels(attributes.get("width")), _pixels(attributes.get("height"))
        sizes = [int(n) for match in _SIZE_IN_URL.findall(source.lower()) for n in match if n]
        link = next((dom.attribute(a, "href") for a in dom.ancestors(element, 4) if dom.tags[a] == "a"), "")
        rows.append(
            [
                overlap(words, reading.title_tokens),
                overlap(reading.title_tokens, words),
                float(len(words)),
                float(key in opengraph) if opengraph else NAN,
                float(key in stated) if stated else NAN,
                float("image" in attributes.get("itemprop", "")),
                width,
                height,
                math.sqrt(width * height),
                float(max(sizes)) if sizes else NAN,
                float(has_role(key[-80:], "image")),
                float(has_role(key[-80:], "thumb")),
                float(".gif" in source[-40:]),
                float(".svg" in source[-40:]),
                float(source.startswith("data:")),
                float(len(tokens(key[-80:]) & (reading.url_tokens | reading.title_tokens))),
                math.log1p(index),
                math.log1p(len(candidates)),
                math.log1p(n_signature[signatures[index]]),
                float(n_source[key]),
                float(any("zoom" in name or "large" in name or "hires" in name for name in attributes)),
                float(element < reading.name_anchor) if reading.name_anchor >= 0 else NAN,
                float(bool(_IMAGE_LINK.search(link))),
                overlap(words, name) if name else NAN,
                overlap(name, words) if name else NAN,
                *repeated[index],
            ]
        )
    return rows


@lru_cache(maxsize=4096)
def image_key(url: str) -> str:
    """File part of an image address, without query, size and extension: the same picture in two sizes is one."""
    files = _IMAGE_FILE.findall(url[-MAX_KEY:].lower())
    name = files[-1] if files else url.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1].lower()
    return _SIZE_IN_NAME.sub("", _EXTENSION.sub("", name)) or url[-80:]


def _pixels(value: str | None) -> float:
    match = _PIXELS.fullmatch(value or "")
    return float(match.group(1)) if match else NAN
