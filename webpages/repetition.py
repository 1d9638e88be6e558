"""What repeats on a page: a listing shows its products in blocks of one make, a product page its product once.

Two elements repeat each other where the ways up from them, tag by tag, end in sibling blocks. Counted over ancestors up
to a fixed height with one dictionary, so linear in the elements asked about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webpages.dom import Dom

HEIGHT = 10
"""Ancestors that can be a block."""
REPEAT_NAMES = ("n_repeats", "n_linked_repeats", "n_pictured_repeats")


def repeats(dom: Dom, elements: Sequence[int]) -> NDArray[np.float32]:
    """How many sibling blocks of one parent hold such an element at the same place; the most over its ancestors.

    Returns:
        [n, 3] blocks of any sort, blocks with a link, blocks with a link and a picture; 1 where nothing repeats and the
        block is of that sort, 0 where no block is.
    """
    blocks: dict[tuple[int, str], set[int]] = {}
    ways: list[list[tuple[int, tuple[int, str]]]] = []
    for element in elements:
        way: list[tuple[int, tuple[int, str]]] = []
        block, path = element, ""
        for _ in range(HEIGHT):
            parent = dom.parents[block]
            if parent < 0 or dom.tags[block] == "body":
                break
            path = f"{dom.tags[block]}/{path}"
            key = (parent, path)
            blocks.setdefault(key, set()).add(block)
            way.append((block, key))
            block = parent
        ways.append(way)
    links, pictures = dom.of_tags("a"), dom.of_tags("img")
    found = np.zeros((len(elements), len(REPEAT_NAMES)), dtype=np.float32)
    for row, way in zip(found, ways, strict=True):
        for block, key in way:
            linked = _any_in(dom, block, links)
            pictured = linked and _any_in(dom, block, pictures)
            n = len(blocks[key])
            row[0] = max(row[0], n)
            row[1] = max(row[1], n * linked)
            row[2] = max(row[2], n * pictured)
    return found


def _any_in(dom: Dom, block: int, elements: Sequence[int]) -> bool:
    """Whether one of ascending `elements` is in a block."""
    at = bisect_left(elements, block)
    return at < len(elements) and elements[at] < dom.ends[block]
