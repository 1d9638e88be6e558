"""The greedy slate of one list, which a request waits for; equal to `trimtab.ranker.slate.reference`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import KernelPart, kernel
from trimtab.core.diversity import ALPHA
from trimtab.ranker.slate.reference import NOTHING, Floats, Ints

UNKNOWN = -1
"""The code of an aspect that is not known; it repeats nothing."""
LEAST = -np.finfo(np.float64).max
ALL_BUT_SIGN = (1 << 63) - 1
NONE_LEFT = np.float64(-np.inf).view(np.int64) ^ ALL_BUT_SIGN
"""-inf as an integer of the order of doubles."""


def greedy_slate(
    utilities: NDArray[np.floating],
    eligible: NDArray[np.bool_],
    aspects: Ints,
    w_diversity: float,
    pins: Sequence[int] | Ints,
) -> Ints:
    """Position by position the candidate with the largest `utility + w_diversity * novelty`; ties keep their order.

    Args:
        utilities: [n].
        eligible: [n]; a pinned candidate may be eligible or not, it is shown where it is pinned.
        aspects: [n, A] codes, -1 unknown.
        w_diversity: 0 or more; at 0 the slate is sorted by utility.
        pins: [k] candidate index pinned at a position, -1 where none.

    Returns:
        [k] candidate indices, `NOTHING` where nothing eligible is left.
    """
    slates = greedy_slates(utilities[None, :], eligible, aspects, np.array([w_diversity], dtype=np.float64), pins)
    return np.asarray(slates[0])


def greedy_slates(
    utilities: NDArray[np.floating],
    eligible: NDArray[np.bool_],
    aspects: Ints,
    w_diversity: Floats,
    pins: Sequence[int] | Ints,
) -> Ints:
    """[B, k] `greedy_slate` of the same candidates under [B, n] utilities and [B] weights of diversity."""
    given = np.asarray(pins, dtype=np.int64)
    slates = np.empty((len(utilities), len(given)), dtype=np.int64)
    _greedy_slates(
        np.ascontiguousarray(utilities, dtype=np.float64),
        eligible,
        np.ascontiguousarray(aspects),
        w_diversity,
        given,
        slates,
    )
    return slates


@KernelPart
def _best(left: Floats, share: float, novelty: Floats, keys: Ints) -> int:
    """The first of the candidates with the largest score; `NOTHING` where none is left.

    Args:
        left: [n] their utilities, -inf for those that are not.
        keys: [n] is written to.
    """
    scores = keys.view(np.float64)
    for candidate in range(len(left)):
        scores[candidate] = left[candidate] + share * novelty[candidate]
    # As integers of the same order: the largest of these is found by vector instructions.
    best = NONE_LEFT
    for candidate in range(len(left)):
        key = keys[candidate] ^ ((keys[candidate] >> 63) & ALL_BUT_SIGN)
        keys[candidate] = key
        best = max(best, key)
    if best == NONE_LEFT:
        return NOTHING
    chosen = 0
    while keys[chosen] != best:
        chosen += 1
    return chosen


@KernelPart
def _wear(codes: Ints, chosen: int, freshness: Floats, novelty: Floats) -> None:
    """Take from the novelty [n] of the candidates what showing one of them takes, by their codes [A, n]."""
    for aspect in range(len(codes)):
        code = codes[aspect, chosen]
        if code != UNKNOWN:
            for candidate in range(len(novelty)):
                worn = ALPHA * freshness[aspect, candidate] if codes[aspect, candidate] == code else 0.0
                freshness[aspect, candidate] -= worn
                novelty[candidate] -= worn


@kernel("f8[:,:]", "b1[:]", "i8[:,:]", "f8[:]", "i8[:]", "out i8[:,:]")
def _greedy_slates(
    utilities: Floats,
    eligible: NDArray[np.bool_],
    aspects: Ints,
    w_diversity: Floats,
    pins: Ints,
    slates: Ints,
) -> None:
    n, n_aspects = aspects.shape
    codes = np.ascontiguousarray(aspects.T)
    freshness, novelty, left = np.empty((n_aspects, n)), np.empty(n), np.empty(n)
    keys = np.empty(n, dtype=np.int64)
    for number in range(len(slates)):
        share = w_diversity[number] / max(n_aspects, 1)
        for candidate in range(n):
            # What is not a number is shown last; what is not left never.
            utility = utilities[number, candidate]
            left[candidate] = (utility if utility > LEAST else LEAST) if eligible[candidate] else -np.inf
        for pin in pins:
            if pin >= 0:
                left[pin] = -np.inf
        freshness[:] = 1.0
        novelty[:] = n_aspects
        for position in range(len(pins)):
            chosen = pins[position] if pins[position] >= 0 else _best(left, share, novelty, keys)
            slates[number, position] = chosen
            if chosen != NOTHING:
                left[chosen] = -np.inf
                if share > 0.0:
                    _wear(codes, chosen, freshness, novelty)
