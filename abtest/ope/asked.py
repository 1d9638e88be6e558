"""Impressions of one query together: who asked, and what was shown as places among the candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.contexts import (
    LookUp,
    bound_policies,
    by_code,
    candidates_of,
    contexts_of,
    weights_of,
    with_history,
)
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.log.logged_slates import ReplayLog
from trimtab.abtest.ope.sums import Ints
from trimtab.core.records import Shopper
from trimtab.engine import Engine
from trimtab.ranker.slate.log_policy import QueryContexts

LOGGED = "logged"
"""Name of the log's own policy; no other policy may have it."""

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
        logged: [n, M + 1] weights that they were served with.
        weights: policy -> what its searches are served with, see `trimtab.abtest.ope.contexts.bound_policies`.
    """

    contexts: QueryContexts
    who: Ints
    shown: Ints
    at: Ints
    logged: Floats
    weights: Mapping[str, Floats]

    def take(self, which: NDArray[np.bool_]) -> Asked:
        return replace(self, who=self.who[which], shown=self.shown[which], at=self.at[which], logged=self.logged[which])

    def as_drawn(self, temperatures: Floats) -> tuple[Asked, float | Floats]:
        """The same with one context for each user, temperature and logged weights, those among the policies' as
        `LOGGED`, and the temperatures of the contexts.

        Args:
            temperatures: [len(self.at)].
        """
        keys = np.concatenate([self.who[:, None], temperatures[:, None], self.logged], axis=1)
        if len(keys) == 0:
            return self, 1.0
        if (keys[:, 1:] == keys[0, 1:]).all():
            return replace(self, weights={LOGGED: self.logged[0], **self.weights}), float(temperatures[0])
        distinct, who = np.unique(keys, axis=0, return_inverse=True)
        owners = distinct[:, 0].astype(np.int64)
        contexts = replace(self.contexts, gains=self.contexts.gains[owners])
        weights = {name: one if one.ndim == 1 else one[owners] for name, one in self.weights.items()}
        drawn = replace(self, contexts=contexts, who=who.ravel(), weights={LOGGED: distinct[:, 2:], **weights})
        return drawn, distinct[:, 1]

    def by_length(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Each length of a slate there is, and [n] which impressions have it."""
        lengths = (self.shown >= 0).sum(axis=1)
        for length in np.unique(lengths).tolist():
            yield length, lengths == length


def each_query(
    engine: Engine,
    log: ReplayLog,
    policies: Mapping[str, Mapping[str, float]] | None = None,
    look_up: LookUp = candidates_of,
) -> Iterator[tuple[Asked, Ints]]:
    """The impressions of each query that show what a draw could, and the places of all of its impressions.

    A query comes with up to `USERS_AT_ONCE` of its users at a time. Those without a history are one user.

    Args:
        policies: normalised weights that policies ask for, by name.
    """
    users = with_history(engine, log.users)[log.slates.users]
    candidate_of_row = np.full(len(engine.store) + 1, -1)
    codes_of_weights, weights_at = np.unique(log.slates.weights, return_inverse=True)
    served = np.array([weights_of(engine, log.weights[code]) for code in codes_of_weights])
    for query, at in by_code(log.slates.queries):
        codes = np.unique(users[at])
        for start in range(0, len(codes), USERS_AT_ONCE):
            some = codes[start : start + USERS_AT_ONCE]
            everyone = at if len(some) == len(codes) else at[np.isin(users[at], some)]
            shoppers = [log.users[code] if code >= 0 else Shopper() for code in some]
            contexts = contexts_of(engine, log.queries[query], shoppers, look_up)
            weights = bound_policies(engine, log.queries[query], contexts, policies or {})
            rows = log.slates.rows[everyone]
            candidate_of_row[contexts.rows] = np.arange(len(contexts.rows))
            shown = candidate_of_row[rows]
            candidate_of_row[contexts.rows] = -1
            possible = np.asarray(((shown >= 0) | (rows < 0)).all(axis=1))
            for position, pin in contexts.pins.items():
                possible &= shown[:, position] == pin
            asked = Asked(
                contexts, np.searchsorted(some, users[everyone]), shown, everyone, served[weights_at[everyone]], weights
            )
            yield asked.take(possible), everyone
