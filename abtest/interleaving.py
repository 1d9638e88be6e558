"""Interleaving: several rankings in one slate, credited by what is clicked. Far more sensitive than a split.

Team draft (Radlinski, Kurup & Joachims 2008) and its multileaved form (Schuth et al. 2014): rankers take turns in
random order, each adding its best item that is not there yet. Batched: one row an impression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abtest.estimators import Floats
from abtest.sums import Ints
from core.metrics import discounts

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Slates with the ranker that put each item there.

    Attributes:
        items: [n, k], -1 where nothing was left.
        teams: [n, k] index of the ranker, `NOBODY` where nothing was left.
    """

    items: Ints
    teams: Ints


def team_draft(rankings: Ints, *, k: int, rng: np.random.Generator) -> Interleaved:
    """Interleave two or more rankings.

    Args:
        rankings: [n, n_rankers, depth] item codes, best first, no repeats within a ranking; -1 pads the end.
        k: length of the slate.
    """
    n, n_rankers, _ = rankings.shape
    items = np.full((n, k), -1, dtype=np.int64)
    teams = np.full((n, k), NOBODY, dtype=np.int64)
    picks = np.zeros((n, n_rankers))
    rows = np.arange(n)
    for position in range(k):
        taken = (rankings[:, :, :, None] == items[:, None, None, :position]).any(axis=3)
        open_slots = ~taken & (rankings >= 0)
        has_item = open_slots.any(axis=2)
        # Whoever has picked least is next; a fair draw settles ties.
        turn = np.where(has_item, picks + rng.random((n, n_rankers)), np.inf)
        ranker = turn.argmin(axis=1)
        some = has_item.any(axis=1)
        best = open_slots[rows, ranker].argmax(axis=1)
        items[some, position] = rankings[rows, ranker, best][some]
        teams[some, position] = ranker[some]
        picks[rows[some], ranker[some]] += 1
    return Interleaved(items, teams)


def credits(teams: Ints, clicks: NDArray[np.floating] | NDArray[np.integer], *, n_rankers: int) -> Floats:
    """[n, n_rankers] clicks (or purchases, or revenue) by the ranker whose items earned them."""
    return np.stack([(clicks * (teams == ranker)).sum(axis=1) for ranker in range(n_rankers)], axis=1).astype(
        np.float64
    )


def preferences(rankings: Ints, items: Ints, rewards: Floats) -> Floats:
    """[n] how far the second ranking is to be preferred: what was clicked or bought counts by how much higher the one
    stands it than the other, in discounts (credit by rank, Radlinski & Craswell 2013).

    An item that both rank alike says nothing of their difference and adds no noise, whoever's turn it was: that is
    what makes this more sensitive than counting by teams where rankings have much in common.

    Args:
        rankings: [n, 2, depth] as in `team_draft`.
        items: [n, k] as they were shown, -1 for none.
        rewards: [n, k] gain or money by position.
    """
    worth = discounts(rankings.shape[2])
    first, second = (
        ((ranking[:, None, :] == items[:, :, None]) & (items[:, :, None] >= 0)) @ worth
        for ranking in np.moveaxis(rankings, 1, 0)
    )
    return np.asarray((rewards * (second - first)).sum(axis=1), dtype=np.float64)
