"""Analytics of a log: what the frames say is what a loop over its rows says, and nothing of a few people."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import BadLog, BadParameter
from trimtab.engine.analytics import report
from trimtab.engine.analytics.measures import (
    EVENTS,
    IMPRESSIONS,
    OUTCOMES,
    by_query,
    by_rank,
    done_once,
    events_in_rows,
    searches_of,
    shown_once,
    totals,
    trending,
)
from trimtab.engine.analytics.reading import Log, open_log, read
from trimtab.engine.log.impressions import read_log, write_part
from trimtab.engine.log.rows import SCHEMA

NUMBERS = count()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def impression(number: int, query: str, user: str | None, n: int = 2, **more: Any) -> dict[str, Any]:
    empty = {"clicks": [0] * n, "carts": None, "purchases": [0] * n, "revenue": [0.0] * n}
    plain = {"session_id": None, "understood": "{}", "channel": None, "offset": 0, **empty}
    shown = {
        "decision_id": f"d{number}",
        "timestamp": NOON,
        "item_ids": [f"i{at}" for at in range(n)],
        "propensities": [1.0] * n,
    }
    return {**plain, **shown, "query": query, "user_id": user, **more}


def event(number: int, action: str, position: int | None, value: float = 0.0) -> dict[str, Any]:
    named = {"event_id": f"event-{next(NUMBERS)}", "source": None}
    return {"decision_id": f"d{number}", "action": action, "position": position, "value": value, **named}


def log_of(impressions: list[dict[str, Any]], events: list[dict[str, Any]] | None = None) -> Log:
    rows = pl.LazyFrame(impressions, schema={**IMPRESSIONS, **OUTCOMES})
    done = pl.LazyFrame(events or [], schema=EVENTS)
    return Log(shown_once(rows), done_once(pl.concat([done, events_in_rows(rows)])))


def test_a_merchandiser_finds_what_sells_and_what_finds_nothing() -> None:
    users = [f"u{n}" for n in range(6)]
    rows = [impression(n, "Soup ", user) for n, user in enumerate(users)]
    rows += [impression(10 + n, "sofa", user, n=0) for n, user in enumerate(users)]
    rows += [impression(20 + n, "rare", "u0") for n in range(9)]
    rows += [impression(30 + n, "soop", user, understood='{"corrected":"soup"}') for n, user in enumerate(users)]
    log = log_of(rows, [event(0, "click", 1), event(0, "purchase", 1, 4.5), event(1, "click", 0)])

    (total,) = report.overview(log)
    assert (total["searches"], total["users"], total["no_results"], total["corrected"]) == (27, 6, 6, 6)
    assert total["revenue"] == 4.5
    top = report.queries(log, "top", report.Shown())
    assert {row["query"] for row in top} == {"soup", "sofa", "soop"}, "what one person did nine times is in no row"
    soup = next(row for row in top if row["query"] == "soup")
    assert [row["next"][0] for row in top if row["query"] == "sofa"] == ["synonym"], "wherever it is listed"
    assert "synonym" not in soup["next"]
    assert soup["click_rate"] == pytest.approx(2 / 6)
    assert soup["purchase_rate"] == pytest.approx(1 / 6)
    assert soup["clicked_rank"] == pytest.approx(1.5)
    (nothing,) = report.queries(log, "no_results", report.Shown())
    assert (nothing["query"], nothing["playground"], nothing["next"][0]) == ("sofa", "/?q=sofa", "synonym")
    (read_otherwise,) = report.queries(log, "corrected", report.Shown())
    assert (read_otherwise["query"], read_otherwise["corrected_to"]) == ("soop", "soup")
    items = pl.DataFrame({"item_id": ["i0"], "category": ["Food"]})
    (food,) = report.categories(log, items, report.Shown())
    assert (food["category"], food["searches"]) == ("Food", 21)
    with pytest.raises(BadParameter, match="no_results"):
        report.queries(log, "worst", report.Shown())  # type: ignore[arg-type]  # what a caller may send


def test_who_is_nobody_is_one_user() -> None:
    log = log_of([impression(n, "secret", None) for n in range(20)])
    assert report.queries(log, "top", report.Shown(min_users=2)) == []
    assert report.overview(log)[0]["searches"] == 20


def test_who_looks_at_every_item_has_searched_for_no_words() -> None:
    log = log_of([impression(n, ("", "soup")[n % 2], f"u{n}") for n in range(20)])
    assert [row["query"] for row in report.queries(log, "top", report.Shown())] == ["soup"]
    found = read(trending(searches_of(log.impressions, log.events), NOON - timedelta(1), min_users=1))
    assert "" not in found["query"].to_list()
    assert report.overview(log)[0]["searches"] == 20


def test_before_and_after_and_by_time() -> None:
    hours = [NOON + timedelta(hours=n) for n in (-3, -2, 1)]
    log = log_of([impression(n, "soup", f"u{n}", timestamp=at) for n, at in enumerate(hours)], [event(2, "click", 0)])
    before, after = report.change(log, NOON)
    assert (before["side"], before["searches"], before["click_rate"]) == ("before", 2, 0)
    assert (after["side"], after["searches"], after["click_rate"]) == ("after", 1, 1)
    assert [row["searches"] for row in report.times(log, "hour")] == [1, 1, 1]
    assert [row["period"] for row in report.times(log, "day")] == [NOON.replace(hour=0)]


def test_a_trend_is_a_share_that_grew() -> None:
    early, late = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    rows = [impression(n, "always", f"u{n}", timestamp=(early, late)[n % 2]) for n in range(200)]
    rows += [impression(500 + n, "new", f"u{n}", timestamp=late) for n in range(40)]
    rows += [impression(700 + n, "gone", f"u{n}", timestamp=early) for n in range(40)]
    found = read(trending(searches_of(log_of(rows).impressions, log_of([]).events), NOON, min_users=5))
    assert found["query"].to_list()[0] == "new"
    assert "gone" not in found["query"].to_list()


def test_ranks_count_pages_and_both_kinds_of_outcomes() -> None:
    rows = [impression(0, "a", "u", clicks=[0, 1]), impression(1, "a", "u", offset=2)]
    log = log_of(rows, [event(1, "click", 3)])
    found = read(by_rank(log.impressions, log.events, deepest=10))
    assert found.select("rank", "shown", "click_rate").rows() == [(1, 1, 0.0), (2, 1, 1.0), (3, 1, 0.0), (4, 1, 1.0)]


searched = st.tuples(
    st.sampled_from(["soup", " Soup", "tea", "x"]),
    st.sampled_from(["u1", "u2", "u3", None]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 2]),
    st.lists(
        st.tuples(st.sampled_from(["click", "cart", "purchase"]), st.integers(0, 2), st.integers(0, 9)), max_size=3
    ),
)


@given(st.lists(searched, max_size=30), st.integers(1, 3))
def test_frames_say_what_a_loop_says(made: list[Any], min_users: int) -> None:
    rows, events = [], []
    expected: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"users": set(), "first": 0, "clicked": 0, "revenue": 0.0}
    )
    for number, (query, user, n, offset, done) in enumerate(made):
        rows.append(impression(number, query, user, n=n, offset=offset))
        events += [event(number, action, position, float(value)) for action, position, value in done]
        mine = expected[query.strip().lower()]
        mine["users"].add(user)
        mine["first"] += offset == 0
        mine["clicked"] += offset == 0 and any(action == "click" for action, _, _ in done)
        mine["revenue"] += sum(value for action, _, value in done if action == "purchase")
    log = log_of(rows, events)
    found = read(by_query(searches_of(log.impressions, log.events), min_users=min_users))
    assert set(found["query"]) == {query for query, one in expected.items() if len(one["users"]) >= min_users}
    for row in found.iter_rows(named=True):
        one = expected[row["query"]]
        assert (row["users"], row["searches"]) == (len(one["users"]), one["first"])
        assert row["revenue"] == pytest.approx(one["revenue"])
        assert row["click_rate"] == (pytest.approx(one["clicked"] / one["first"]) if one["first"] else None)
    assert read(totals(searches_of(log.impressions, log.events)))["searches"].item() == sum(
        one["first"] for one in expected.values()
    )


def test_a_sample_is_in_proportion_to_searches_and_of_several_users() -> None:
    counts = {"often": 60, "sometimes": 30, "seldom": 10}
    queries = [query for query, n in counts.items() for _ in range(n)]
    log = log_of([impression(n, query, f"u{n}") for n, query in enumerate(queries)])
    first = [report.sample(log, 1, seed=seed, min_users=1)[0] for seed in range(150)]
    assert {query: first.count(query) / 150 for query in counts} == pytest.approx(
        {query: n / 100 for query, n in counts.items()}, abs=0.13
    )
    assert sorted(report.sample(log, 10, seed=0, min_users=1)) == sorted(counts)
    assert report.sample(log, 10, seed=0, min_users=20) == report.sample(log, 10, seed=0, min_users=11)
    assert report.sample(log, 10, seed=0, min_users=61) == []


def test_a_simulated_log_is_read_by_time_and_channel(log: Path) -> None:
    whole = pl.concat(read_log(log))
    opened = open_log(log)
    total = report.overview(opened)[0]
    assert total["searches"] == len(whole) == 3000
    assert total["click_rate"] == pytest.approx((whole["clicks"].list.sum() > 0).mean())
    assert total["revenue"] == pytest.approx(whole["revenue"].list.sum().sum())
    middle = whole["timestamp"].sort()[1500]
    later = report.overview(open_log(log, since=middle))[0]["searches"]
    assert later + report.overview(open_log(log, until=middle))[0]["searches"] == 3000
    assert report.overview(open_log(log, channel="agent"))[0]["searches"] == 0
    ends_of_time = {"since": datetime.min.replace(tzinfo=UTC), "until": datetime.max.replace(tzinfo=UTC)}
    assert (
        report.overview(open_log(log, **ends_of_time))[0]["searches"] == report.overview(open_log(log))[0]["searches"]
    )


def test_what_is_no_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadLog, match="no log is there"):
        open_log(tmp_path / "nowhere")
    (tmp_path / "log.parquet").write_bytes(b"not parquet")
    with pytest.raises(BadLog, match="cannot be read"):
        report.overview(open_log(tmp_path))
    with pytest.raises(BadLog, match="agent"):
        open_log(tmp_path, channel="robot")


def test_parts_of_earlier_versions_lack_columns(tmp_path: Path) -> None:
    row = {
        "decision_id": "a",
        "timestamp": NOON,
        "query": "soup",
        "offset": 0,
        "item_ids": ["i"],
        "propensities": [1.0],
        "clicks": [1],
    }
    whole = pl.DataFrame([row], schema=SCHEMA)
    write_part(whole, tmp_path / "one.parquet")
    whole.drop("channel", "agent", "carts", "understood").write_parquet(tmp_path / "two.parquet")
    (total,) = report.overview(open_log(tmp_path))
    assert (total["searches"], total["click_rate"]) == (1, 1.0), "a decision counts once"


def test_rows_whose_outcomes_do_not_fit_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = {"timestamp": NOON, "query": "soup", "offset": 0, "item_ids": ["i"], "propensities": [1.0], "purchases": [1]}
    outcomes = [{"revenue": [2.0]}, {"revenue": [float("nan")]}, {"revenue": [1.0, 1.0]}, {"clicks": [1, 0]}, {}]
    rows = [{**row, "decision_id": str(number), **some} for number, some in enumerate(outcomes)]
    write_part(pl.DataFrame(rows, schema=SCHEMA), tmp_path / "log.parquet")
    (total,) = report.overview(open_log(tmp_path))
    assert (total["searches"], total["revenue"]) == (2, 2.0)
    assert "3 rows left out" in caplog.text
