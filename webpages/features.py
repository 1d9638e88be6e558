"""What is known about a candidate, at three levels of abstraction.

    text     raw HTML: tags, names, words, order, distance in the tree, agreement with structured data
    style    what inline and embedded CSS says without rendering (`webpages.style`)
    layout   boxes and computed styles of a rendered page (`webpages.layout`)

Each level adds columns to the one before; a column that is not known is nan. All in one pass over the candidates, with
constant work each (ancestors are looked at up to a fixed height).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from webpages.candidates import Candidate, cart_candidates, mark, name_candidates, says_add_to_cart
from webpages.dom import Dom
from webpages.layout import Layout
from webpages.prices import country_of, currency_of_country, n_amounts
from webpages.structured import Structured
from webpages.style import Styles
from webpages.words import CONTEXT, NOT_CART, ROLES, roles_of

LEVELS = ("text", "style", "layout")
HEIGHT = 7
MAX_KEY = 300
"""Ancestors looked at."""
FAR = 60

Row = list[float]
NAN = float("nan")
_IMAGE_FILE = re.compile(r"[^/?&=%]+\.(?:jpe?g|png|webp|gif|avif)(?=$|[?&])")
_TOKEN = re.compile(r"\w+")
_STRUCK = frozenset({"del", "s", "strike"})
_CHROME = frozenset({"header", "nav", "footer", "aside"})
_SIZE_IN_URL = re.compile(r"(?<!\d)(\d{2,4})(?:x|,|_)(\d{2,4})(?!\d)|[?&_/](?:w|wid|width|sw|h|hei)[=_]?(\d{2,4})")


@dataclass(slots=True)
class Reading:
    """A page with everything features are computed from.

    Attributes:
        name_anchor, cart_anchor: elements taken for the product's name and its add-to-cart control before any model is
            asked, -1 where there is none; distances are measured to them.
    """

    dom: Dom
    structured: Structured
    url: str | None = None
    layout: Layout | None = None
    country: str = ""
    styles: Styles | None = None
    title_tokens: frozenset[str] = frozenset()
    url_tokens: frozenset[str] = frozenset()
    name_anchor: int = -1
    cart_anchor: int = -1
    names: list[Candidate] = field(default_factory=list)
    carts: list[Candidate] = field(default_factory=list)
    common: dict[int, Row] = field(default_factory=dict)
    text_rows: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @classmethod
    def of(cls, dom: Dom, structured: Structured, url: str | None = None, layout: Layout | None = None) -> Reading:
        reading = cls(dom, structured, url, layout, country_of(url or structured.canonical))
        reading.title_tokens = tokens(" ".join([*_titles(dom), *structured.values("name")]))
        reading.url_tokens = tokens(_path(url or structured.canonical))
        reading.names, reading.carts = name_candidates(dom), cart_candidates(dom)
        reading.name_anchor = _name_anchor(reading)
        reading.cart_anchor = _cart_anchor(reading)
        return reading


def tokens(text: str) -> frozenset[str]:
    return frozenset(token for token in _TOKEN.findall(text.lower()) if len(token) > 1 or not token.isascii())


def overlap(left: frozenset[str], right: frozenset[str]) -> float:
    """Share of the tokens of `left` that are in `right`."""
    return len(left & right) / len(left) if left else 0.0


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return unquote(parts.path + " " + parts.query)


def _titles(dom: Dom) -> list[str]:
    return [dom.text(element)[:300] for element, tag in enumerate(dom.tags[:400]) if tag == "title"][:1]


def _name_anchor(reading: Reading) -> int:
    dom = reading.dom
    best, best_score = -1, 0.35
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


_COMMON_NAMES = [
    "position", "element_share", "depth", "text_length", "size", "from_name", "from_name_abs", "up_to_name",
    "name_block",
    "from_cart", "from_cart_abs", "up_to_cart", "cart_block", "in_link", "in_list", "in_table", "in_struck",
    "in_chrome",
    "in_form", "in_button", "hidden", "heading_above", *(f"role_{role}" for role in ROLES),
]  # fmt: skip


def common_row(reading: Reading, element: int) -> Row:
    """The columns every kind shares: where the element stands, and what it and its ancestors are called."""
    known = reading.common.get(element)
    if known is not None:
        return known
    dom = reading.dom
    n_segments = max(len(dom.segments), 1)
    start = dom.segment_starts[element]
    levels = [0.0] * len(ROLES)
    link = listed = table = struck = chrome = form = button = hidden = heading = False
    seen, current, height = 0, element, 0
    while current >= 0 and height <= HEIGHT + 5:
        tag, attributes = dom.tags[current], dom.attributes[current]
        if height <= HEIGHT:
            fresh = roles_of(mark(dom, current)) & ~seen if attributes else 0
            seen |= fresh
            weight = 3.0 if height == 0 else 2.0 if height <= 2 else 1.0
            while fresh:
                lowest = fresh & -fresh
                levels[lowest.bit_length() - 1] = weight
                fresh ^= lowest
            link = link or (tag == "a" and height < 5)
            listed = listed or tag == "li"
            table = table or tag in ("td", "th")
            struck = struck or (tag in _STRUCK and height < 4)
            button = button or tag in ("button", "select", "option")
            heading = heading or (tag in ("h1", "h2", "h3") and height < 4)
        chrome = chrome or tag in _CHROME
        form = form or tag == "form"
        hidden = hidden or "hidden" in attributes or attributes.get("aria-hidden") == "true"
        current = dom.parents[current]
        height += 1
    row = [
        start / n_segments,
        element / len(dom),
        float(dom.depths[element]),
        math.log1p(dom.text_length(element)),
        math.log1p(dom.ends[element] - element),
        *_distance(dom, element, reading.name_anchor),
        *_distance(dom, element, reading.cart_anchor),
        *map(float, (link, listed, table, struck, chrome, form, button, hidden, heading)),
        *levels,
    ]
    reading.common[element] = row
    return row


def _distance(dom: Dom, element: int, anchor: int) -> Row:
    """Segments from the anchor (signed, and its logarithm), height and size of the smallest block with both."""
    if anchor < 0:
        return [NAN, NAN, NAN, NAN]
    gap = dom.segment_starts[element] - dom.segment_starts[anchor]
    height, current = 0, element
    while current >= 0 and not current <= anchor < dom.ends[current]:
        current = dom.parents[current]
        height += 1
    block = (dom.segment_ends[current] - dom.segment_starts[current]) if current >= 0 else len(dom.segments)
    return [float(max(-FAR, min(FAR, gap))), math.log1p(abs(gap)), float(min(height, 30)), math.log1p(block)]


def _signatures(dom: Dom, candidates: Sequence[Candidate]) -> tuple[list[str], Counter[str]]:
    signatures = []
    for candidate in candidates:
        element, parent = candidate.element, dom.parents[candidate.element]
        above = dom.attribute(parent, "class") if parent >= 0 else ""
        signatures.append(f"{dom.tags[element]}.{dom.attribute(element, 'class')}|{above}")
    return signatures, Counter(signatures)


# --- prices -----------------------------------------------------------------------------------------------------------

_PRICE_NAMES = [
    "has_symbol", "has_decimals", "n_digits", "n_words", "n_numbers", "n_amounts", "log_value", "value_rank",
    "larger_near", "smaller_near",
    "n_same_value", "first_of_value", "order", "n_candidates", "n_same_signature", "order_in_signature",
    *(f"own_{name}" for name in CONTEXT), *(f"before_{name}" for name in CONTEXT), "after_unit", "after_instalment",
    "after_save",
    "agrees_json_ld", "agrees_microdata", "agrees_opengraph", "agrees_first", "agrees_low", "agrees_high", "agrees_any",
    "n_stated", "n_stated_values", "is_text", "is_meta", "is_json_ld", "is_microdata", "itemprop_price",
    "itemprop_offer", "currency_fits",
    "is_heading", "is_strong", "in_title", "plus_minus",
]  # fmt: skip


def price_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom, stated = reading.dom, reading.structured.prices
    by_source: dict[str, set[Decimal]] = {}
    by_role: dict[str, set[Decimal]] = {}
    for fact in stated:
        by_source.setdefault(fact.source, set()).add(fact.money.value)
        by_role.setdefault(fact.role, set()).add(fact.money.value)
    known = {fact.money.value for fact in stated}
    currencies = {fact.money.currency for fact in stated} | set(reading.structured.values("currency"))
    expected = (currencies - {None}) or {currency_of_country(reading.country)}
    signatures, n_signature = _signatures(dom, candidates)
    values = [candidate.money.value if candidate.money else Decimal(0) for candidate in candidates]
    shown = [value for value, candidate in zip(values, candidates, strict=True) if candidate.source == "text"]
    n_value = Counter(shown)
    ranks = {value: rank / max(len(n_value), 1) for rank, value in enumerate(sorted(n_value, reverse=True))}
    seen_value: Counter[Decimal] = Counter()
    seen_signature: Counter[str] = Counter()
    title = " ".join(_titles(dom))
    rows = []
    for index, candidate in enumerate(candidates):
        element, value, money = candidate.element, values[index], candidate.money
        text = candidate.text if candidate.source == "text" else ""
        near = [
            values[other]
            for other in range(max(0, index - 3), min(len(candidates), index + 4))
            if other != index
            and candidates[other].source == "text"
            and abs(dom.segment_starts[candidates[other].element] - dom.segment_starts[element]) <= 8
        ]
        before, after = _around(dom, element)
        prop = dom.attribute(element, "itemprop")
        seen_value[value] += 1
        seen_signature[signatures[index]] += 1
        rows.append(
            [
                float(money.has_symbol if money else 0),
                float(bool(re.search(r"[.,\x1f]\d{2}(?!\d)", text))),
                float(sum(character.isdigit() for character in text)),
                float(len(_TOKEN.findall(text))),
                float(len(re.findall(r"\d[\d.,]*", text))),
                float(n_amounts(text)),
                math.log10(float(value) + 0.01),
                ranks.get(value, NAN),
                float(any(value < other < 4 * value for other in near)),
                float(any(value > other > value / 4 for other in near)),
                float(min(n_value[value], 12)),
                float(seen_value[value] == 1),
                math.log1p(index),
                math.log1p(len(candidates)),
                math.log1p(n_signature[signatures[index]]),
                math.log1p(seen_signature[signatures[index]]),
                *(float(bool(pattern.search(text))) for pattern in CONTEXT.values()),
                *(float(bool(pattern.search(before))) for pattern in CONTEXT.values()),
                *(float(bool(CONTEXT[name].search(after))) for name in ("unit", "instalment", "save")),
                *(float(value in by_source.get(source, ())) for source in ("json-ld", "microdata", "opengraph")),
                float(bool(stated) and value == stated[0].money.value),
                float(value in by_role.get("low", ())),
                float(value in by_role.get("high", ()) and value not in by_role.get("low", ())),
                float(value in known),
                math.log1p(len(stated)),
                float(min(len(known), 10)),
                *(float(candidate.source == source) for source in ("text", "meta", "json-ld", "microdata")),
                float(prop.lower() == "price"),
                float("offer" in prop.lower()),
                float(money is not None and money.currency in expected),
                float(dom.tags[element] in ("h1", "h2", "h3", "h4")),
                float(dom.tags[element] in ("b", "strong", "em", "ins", "big")),
                float(bool(text) and len(text) > 2 and text.replace("\x1f", "") in title),
                float(bool(re.search(r"[+(]|[-−]\s*\W?\d|~", text))),
            ]
        )
    return rows


def _around(dom: Dom, element: int) -> tuple[str, str]:
    first, last = dom.segment_starts[element], dom.segment_ends[element]
    before = " ".join(dom.segments[max(0, first - 2) : first])[-50:]
    return before, " ".join(dom.segments[last : last + 2])[:40]


# --- images -----------------------------------------------------------------------------------------------------------

_IMAGE_NAMES = [
    "alt_in_title", "title_in_alt", "alt_words", "is_og_image", "is_stated", "itemprop_image", "width", "height",
    "attribute_area",
    "url_size", "src_roles_image", "src_roles_thumb", "is_gif", "is_svg", "is_data", "url_in_src", "order",
    "n_candidates",
    "n_same_signature", "n_same_source", "zoom_attributes", "before_name", "link_to_image",
]  # fmt: skip


def image_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom, structured = reading.dom, reading.structured
    opengraph = {image_key(f.value) for f in structured.facts if f.kind == "image" and f.source == "opengraph"}
    stated = {image_key(f.value) for f in structured.facts if f.kind == "image" and f.source != "opengraph"}
    signatures, n_signature = _signatures(dom, candidates)
    n_source = Counter(image_key(candidate.text) for candidate in candidates)
    rows = []
    for index, candidate in enumerate(candidates):
        element, source = candidate.element, candidate.text
        attributes = dom.attributes[element]
        key = image_key(source)
        words = tokens(attributes.get("alt", "")[:300])
        width, height = _pixels(attributes.get("width")), _pixels(attributes.get("height"))
        sizes = [int(n) for match in _SIZE_IN_URL.findall(source.lower()) for n in match if n]
        roles = roles_of(key[-80:])
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
                float(bool(roles & _role("image"))),
                float(bool(roles & _role("thumb"))),
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
                float(bool(re.search(r"\.(?:jpe?g|png|webp)", link))),
            ]
        )
    return rows


def _role(name: str) -> int:
    return 1 << ROLES.index(name)


def image_key(url: str) -> str:
    """File part of an image address, without query, size and extension: the same picture in two sizes is one."""
    files = _IMAGE_FILE.findall(url[-MAX_KEY:].lower())
    name = files[-1] if files else url.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1].lower()
    name = re.sub(r"\.(?:jpe?g|png|webp|gif|avif)$", "", name)
    return re.sub(r"[-_]?\d{2,4}x\d{0,4}|_(?:xl|l|m|s|large|medium|small|grande)$", "", name) or url[-80:]


def _pixels(value: str | None) -> float:
    match = re.match(r"\s*(\d{1,5})(?:\.\d+)?(?:px)?\s*$", value or "")
    return float(match.group(1)) if match else NAN


# --- names ------------------------------------------------------------------------------------------------------------

_NAME_NAMES = [
    "is_h1", "is_h2", "is_h3", "is_title_element", "itemprop_name", "in_title", "title_in", "in_url", "is_stated",
    "n_words", "order",
    "n_h1", "n_candidates", "n_same_signature", "n_same_text", "starts_title", "to_cart", "has_digits", "before_cart",
]  # fmt: skip


def name_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom = reading.dom
    stated = [tokens(value) for value in reading.structured.values("name")[:6]]
    title = " ".join(_titles(dom)).lower()
    signatures, n_signature = _signatures(dom, candidates)
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


# --- add to cart ------------------------------------------------------------------------------------------------------

_CART_NAMES = [
    "says_cart", "says_not_cart", "n_words", "is_button", "is_input", "is_link", "is_submit", "disabled", "order",
    "n_candidates",
    "n_same_signature", "n_same_text", "n_says_cart", "form_cart", "is_anchor", "has_text",
]  # fmt: skip


def cart_rows(reading: Reading, candidates: Sequence[Candidate]) -> list[Row]:
    dom = reading.dom
    signatures, n_signature = _signatures(dom, candidates)
    n_text = Counter(candidate.text for candidate in candidates)
    saying = [says_add_to_cart(candidate.text) for candidate in candidates]
    rows = []
    for index, candidate in enumerate(candidates):
        element, tag = candidate.element, dom.tags[candidate.element]
        attributes = dom.attributes[element]
        form = next((a for a in dom.ancestors(element, 15) if dom.tags[a] == "form"), -1)
        form_roles = roles_of(mark(dom, form) + " " + dom.attribute(form, "action")[-60:]) if form >= 0 else 0
        rows.append(
            [
                float(saying[index]),
                float(bool(NOT_CART.search(candidate.text))),
                float(len(_TOKEN.findall(candidate.text))),
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
                float(bool(form_roles & _role("cart"))),
                float(element == reading.cart_anchor),
                float(bool(candidate.text)),
            ]
        )
    return rows


# --- all together -----------------------------------------------------------------------------------------------------

_KINDS = {
    "price": (_PRICE_NAMES, price_rows),
    "image": (_IMAGE_NAMES, image_rows),
    "name": (_NAME_NAMES, name_rows),
    "cart": (_CART_NAMES, cart_rows),
}


def feature_names(kind: str, level: str) -> list[str]:
    names = [*_COMMON_NAMES, *_KINDS[kind][0]]
    if level != "text":
        names += Styles.NAMES
    if level == "layout":
        names += Layout.NAMES
    return names


_STRUCK_COLUMNS = ("in_struck", "css_struck", "box_struck")
STRUCK_PENALTY = 8.0


def current_only(kind: str, level: str, rows: NDArray[np.float32], logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores with struck-through prices out of the running: a struck price is by its meaning not the current one.

    The same value shown without a stroke elsewhere keeps its own score.
    """
    if kind != "price":
        return logits
    names = feature_names(kind, level)
    struck = [names.index(name) for name in _STRUCK_COLUMNS if name in names]
    return np.where((rows[:, struck] > 0).any(axis=1), logits - STRUCK_PENALTY, logits)


def features(reading: Reading, kind: str, candidates: Sequence[Candidate], level: str) -> NDArray[np.float32]:
    """Columns of `feature_names(kind, level)`.

    Returns:
        [n_candidates, n_features] float32, nan where not known.
    """
    names = feature_names(kind, level)
    if not candidates:
        return np.empty((0, len(names)), dtype=np.float32)
    columns = reading.text_rows.get(kind)
    if columns is None or len(columns) != len(candidates):
        own = _KINDS[kind][1](reading, candidates)
        rows = [common_row(reading, c.element) + row for c, row in zip(candidates, own, strict=True)]
        columns = reading.text_rows[kind] = np.asarray(rows, dtype=np.float32)
    elements = [candidate.element for candidate in candidates]
    if level != "text":
        if reading.styles is None:
            reading.styles = Styles.of(reading.dom)
        columns = np.hstack([columns, reading.styles.rows(elements)])
    if level == "layout":
        anchors = (reading.name_anchor, reading.cart_anchor)
        boxes = Layout.unknown(len(elements)) if reading.layout is None else reading.layout.rows(elements, anchors)
        columns = np.hstack([columns, boxes])
    return columns
