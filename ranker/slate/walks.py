"""The way down drawn slates, candidate by candidate, for many impressions of a query as machine code.

It equals `trimtab.ranker.slate.reference`. Odds are relative to the best candidate at first, and what an item that is
shown takes of the novelty of others is a factor on their odds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import KernelPart, kernel
from trimtab.core.diversity import ALPHA
from trimtab.ranker.slate.greedy import UNKNOWN
from trimtab.ranker.slate.reference import NOTHING, Floats, Ints

VANISHING = 1e-200
"""Once the best candidate is shown, what is left may be beyond a double's range: below this sum odds are made anew."""


def drawn(logits: Floats, who: Ints, bonus: Floats, codes: Ints, pins: Ints, uniforms: Floats) -> tuple[Ints, Floats]:
    """Slates by inverse CDF in candidate order.

    Args:
        logits: [U, n] before any novelty; -inf for what is pinned somewhere.
        who: [B] index into `logits`.
        bonus: [U] what an aspect that is fresh adds to a logit.
        codes: [A, n], -1 unknown.
        pins: [k] candidate that stands at a position, -1 where none.
        uniforms: [B, k] in [0, 1).

    Returns:
        [B, k] candidates, `NOTHING` where none is left, and [B, k] their chances given those above, 1 where nothing
        was drawn.
    """
    slates, chances = np.full(uniforms.shape, NOTHING, dtype=np.int64), np.ones(uniforms.shape)
    _walk(logits, who, bonus, codes, pins, np.ascontiguousarray(uniforms), slates, chances)
    return slates, chances


def chances_of(logits: Floats, who: Ints, bonus: Floats, codes: Ints, pins: Ints, slates: Ints) -> Floats:
    """[B, k] chances of the items of slates given those above; 1 for a pin and where nothing stands."""
    chances, given = np.ones(slates.shape), np.array(slates, dtype=np.int64, order="C")
    _walk(logits, who, bonus, codes, pins, np.empty((0, len(pins))), given, chances)
    return chances


def standings(logits: Floats, bonus: Floats, codes: Ints, pins: Ints, uniforms: Floats) -> Floats:
    """[U, n, k] chance of each candidate to stand at each position: exact given the items above, averaged over draws.

    Args:
        uniforms: [U, n_draws, k] in [0, 1).
    """
    n_users, _, k = uniforms.shape
    found = np.zeros((n_users, k, logits.shape[1]))
    _average(logits, bonus, codes, pins, np.ascontiguousarray(uniforms), found)
    return found.swapaxes(1, 2)


@KernelPart
def _begin(logits: Floats, left: Floats, odds: Floats) -> int:
    """Fill in what is left to draw, and its odds; how many that are."""
    n_left = 0
    for candidate in range(len(logits)):
        left[candidate] = logits[candidate]
        n_left += logits[candidate] > -np.inf
    _make_odds(left, odds)
    return n_left


@KernelPart
def _make_odds(left: Floats, odds: Floats) -> None:
    best = -np.inf
    for logit in left:
        best = max(best, logit)
    for candidate in range(len(left)):
        odds[candidate] = np.exp(left[candidate] - best) if left[candidate] > -np.inf else 0.0


@KernelPart
def _total(left: Floats, odds: Floats, n_left: int) -> float:
    """The sum of the odds, which are made anew where next to nothing is left of them."""
    total = 0.0
    for one in odds:
        total += one
    if total < VANISHING and n_left > 0:
        _make_odds(left, odds)
        total = 0.0
        for one in odds:
            total += one
    return total


@KernelPart
def _picked(odds: Floats, threshold: float) -> int:
    """The first candidate at which the sum of the odds is above a threshold; at least the last one that has any."""
    cumulated, last = 0.0, 0
    for candidate in range(len(odds)):
        if odds[candidate] > 0.0:
            cumulated += odds[candidate]
            last = candidate
            if cumulated > threshold:
                break
    return last


@KernelPart
def _show(codes: Ints, shown: Ints, position: int, bonus: float, left: Floats, odds: Floats) -> None:
    """Take the candidate that stands at a position from those that are left, and from the others their novelty."""
    chosen = shown[position]
    left[chosen], odds[chosen] = -np.inf, 0.0
    for aspect in range(len(codes)):
        code = codes[aspect, chosen]
        if code == UNKNOWN:
            continue
        worn = bonus * ALPHA
        for above in range(position):
            if shown[above] != NOTHING and codes[aspect, shown[above]] == code:
                worn *= 1.0 - ALPHA
        factor = np.exp(-worn)
        for candidate in range(len(odds)):
            if codes[aspect, candidate] == code:
                left[candidate] -= worn
                odds[candidate] *= factor


@kernel("f8[:,:]", "i8[:]", "f8[:]", "i8[:,:]", "i8[:]", "f8[:,:]", "out i8[:,:]", "out f8[:,:]")
def _walk(
    logits: Floats,
    who: Ints,
    bonus: Floats,
    codes: Ints,
    pins: Ints,
    uniforms: Floats,
    slates: Ints,
    chances: Floats,
) -> None:
    """Draw slates; without numbers to draw by, follow those that are given."""
    left, odds, is_drawn = np.empty(logits.shape[1]), np.empty(logits.shape[1]), len(uniforms) > 0
    for number in range(len(who)):
        slate, n_left = slates[number], _begin(logits[who[number]], left, odds)
        for position in range(len(pins)):
            if pins[position] != NOTHING:
                slate[position] = pins[position]
            elif n_left > 0 and (is_drawn or slate[position] != NOTHING):
                total = _total(left, odds, n_left)
                if is_drawn:
                    slate[position] = _picked(odds, uniforms[number, position] * total)
                chances[number, position] = min(odds[slate[position]] / total, 1.0) if total > 0.0 else 0.0
                n_left -= 1
            if slate[position] != NOTHING:
                _show(codes, slate, position, bonus[who[number]], left, odds)


@kernel("f8[:,:]", "f8[:]", "i8[:,:]", "i8[:]", "f8[:,:,:]", "out f8[:,:,:]")
def _average(
    logits: Floats, bonus: Floats, codes: Ints, pins: Ints, uniforms: Floats, found: NDArray[np.float64]
) -> None:
    n_draws, n = uniforms.shape[1], logits.shape[1]
    left, odds, shown = np.empty(n), np.empty(n), np.empty(len(pins), dtype=np.int64)
    for user in range(len(logits)):
        for draw in range(n_draws):
            n_left = _begin(logits[user], left, odds)
            for position in range(len(pins)):
                chosen = pins[position]
                if chosen != NOTHING:
                    found[user, position, chosen] += 1.0
                elif n_left > 0:
                    total = _total(left, odds, n_left)
                    for candidate in range(n):
                        found[user, position, candidate] += odds[candidate] / total
                    chosen = _picked(odds, uniforms[user, draw, position] * total)
                    n_left -= 1
                shown[position] = chosen
                if chosen != NOTHING:
                    _show(codes, shown, position, bonus[user], left, odds)
        for position in range(len(pins)):
            for candidate in range(n):
                found[user, position, candidate] /= n_draws
