"""Scored candidates for whole logs: each query is retrieved once, each user of it scored once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from abtest.policy import QueryContexts
from abtest.sums import Ints
from engine import Engine
from retrieval.filters import parse_filter

USERS_AT_ONCE = 64
"""Users scored in one pass of the heads: their features stay in the cache."""


def contexts_of(engine: Engine, text: str, filters: Sequence[str], user_ids: Sequence[str | None]) -> QueryContexts:
    """Candidates of a query and their gains for each user, as `engine.score` gives them.

    Args:
        filters: as in a log.
        user_ids: None for nobody.
    """
    candidates = engine.pipeline.retrieve(text, filters=tuple(parse_filter(condition) for condition in filters))
    gains = np.empty((len(user_ids), len(candidates), len(engine.objectives)), dtype=np.float32)
    for start in range(0, len(user_ids), USERS_AT_ONCE):
        some = user_ids[start : start + USERS_AT_ONCE]
        gains[start : start + len(some)] = engine.predict_for_users(text, candidates, some)
    return QueryContexts(candidates.rows, gains, engine.store.aspects(candidates.rows))


def with_history(engine: Engine, user_ids: Sequence[str | None]) -> Ints:
    """[n] each user's own place, or -1 where the bundle has no history: all of those are nobody to the ranker."""
    known = set(engine.user_ids)
    return np.array([at if user in known else -1 for at, user in enumerate(user_ids)], dtype=np.int64)


def by_code(codes: Ints) -> Iterator[tuple[int, Ints]]:
    """Each distinct code with the places where it stands, in order."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=codes[order[:1]] - 1))
    for start, stop in zip(starts, np.append(starts[1:], len(codes)), strict=True):
        yield int(codes[order[start]]), order[start:stop]
