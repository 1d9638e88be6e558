"""A search that is short of time goes without the least dear parts first, and the same levels make the same slate."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.log import impression_row
from trimtab.core.records import Constraints, Query
from trimtab.engine import Engine
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.plan.deadline import STAGES, Deadline, Shape, measured_costs
from trimtab.engine.plan.degradation import (
    CANDIDATES,
    DENSE,
    DIVERSITY,
    FEW_CANDIDATES,
    LEVELS,
    RANKING,
    Steady,
    in_order,
)
from trimtab.engine.plan.stage_costs import StageCosts

MIXED = {"relevance": 0.6, "revenue": 0.3, "diversity": 0.1}
ALL = Shape(is_personal=True, is_diverse=True, is_constrained=False, depth_bits=5)
MILLISECONDS = {
    "live": 1.0,
    "retrieve": 4.0,
    "retrieve by words": 1.0,
    "rank": 6.0,
    "rank few": 2.0,
    "choose diverse 5": 3.0,
    "choose 5": 1.0,
    "respond 5": 1.0,
}
PRICES = (15, 14, 12, 8, 6, 3)
"""Milliseconds of a whole search on the ground and on each level."""


class Clock:
    """Shows the time it was set to, in milliseconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def known_costs() -> StageCosts:
    costs = StageCosts()
    for way, milliseconds in MILLISECONDS.items():
        costs.observe(way, milliseconds)
    return costs


def deadline(timeout: float, clock: Clock | None = None, shape: Shape = ALL) -> Deadline:
    return Deadline(known_costs(), shape, start=0.0, seconds=timeout, clock=clock or Clock())


@pytest.mark.parametrize(("level", "price"), list(enumerate(PRICES)))
def test_the_first_rung_that_fits_is_taken(level: int, price: float) -> None:
    assert in_order(deadline(price).before("live")) == LEVELS[:level]
    assert in_order(deadline(price - 0.5).before("live")) == LEVELS[: level + 1]


def test_what_the_queue_took_is_gone() -> None:
    clock = Clock()
    pace = deadline(100.0, clock)
    clock.now = 90.0
    assert in_order(pace.before("live")) == LEVELS[:3]


def test_it_is_decided_again_as_time_goes_by() -> None:
    clock = Clock()
    pace = deadline(20.0, clock)
    assert pace.before("live") == pace.before("retrieve") == frozenset()
    clock.now = 17.5  # retrieval took far longer than expected
    assert in_order(pace.before("rank")) == (DIVERSITY, CANDIDATES, RANKING), "and what was done cannot be undone"
    clock.now = 50.0
    assert in_order(pace.before("choose")) == (DIVERSITY, CANDIDATES, RANKING)
    assert pace.is_past


def test_only_what_was_wanted_can_be_left_out() -> None:
    plain = Shape(is_personal=False, is_diverse=False, is_constrained=False, depth_bits=5)
    assert in_order(deadline(0.0, shape=plain).before("retrieve")) == (CANDIDATES, RANKING, DENSE)


@given(st.floats(0, 20), st.lists(st.floats(0, 10), min_size=4, max_size=4))
def test_less_time_never_means_more_work(timeout: float, laps: list[float]) -> None:
    clocks = Clock(), Clock()
    paces = deadline(timeout, clocks[0]), deadline(timeout / 2, clocks[1])
    for stage, lap in zip(STAGES, (0.0, *laps), strict=True):
        for clock in clocks:
            clock.now += lap
        ample, scarce = (pace.before(stage) for pace in paces)
        assert ample <= scarce


def test_costs_follow_what_is_observed_and_not_one_pause() -> None:
    costs = StageCosts()
    for _ in range(200):
        costs.observe("rank", 2.0)
    assert costs.of("rank") == pytest.approx(2.0, rel=0.1)
    costs.observe("rank", 500.0)
    assert costs.of("rank") < 2.5
    for _ in range(40):
        costs.observe("rank", 8.0)
    assert costs.of("rank") == pytest.approx(8.0, rel=0.1)


def test_most_observations_are_below_the_estimate() -> None:
    costs = StageCosts()
    series = [1.0 + (number * 37 % 100) / 100 for number in range(4000)]
    for seconds in series:
        costs.observe("rank", seconds)
    assert 1.85 < costs.of("rank") < 2.1


def test_a_stage_that_was_slow_once_is_tried_again() -> None:
    costs = known_costs()
    costs.observe("rank few", 1e9)  # nobody would ever wait for it again
    for way in ("rank", "rank few"):
        for _ in range(100):
            costs.observe(way, 1e9)
    tries = 0
    for _ in range(2000):
        pace = Deadline(costs, ALL, start=0.0, seconds=100.0, clock=Clock())
        if RANKING not in pace.before("live"):
            tries += 1
            pace.learn({"rank": 2.0})
        else:
            pace.learn({})
    assert tries > 1


@pytest.mark.parametrize("n_rungs", range(1, len(LEVELS) + 1))
@pytest.mark.parametrize("explore", [False, True])
def test_a_degraded_decision_is_made_again_to_the_bit(engine: Engine, n_rungs: int, explore: bool) -> None:
    query = Query("ice cream", k=7, weights=MIXED, explore=explore, session_id="s", user_id=engine.user_ids[0])
    slate = engine.search(query, Steady(frozenset(LEVELS[:n_rungs])))
    assert slate.degraded == LEVELS[:n_rungs]
    row = impression_row(engine.impression(slate, datetime.now(UTC)))
    again = replay_decision(engine, row)
    assert again["reproduced"], again["differences"]
    assert [hit["item_id"] for hit in again["hits"]] == list(slate.item_ids)


def test_each_rung_does_what_it_says(engine: Engine) -> None:
    query = Query("ice cream", k=10, weights=MIXED)
    whole = engine.search(query)
    by_rungs = {levels: engine.search(query, Steady(frozenset(levels))) for levels in (LEVELS[:n] for n in range(6))}
    assert by_rungs[()].item_ids == whole.item_ids
    assert by_rungs[LEVELS[:1]].item_ids == whole.item_ids, "nobody's live features are missed"
    assert by_rungs[LEVELS[:2]].weights == pytest.approx({"relevance": 2 / 3, "revenue": 1 / 3, "diversity": 0})
    few = by_rungs[LEVELS[:3]]
    assert few.n_candidates == FEW_CANDIDATES < whole.n_candidates
    unranked, by_words = by_rungs[LEVELS[:4]], by_rungs[LEVELS[:5]]
    pipeline = engine.pipeline
    assert unranked.rows.tolist() == pipeline.retrieve("ice cream").rows[:10].tolist()
    assert by_words.rows.tolist() == pipeline.retrieve("ice cream", by_meaning=False).rows[:10].tolist()
    assert all(line.expected == 0 for name, line in unranked.receipt.items() if name != "diversity")


def test_the_head_of_the_candidates_is_what_a_smaller_retrieval_finds(engine: Engine) -> None:
    deep, shallow = (engine.pipeline.retrieve("ground coffee", n_candidates=n) for n in (200, FEW_CANDIDATES))
    assert deep.first(FEW_CANDIDATES).rows.tolist() == shallow.rows.tolist()


@pytest.mark.parametrize("levels", [LEVELS[:n] for n in range(len(LEVELS) + 1)], ids=len)
def test_rules_and_deep_pages_hold_on_every_rung(engine: Engine, levels: tuple[str, ...]) -> None:
    pace = Steady(frozenset(levels))
    found = engine.search(Query("ice cream", k=30)).item_ids
    rules = Constraints(pins={0: found[20]}, exclusions=frozenset({found[0]}))
    slate = engine.search(Query("ice cream", k=10, constraints=rules), pace)
    assert slate.item_ids[0] == found[20]
    assert found[0] not in slate.item_ids
    pages = [engine.search(Query("ice cream", k=30, offset=offset), pace) for offset in (0, 30, 60)]
    assert all(len(page.item_ids) == 30 for page in pages)
    shown = [set(page.item_ids) for page in pages]
    if CANDIDATES not in levels:  # pages of one query are ranked among different numbers of candidates there
        assert all(not one & other for one, other in pairwise(shown))


def test_words_that_nothing_has_find_nothing_by_words_and_no_page_is_an_error(engine: Engine) -> None:
    pace = Steady(frozenset(LEVELS))
    assert engine.search(Query("ice cream", k=20, offset=190), pace).item_ids is not None
    assert DENSE in engine.search(Query("qqqq xxxx", offset=10), pace).degraded


def test_the_costs_are_known_before_the_first_request(engine: Engine) -> None:
    costs = measured_costs(engine)
    shape = Shape.of(Query("soup"), engine.default_weights)
    assert in_order(Deadline(costs, shape, start=0, seconds=1e-9, clock=Clock()).before("retrieve")) == LEVELS[1:]
    assert Deadline(costs, shape, start=0, seconds=1e9, clock=Clock()).before("retrieve") == frozenset()
