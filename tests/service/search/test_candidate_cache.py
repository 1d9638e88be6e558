"""Scored candidates in the memory of a worker."""

from __future__ import annotations

from unittest.mock import Mock

import numpy as np

from trimtab.core.records import ScoredCandidates
from trimtab.service.search.candidate_cache import USUAL_BYTES, CandidateCache


def scored(n_bytes: int) -> ScoredCandidates:
    empty = np.zeros((0, 0))
    return ScoredCandidates(empty.astype(np.int64), np.zeros((1, n_bytes // 8)), empty, empty.astype(np.int64))


def test_what_is_large_leaves_room_for_fewer() -> None:
    cache = CandidateCache(Mock(), Mock(), entries=10, seconds=60)
    names = [f"{n}".encode() for n in range(30)]

    def kept() -> list[int]:
        return [n for n, name in enumerate(names) if cache.get(name, lambda _: True) is not None]

    for name in names[:12]:
        cache.put(name, scored(800))
    assert kept() == list(range(2, 12))
    for name in names[12:20]:
        cache.put(name, scored(2 * USUAL_BYTES))
    assert kept() == list(range(15, 20))
    cache.put(names[20], scored(20 * USUAL_BYTES))
    assert kept() == []
    for name in (names[0], names[0], names[1]):
        cache.put(name, scored(4 * USUAL_BYTES))
    assert kept() == [0, 1]
