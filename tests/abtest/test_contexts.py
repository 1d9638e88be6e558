"""Scoring a query for many users at once is scoring it for each: what is replayed is what was served."""

from __future__ import annotations

from numpy.testing import assert_allclose

from trimtab.abtest.ope.contexts import USERS_AT_ONCE, Search, contexts_of
from trimtab.core.records import Query, Shopper
from trimtab.engine import Engine


def test_every_user_gets_the_gains_of_a_search_of_her_own(engine: Engine) -> None:
    known = [Shopper(user_id) for user_id in engine.user_ids[: USERS_AT_ONCE + 5]]
    bought = tuple(
        f"purchase:{item_id}" for item_id in engine.store.item_ids(engine.pipeline.retrieve("ice cream").rows[:3])
    )
    shoppers = [
        Shopper(),
        Shopper("nobody we know"),
        *known,
        Shopper(None, bought),
        Shopper(engine.user_ids[0], bought),
    ]
    contexts = contexts_of(engine, Search("ice cream"), shoppers)
    for place in (0, 1, 2, 3, USERS_AT_ONCE, len(shoppers) - 2, len(shoppers) - 1):
        shopper = shoppers[place]
        alone = engine.score(Query("ice cream", user_id=shopper.user_id, recent=shopper.recent))
        assert contexts.rows.tolist() == alone.rows.tolist()
        assert_allclose(contexts.gains[place], alone.gains, rtol=1e-4)
    for place, other in ((2, 0), (-2, 0), (-1, 2)):
        assert (contexts.gains[place] != contexts.gains[other]).any()
