"""Clicks on shown slates under position bias: a log of them, and a simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.core.errors import BadInput
from trimtab.core.records import FloatArray
from trimtab.ranker.training.lists import RankingLists

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClickLog:
    """Impressions of lists.

    Attributes:
        lists: [I] which list was shown.
        positions: [I, n] position of each of its items, -1 where it was not shown.
        clicks: [I, n] bool.
    """

    lists: NDArray[np.int64]
    positions: NDArray[np.int64]
    clicks: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lists)

    def __add__(self, other: ClickLog) -> ClickLog:
        """Both logs' impressions, of the same lists."""
        return ClickLog(
            np.concatenate([self.lists, other.lists]),
            np.concatenate([self.positions, other.positions]),
            np.concatenate([self.clicks, other.clicks]),
        )


def examination(n_positions: int, *, eta: float = 1.0) -> Floats:
    """[k] chance that a shopper looks at a position, `(1 / rank) ** eta` (position-based model)."""
    return (1.0 / np.arange(1, n_positions + 1)) ** eta


def simulate_clicks(
    lists: RankingLists,
    scores: NDArray[np.floating],
    *,
    n_impressions: int,
    examined: Floats,
    noise: float = 0.05,
    shuffled: bool = False,
    seed: int = 0,
) -> ClickLog:
    """Show lists by a logging ranker and draw clicks: `P(click) = P(examined) * (noise + (1 - noise) * relevance)`.

    Args:
        lists: relevance is the first label, 0 where unknown.
        scores: [L, n] of the logging ranker.
        examined: [k] by position.
        shuffled: randomise the first k items, as for a small share of traffic that measures position bias.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    k = len(examined)
    there = ~np.isnan(lists.labels[..., 0])
    order = np.argsort(-np.where(there, scores, -np.inf), axis=1, kind="stable")
    shown = rng.integers(0, len(lists), n_impressions)
    positions = np.full((n_impressions, lists.labels.shape[1]), -1, dtype=np.int64)
    clicks = np.zeros(positions.shape, dtype=bool)
    relevance = np.nan_to_num(lists.labels[..., 0])
    for impression, number in enumerate(shown):
        slate = order[number, : min(k, int(there[number].sum()))]
        if shuffled:
            slate = rng.permutation(slate)
        chances = examined[: len(slate)] * (noise + (1 - noise) * relevance[number, slate])
        positions[impression, slate] = np.arange(len(slate))
        clicks[impression, slate] = rng.random(len(slate)) < chances
    return ClickLog(shown, positions, clicks)


def estimated_examination(log: ClickLog, n_positions: int) -> Floats:
    """[k] examination relative to the first position, from randomised traffic: the ratio of click rates.

    Raises:
        BadInput: the first position has no click, or a position was never shown.
    """
    shown = np.bincount(log.positions[log.positions >= 0], minlength=n_positions)[:n_positions]
    clicked = np.bincount(log.positions[log.clicks], minlength=n_positions)[:n_positions]
    if (shown == 0).any() or clicked[0] == 0:
        raise BadInput(
            "randomised traffic: a position was never shown, or the first position has no click; collect more"
        )
    rates = (clicked + 0.5) / (shown + 1.0)
    return np.asarray(rates / rates[0], dtype=np.float64)


def click_labels(lists: RankingLists, log: ClickLog, *, examined: ArrayLike, clip: float = 0.05) -> FloatArray:
    """[L, n] mean over impressions of click / P(examined): inverse propensity scoring (Joachims et al., WSDM 2017).

    With `examined` all ones it is the naive click rate. Propensities below `clip` are lifted to it: a little bias for
    much less variance.

    Returns:
        nan where an item was never shown.
    """
    propensities = np.maximum(np.asarray(examined, dtype=np.float64), clip)
    weights = np.where(log.clicks, 1.0 / propensities[np.maximum(log.positions, 0)], 0.0)
    sums, counts = np.zeros(lists.labels.shape[:2]), np.zeros(lists.labels.shape[:2])
    np.add.at(sums, log.lists, weights)
    np.add.at(counts, log.lists, log.positions >= 0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
