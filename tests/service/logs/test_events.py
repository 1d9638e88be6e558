"""Events: validated, once however often they are sent, on the disk before they are acknowledged."""

from __future__ import annotations

import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import ValidationError

from tests.support.redis_servers import RedisProcess
from tests.support.services import beside, metric, serving, settings_of, taken
from tests.support.waiting import eventually
from trimtab.catalog.schema import MAX_ID_BYTES
from trimtab.engine.log.interactions import read_interactions
from trimtab.service.logs import event_log
from trimtab.service.logs.event_log import Event, name_of
from trimtab.service.logs.event_marks import key_of
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.settings import Settings

CLICK = {"event_id": "e1", "action_name": "click", "query_id": "d1", "item_id": "i1", "position": 0}
PURCHASE = {**CLICK, "event_id": "e2", "action_name": "purchase", "quantity": 2, "value": 7.98}


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> Settings:
    return settings_of(small_bundle, tmp_path, redis_server, redis_poll_seconds=0.05)


def logged(data_folder: Path) -> list[dict[str, Any]]:
    return list(read_interactions(data_folder).iter_rows(named=True))


def test_one_and_many_and_again(settings: Settings, redis_server: RedisProcess) -> None:
    with serving(settings) as client:
        decision_id = client.get("/search", params={"q": "soup"}).json()["decision_id"]
        click = {**CLICK, "query_id": decision_id}
        assert taken(client.post("/events", json=click)) == (1, 0)
        # Acknowledged means written: it is there while the service still runs.
        assert [event["event_id"] for event in logged(settings.data_folder)] == ["e1"]
        both = client.post("/events", json={"events": [click, PURCHASE, PURCHASE]})
        assert taken(both) == (1, 2)
        assert metric(client, "trimtab_events_total", outcome="accepted") == 2
        assert metric(client, "trimtab_events_total", outcome="duplicate") == 2
        with redis_server.client() as redis:
            eventually(lambda: redis.xlen("trimtab:events") == 2)

    first, second = logged(settings.data_folder)
    assert (first["decision_id"], first["action"], first["position"]) == (decision_id, "click", 0)
    assert first["timestamp"].utcoffset() == timedelta(0)
    assert (second["quantity"], second["value"]) == (2, 7.98)


def test_an_event_is_known_after_a_restart_and_to_other_workers(
    settings: Settings, redis_server: RedisProcess, tmp_path: Path
) -> None:
    with serving(settings) as client, redis_server.client() as redis:
        client.post("/events", json=CLICK).raise_for_status()
        assert any(redis.scan_iter("trimtab:event:*"))
    with serving(settings.model_copy(update={"redis_url": None})) as restarted_without_redis:
        assert taken(restarted_without_redis.post("/events", json=CLICK)) == (0, 1)
    with serving(settings.model_copy(update={"data_folder": tmp_path / "other"})) as elsewhere:
        assert taken(elsewhere.post("/events", json=CLICK)) == (0, 1)


def test_the_same_event_from_many_at_once_counts_once(settings: Settings) -> None:
    with serving(settings) as client, ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda _: client.post("/events", json=CLICK).json(), range(32)))
    assert sum(answer["accepted"] for answer in answers) == 1
    assert [event["event_id"] for event in logged(settings.data_folder)] == ["e1"]


def test_what_two_workers_are_sent_at_once_counts_once(settings: Settings) -> None:
    """Each event twice to each of two workers, all four at the same time."""
    events = [{**PURCHASE, "event_id": f"e-{number}"} for number in range(50)]
    with serving(settings) as one, serving(beside(settings)) as two, ThreadPoolExecutor(4) as senders:
        sent = [(client, event) for event in events for client in (one, two, one, two)]
        answers = list(senders.map(lambda each: each[0].post("/events", json=each[1]).json(), sent))
        both = senders.map(lambda client: client.post("/events", json={"events": [CLICK]}).json(), (one, two))
        answers += both
    assert sum(answer["accepted"] for answer in answers) == 51
    assert sum(answer["duplicates"] for answer in answers) == 151
    folders = (settings.data_folder, beside(settings).data_folder)
    assert sum(len(logged(folder)) for folder in folders) == 51


def test_what_a_killed_worker_had_claimed_is_taken_from_who_sends_it_next(
    settings: Settings, redis_server: RedisProcess
) -> None:
    with serving(settings) as client, redis_server.client() as redis:
        mark = key_of(name_of(None, CLICK["event_id"]))
        redis.set(mark, "a worker that is no more", px=300)
        assert taken(client.post("/events", json=CLICK)) == (1, 0)
        assert redis.get(mark) == b"1"
    assert len(logged(settings.data_folder)) == 1


def test_ids_belong_to_the_key_that_sends_them(settings: Settings) -> None:
    closed = Settings.model_validate({**settings.model_dump(), "require_keys": True, "admin_key": "sesame"})
    with serving(closed) as client:
        admin = {"Authorization": "Bearer sesame"}
        keys = [
            client.put(f"/keys/{name}", json={"scopes": ["ingest"]}, headers=admin).json()["key"]
            for name in ("shop", "somebody")
        ]
        shop, somebody = ({"Authorization": f"Bearer {key}"} for key in keys)
        elsewhere = {**CLICK, "query_id": "somewhere else"}
        assert client.post("/events", json=elsewhere, headers=somebody).json()["accepted"] == 1
        assert taken(client.post("/events", json=CLICK, headers=shop)) == (1, 0)
        assert taken(client.post("/events", json=CLICK, headers=shop)) == (0, 1)
    with serving(closed) as client:
        assert taken(client.post("/events", json=CLICK, headers=shop)) == (0, 1)
    rows = {(event["source"], event["decision_id"]) for event in logged(settings.data_folder)}
    assert rows == {("somebody", "somewhere else"), ("shop", "d1")}


def test_the_feed_is_bounded_by_bytes(
    settings: Settings, redis_server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "STREAM_BYTES", 200_000)
    with serving(settings) as client, redis_server.client() as redis:
        for number in range(4):
            many = [{**CLICK, "event_id": f"{number}-{n}", "user_id": "\U0001f600" * 120} for n in range(1000)]
            assert client.post("/events", json={"events": many}).json()["accepted"] == 1000
        last = {**CLICK, "event_id": "last"}
        client.post("/events", json=last).raise_for_status()
        eventually(lambda: redis.xrevrange("trimtab:events", count=1)[0][1][b"event"].startswith(b'{"event_id":"last"'))
        assert redis.memory_usage("trimtab:events", samples=0) < 500_000
    assert len(logged(settings.data_folder)) == 4001


def test_what_waits_for_a_lost_redis_is_bounded_by_bytes() -> None:
    lost = RedisGateway("unix:///nowhere/redis.sock", timeout_seconds=1, poll_seconds=1)
    batches = [np.zeros(1_000_000, np.uint8) for _ in range(100)]
    waiting = [weakref.ref(batch) for batch in batches]
    for batch in batches:
        lost.write_later(lambda pipeline, batch=batch: pipeline.set("x", batch), n_bytes=batch.nbytes)
    del batches, batch
    assert [reference() is None for reference in waiting] == [True] * 92 + [False] * 8


def test_a_line_that_a_kill_cut_short_is_no_event(settings: Settings) -> None:
    with serving(settings) as client:
        client.post("/events", json=CLICK).raise_for_status()
    spool = settings.data_folder / "spool" / "interactions"
    (spool / "20250101T000000-killed.jsonl").write_text('{"event_id": "e2", "deci')
    with serving(settings) as client:
        assert taken(client.post("/events", json=PURCHASE)) == (1, 0)


def test_a_disk_that_refuses_is_said_and_the_event_may_be_sent_again(settings: Settings) -> None:
    spool = settings.data_folder / "spool" / "interactions"
    spool.parent.mkdir()
    spool.write_text("a file where a folder should be")
    with serving(settings) as client:
        refused = client.post("/events", json=CLICK)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 1
        assert metric(client, "trimtab_log_lines_total", log="interactions", outcome="refused") >= 1
        assert client.get("/search", params={"q": "soup"}).status_code == 200

        spool.unlink()
        assert taken(client.post("/events", json=CLICK)) == (1, 0)
    assert [event["event_id"] for event in logged(settings.data_folder)] == ["e1"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"event_id": None}, "event_id"),
        ({"event_id": ""}, "event_id"),
        ({"action_name": "hover"}, "action_name"),
        ({"query_id": None}, "query_id"),
        ({"item_id": "i" * 1000}, "item_id"),
        ({"position": -1}, "position"),
        ({"position": 0.5}, "position"),
        ({"quantity": 0}, "quantity"),
        ({"value": -1}, "value"),
        ({"value": 1e300}, "value"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2025-01-01T00:00:00"}, "timestamp"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_events(service: httpx.Client, change: dict[str, Any], name: str) -> None:
    event = {key: value for key, value in {**PURCHASE, **change}.items() if value is not None}
    alone = service.post("/events", json=event)
    assert alone.status_code == 422
    assert [error["parameter"] for error in alone.json()["errors"]] == [name]
    # One that is wrong refuses the batch, and says which one it is.
    batch = service.post("/events", json={"events": [CLICK, event]})
    assert batch.status_code == 422
    assert [error["parameter"] for error in batch.json()["errors"]] == [f"events.1.{name}"]


def test_batches_have_an_end(service: httpx.Client) -> None:
    many = [{**CLICK, "event_id": str(n)} for n in range(1001)]
    assert service.post("/events", json={"events": many}).status_code == 422
    assert service.post("/events", json={"events": []}).status_code == 422
    assert service.post("/events", json={"events": many[:1000]}).json()["accepted"] == 1000


def test_every_item_that_can_be_put_can_have_events() -> None:
    longest = "x" * MAX_ID_BYTES
    assert Event.model_validate({**CLICK, "item_id": longest}).item_id == longest
    with pytest.raises(ValidationError):
        Event.model_validate({**CLICK, "item_id": longest + "x"})
