"""Team draft: several rankings in one slate (Radlinski, Kurup & Joachims 2008; multileaved, Schuth et al. 2014).

Rankers take turns in random order, each adding its best item that is not there yet. Batched: one row an impression.
What is clicked is credited by `trimtab.abtest.statistics.interleaving`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

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

    Example:
        >>> import numpy as np
        >>> from trimtab.core.experiments.interleaving import team_draft
        >>> slate = team_draft(np.array([[[7, 8, 9], [9, 8, 7]]]), k=3, rng=np.random.default_rng(0))
        >>> sorted(slate.items[0].tolist())
        [7, 8, 9]
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
