"""The greedy slate of one list, which a request waits for; equal to `trimtab.ranker.slate.reference`.

A candidate's score never rises while the slate grows, since showing an item can only wear out the novelty of others.
So the score it had when it was last looked at bounds what it has now, and only what still comes first by that bound is
looked at again (lazy greedy, Minoux 1978, "Accelerated greedy algorithms for maximizing submodular set functions").
And candidates of the same aspects are always equally novel, so of each such group only the best can be next.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.core.diversity import ALPHA
from trimtab.core.records import FloatArray
from trimtab.ranker.slate.reference import NOTHING

UNKNOWN = -1
"""The code of an aspect that is not known; it repeats nothing."""


def lazy_slate(
    utilities: FloatArray,
    eligible: NDArray[np.bool_],
    aspects: NDArray[np.integer],
    w_diversity: float,
    pins: Sequence[int],
) -> NDArray[np.int64]:
    """Position by position the candidate with the largest `utility + w_diversity * novelty`; ties keep their order.

    Args:
        utilities: [n] float32.
        eligible: [n]; a pinned candidate may be eligible or not, it is shown where it is pinned.
        aspects: [n, A] codes, -1 unknown.
        w_diversity: 0 or more; at 0 the slate is sorted by utility.
        pins: [k] candidate index pinned at a position, -1 where none.

    Returns:
        [k] candidate indices, `NOTHING` where nothing eligible is left.
    """
    free = eligible.copy()
    free[[pin for pin in pins if pin >= 0]] = False
    order = np.argsort(-utilities, kind="stable")
    best_first = order[free[order]].tolist()
    if w_diversity > 0 and aspects.shape[1] > 0:
        return _greedy(utilities.tolist(), best_first, list(map(tuple, aspects.tolist())), w_diversity, pins)
    left = iter(best_first)
    return np.array([pin if pin >= 0 else next(left, NOTHING) for pin in pins], dtype=np.int64)


def _greedy(
    utilities: list[float],
    best_first: list[int],
    groups_of: list[tuple[int, ...]],
    w_diversity: float,
    pins: Sequence[int],
) -> NDArray[np.int64]:
    groups: dict[tuple[int, ...], list[int]] = {}
    for candidate in reversed(best_first):
        groups.setdefault(groups_of[candidate], []).append(candidate)
    freshness: dict[tuple[int, int], float] = {}
    share = w_diversity / len(groups_of[0]) if groups_of else 0.0

    def bound(group: tuple[int, ...], n_shown: int) -> tuple[float, int, int, tuple[int, ...]]:
        """What orders the groups: minus the score of its best, the best, and how many were shown at that score."""
        candidate, fresh = groups[group][-1], 0.0
        for aspect in enumerate(group):
            fresh += freshness.get(aspect, 1.0)
        return -(utilities[candidate] + share * fresh), candidate, n_shown, group

    heap = [bound(group, 0) for group in groups]
    heapq.heapify(heap)
    slate: list[int] = []
    n_shown = 0
    for pin in pins:
        chosen = pin
        if pin < 0 and heap:
            while heap[0][2] < n_shown:
                heapq.heapreplace(heap, bound(heap[0][3], n_shown))
            group = heap[0][3]
            chosen = groups[group].pop()
            if groups[group]:
                heapq.heapreplace(heap, bound(group, n_shown))
            else:
                heapq.heappop(heap)
        slate.append(chosen)
        if chosen != NOTHING:
            n_shown += 1
            for aspect in enumerate(groups_of[chosen]):
                if aspect[1] != UNKNOWN:
                    freshness[aspect] = freshness.get(aspect, 1.0) * (1 - ALPHA)
    return np.array(slate, dtype=np.int64)
