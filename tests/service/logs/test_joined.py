"""From a search to a report: what is served and what shoppers do is a log that replays as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import polars as pl
import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.services import metric, serving, settings_of
from tests.support.waiting import eventually
from trimtab.abtest.ope.replay import replay
from trimtab.engine import Engine
from trimtab.engine.log.impressions import ImpressionReader, read_log
from trimtab.engine.log.interactions import read_interactions
from trimtab.service.search.suggestion_process import LOGGED
from trimtab.service.settings import Settings

QUERIES = ("soup", "ice cream", "yogurt", "coffee", "pasta", "cheese")


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> Settings:
    return settings_of(small_bundle, tmp_path, redis_server, exploration_ratio=1.0)


def search(client: httpx.Client, query: str, shopper: int) -> dict[str, Any]:
    sent = {"q": query, "k": 5, "user_id": f"shopper-{shopper}", "session_id": f"session-{shopper}"}
    return client.get("/search", params=sent).raise_for_status().json()


def event(name: str, decision_id: str, item_id: str, **more: object) -> dict[str, object]:
    return {"event_id": name, "query_id": decision_id, "item_id": item_id, "action_name": "click", **more}


def test_served_logged_joined_and_replayed(settings: Settings, engine: Engine) -> None:
    with serving(settings) as client:
        answers = [search(client, query, shopper) for shopper in range(8) for query in QUERIES]
        for number, answer in enumerate(answers):
            hit = answer["hits"][number % 3]
            bought = {"action_name": "purchase", "value": hit["price"]}
            sent = [event(f"{number}-click", answer["decision_id"], hit["item_id"])]
            sent += [event(f"{number}-{n}", answer["decision_id"], hit["item_id"], **bought) for n in range(2)]
            client.post("/events", json={"events": sent}).raise_for_status()
    parts = list((settings.data_folder / "interactions").rglob("*.parquet"))
    assert {part.parent.name for part in parts} == {f"date={datetime.now(UTC).date()}"}
    assert not list((settings.data_folder / "spool").rglob("*.jsonl"))

    log = pl.concat(read_log(settings.data_folder))
    assert log["clicks"].list.sum().to_list() == log["purchases"].list.sum().to_list() == [1] * len(answers)
    some = pl.concat(ImpressionReader(settings.data_folder, LOGGED))
    assert some["clicks"].to_list() == log["clicks"].to_list(), "as suggestions read it, without all of the outcomes"
    spent = sum(2 * answer["hits"][number % 3]["price"] for number, answer in enumerate(answers))
    assert log["revenue"].list.sum().sum() == pytest.approx(spent)

    report = replay(settings.data_folder, engine, {"money": {"revenue": 1.0}})
    assert report["log"]["n_replayed"] == len(answers)
    assert report["log"]["events"] == {"matched": 3 * len(answers), "late": 0, "unknown": 0}
    assert report["policies"]["money"]["revenue"]["ess"] > 1


def test_late_and_unknown_events_are_kept_apart_and_counted(settings: Settings, engine: Engine) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1, hours=1)
    quick = {"log_segment_rows": 1, "log_compact_seconds": 0.05}
    with serving(settings.model_copy(update=quick)) as client:
        answer = search(client, "soup", 1)
        shown = answer["hits"][0]["item_id"]
        eventually(lambda: metric(client, "trimtab_log_lines_total", log="impressions", outcome="written") == 1)
        events = [
            event("in time", answer["decision_id"], shown),
            event("a clock ahead", answer["decision_id"], shown, timestamp=tomorrow.isoformat(), user_id=" "),
            event("a clock behind", answer["decision_id"], shown, timestamp="1999-12-31T23:59:59Z"),
            event("never shown", answer["decision_id"], "no such item"),
            event("no such slate", "0123", shown),
        ]
        client.post("/events", json={"events": events}).raise_for_status()
        for result, n in (("unknown", 2), ("matched", 3)):
            eventually(lambda result=result, n=n: metric(client, "trimtab_events_compacted_total", result=result) == n)
        assert metric(client, "trimtab_events_ahead_total") == 1
    late = {"event_id": "late", "decision_id": answer["decision_id"], "item_id": shown, "timestamp": tomorrow}
    line = {**late, "action": "click", "position": None, "quantity": 1, "value": 0}
    (settings.data_folder / "spool" / "interactions" / "20250101T000000-killed.jsonl").write_bytes(
        orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
    )
    with serving(settings.model_copy(update=quick)) as client:
        eventually(lambda: metric(client, "trimtab_events_compacted_total", result="late") == 1)
    apart = pl.concat(map(pl.read_parquet, (settings.data_folder / "unmatched").rglob("*.parquet")))
    assert dict(apart.select("event_id", "reason").iter_rows()) == {
        "late": "late",
        "never shown": "unknown",
        "no such slate": "unknown",
    }
    events_read = read_interactions(settings.data_folder)
    assert len(events_read) == 6
    assert events_read["user_id"].to_list() == [None] * 6
    assert events_read.filter(pl.col("timestamp") > datetime.now(UTC))["event_id"].to_list() == ["late"]
    (frame,) = read_log(settings.data_folder)
    assert frame["clicks"].to_list() == [[1, 0, 0, 0, 0]]
    report = replay(settings.data_folder, engine, {"money": {"revenue": 1.0}})
    assert report["log"]["events"] == {"matched": 3, "late": 1, "unknown": 2}
    assert any(
        warning.startswith("3 of 6 events are not the outcome of an impression here: 2 of ")
        for warning in report["warnings"]
    )


def test_what_was_unmatched_on_one_machine_is_found_when_folders_meet(settings: Settings, tmp_path: Path) -> None:
    """A shopper whose search went to one machine and whose click went to another."""
    here, there = (settings.model_copy(update={"data_folder": tmp_path / name}) for name in ("here", "there"))
    with serving(here) as client:
        answer = search(client, "soup", 1)
    with serving(there) as client:
        client.post("/events", json=event("e", answer["decision_id"], answer["hits"][2]["item_id"])).raise_for_status()
    assert list((there.data_folder / "unmatched").rglob("*.parquet"))
    (there.data_folder / "unmatched").rename(here.data_folder / "unmatched")
    (frame,) = read_log(here.data_folder)
    assert frame["clicks"].to_list() == [[0, 0, 1, 0, 0]]


def test_what_a_killed_service_left_is_read_too(settings: Settings) -> None:
    with serving(settings) as client:
        answer = search(client, "soup", 1)
        spool = settings.data_folder / "spool" / "impressions"
        eventually(lambda: b"\n" in b"".join(path.read_bytes() for path in spool.glob("*.jsonl")))
        (segment,) = spool.glob("*.jsonl")
        left = segment.read_bytes()
    for part in (settings.data_folder / "impressions").rglob("*.parquet"):
        part.unlink()
    (spool / "20250101T000000-killed.jsonl").write_bytes(left + left[:50])
    events = settings.data_folder / "spool" / "interactions"
    events.mkdir(exist_ok=True)
    clicked = {"event_id": "e", "decision_id": answer["decision_id"], "item_id": answer["hits"][1]["item_id"]}
    now = datetime.now(UTC).replace(microsecond=0)
    rest = {"timestamp": now, "action": "click", "position": None, "quantity": 1, "value": 0}
    line = orjson.dumps({**clicked, **rest}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
    (events / "20250101T000000-killed.jsonl").write_bytes(line + line[:20])
    (frame,) = read_log(settings.data_folder)
    assert frame["clicks"].to_list() == [[0, 1, 0, 0, 0]]


def test_what_belongs_to_nothing_shown_is_kept_and_said(settings: Settings) -> None:
    with serving(settings) as client:
        answer = search(client, "soup", 1)
        decision_id, shown = answer["decision_id"], answer["hits"][0]["item_id"]
        yesterday = (datetime.now(UTC) - timedelta(days=2)).isoformat()
        events = [
            event("joined", decision_id, shown),
            event("nowhere", "no-such-decision", shown),
            event("not shown", decision_id, "no such item"),
            event("a clock behind", decision_id, shown, timestamp=yesterday),
            event("a clock in 1970", decision_id, shown, timestamp="1970-01-01T00:00:00Z"),
        ]
        said = client.post("/events", json={"events": events}).json()
        assert said == {
            "accepted": 5,
            "duplicates": 0,
            "unmatched": [
                {"event_id": "nowhere", "reason": "query_id"},
                {"event_id": "not shown", "reason": "item_id"},
            ],
        }
        assert len(read_interactions(settings.data_folder)) == 5
        assert client.post("/events", json={"events": events}).json() == {**said, "accepted": 0, "duplicates": 5}
    with serving(settings) as restarted:
        another = event("after a restart", decision_id, shown)
        assert restarted.post("/events", json=another).json() == {"accepted": 1, "duplicates": 0}


def test_a_purchase_without_a_value_has_the_items_price_times_the_quantity(settings: Settings) -> None:
    with serving(settings) as client:
        answer = search(client, "soup", 1)
        hit = answer["hits"][0]
        bought = {"action_name": "purchase", "quantity": 3}
        events = [
            event("by its price", answer["decision_id"], hit["item_id"], **bought),
            event("for nothing", answer["decision_id"], hit["item_id"], **bought, value=0),
            event("unknown", answer["decision_id"], "no such item", **bought),
            event("click", answer["decision_id"], hit["item_id"]),
        ]
        client.post("/events", json={"events": events}).raise_for_status()
        paid = read_interactions(settings.data_folder)["value"].to_list()
    assert paid == pytest.approx([3 * hit["price"], 0, 0, 0])
