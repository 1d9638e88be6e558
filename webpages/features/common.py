"""Features that candidates of every kind have: where an element stands, how it is marked, how it looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.candidates import Candidate, mark
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.reading import NAN, Reading
from trimtab.webpages.parse.words import ROLES, roles_of

HEIGHT = 7
"""Number of ancestors that features describe."""
LINE = HEIGHT + 6
"""Elements that can hide or frame a candidate: those ancestors, the candidate itself, and five further up."""
FAR = 60
HEADINGS = ("h1", "h2", "h3")
STRUCK = ("del", "s", "strike")
_ABOVE: dict[str, tuple[Sequence[str], int]] = {
    "in_link": (("a",), 5),
    "in_list": (("li",), HEIGHT + 1),
    "in_table": (("td", "th"), HEIGHT + 1),
    "in_struck": (STRUCK, 4),
    "in_chrome": (("header", "nav", "footer", "aside"), LINE),
    "in_form": (("form",), LINE),
    "in_button": (("button", "select", "option"), HEIGHT + 1),
}
"""Tags, and how many elements of the line upwards may have them."""
_HEADING_HEIGHT = 4

COMMON_NAMES = [
    "position", "element_share", "depth", "text_length", "size", "from_name", "from_name_abs", "up_to_name",
    "name_block",
    "from_cart", "from_cart_abs", "up_to_cart", "cart_block", *_ABOVE, "hidden_from_readers", "hidden", "heading_above",
    *(f"role_{role}" for role in ROLES),
]  # fmt: skip


def common_rows(reading: Reading, elements: Sequence[int]) -> NDArray[np.float32]:
    """[n, len(COMMON_NAMES)]: where each element stands, and what it and its ancestors are called."""
    dom = reading.dom
    here = np.asarray(elements, dtype=np.int64)
    ranges = dom.ranges
    lines = _lines(dom, here)
    above = _above(reading, lines)
    columns = [
        ranges.firsts[here] / max(len(dom.segments), 1),
        here / len(dom),
        ranges.depths[here],
        np.log1p(ranges.lengths[here]),
        np.log1p(ranges.ends[here] - here),
        *_distances(dom, here, reading.name_anchor),
        *_distances(dom, here, reading.cart_anchor),
        *above[:-1],
        dom.hidden[here],
        above[-1],
        *_roles(dom, lines[:, : HEIGHT + 1]).T,
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _lines(dom: Dom, elements: NDArray[np.int64]) -> NDArray[np.int64]:
    """[n, LINE] each element and those above it; len(dom) beyond the root."""
    parents = np.append(dom.ranges.parents, len(dom))
    parents[0] = len(dom)
    lines = np.empty((len(elements), LINE), dtype=np.int64)
    lines[:, 0] = elements
    for height in range(1, LINE):
        lines[:, height] = parents[lines[:, height - 1]]
    return lines


def _above(reading: Reading, lines: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """[n] each: whether the element or one of those above it has a tag of `_ABOVE`, is hidden from readers of screens,
    or is a heading."""
    if reading.frames is None:
        reading.frames = _frames(reading.dom)
    heights = [*(height for _, height in _ABOVE.values()), LINE, _HEADING_HEIGHT]
    up_to = np.bitwise_or.accumulate(reading.frames[lines], axis=1)
    return [up_to[:, height - 1] >> bit & 1 for bit, height in enumerate(heights)]


def _frames(dom: Dom) -> NDArray[np.int64]:
    """[n + 1] a bit for each tag and sign that candidates may stand in; the last is what stands above the root."""
    hidden = [element for element in dom.having("aria-hidden") if dom.attributes[element]["aria-hidden"] == "true"]
    groups = [*(dom.of_tags(*tags) for tags, _ in _ABOVE.values()), hidden, dom.of_tags(*HEADINGS)]
    frames = np.zeros(len(dom) + 1, dtype=np.int64)
    for bit, elements in enumerate(groups):
        frames[elements] |= 1 << bit
    return frames


def _roles(dom: Dom, lines: NDArray[np.int64]) -> NDArray[np.int64]:
    """[n, len(ROLES)] 3 where the element itself has a role, 2 where one of the two above it, 1 where one higher up."""
    needed = np.unique(lines)
    roles = np.zeros(len(dom) + 1, dtype=np.int64)
    roles[needed] = [roles_of(mark(dom, element)) if element < len(dom) else 0 for element in needed.tolist()]
    by_height = roles[lines]
    bits = 1 << np.arange(len(ROLES))
    near, far = by_height[:, 1] | by_height[:, 2], np.bitwise_or.reduce(by_height[:, 3:], axis=1)
    levels = [(level, roles[:, None] & bits > 0) for level, roles in ((3, by_height[:, 0]), (2, near), (1, far))]
    return np.asarray(np.maximum.reduce([level * present for level, present in levels]))


def _distances(dom: Dom, elements: NDArray[np.int64], anchor: int) -> list[NDArray[np.float64]]:
    """Segments from the anchor (signed, and its logarithm), height and size of the smallest block with both."""
    if anchor < 0:
        return [np.full(len(elements), NAN)] * 4
    ranges = dom.ranges
    gap = ranges.firsts[elements] - ranges.firsts[anchor]
    # Those above the anchor lie in one another, so that the number of them around an element tells the innermost.
    above = np.asarray([*reversed(dom.ancestors(anchor)), anchor])
    around = (above <= elements[:, None]) & (elements[:, None] < ranges.ends[above])
    block = above[around.sum(axis=1) - 1]
    height = ranges.depths[elements] - ranges.depths[block]
    size = ranges.lasts[block] - ranges.firsts[block]
    return [np.clip(gap, -FAR, FAR), np.log1p(np.abs(gap)), np.minimum(height, 30), np.log1p(size)]


def signatures_of(dom: Dom, candidates: Sequence[Candidate]) -> tuple[list[str], Counter[str]]:
    signatures = []
    for candidate in candidates:
        element, parent = candidate.element, dom.parents[candidate.element]
        above = dom.attribute(parent, "class") if parent >= 0 else ""
        signatures.append(f"{dom.tags[element]}.{dom.attribute(element, 'class')}|{above}")
    return signatures, Counter(signatures)
