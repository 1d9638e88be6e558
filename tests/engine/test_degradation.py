"""Degradation: a search short of time leaves out the least expensive parts first; the same levels, the same slate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import BadParameter
from trimtab.core.log import impression_row
from trimtab.core.records import Constraints, Query
from trimtab.engine import Engine
from trimtab.engine.log.decisions import replay_decision
from trimtab.engine.plan.deadline import STAGES, Deadline, Shape, StageCosts, measured_costs
from trimtab.engine.plan.degradation import (
    CANDIDATES,
    DENSE,
    DIVERSITY,
    FACETS,
    FEW_CANDIDATES,
    RANKING,
    SLATE_LEVELS,
    FixedLevels,
)

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


def in_order(levels: Iterable[str]) -> tuple[str, ...]:
    taken = frozenset(levels)
    assert taken <= set(SLATE_LEVELS), "facets are left out only where they are asked for"
    return tuple(level for level in SLATE_LEVELS if level in taken)


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
def test_the_first_level_that_fits_is_taken(level: int, price: float) -> None:
    assert in_order(deadline(price).levels_before("live")) == SLATE_LEVELS[:level]
    assert in_order(deadline(price - 0.5).levels_before("live")) == SLATE_LEVELS[: level + 1]


def test_what_the_queue_took_is_gone() -> None:
    clock = Clock()
    degradation = deadline(100.0, clock)
    clock.now = 90.0
    assert in_order(degradation.levels_before("live")) == SLATE_LEVELS[:3]


def test_it_is_decided_again_as_time_goes_by() -> None:
    clock = Clock()
    degradation = deadline(20.0, clock)
    assert degradation.levels_before("live") == degradation.levels_before("retrieve") == frozenset()
    clock.now = 17.5  # retrieval took far longer than expected
    assert in_order(degradation.levels_before("rank")) == (DIVERSITY, CANDIDATES, RANKING), (
        "and what was done cannot be undone"
    )
    clock.now = 50.0
    assert in_order(degradation.levels_before("choose")) == (DIVERSITY, CANDIDATES, RANKING)
    assert degradation.is_past


def test_only_what_was_wanted_can_be_left_out() -> None:
    plain = Shape(is_personal=False, is_diverse=False, is_constrained=False, depth_bits=5)
    assert in_order(deadline(0.0, shape=plain).levels_before("retrieve")) == (CANDIDATES, RANKING, DENSE)


@given(st.floats(0, 20), st.lists(st.floats(0, 10), min_size=5, max_size=5))
def test_less_time_never_means_more_work(timeout: float, laps: list[float]) -> None:
    clocks = Clock(), Clock()
    degradations = deadline(timeout, clocks[0]), deadline(timeout / 2, clocks[1])
    for stage, lap in zip(STAGES, (0.0, *laps), strict=True):
        for clock in clocks:
            clock.now += lap
        ample, scarce = (degradation.levels_before(stage) for degradation in degradations)
        assert ample <= scarce


def test_facets_go_before_anything_that_changes_the_slate() -> None:
    asked = Shape(is_personal=True, is_diverse=True, is_constrained=False, depth_bits=5, has_facets=True)
    costs, clock = known_costs(), Clock()
    costs.observe("facets", 20.0)
    degradation = Deadline(costs, asked, start=0.0, seconds=PRICES[0], clock=clock)
    assert degradation.levels_before("live") == {FACETS}
    late = Deadline(costs, asked, start=0.0, seconds=PRICES[0] + 20.0, clock=clock)
    assert late.levels_before("choose") == frozenset()
    clock.now = 30.0
    assert late.levels_before("facets") == {FACETS}, "until the last moment"


def test_a_slate_without_its_facets_is_the_same_slate(engine: Engine) -> None:
    query = Query("ice cream", k=10, weights=MIXED, facets=("brand", "category"))
    whole = engine.slate(query)
    without = engine.slate(query, FixedLevels(frozenset({FACETS})))
    assert (without.degraded, without.facets) == ((FACETS,), {})
    assert list(whole.facets) == ["brand", "category"]
    assert whole.item_ids == without.item_ids
    assert replay_decision(engine, impression_row(engine.impression(without, datetime.now(UTC))))["reproduced"]
    with pytest.raises(BadParameter, match="colour"):
        engine.slate(Query("ice cream", facets=("colour",)), FixedLevels(frozenset({FACETS})))


def test_costs_follow_what_is_observed_and_not_one_pause() -> None:
    costs = StageCosts()
    for _ in range(200):
        costs.observe("rank", 2.0)
    assert costs.total(("rank",)) == pytest.approx(2.0, rel=0.1)
    costs.observe("rank", 500.0)
    assert costs.total(("rank",)) < 2.5
    for _ in range(40):
        costs.observe("rank", 8.0)
    assert costs.total(("rank",)) == pytest.approx(8.0, rel=0.1)


def test_most_observations_are_below_the_estimate() -> None:
    costs = StageCosts()
    series = [1.0 + (number * 37 % 100) / 100 for number in range(4000)]
    for seconds in series:
        costs.observe("rank", seconds)
    assert 1.85 < costs.total(("rank",)) < 2.1


def test_a_stage_that_was_slow_once_is_tried_again() -> None:
    costs = known_costs()
    costs.observe("rank few", 1e9)  # nobody would ever wait for it again
    for way in ("rank", "rank few"):
        for _ in range(100):
            costs.observe(way, 1e9)
    tries = 0
    for _ in range(2000):
        degradation = Deadline(costs, ALL, start=0.0, seconds=100.0, clock=Clock())
        if RANKING not in degradation.levels_before("live"):
            tries += 1
            degradation.learn({"rank": 2.0})
        else:
            degradation.learn({})
    assert tries > 1


@pytest.mark.parametrize("n_levels", range(1, len(SLATE_LEVELS) + 1))
@pytest.mark.parametrize("explore", [False, True])
def test_a_degraded_decision_is_made_again_to_the_bit(engine: Engine, n_levels: int, explore: bool) -> None:
    query = Query("ice cream", k=7, weights=MIXED, explore=explore, session_id="s", user_id=engine.user_ids[0])
    slate = engine.slate(query, FixedLevels(frozenset(SLATE_LEVELS[:n_levels])))
    assert slate.degraded == SLATE_LEVELS[:n_levels]
    row = impression_row(engine.impression(slate, datetime.now(UTC)))
    again = replay_decision(engine, row)
    assert again["reproduced"], again["differences"]
    assert [hit["item_id"] for hit in again["hits"]] == list(slate.item_ids)


def test_each_level_does_what_it_says(engine: Engine) -> None:
    query = Query("ice cream", k=10, weights=MIXED)
    whole = engine.slate(query)
    by_levels = {
        levels: engine.slate(query, FixedLevels(frozenset(levels))) for levels in (SLATE_LEVELS[:n] for n in range(6))
    }
    assert by_levels[()].item_ids == whole.item_ids
    assert by_levels[SLATE_LEVELS[:1]].item_ids == whole.item_ids, "nobody's live features are missed"
    assert by_levels[SLATE_LEVELS[:2]].weights == pytest.approx({"relevance": 2 / 3, "revenue": 1 / 3, "diversity": 0})
    few = by_levels[SLATE_LEVELS[:3]]
    assert few.n_candidates == FEW_CANDIDATES < whole.n_candidates
    unranked, by_words = by_levels[SLATE_LEVELS[:4]], by_levels[SLATE_LEVELS[:5]]
    pipeline = engine.pipeline
    assert unranked.rows.tolist() == pipeline.retrieve("ice cream").rows[:10].tolist()
    assert by_words.rows.tolist() == pipeline.retrieve("ice cream", by_meaning=False).rows[:10].tolist()
    assert all(line.expected == 0 for name, line in unranked.receipt.items() if name != "diversity")


def test_the_head_of_the_candidates_is_what_a_smaller_retrieval_finds(engine: Engine) -> None:
    deep, shallow = (engine.pipeline.retrieve("ground coffee", n_candidates=n) for n in (200, FEW_CANDIDATES))
    assert deep.first(FEW_CANDIDATES).rows.tolist() == shallow.rows.tolist()


@pytest.mark.parametrize("levels", [SLATE_LEVELS[:n] for n in range(len(SLATE_LEVELS) + 1)], ids=len)
def test_rules_and_deep_pages_hold_at_every_level(engine: Engine, levels: tuple[str, ...]) -> None:
    degradation = FixedLevels(frozenset(levels))
    found = engine.slate(Query("ice cream", k=30)).item_ids
    rules = Constraints(pins={0: found[20]}, exclusions=frozenset({found[0]}))
    slate = engine.slate(Query("ice cream", k=10, constraints=rules), degradation)
    assert slate.item_ids[0] == found[20]
    assert found[0] not in slate.item_ids
    pages = [engine.slate(Query("ice cream", k=30, offset=offset), degradation) for offset in (0, 30, 60)]
    assert all(len(page.item_ids) == 30 for page in pages)
    shown = [set(page.item_ids) for page in pages]
    if CANDIDATES not in levels:  # pages of one query are ranked among different numbers of candidates there
        assert all(not one & other for one, other in pairwise(shown))


def test_words_that_nothing_has_find_nothing_by_words_and_no_page_is_an_error(engine: Engine) -> None:
    degradation = FixedLevels(frozenset(SLATE_LEVELS))
    assert engine.slate(Query("ice cream", k=20, offset=190), degradation).item_ids is not None
    assert DENSE in engine.slate(Query("qqqq xxxx", offset=10), degradation).degraded


def test_the_costs_are_known_before_the_first_request(engine: Engine) -> None:
    costs = measured_costs(engine)
    shape = Shape.of(engine.with_defaults(Query("soup")))
    assert (
        in_order(Deadline(costs, shape, start=0, seconds=1e-9, clock=Clock()).levels_before("retrieve"))
        == SLATE_LEVELS[1:]
    )
    assert Deadline(costs, shape, start=0, seconds=1e9, clock=Clock()).levels_before("retrieve") == frozenset()
