"""A disk that is full, and one that cannot be written to: real ones, of a memory file system made for the test."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from tests.support.redis_servers import RedisProcess
from tests.support.services import metric, serving, settings_of
from tests.support.waiting import eventually
from trimtab.core.errors import DiskFull
from trimtab.engine.build.build import build_bundle
from trimtab.engine.log.impressions import read_log
from trimtab.service.settings import Settings

DISK = "256k"
EVENT = {"event_id": "e", "action_name": "click", "query_id": "d", "item_id": "i"}


def mount(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for nothing much."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if mount("-t", "tmpfs", "-o", f"size={DISK}", "trimtab-test", folder).returncode != 0:
        pytest.skip("a file system can only be mounted here by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def settings(small_bundle: Path, disk: Path, redis_server: RedisProcess) -> Settings:
    return settings_of(small_bundle, disk / "data", redis_server, log_flush_seconds=0.01)


def fill(disk: Path) -> Path:
    """Write until there is no room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        deque(iter(lambda: file.write(bytes(4096)), 0), maxlen=0)
    return ballast


def search(client: httpx.Client) -> None:
    assert client.get("/search", params={"q": "soup"}).status_code == 200


def refused(client: httpx.Client, log: str) -> float:
    return metric(client, "trimtab_log_lines_total", log=log, outcome="refused")


def test_a_full_disk_fails_no_search_and_loses_nothing(settings: Settings, disk: Path) -> None:
    with serving(settings) as client:
        search(client)
        eventually(lambda: metric(client, "trimtab_log_lines_total", log="impressions", outcome="written") == 1)
        ballast = fill(disk)
        for _ in range(20):
            search(client)
        eventually(lambda: refused(client, "impressions") >= 1)
        answer = client.post("/events", json=EVENT)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert refused(client, "interactions") >= 1
        search(client)

        ballast.unlink()
        eventually(lambda: client.post("/events", json=EVENT).status_code == 200)
        eventually(lambda: metric(client, "trimtab_log_lines_total", log="impressions", outcome="written") == 22)
    log = pl.concat(read_log(settings.data_folder))
    assert log["decision_id"].n_unique() == len(log) == 22


def test_a_disk_that_is_read_only_fails_no_search_and_is_caught_up(settings: Settings, disk: Path) -> None:
    assert mount("-o", "remount,ro", disk).returncode == 0
    with serving(settings) as client:
        for _ in range(5):
            search(client)
        eventually(lambda: refused(client, "impressions") >= 1)
        assert client.post("/events", json=EVENT).status_code == 503
        assert mount("-o", "remount,rw", disk).returncode == 0
        eventually(lambda: client.post("/events", json=EVENT).status_code == 200)
    log = pl.concat(read_log(settings.data_folder))
    assert len(log) == 5


def test_a_build_on_a_full_disk_says_so_and_replaces_nothing(disk: Path) -> None:
    out = disk / "shop"
    out.mkdir()
    (out / "manifest.json").write_text("the bundle that serves")
    numbers = range(400)
    items = pl.DataFrame({"item_id": map(str, numbers), "title": [f"Red mug {number}" for number in numbers]})

    with pytest.raises(DiskFull, match=r"disk: the disk is full after .* nothing was replaced"):
        build_bundle(items, out, source="a feed", encoder="wordllama")

    assert [path.name for path in disk.iterdir()] == ["shop"]
    assert (out / "manifest.json").read_text() == "the bundle that serves"


def test_a_feed_is_refused_while_the_disk_is_full_and_taken_afterwards(settings: Settings, disk: Path) -> None:
    headers = {"Authorization": "Bearer sesame", "Content-Type": "text/csv"}
    body = b"item_id,title,price\n1,soup,2.50\n" + b"\n" * 20_000  # more than what is left of the last block
    with serving(settings.model_copy(update={"admin_key": SecretStr("sesame")})) as client:
        client.headers.update(headers)
        ballast = fill(disk)
        assert client.post("/feeds", content=body).status_code == 503
        search(client)
        ballast.unlink()
        assert not list((disk / "data").glob("feeds/*.feed"))
        taken = client.post("/feeds", content=body, params={"mode": "delta", "dry_run": True})
        assert taken.status_code == 202, taken.text
        eventually(lambda: client.get(f"/feeds/{taken.json()['id']}").json()["state"] != "running")
