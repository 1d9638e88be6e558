"""Impressions of one query together: who asked, and what was shown as places among the candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.contexts import by_code, contexts_of, with_history
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.logged_slates import ReplayLog
from trimtab.abtest.ope.sums import Ints
from trimtab.core.records import Shopper
from trimtab.engine import Engine
from trimtab.ranker.slate.log_policy import QueryContexts

USERS_AT_ONCE = 4096
"""Users of one query whose candidates are in memory at once."""


@dataclass(frozen=True)
class Asked:
    """Impressions of one query.

    Attributes:
        contexts: candidates and their gains for those who asked.
        who: [n] index into `contexts.gains`.
        shown: [n, k] candidate indices, -1 beyond the slate's end.
        at: [n] where they stand in the log.
    """

    contexts: QueryContexts
    who: Ints
    shown: Ints
    at: Ints

    def take(self, which: NDArray[np.bool_]) -> Asked:
        return Asked(self.contexts, self.who[which], self.shown[which], self.at[which])

    def by_temperature(self, temperatures: Floats) -> tuple[Asked, float | Floats]:
        """The same with one context for each user and temperature, and the temperatures of the contexts.

        Args:
            temperatures: [len(self.at)].
        """
        if len(temperatures) == 0 or (temperatures == temperatures[0]).all():
            return self, float(temperatures[0]) if len(temperatures) else 1.0
        pairs, who = np.unique(np.stack([self.who, temperatures], axis=1), axis=0, return_inverse=True)
        contexts = replace(self.contexts, gains=self.contexts.gains[pairs[:, 0].astype(np.int64)])
        return Asked(contexts, who.ravel(), self.shown, self.at), pairs[:, 1]

    def by_length(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Each length of a slate there is, and [n] which impressions have it."""
        lengths = (self.shown >= 0).sum(axis=1)
        for length in np.unique(lengths).tolist():
            yield length, lengths == length


def each_query(engine: Engine, log: ReplayLog) -> Iterator[tuple[Asked, Ints]]:
    """The impressions of each query that show what a draw could, and the places of all of its impressions.

    A query comes with up to `USERS_AT_ONCE` of its users at a time. Those without a history are one user.
    """
    users = with_history(engine, log.users)[log.slates.users]
    candidate_of_row = np.full(len(engine.store) + 1, -1)
    for query, at in by_code(log.slates.queries):
        codes = np.unique(users[at])
        for start in range(0, len(codes), USERS_AT_ONCE):
            some = codes[start : start + USERS_AT_ONCE]
            everyone = at if len(some) == len(codes) else at[np.isin(users[at], some)]
            shoppers = [log.users[code] if code >= 0 else Shopper() for code in some]
            contexts = contexts_of(engine, log.queries[query], shoppers)
            rows = log.slates.rows[everyone]
            candidate_of_row[contexts.rows] = np.arange(len(contexts.rows))
            shown = candidate_of_row[rows]
            candidate_of_row[contexts.rows] = -1
            possible = np.asarray(((shown >= 0) | (rows < 0)).all(axis=1))
            for position, pin in contexts.pins.items():
                possible &= shown[:, position] == pin
            asked = Asked(contexts, np.searchsorted(some, users[everyone]), shown, everyone)
            yield asked.take(possible), everyone
