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
    columns = [
        ranges.firsts[here] / max(len(dom.segments), 1),
        here / len(dom),
        ranges.depths[here],
        np.log1p(ranges.lengths[here]),
        np.log1p(ranges.ends[here] - here),
        *_distances(dom, here, reading.name_anchor),
        *_distances(dom, here, reading.cart_anchor),
        *(_on_line(dom, lines, tags, height) for tags, height in _ABOVE.values()),
        _marked(dom, _hidden_from_readers(dom))[lines].any(axis=1),
        dom.hidden[here],
        _on_line(dom, lines, HEADINGS, 4),
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


def _marked(dom: Dom, elements: Sequence[int]) -> NDArray[np.bool_]:
    """[n + 1] whether an element is among `elements`; the last is what stands above the root."""
    marked = np.zeros(len(dom) + 1, dtype=bool)
    marked[np.asarray(elements, dtype=np.int64)] = True
    return marked


def _on_line(dom: Dom, lines: NDArray[np.int64], tags: Sequence[str], height: int) -> NDArray[np.bool_]:
    """[n] whether the element or one of those above it, `height` of them together, has one of the tags."""
    return np.asarray(_marked(dom, dom.of_tags(*tags))[lines[:, :height]].any(axis=1))


def _hidden_from_readers(dom: Dom) -> list[int]:
    return [element for element in dom.having("aria-hidden") if dom.attributes[element]["aria-hidden"] == "true"]


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
