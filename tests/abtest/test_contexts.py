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


@pytest.mark.parametrize(
    ("column", "values"),
    {
        "filters": [("colour:",), ("",), ("glamour:9",), ("price:abc",), ("price:1..2", "in_stock:maybe")],
        "near": ["here", "91,181", "48.1,2.3"],
        "related": ["nonsense", ":", "similar:", "together:no such item", "glamour:1"],
        "price_list": ["b2b"],
        "store": ["lyon"],
        "understood": [
            "{half", "[1]", "3", "null", "[" * 5000, '{"glamour": 3}', '{"query": "x"}', '{"words": null}',
            '{"synonyms": ["a"]}', '{"synonyms": [[1, 2]]}', '{"attributes": [["x"]]}', '{"excluded": [3]}',
            '{"attributes": [["x", "brand", 9, true]]}', '{"relaxed": [["x"]]}', '{"language": 3}',
        ],
    }.items(),
)  # fmt: skip
def test_a_search_for_what_there_is_not_is_for_another_bundle(engine: Engine, column: str, values: list) -> None:
    assert [value for value in values if Search("ice cream", **{column: value}).is_for(engine)] == []


def test_a_search_for_what_there_is_is_for_the_bundle(engine: Engine) -> None:
    words = '{"words": "ice", "synonyms": [["ice", "gelato"]], "attributes": [["cheap", "price", "..9", true]]}'
    beside = f"similar:{engine.store.item_ids([0])[0]}"
    for asked in ({}, {"filters": ("price:1..2", "-brand:x")}, {"understood": words}, {"related": beside}):
        assert Search("ice cream", **asked).is_for(engine)  # type: ignore[arg-type]
