"""Scoring a query for many users at once is scoring it for each: what is replayed is what was served."""

from __future__ import annotations

from dataclasses import replace

import pytest
from numpy.testing import assert_allclose

from trimtab.abtest.ope.contexts import USERS_AT_ONCE, Search, bound_policies, contexts_of
from trimtab.abtest.simulation.world import World
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


@pytest.mark.parametrize("k", [3, 10])
def test_policies_are_bound_as_searches_are(engine: Engine, world: World, k: int) -> None:
    """Two bounds, rules, and users with and without a history: the weights of the engine's own searches, to the bit."""
    shoppers = [Shopper(), Shopper(engine.user_ids[0])]
    asked = {
        "steep": {"relevance": 0.2, "revenue": 0.7, "diversity": 0.1},
        "varied": {"relevance": 0.4, "revenue": 0.1, "diversity": 0.5},
        "plain": {"relevance": 1.0, "revenue": 0.0, "diversity": 0.0},
    }
    n_moved = n_searches = 0
    for text in world.texts:
        shown = engine.slate(Query(text, k=k, weights={"relevance": 1})).item_ids
        if len(shown) < k:
            continue
        n_searches += 1
        if n_searches > 4:
            break
        search = Search(
            text,
            pins=((1, shown[-1]),),
            exclusions=(shown[0],),
            depth=k,
            boosts=((shown[2], 0.2),),
            bounds=(("relevance", 0.02), ("revenue", 0.4)),
            k=k,
        )
        bound = bound_policies(engine, search, contexts_of(engine, search, shoppers), asked)
        for name, weights in asked.items():
            for shopper, own in zip(shoppers, bound[name].tolist(), strict=True):
                constraints = replace(search.constraints, boosts=dict(search.boosts))
                query = Query(text, k=k, weights=weights, user_id=shopper.user_id, constraints=constraints)
                assert own == list(engine.slate(query).weights.values()), (text, name, shopper)
                n_moved += own != list(weights.values())
    assert n_moved > 4
