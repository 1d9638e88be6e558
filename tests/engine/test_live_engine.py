"""The engine over a catalogue that changes: one state for all who follow the log, and any state made again."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from benchmarks.ranking.new_items import new_titles, share_first
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.live.changes import MAX_NEW_NAMES
from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.records import Constraints, Query, Sort
from trimtab.engine import Engine
from trimtab.engine.live.feeding import FeedChanges, apply_difference
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.live.log_limits import LogIsFull, LogLimits
from trimtab.engine.live.states import COLLECTED_AFTER, EngineStates
from trimtab.ranker.features import FEATURES
from trimtab.retrieval.filters import parse_filter

NEVER = datetime.min.replace(tzinfo=UTC)


def slate_of(engine: Engine, text: str, user_id: str | None = None) -> tuple[list[str], list[float]]:
    slate = engine.slate(Query(text, user_id=user_id))
    return list(slate.item_ids), slate.scores.tolist()


def test_who_follows_the_log_searches_as_who_wrote_it(engine: Engine, tmp_path: Path) -> None:
    writer, reader = LiveEngine(engine, tmp_path), LiveEngine(engine, tmp_path)
    ids = engine.store.item_ids(range(60))
    states = []
    for version, item_id in enumerate(ids[::10], start=1):
        new = {"item_id": f"new-{version}", "title": f"Quince ice cream {version}", "product_type": f"Quince {version}"}
        assert writer.change(
            [new, {"item_id": item_id, "title": f"Ice cream of {version} fruits"}], [ids[version]]
        ) == (version)
        states.append(slate_of(writer.newest, "quince ice cream"))
    assert slate_of(reader.follow(), "quince ice cream") == states[-1]
    assert reader.newest.state == writer.newest.state
    late = LiveEngine(engine, tmp_path)
    for version, state in enumerate(states, start=1):
        assert slate_of(late.at_version(version), "quince ice cream") == state
    assert slate_of(engine, "quince ice cream") != states[0]  # what was built stays as it was


def test_the_first_search_of_a_new_state_waits_for_nothing_that_the_change_could_compute(
    engine: Engine, tmp_path: Path
) -> None:
    live = LiveEngine(engine, tmp_path)
    live.change([{"item_id": "quince", "title": "Quince", "brand": "Zyxwvut"}])
    retriever = live.newest.retriever
    assert "knowledge" in vars(retriever)  # it is there before anybody asks
    assert retriever.knowledge.catalogue.is_name("zyxwvut")


def test_an_item_that_is_written_again_word_by_word_is_ranked_as_before(engine: Engine, tmp_path: Path) -> None:
    """Its words and meaning are computed by another way than when it was built; so are the features."""
    text = "ice cream"
    before = engine.slate(Query(text, k=5, explain=True))
    item_id = before.item_ids[2]
    live = LiveEngine(engine, tmp_path)
    whole = live.item(item_id)
    live.change([{**whole, "url": "https://shop.example/another"}])
    after = live.newest.slate(Query(text, k=5))
    assert after.item_ids == before.item_ids
    assert live.newest.store.row_of(item_id) >= len(engine.store)
    # Of items that are retrieved as equals, rounding says which is the first.
    compared = [position for position, name in enumerate(FEATURES) if name != "reciprocal_rank"]
    np.testing.assert_allclose(after.features[:, compared], before.features[:, compared], rtol=1e-3, atol=1e-4)


def test_what_a_user_bought_is_remembered_when_the_item_moves(engine: Engine, tmp_path: Path) -> None:
    position = FEATURES.index("user_bought")
    user_id = engine.user_ids[0]
    history = engine.pipeline.histories.of(user_id)
    assert history is not None
    item_id = engine.store.item_ids(history.rows[:1])[0]
    pinned = Query("soup", k=1, user_id=user_id, constraints=Constraints(pins={0: item_id}))
    bought = engine.slate(pinned).features[0, position]
    assert bought > 0
    live = LiveEngine(engine, tmp_path)
    live.change([{"item_id": item_id, "title": "Another name"}])
    assert live.newest.slate(pinned).features[0, position] == bought
    assert live.newest.slate(replace(pinned, user_id=None)).features[0, position] == 0


def test_prices_count_in_the_ranking(engine: Engine, tmp_path: Path) -> None:
    by_revenue = Query("yogurt", weights={"revenue": 1.0})
    low = engine.slate(replace(by_revenue, k=200)).item_ids[150]
    revenue = next(one for one in engine.served if one.objective.name == "revenue")
    live = LiveEngine(engine, tmp_path)
    live.change([{"item_id": low, "price": 99_999.0}])
    slate = live.newest.slate(replace(by_revenue, k=200))
    place = slate.item_ids.index(low)
    assert place < 100
    assert slate.gains[place, 1] <= revenue.high  # no price counts for more than the bound


def test_a_change_is_all_or_nothing(engine: Engine, tmp_path: Path) -> None:
    live = LiveEngine(engine, tmp_path)
    known = engine.store.item_ids([0])[0]
    with pytest.raises(BadParameter, match=r"items\[1\].title: is missing, and there is no such item yet"):
        live.change([{"item_id": known, "price": 1.0}, {"item_id": "new"}])
    with pytest.raises(NotFound, match="no item 'new'"):
        live.change(delete=[known, "new"])
    assert live.newest is engine
    assert live.follow() is engine


def test_attributes_that_no_build_has_are_few_however_they_come(engine: Engine, tmp_path: Path) -> None:
    live = LiveEngine(engine, tmp_path)
    for part in range(2):
        names = (f"attr_{part}_{n}" for n in range(MAX_NEW_NAMES // 2))
        live.change([{"item_id": f"new-{part}", "title": "Quince", **dict.fromkeys(names, "x")}])
    live.change([{"item_id": "new-2", "title": "Quince", "attr_0_1": "y"}])  # has one of them
    more = {"item_id": "new-3", "title": "Quince", "attr_more": "x"}
    for refused in (lambda: live.change([more]), lambda: apply_difference(live, FeedChanges([more], [], [], 0, 1))):
        with pytest.raises(BadParameter, match="beside 1,000 that it was not built with"):
            refused()
    live.change(delete=["new-0"])
    assert live.change([more]) == 5


def test_items_that_are_as_they_are_put_change_nothing(engine: Engine, tmp_path: Path) -> None:
    live = LiveEngine(engine, tmp_path)
    new = {"item_id": "new", "title": "Quince ice cream", "price": 3.99}
    built = {**live.item(engine.store.item_ids([0])[0]), "price": 1.25, "in_stock": True}
    assert live.change([new, built]) == 1
    n_bytes = live.log_bytes
    assert live.change([new, built]) == 1
    assert live.change([{"item_id": "new", "price": 3.99}, {"item_id": built["item_id"], "price": 1.25}]) == 1
    assert live.log_bytes == n_bytes > 0
    assert live.change([new, {**built, "price": 2.5}]) == 2
    assert live.item(built["item_id"])["price"] == 2.5


@pytest.mark.parametrize("limits", [LogLimits(unbuilt=100, kept=10_000), LogLimits(unbuilt=0, kept=100)])
def test_whoever_writes_to_the_log_is_stopped_at_its_limits(engine: Engine, tmp_path: Path, limits: LogLimits) -> None:
    unbounded, live = LiveEngine(engine, tmp_path), LiveEngine(engine, tmp_path, limits=limits)
    new = {"item_id": "new", "title": "Quince ice cream", "description": "q" * 200}
    if limits.unbuilt:
        assert live.change([new]) == 1
    else:
        unbounded.change([new])
    difference = FeedChanges(added=[{**new, "item_id": "newer"}], changed=[], removed=[], n_same=0, n_before=1)
    for change in (partial(live.change, delete=["new"]), partial(apply_difference, live, difference)):
        with pytest.raises(LogIsFull):
            change()
    assert live.follow().catalogue_version == 1


def test_replaced_states_are_given_up_where_nothing_else_collects(engine: Engine, tmp_path: Path) -> None:
    live = LiveEngine(engine, tmp_path)
    item_id = engine.store.item_ids([0])[0]
    gc.disable()
    try:
        states = []
        for price in range(1, 3 * COLLECTED_AFTER):
            live.change([{"item_id": item_id, "price": float(price)}])
            states.append(weakref.ref(live.newest))
        assert sum(state() is not None for state in states) <= COLLECTED_AFTER + 1, "and the newest one"
    finally:
        gc.enable()


def test_changes_that_the_bundle_was_built_with_are_not_made_again(engine: Engine, tmp_path: Path) -> None:
    live = LiveEngine(engine, tmp_path)
    live.change([{"item_id": "early", "title": "Early"}])
    built_later = engine.at_state(engine.pipeline, 0, None)
    built_later.manifest = {**engine.manifest, "as_of": "2100-01-01T00:00:00+00:00"}
    later = LiveEngine(built_later, tmp_path)
    assert later.follow().store is engine.store
    later.change([{"item_id": "late", "title": "Late"}])  # whatever the clock says
    assert later.item("late")["title"] == "Late"
    with pytest.raises(NotFound):
        later.item("early")


def test_a_new_item_without_type_category_and_brand_is_found_by_its_own_title(
    bundle_folder: Path,
) -> None:
    """By rules, one that lacks a word of the title may win by its type; heads learn better (see `new_items`)."""
    ruled = Engine.load(bundle_folder / "rules")
    for kind, titles in new_titles(ruled, 20).items():
        assert share_first(ruled, titles, {"relevance": 1.0}) >= 0.9, kind


def test_a_log_with_an_attribute_in_the_place_of_a_column_is_served_without_it(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As logs may hold that were written before such attributes were refused."""
    query = Query("ice cream", filters=(parse_filter("price:0.."),), sort=Sort("popularity", descending=True))
    before = engine.slate(query)
    item_id = before.item_ids[0]
    with ChangeLog(tmp_path).writing():
        ChangeLog(tmp_path).append([{"item_id": item_id, "attr_price": "cheap", "price": 2.5}], [], after=NEVER)
    live = LiveEngine(engine, tmp_path)
    after = live.follow().slate(query)
    assert set(after.item_ids) == set(before.item_ids)
    assert (live.item(item_id)["price"], "attr_price" in live.item(item_id)) == (2.5, False)
    assert "attr_price are left out" in caplog.text
    assert live.change([{"item_id": item_id, "price": 3.5}]) == 2, "and later changes are made to it"


@pytest.mark.parametrize(
    "odd", [{"price": "cheap"}, {"brand": None}, {"popularity": [1]}, {"in_stock": 1}, {"colour": "red"}, {"title": 7}]
)
def test_what_a_log_holds_that_cannot_be_served_keeps_nothing_else_from_being_served(
    engine: Engine, tmp_path: Path, odd: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    item_id = engine.store.item_ids([3])[0]
    with ChangeLog(tmp_path).writing():
        log = ChangeLog(tmp_path)
        log.append(
            [{"item_id": item_id, "url": "https://a.example", **odd}, {"item_id": "odd", **odd}], [], after=NEVER
        )
        log.append([{"item_id": "new", "title": "Plain new item"}], [], after=NEVER)
    written = [path.read_bytes() for path in tmp_path.glob("*.jsonl")]
    live = LiveEngine(engine, tmp_path)
    before = LiveEngine(engine, tmp_path / "none").item(item_id)
    assert live.follow().slate(Query("plain new item")).item_ids[0] == "new"
    assert live.item(item_id) == {**before, "url": "https://a.example"}
    assert f"of item {item_id!r} {next(iter(odd))} are left out" in caplog.text
    assert [path.read_bytes() for path in tmp_path.glob("*.jsonl")] == written, "the log is as it was"
    assert live.change([{"item_id": item_id, "price": 3.5}]) == 3


def test_what_cannot_be_served_is_not_written(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveEngine(engine, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(EngineStates, "at_state", Mock(side_effect=AssertionError))
        with pytest.raises(AssertionError):
            live.change([{"item_id": "new", "title": "Quince"}])
    assert ChangeLog(tmp_path).read() == []
    assert live.change([{"item_id": "new", "title": "Quince"}]) == 1


def test_the_state_of_who_wrote_is_the_one_that_others_read(engine: Engine, tmp_path: Path) -> None:
    writer, reader = LiveEngine(engine, tmp_path), LiveEngine(engine, tmp_path)
    writer.change([{"item_id": "new", "title": "Quince"}])
    reader.change([{"item_id": "newer", "title": "Medlar"}])
    assert (reader.newest.state, reader.newest.catalogue_version) == (writer.follow().state, 2)
    assert reader.newest.in_market(Query("quince")).state.startswith(reader.newest.state)
