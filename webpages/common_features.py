"""Features that candidates of every kind have: where an element stands, how it is marked, how it looks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from webpages.candidates import Candidate, mark
from webpages.dom import Dom
from webpages.reading import NAN, Reading, Row
from webpages.words import ROLES, roles_of

HEIGHT = 7
"""Ancestors looked at."""
FAR = 60
STRUCK = frozenset({"del", "s", "strike"})
CHROME = frozenset({"header", "nav", "footer", "aside"})

COMMON_NAMES = [
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
            struck = struck or (tag in STRUCK and height < 4)
            button = button or tag in ("button", "select", "option")
            heading = heading or (tag in ("h1", "h2", "h3") and height < 4)
        chrome = chrome or tag in CHROME
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
        *distance(dom, element, reading.name_anchor),
        *distance(dom, element, reading.cart_anchor),
        *map(float, (link, listed, table, struck, chrome, form, button, hidden, heading)),
        *levels,
    ]
    reading.common[element] = row
    return row


def distance(dom: Dom, element: int, anchor: int) -> Row:
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


def signatures_of(dom: Dom, candidates: Sequence[Candidate]) -> tuple[list[str], Counter[str]]:
    signatures = []
    for candidate in candidates:
        element, parent = candidate.element, dom.parents[candidate.element]
        above = dom.attribute(parent, "class") if parent >= 0 else ""
        signatures.append(f"{dom.tags[element]}.{dom.attribute(element, 'class')}|{above}")
    return signatures, Counter(signatures)


# --- prices -----------------------------------------------------------------------------------------------------------
