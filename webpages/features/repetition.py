"""Repetition on a page: a listing shows its products in blocks of one structure, a product page its product once.

Two elements repeat each other where the ways up from them, tag by tag, end in sibling blocks. Counted over ancestors up
to a fixed height with one dictionary, so linear in the elements asked about.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.dom import Dom

HEIGHT = 10
"""Ancestors that can be a block."""
REPEAT_NAMES = ("n_repeats", "n_linked_repeats", "n_pictured_repeats")


def repeats(dom: Dom, elements: Sequence[int], asked: Sequence[int] | None = None) -> NDArray[np.float32]:
    """How many sibling blocks of one parent hold such an element at the same place; the most over its ancestors.

    Args:
        elements: those that can repeat one another.
        asked: those of `elements` that are counted for, by default all.

    Returns:
        [n, 3] blocks of any sort, blocks with a link, blocks with a link and a picture; 1 where nothing repeats and the
        block is of that sort, 0 where no block is.
    """
    asked = elements if asked is None else asked
    paths: dict[tuple[int, str], int] = {}
    blocks: dict[tuple[int, int], set[int]] = {}
    ways = {element: _way_up(dom, element, paths, blocks) for element in asked}
    if len(asked) < len(elements):
        for element in elements:
            _count(dom, element, paths, blocks)
    sorts: dict[int, tuple[bool, bool]] = {}
    rows = []
    for element in asked:
        most = linked_most = pictured_most = 0
        for block, place in ways[element]:
            n = len(blocks[place])
            if n <= pictured_most:
                continue
            if block not in sorts:
                linked = dom.has_tag(block, "a")
                sorts[block] = (linked, linked and dom.has_tag(block, "img"))
            linked, pictured = sorts[block]
            most = max(most, n)
            linked_most = max(linked_most, n * linked)
            pictured_most = max(pictured_most, n * pictured)
        rows.append([most, linked_most, pictured_most])
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), len(REPEAT_NAMES))


def _way_up(
    dom: Dom, element: int, paths: dict[tuple[int, str], int], blocks: dict[tuple[int, int], set[int]]
) -> list[tuple[int, tuple[int, int]]]:
    """Blocks above an element, each with its place: the parent, and a number for the tags from the block downwards.

    Args:
        paths: numbers of paths, by the path below and the tag above it; new ones are added.
        blocks: blocks by place; these are added.
    """
    way: list[tuple[int, tuple[int, int]]] = []
    block, path = element, 0
    for _ in range(HEIGHT):
        parent, tag = dom.parents[block], dom.tags[block]
        if parent < 0 or tag == "body":
            break
        path = paths.setdefault((path, tag), len(paths) + 1)
        place = (parent, path)
        blocks.setdefault(place, set()).add(block)
        way.append((block, place))
        block = parent
    return way


def _count(dom: Dom, element: int, paths: dict[tuple[int, str], int], blocks: dict[tuple[int, int], set[int]]) -> None:
    """Add the blocks above an element to the places that are known already."""
    block, path = element, 0
    for _ in range(HEIGHT):
        known = paths.get((path, dom.tags[block]))
        if known is None:
            return
        path, parent = known, dom.parents[block]
        if (parent, path) in blocks:
            blocks[parent, path].add(block)
        block = parent
