"""A shop sends its feed to the service: what it adds, changes and removes, and what a damaged or endless one does."""

from __future__ import annotations

import csv
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import trimtab
from tests.feeds.platform_feeds import merchant_tsv
from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.service.catalogue.feed_jobs import FeedJob, write_job
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}
CSV = {"Content-Type": "text/tab-separated-values"}
N = 12
MAX_BYTES = 50_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    merchant_tsv(folder / "feed.tsv", N)
    trimtab.build(folder / "feed.tsv", folder / "bundles" / "bundle", encoder="wordllama")
    return folder


@pytest.fixture(scope="module")
def shop(folder: Path, module_redis: RedisProcess) -> Iterator[httpx.Client]:
    settings = Settings(
        bundle=folder / "bundles" / "bundle",
        data_folder=folder / "data",
        redis_url=module_redis.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        admin_key="sesame",
        max_feed_bytes=MAX_BYTES,
    )
    with serving(settings) as client:
        client.headers.update(KEY)
        yield client


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "feed.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def written(rows: list[dict[str, str]]) -> bytes:
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join("\t".join(line) for line in lines).encode()


def sent(shop: httpx.Client, body: bytes, **parameters: Any) -> dict[str, Any]:
    """What became of a feed."""
    answer = shop.post("/feeds", content=body, headers=CSV, params=parameters)
    assert answer.status_code == 202, answer.text
    address = f"/feeds/{answer.json()['id']}"
    eventually(lambda: shop.get(address).json()["state"] != "running")
    job: dict[str, Any] = shop.get(address).json()
    return job


def prices(shop: httpx.Client) -> dict[str, float]:
    hits = shop.get("/search", params={"q": "*", "k": 100, "group": False}).json()["hits"]
    return {hit["item_id"]: hit["price"] for hit in hits}


def test_a_feed_is_shown_then_made_and_one_that_is_cut_off_is_refused(shop: httpx.Client, folder: Path) -> None:
    rows = rows_of(folder)
    gone, raised, new = rows[0], rows[1], {**rows[2], "id": "NEW-1", "title": "Hammock of linen"}
    body = written([{**raised, "price": "987.00 EUR", "sale_price": ""}, *rows[2:], new])

    tried = sent(shop, body, dry_run=True)
    assert (tried["state"], tried["version"]) == ("done", None)
    assert [tried["report"][name] for name in ("n_added", "n_changed", "n_removed")] == [1, 1, 1]
    assert gone["id"] in prices(shop)

    done = sent(shop, body)
    assert done["state"] == "done"
    eventually(lambda: gone["id"] not in prices(shop))
    assert prices(shop)[raised["id"]] == 987
    assert "NEW-1" in [hit["item_id"] for hit in shop.get("/search", params={"q": "hammock"}).json()["hits"]]

    cut = sent(shop, written(rows[:4]))
    assert (cut["state"], "as one that is cut off would" in cut["problem"]) == ("refused", True)
    assert "mode=delta" in cut["problem"], "as parameters of the request are spelt"
    assert "--" not in cut["problem"]
    assert len(prices(shop)) == len(rows)
    assert sent(shop, b"id\tprice\n" + f"{raised['id']}\t5.00 EUR\n".encode(), mode="delta")["state"] == "done"
    eventually(lambda: prices(shop)[raised["id"]] == 5)
    assert [job["state"] for job in shop.get("/feeds").json()] == ["done", "refused", "done", "done"]
    eventually(lambda: not list((folder / "data" / "feeds").glob("*.feed")))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"id,title\n1,a\n", {"Content-Type": "text/plain"}, 415),
        (b"id,title\n1,a\n", {**CSV, "Content-Encoding": "gzip"}, 415),
        (b"id,title\n1,a\n", {**CSV, "Authorization": "Bearer other"}, 401),
        (b"", CSV, 422),
        (b"x" * (MAX_BYTES + 1), CSV, 413),
    ],
)
def test_what_is_no_feed_is_refused_at_the_door(
    shop: httpx.Client, folder: Path, body: bytes, headers: dict[str, str], status: int
) -> None:
    known = len(shop.get("/feeds").json())
    assert shop.post("/feeds", content=body, headers=headers).status_code == status
    assert len(shop.get("/feeds").json()) == known
    eventually(lambda: not list((folder / "data" / "feeds").glob("*.feed")))


def test_what_cannot_be_read_says_why_without_the_files_of_the_machine(shop: httpx.Client, folder: Path) -> None:
    job = sent(shop, b"<html><body>Login</body></html>")
    assert job["state"] == "refused"
    assert "is a web page" in job["problem"]
    assert str(folder) not in job["problem"]


def test_one_feed_at_a_time_and_one_whose_process_is_gone_has_ended(shop: httpx.Client, folder: Path) -> None:
    feeds = folder / "data" / "feeds"
    feeds.mkdir(parents=True, exist_ok=True)
    job = FeedJob(id="0123456789ab", mode="full", dry_run=False, max_removed_share=0.2, requested=datetime.now(UTC))
    write_job(feeds, job)
    with (feeds / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert shop.get(f"/feeds/{job.id}").json()["state"] == "running"
        assert shop.post("/feeds", content=b"id,title\n1,a\n", headers=CSV).status_code == 409
    ended = shop.get(f"/feeds/{job.id}").json()
    assert (ended["state"], "ended early" in ended["problem"]) == ("refused", True)


def process_of(job_id: str) -> int | None:
    """The process that reads a feed."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if job_id.encode() in path.read_bytes().split(b"\0"):
                return int(path.parent.name)
    return None


def test_a_feed_whose_process_is_killed_changes_nothing_and_frees_the_next(shop: httpx.Client, folder: Path) -> None:
    before = prices(shop)
    cheaper = written([{**row, "price": "0.50 EUR", "sale_price": ""} for row in rows_of(folder)])
    job_id = shop.post("/feeds", content=cheaper, headers=CSV, params={"mode": "delta"}).json()["id"]
    eventually(lambda: process_of(job_id) is not None)
    os.kill(process_of(job_id) or 0, signal.SIGKILL)
    eventually(lambda: shop.get(f"/feeds/{job_id}").json()["state"] == "refused")
    assert "ended early" in shop.get(f"/feeds/{job_id}").json()["problem"]
    assert prices(shop) == before
    eventually(lambda: not list((folder / "data" / "feeds").glob("*.feed")))
    assert sent(shop, cheaper, dry_run=True, mode="delta")["state"] == "done"


def test_who_hangs_up_leaves_nothing_behind(shop: httpx.Client, folder: Path) -> None:
    known = len(shop.get("/feeds").json())
    head = f"POST /feeds HTTP/1.1\r\nHost: {shop.base_url.host}\r\nAuthorization: Bearer sesame\r\n"
    with socket.create_connection((shop.base_url.host, shop.base_url.port or 80)) as connection:
        connection.sendall(f"{head}Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\nid,title\n".encode())
        eventually(lambda: bool(list((folder / "data" / "feeds").glob("*.feed"))))
    eventually(lambda: not list((folder / "data" / "feeds").glob("*.feed")))
    assert len(shop.get("/feeds").json()) == known
    assert shop.post("/feeds", content=b"", headers=CSV).status_code == 422


def test_a_feed_stops_where_requests_do(folder: Path, tmp_path: Path, module_redis: RedisProcess) -> None:
    settings = Settings(
        bundle=folder / "bundles" / "bundle",
        data_folder=tmp_path,
        redis_url=module_redis.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        admin_key="sesame",
        catalogue_max_bytes=100_000,
        rebuild_after_items=0,
    )
    rows = rows_of(folder)
    with serving(settings) as shop:
        shop.headers.update(KEY)
        long = [{"item_id": row["id"], "description": 10_000 * "d"} for row in rows]
        put = shop.put("/items", json={"items": long})
        assert put.status_code == 200, put.text
        assert shop.put("/items", json={"item_id": rows[0]["id"], "price": 3.0}).status_code == 503
        raised = written([{**row, "price": "9.50 EUR", "sale_price": ""} for row in rows])
        job = sent(shop, raised, mode="delta")
        assert (job["state"], "reached its limit" in job["problem"]) == ("refused", True)
        assert sent(shop, raised, mode="delta", dry_run=True)["state"] == "done"


def test_a_browsers_key_changes_no_items(shop: httpx.Client) -> None:
    made = shop.put("/keys/front", json={"scopes": ["search", "ingest"], "browser": True})
    front = {"Authorization": f"Bearer {made.json()['key']}"}
    assert shop.post("/feeds", content=b"id,title\n1,a\n", headers={**CSV, **front}).status_code == 403
    assert shop.put("/items", json={"item_id": "SKU-1-0", "price": 1.0}, headers=front).status_code == 403
    assert shop.delete("/items/SKU-1-0", headers=front).status_code == 403


def test_a_browsers_key_sends_few_events_at_once(shop: httpx.Client) -> None:
    made = shop.put("/keys/front", json={"scopes": ["search", "ingest"], "browser": True})
    front = {"Authorization": f"Bearer {made.json()['key']}", "X-Forwarded-For": "192.0.2.1"}
    click = {"action_name": "click", "query_id": "d", "item_id": "SKU-1-0"}
    events = [{"event_id": f"of-a-page-{number}", **click} for number in range(51)]
    refused = shop.post("/events", json={"events": events}, headers=front)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["allowed"] == "up to 50 by a browser's key"
    assert shop.post("/events", json={"events": events[:50]}, headers=front).json()["accepted"] == 50
    assert shop.post("/events", json={"events": events}).json() | {"unmatched": []} == {
        "accepted": 51,
        "duplicates": 0,
        "unmatched": [],
    }
