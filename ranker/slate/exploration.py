"""How gently to draw: the temperature at which a draw costs a given share of relevance.

One temperature is not one exploration: weights that set items further apart draw less at random at the same
temperature. What is equal for all weights is what a draw is expected to lose of the relevance of its own sorted slate,
so exploration is set as that share and the temperature is found for each search.

The expected relevance of a draw has no closed form below the first position. It is averaged over a few draws from
stratified numbers that are the same for every search; at each position it is the exact expectation given the items
above, so that a few draws are enough.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from trimtab.core.diversity import ALPHA
from trimtab.core.metrics import discounts
from trimtab.ranker.slate.reference import Floats

PLACKETT_LUCE = "plackett-luce"
"""The scheme of exploration: position by position a draw by the softmax of the scores."""

HALVINGS = 6
"""Temperatures looked at: the highest and its halves, this many times."""

N_DRAWS = 4
"""Draws averaged at each temperature."""


def exploration_text(loss: float | None) -> str:
    """The scheme of a draw and what it may cost, as they are logged."""
    return json.dumps({"scheme": PLACKETT_LUCE, "max_relevance_loss": loss})


@dataclass(frozen=True)
class DrawnList:
    """A list before it is drawn.

    Attributes:
        utilities: [n] of the candidates that can be drawn.
        relevance: [n] their expected relevance.
        aspects: [n, A] codes, -1 unknown.
        w_diversity: weight of novelty.
        depth: positions.
        pinned: position -> relevance of what is pinned there, whatever is drawn.
    """

    utilities: NDArray[np.floating]
    relevance: NDArray[np.floating]
    aspects: NDArray[np.integer]
    w_diversity: float
    depth: int
    pinned: dict[int, float]


def expected_relevance(drawn: DrawnList, temperatures: Sequence[float], *, n_draws: int = N_DRAWS) -> Floats:
    """[T] expected discounted relevance of the list when it is drawn at each temperature.

    What a pinned item takes of the novelty of others is left out.
    """
    n, k = len(drawn.utilities), drawn.depth
    tau = np.array(temperatures, dtype=np.float64)[:, None, None]
    weight = discounts(k)
    found = np.full(len(temperatures), sum((weight[position] * gain for position, gain in drawn.pinned.items()), 0.0))
    free = [position for position in range(k) if position not in drawn.pinned][:n]
    logits = np.broadcast_to(drawn.utilities / tau, (len(temperatures), n_draws, n)).copy()
    columns = list(np.ascontiguousarray(drawn.aspects.T)) if drawn.w_diversity > 0 else []
    freshness = [np.ones(logits.shape) for _ in columns]
    wear = drawn.w_diversity * ALPHA / (max(len(columns), 1) * tau)
    uniforms = stratified(n_draws, k)
    for turn, position in enumerate(free):
        odds = np.exp(logits - logits.max(axis=2, keepdims=True))
        cumulated = np.cumsum(odds, axis=2)
        totals = cumulated[:, :, -1]
        found += weight[position] * (odds @ drawn.relevance / totals).mean(axis=1)
        if turn + 1 == len(free):
            break
        chosen = (cumulated <= (uniforms[:, position] * totals)[:, :, None]).sum(axis=2)
        # Where the product was rounded up to the whole, the last that has odds.
        chosen = np.minimum(chosen, n - 1 - np.argmax(odds[:, :, ::-1] > 0, axis=2))[:, :, None]
        np.put_along_axis(logits, chosen, -np.inf, axis=2)
        for codes, fresh in zip(columns, freshness, strict=True):
            code = codes[chosen]
            same = (codes == code) & (code >= 0)
            logits -= wear * np.where(same, fresh, 0.0)
            fresh[same] *= 1 - ALPHA
    return found


def losses(
    drawn: DrawnList, sorted_relevance: float, temperatures: Sequence[float], *, n_draws: int = N_DRAWS
) -> Floats:
    """[T] share of the sorted slate's relevance that a draw is expected to lose; 0 where it may gain."""
    if sorted_relevance <= 0 or len(drawn.utilities) == 0:
        return np.zeros(len(temperatures))
    return np.maximum(1 - expected_relevance(drawn, temperatures, n_draws=n_draws) / sorted_relevance, 0.0)


def temperature_within(
    drawn: DrawnList, sorted_relevance: float, *, loss: float, highest: float, halvings: int = HALVINGS
) -> tuple[float, float]:
    """The highest temperature at which a draw is expected to lose no more than a share of relevance.

    Args:
        sorted_relevance: of the sorted slate under the same weights.
        loss: the share.
        highest: the temperature is never above it; nor is it below the last of its halves.

    Returns:
        the temperature, and the share that is expected to be lost at it.
    """
    temperatures = np.array([highest / 2.0**number for number in range(halvings, -1, -1)])
    return crossing(losses(drawn, sorted_relevance, temperatures.tolist()), temperatures, loss)


def crossing(found: Floats, temperatures: Floats, loss: float) -> tuple[float, float]:
    """The highest temperature up to which the losses stay within one, between the temperatures they are known at.

    Args:
        found: [T] losses.
        temperatures: [T] ascending.

    Returns:
        the temperature and the loss at it.
    """
    rising = np.maximum.accumulate(found)
    above = np.flatnonzero(rising > loss)
    if len(above) == 0:
        return float(temperatures[-1]), float(rising[-1])
    first = int(above[0])
    if first == 0:
        return float(temperatures[0]), float(rising[0])
    low, high = rising[first - 1], rising[first]
    # Between two temperatures a loss is about a power of the temperature.
    share = (
        (np.log(loss) - np.log(low)) / (np.log(high) - np.log(low)) if low > 0 < loss else (loss - low) / (high - low)
    )
    step = np.log(temperatures[first] / temperatures[first - 1])
    return float(temperatures[first - 1] * np.exp(share * step)), float(loss)


@cache
def stratified(n_draws: int, k: int) -> Floats:
    """[n_draws, k] numbers in [0, 1): at each position one in every stratum, in an order of its own."""
    rng = np.random.Generator(np.random.PCG64(k))
    strata = np.stack([rng.permutation(n_draws) for _ in range(k)], axis=1)
    found = np.asarray((strata + rng.random((n_draws, k))) / n_draws, dtype=np.float64)
    found.flags.writeable = False
    return found
