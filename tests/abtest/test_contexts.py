"""Scoring a query for many users at once is scoring it for each: what is replayed is what was served."""

from __future__ import annotations

from numpy.testing import assert_allclose

from abtest.contexts import USERS_AT_ONCE, Search, contexts_of
from core.records import Query
from engine import Engine


def test_every_user_gets_the_gains_of_a_search_of_her_own(engine: Engine) -> None:
    user_ids = [None, "nobody we know", *engine.user_ids[: USERS_AT_ONCE + 5]]
    contexts = contexts_of(engine, Search("ice cream"), user_ids)
    for place in (0, 1, 2, 3, USERS_AT_ONCE, len(user_ids) - 1):
        alone = engine.score(Query("ice cream", user_id=user_ids[place]))
        assert contexts.rows.tolist() == alone.rows.tolist()
        assert_allclose(contexts.gains[place], alone.gains, rtol=1e-4)
    assert (contexts.gains[2] != contexts.gains[0]).any()
