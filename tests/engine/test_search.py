"""Searching a small real bundle: what a shopper and a search engineer may rely on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.core.diversity import slate_diversity
from trimtab.core.errors import BadParameter
from trimtab.core.metrics import discounted_sum
from trimtab.core.records import Constraints, Filter, Query, Sort
from trimtab.engine import Engine
from trimtab.ranker.slate.reference import ReferencePolicy

TEXTS = ("vanilla ice cream", "ground coffee", "yogurt", "cold coffee drink", "chicken soup", "shredded cheese")
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
weight = st.floats(0, 1, allow_nan=False)
text = st.sampled_from(TEXTS)


def gains_of_slate(engine: Engine, query: Query) -> np.ndarray:
    return np.array([line.expected for line in engine.slate(query).receipt.values()])


def test_weights_steer_the_slate_and_the_receipt_says_so(engine: Engine) -> None:
    relevant = engine.slate(Query("ice cream", k=10, weights={"relevance": 1}))
    expensive = engine.slate(Query("ice cream", k=10, weights={"relevance": 0.2, "revenue": 0.8}))
    assert relevant.receipt["relevance"].change == pytest.approx(0)
    assert expensive.receipt["revenue"].expected > relevant.receipt["revenue"].expected
    assert expensive.receipt["relevance"].expected < relevant.receipt["relevance"].expected
    assert expensive.receipt["revenue"].baseline == pytest.approx(relevant.receipt["revenue"].expected)
    assert expensive.item_ids != relevant.item_ids


def test_more_weight_on_diversity_is_more_diverse(engine: Engine) -> None:
    plain = engine.slate(Query("yogurt", k=10, weights={"relevance": 1}))
    diverse = engine.slate(Query("yogurt", k=10, weights={"relevance": 0.5, "diversity": 0.5}))
    assert diverse.receipt["diversity"].expected > plain.receipt["diversity"].expected
    assert diverse.receipt["diversity"].expected == pytest.approx(slate_diversity(engine.store.aspects(diverse.rows)))


@QUICK
@given(text=text, relevance=weight, revenue=weight, more=st.floats(0.01, 2), raised=st.sampled_from([0, 1]))
def test_raising_a_weight_never_lowers_its_predicted_objective(
    engine: Engine, text: str, relevance: float, revenue: float, more: float, raised: int
) -> None:
    before = {"relevance": relevance + 0.01, "revenue": revenue}
    after = dict(before)
    after[("relevance", "revenue")[raised]] += more
    low = gains_of_slate(engine, Query(text, k=10, weights=before))
    high = gains_of_slate(engine, Query(text, k=10, weights=after))
    assert high[raised] >= low[raised] * (1 - 1e-5)


@QUICK
@given(text=text, relevance=weight, diversity=weight, loss=st.floats(0, 0.3))
def test_a_loss_budget_holds_or_is_called_infeasible(
    engine: Engine, text: str, relevance: float, diversity: float, loss: float
) -> None:
    weights = {"relevance": relevance, "revenue": 1.0, "diversity": diversity}
    slate = engine.slate(Query(text, k=10, weights=weights, constraints=Constraints(max_relevance_loss=loss)))
    line = slate.receipt["relevance"]
    assert not slate.infeasible
    assert line.expected >= (1 - loss) * line.baseline - 1e-4


def test_a_pin_may_make_a_budget_infeasible(engine: Engine) -> None:
    far = engine.slate(Query("ground coffee", k=1)).item_ids[0]
    constraints = Constraints(max_relevance_loss=0.0, pins={0: far})
    slate = engine.slate(Query("vanilla ice cream", k=5, constraints=constraints))
    assert slate.infeasible
    assert slate.item_ids[0] == far


@settings(QUICK, max_examples=12)
@given(text=text, k=st.integers(15, 90), diversity=st.sampled_from([0.0, 0.3]), session=st.sampled_from([None, "s1"]))
def test_paging_is_a_partition_of_the_result_set(
    engine: Engine, text: str, k: int, diversity: float, session: str | None
) -> None:
    def page(offset: int) -> tuple[str, ...]:
        weights = {"relevance": 1.0, "diversity": diversity}
        query = Query(text, k=k, offset=offset, weights=weights, session_id=session, explore=session is not None)
        return engine.slate(query).item_ids

    n = engine.slate(Query(text, facets=("brand",))).n_matches
    pages = [item for offset in range(0, n, k) for item in page(offset)]
    assert len(pages) == len(set(pages)) == n
    assert page(n) == page(n + 1000) == ()


@QUICK
@given(text=text, position=st.integers(0, 9), other=text, diversity=st.sampled_from([0.0, 0.5]))
def test_pins_stay_and_exclusions_are_gone(
    engine: Engine, text: str, position: int, other: str, diversity: float
) -> None:
    pinned, excluded = engine.slate(Query(other, k=2)).item_ids
    slate = engine.slate(
        Query(
            text,
            k=10,
            weights={"relevance": 1.0, "diversity": diversity},
            constraints=Constraints(pins={position: pinned}, exclusions=frozenset({excluded})),
        )
    )
    assert slate.item_ids[position] == pinned
    assert excluded not in slate.item_ids
    assert len(set(slate.item_ids)) == 10


def test_an_exclusion_beats_a_pin_and_a_rule_may_outlive_its_item(engine: Engine) -> None:
    first = engine.slate(Query("soup", k=1)).item_ids[0]
    constraints = Constraints(pins={0: first, 1: "gone"}, exclusions=frozenset({first, "gone"}))
    slate = engine.slate(Query("soup", k=5, constraints=constraints))
    assert first not in slate.item_ids
    assert len(slate.item_ids) == 5


def test_an_explored_slate_is_a_function_of_its_session(engine: Engine) -> None:
    def explored(session: str) -> tuple[str, ...]:
        return engine.slate(Query("yogurt", session_id=session, explore=True)).item_ids

    assert explored("a") == explored("a")
    assert len({explored(f"session {n}") for n in range(20)}) > 1


def test_logged_propensities_are_those_of_plackett_luce(engine: Engine) -> None:
    query = Query("soup", k=8, weights={"relevance": 0.7, "revenue": 0.3}, session_id="s", explore=True)
    slate = engine.slate(query)
    scored = engine.score(query)
    ranges = np.array([objective["range"] for objective in engine.manifest["objectives"]])
    utilities = scored.gains @ (np.array([0.7, 0.3]) / ranges)
    place = {row: position for position, row in enumerate(scored.rows.tolist())}
    chosen = np.array([place[row] for row in slate.rows.tolist()])
    without_pins = [-1] * len(chosen)
    policy = ReferencePolicy(utilities, np.ones(len(scored), dtype=bool), scored.aspects, 0.0, without_pins)
    expected = policy.propensities(chosen, engine.temperature)
    np.testing.assert_allclose(slate.propensities, expected, rtol=1e-3)


def test_exploring_needs_a_session(engine: Engine) -> None:
    with pytest.raises(BadParameter, match="explore"):
        engine.slate(Query("soup", explore=True))


def test_the_receipt_is_the_discounted_sum_of_what_is_shown_put_right(engine: Engine) -> None:
    slate = engine.slate(Query("coffee", k=10, weights={"relevance": 0.5, "revenue": 0.5}))
    factors = engine.manifest["receipt_factors"]
    for number, name in enumerate(slate.objectives):
        total = discounted_sum(slate.gains[:, number]) * factors.get(name, 1)
        assert slate.receipt[name].expected == pytest.approx(total, rel=1e-6)


def test_a_filter_narrows_and_never_empties_what_has_matches(engine: Engine) -> None:
    last = int(engine.score(Query("coffee")).rows[-1])
    brand = engine.store.display(last)["brand"]
    slate = engine.slate(Query("coffee", filters=(Filter("brand", values=(brand,)),)))
    assert {engine.store.display(row)["brand"] for row in slate.rows.tolist()} == {brand}


def test_no_match_is_an_empty_slate_with_an_empty_receipt(engine: Engine) -> None:
    slate = engine.slate(Query("xqzvkjw wvqxz"))
    assert slate.item_ids == ()
    assert slate.receipt["relevance"].expected == 0
    assert slate.receipt["relevance"].change is None


def test_an_offset_past_the_end_is_an_empty_page(engine: Engine) -> None:
    slate = engine.slate(Query("coffee", offset=100_000))
    assert (slate.item_ids, slate.n_candidates) == ((), 200)
    assert slate.n_matches_exact
    assert slate.n_matches > 200


def test_candidates_come_first_and_the_rest_by_popularity(engine: Engine) -> None:
    query = Query("coffee", k=50, weights={"relevance": 0.5, "revenue": 0.5})
    rest = engine.slate(replace(query, offset=200))
    popularity = engine.store.popularity[rest.rows]
    assert len(rest.rows) == 50
    assert (np.diff(popularity) <= 0).all()
    assert (rest.propensities == 1).all()
    last = engine.slate(replace(query, offset=150))
    straddling = engine.slate(replace(query, offset=175))
    assert straddling.item_ids == (*last.item_ids[25:], *rest.item_ids[:25])
    assert straddling.receipt == rest.receipt, "it speaks of the candidates"


def test_an_order_is_of_the_whole_result_set_and_no_weight_moves_it(engine: Engine) -> None:
    query = Query("coffee", k=30, sort=Sort("price", descending=True), session_id="s", explore=True)
    slate = engine.slate(query)
    prices = engine.store.prices[slate.rows]
    assert (np.diff(prices) <= 0).all()
    assert prices[0] == np.nanmax(engine.store.prices[engine.retriever.results("coffee").rows])
    assert slate.item_ids == engine.slate(replace(query, weights={"revenue": 1.0})).item_ids
    assert (slate.seed, slate.n_candidates, set(slate.propensities)) == (None, 0, {1.0})
    pages = [engine.slate(replace(query, k=10, offset=offset)).item_ids for offset in (0, 10, 20)]
    assert tuple(item_id for page in pages for item_id in page) == slate.item_ids
    hidden = Constraints(exclusions=frozenset(slate.item_ids[:2]))
    without = engine.slate(replace(query, k=28, constraints=hidden))
    assert without.item_ids == slate.item_ids[2:]
    assert without.n_matches == slate.n_matches - 2


def test_a_shelf_is_ranked_by_weights(engine: Engine) -> None:
    shelf = Query("", k=20, filters=(Filter("category", (engine.store.categories[0],)),))
    by_relevance, by_revenue = (
        engine.slate(replace(shelf, weights={objective: 1.0})) for objective in ("relevance", "revenue")
    )
    assert set(engine.store.category_codes[by_revenue.rows]) == {0}
    assert by_revenue.receipt["revenue"].expected >= by_relevance.receipt["revenue"].expected
    assert by_revenue.n_matches_exact


def test_an_unknown_weight_lists_the_known_ones(engine: Engine) -> None:
    with pytest.raises(BadParameter, match="allowed: relevance, revenue, diversity"):
        engine.slate(Query("coffee", weights={"margin": 1.0}))


def test_a_known_household_changes_the_ranking(engine: Engine) -> None:
    anybody = engine.slate(Query("yogurt", k=20)).item_ids
    assert any(engine.slate(Query("yogurt", k=20, user_id=user)).item_ids != anybody for user in engine.user_ids[:20])
    assert engine.slate(Query("yogurt", k=20, user_id="nobody")).item_ids == anybody


def test_a_draw_with_a_limit_costs_no_more_than_it_on_average(engine: Engine) -> None:
    for text in ("ice cream", "cheese"):
        for weights in ({"relevance": 1.0}, {"relevance": 0.5, "revenue": 0.4, "diversity": 0.1}):
            query = Query(text, k=10, weights=weights, session_id="s")
            scored, best = engine.score(query), engine.slate(query).receipt["relevance"].expected
            drawn = [
                engine.choose(replace(query, explore=True, exploration_loss=0.02, session_id=f"s{number}"), scored)
                for number in range(200)
            ]
            assert len({slate.temperature for slate in drawn}) == 1
            assert drawn[0].expected_exploration_loss == pytest.approx(0.02) or drawn[0].temperature == 0.1
            lost = 1 - np.mean([slate.receipt["relevance"].expected for slate in drawn]) / best
            assert -0.05 < lost < 0.03


def test_pages_of_a_draw_with_a_limit_are_pages_of_one_draw(engine: Engine) -> None:
    query = Query("ice cream", k=10, session_id="s", explore=True, exploration_loss=0.002)
    whole, second = (engine.slate(replace(query, k=k, offset=offset)) for k, offset in ((10, 0), (10, 10)))
    assert whole.temperature == second.temperature < engine.temperature
    assert not set(whole.item_ids) & set(second.item_ids)
