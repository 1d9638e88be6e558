"""A draw of one list with its propensities; the slate equals that of `trimtab.ranker.slate.reference`.

Candidates that share a code of an aspect are equally fresh in it, so a step down the slate changes one number for each
aspect, and the difference is taken off every candidate with the code. Logged decisions replay to the bit, so the order
of the floating-point operations here must not change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.core.diversity import ALPHA
from trimtab.core.records import FloatArray
from trimtab.ranker.slate.greedy import UNKNOWN
from trimtab.ranker.slate.reference import NOTHING, Floats


def drawn_list(
    utilities: FloatArray,
    eligible: NDArray[np.bool_],
    aspects: NDArray[np.integer],
    w_diversity: float,
    *,
    pins: Sequence[int],
    temperature: float,
    uniforms: Floats,
) -> tuple[NDArray[np.int64], Floats]:
    """Position by position one candidate by `softmax((utility + w_diversity * novelty) / temperature)`, inverse CDF.

    Args:
        utilities: [n] float32.
        eligible: [n]; a pinned candidate may be eligible or not, it is shown where it is pinned.
        aspects: [n, A] codes, -1 unknown.
        w_diversity: 0 or more; at 0 it is a Plackett-Luce draw.
        pins: [k] candidate index pinned at a position, -1 where none.
        temperature: above 0.
        uniforms: [k] in [0, 1), one a position.

    Returns:
        [k] candidate indices, `NOTHING` where nothing eligible is left, and [k] conditional propensities (1 where
        nothing was drawn).
    """
    free = eligible.copy()
    free[[pin for pin in pins if pin >= 0]] = False
    n_left = int(np.count_nonzero(free))
    base = np.where(free, utilities.astype(np.float64), -np.inf)
    columns = list(np.ascontiguousarray(aspects.T)) if w_diversity > 0 else []
    freshness: list[dict[int, float]] = [{} for _ in columns]
    share = w_diversity / max(len(columns), 1)
    bonus = np.full(len(base), w_diversity if columns else 0.0)
    slate, propensities = np.full(len(pins), NOTHING), np.ones(len(pins))
    for position, pin in enumerate(pins):
        chosen = pin
        if pin < 0:
            if n_left == 0:
                continue
            chosen, propensities[position] = _drawn(base + bonus, temperature, uniforms[position])
            base[chosen] = -np.inf
            n_left -= 1
        slate[position] = chosen
        for codes, fresh in zip(columns, freshness, strict=True):
            code = int(codes[chosen])
            if code != UNKNOWN:
                before = fresh.get(code, 1.0)
                worn = ALPHA * before
                fresh[code] = before - worn
                np.subtract(bonus, share * worn, out=bonus, where=codes == code)
    return slate, propensities


def _drawn(scores: Floats, temperature: float, uniform: float) -> tuple[int, float]:
    """A candidate and the chance it had."""
    odds = np.exp((scores - np.maximum.reduce(scores)) / temperature)
    cumulated = np.add.accumulate(odds)
    chosen = int(cumulated.searchsorted(uniform * cumulated[-1], side="right"))
    if chosen == len(cumulated):  # the product was rounded up to the whole
        chosen = int(np.flatnonzero(odds)[-1])
    return chosen, float(odds[chosen] / cumulated[-1])
