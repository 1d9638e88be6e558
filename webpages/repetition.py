"""What repeats on a page: a listing shows its products in blocks of one make, a product page its product once.

Two elements repeat each other where the ways up from them, tag by tag, end in sibling blocks. Counted over ancestors up
to a fixed height with one dictionary, so linear in the elements asked about.
"""

from __future__ import annotations

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
    links, pictures = _cumulative(dom, "a"), _cumulative(dom, "img")
    found = np.zeros((len(elements), len(REPEAT_NAMES)), dtype=np.float32)
    for row, way in zip(found, ways, strict=True):
        for block, key in way:
            end = dom.ends[block]
            linked = links[end] > links[block]
            pictured = linked and pictures[end] > pictures[block]
            n = len(blocks[key])
            row[0] = max(row[0], n)
            row[1] = max(row[1], n * linked)
            row[2] = max(row[2], n * pictured)
    return found


def _cumulative(dom: Dom, tag: str) -> list[int]:
    total, sums = 0, [0]
    for name in dom.tags:
        total += name == tag
        sums.append(total)
    return sums
