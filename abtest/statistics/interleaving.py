"""Interleaving: several rankings in one slate, credited by what is clicked. Far more sensitive than a split.

The draft is `trimtab.core.experiments.interleaving`'s, which the service makes too. Batched: one row an impression.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.sums import Ints
from trimtab.core.metrics import discounts


def credits(teams: Ints, clicks: NDArray[np.floating] | NDArray[np.integer], *, n_rankers: int) -> Floats:
    """[n, n_rankers] clicks (or purchases, or revenue) by the ranker whose items earned them.

    Example:
        >>> import numpy as np
        >>> from trimtab.abtest import credits
        >>> credits(np.array([[0, 1, 0]]), np.array([[1, 0, 1]]), n_rankers=2).tolist()
        [[2.0, 0.0]]
    """
    return np.stack([(clicks * (teams == ranker)).sum(axis=1) for ranker in range(n_rankers)], axis=1).astype(
        np.float64
    )


def preferences(rankings: Ints, items: Ints, rewards: Floats) -> Floats:
    """[n] how far the second ranking is to be preferred: what was clicked or bought counts by how much higher the one
    stands it than the other, in discounts (credit by rank, Radlinski & Craswell 2013), less what that credit is on
    average at this position.

    A team draft shows two items in each round, in an order that a fair coin decides. At each position the mean of the
    credit over both orders, given the rounds before, is subtracted: who clicks by position alone prefers neither, also
    where an item that one ranks higher is on top more often than not. An item that both rank alike says little of their
    difference and adds little noise, whoever's turn it was: that is what makes this more sensitive than counting by
    teams where rankings have much in common.

    Args:
        rankings: [n, 2, depth] as in `team_draft`.
        items: [n, k] as they were drafted, from the first position on; -1 for none.
        rewards: [n, k] gain or money by position.

    >>> import numpy as np
    >>> from trimtab.abtest import preferences
    >>> rankings = np.array([[[1, 2], [2, 1]]])
    >>> float(preferences(rankings, np.array([[2, 1]]), np.array([[1.0, 0.0]]))[0]) > 0
    True
    """
    preferred = np.zeros(len(items))
    for start in range(0, items.shape[1], 2):
        taken, shown = items[:, :start], items[:, start : start + 2]
        expected = np.zeros(shown.shape)
        for order in ((0, 1), (1, 0)):
            first = _pick(rankings, taken, order)
            second = _pick(rankings, np.concatenate([taken, first[:, None]], axis=1), order[::-1])
            both = np.stack([first, second], axis=1)[:, : shown.shape[1]]
            expected += _credit_by_rank(rankings, both) / 2
        centred = _credit_by_rank(rankings, shown) - expected
        preferred += (rewards[:, start : start + 2] * centred).sum(axis=1)
    return preferred


def _credit_by_rank(rankings: Ints, items: Ints) -> Floats:
    """[n, m] how much higher the second ranking has each item, in discounts; 0 for none."""
    worth = discounts(rankings.shape[2])
    first, second = (
        ((ranking[:, None, :] == items[:, :, None]) & (items[:, :, None] >= 0)) @ worth
        for ranking in np.moveaxis(rankings, 1, 0)
    )
    return np.asarray(second - first, dtype=np.float64)


def _pick(rankings: Ints, taken: Ints, order: tuple[int, int]) -> Ints:
    """[n] the best item that is not taken of the ranking whose turn it is, else of the other one; -1 for none."""
    is_open = ~(rankings[:, :, :, None] == taken[:, None, None, :]).any(axis=3) & (rankings >= 0)
    rows = np.arange(len(rankings))
    picks = [
        np.where(is_open[:, ranker].any(axis=1), rankings[rows, ranker, is_open[:, ranker].argmax(axis=1)], -1)
        for ranker in order
    ]
    return np.where(picks[0] >= 0, *picks)


def credited(frame: pl.DataFrame) -> pl.DataFrame:
    """What each side of the interleaved slates of a log has earned.

    Args:
        frame: rows of `trimtab.engine.log.impressions`, outcomes joined.

    Returns:
        arm, side, searches (of the arm), clicks, purchases, revenue; one row a side, sorted.

    Example:
        >>> import json
        >>> import polars as pl
        >>> from trimtab.abtest import credited
        >>> shown = json.dumps({"sides": {}, "teams": ["a", "b"]})
        >>> outcomes = {"clicks": [[0, 1]], "purchases": [[0, 1]], "revenue": [[0.0, 3.5]]}
        >>> log = pl.DataFrame({"arm": ["mix"], "interleaving": [shown], **outcomes})
        >>> credited(log).rows()
        [('mix', 'a', 1, 0, 0, 0.0), ('mix', 'b', 1, 1, 1, 3.5)]
    """
    rows = frame.filter(pl.col("interleaving").is_not_null()).with_columns(
        pl.col("interleaving").str.json_path_match("$.teams").str.json_decode(pl.List(pl.String)).alias("side")
    )
    earned = ("clicks", "purchases", "revenue")
    searches = rows.group_by("arm").agg(pl.len().alias("searches"))
    return (
        rows.select("arm", "side", *earned)
        .explode("side", *earned)
        .group_by("arm", "side")
        .agg(pl.col(*earned).sum())
        .join(searches, on="arm")
        .select("arm", "side", "searches", *earned)
        .sort("arm", "side")
    )
