"""A shop that serves is backed up, put back elsewhere, and has everything that was acknowledged."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess, running_redis
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.core.errors import BadFile, BadParameter
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.interactions import read_interactions
from trimtab.service.backups import back_up, restore
from trimtab.service.settings import Settings

ADMIN = {"Authorization": "Bearer sesame"}


def logged(data_folder: Path) -> set[str]:
    if not any(data_folder.rglob("impressions")):
        return set()
    return {decision_id for frame in read_log(data_folder) for decision_id in frame["decision_id"]}


def with_redis(settings: Settings, redis: RedisProcess) -> Settings:
    return settings.model_copy(update={"redis_url": redis.url, "redis_timeout_seconds": PATIENT_REDIS_SECONDS})


def test_a_serving_shop_is_backed_up_and_put_back(small_bundle: Path, tmp_path: Path) -> None:
    data, bundles, archive = tmp_path / "data", tmp_path / "bundles", tmp_path / "shop.tar"
    for folder in ("redis", "another"):
        (tmp_path / folder).mkdir()
    shutil.copytree(small_bundle, bundles / "small")
    settings = Settings(bundle=bundles / "small", data_folder=data, admin_key="sesame", exploration_ratio=1.0)
    profile = {"weights": {"relevance": 0.5, "revenue": 0.5}}
    with running_redis(tmp_path / "redis") as redis, serving(with_redis(settings, redis)) as client:
        assert client.put("/profiles/bold", json=profile, headers=ADMIN).is_success
        key = client.put("/keys/front", json={"scopes": ["search"]}, headers=ADMIN).json()["key"]
        item = {"item_id": "new-soup", "title": "A soup that is new", "price": 3}
        assert client.put("/items", json={"items": [item]}, headers=ADMIN).is_success
        shown = [client.get("/search", params={"q": "soup", "k": 3}).json() for _ in range(5)]
        for number, answer in enumerate(shown):
            hit = {"query_id": answer["decision_id"], "item_id": answer["hits"][0]["item_id"]}
            client.post("/events", json={"event_id": f"e{number}", "action_name": "click", **hit}).raise_for_status()
        eventually(lambda: {answer["decision_id"] for answer in shown} <= logged(data))  # impressions are written aside
        while_serving = back_up(data, bundles, archive)
    assert while_serving.n_files > len(list(small_bundle.rglob("*.npy")))
    there = tmp_path / "there"
    assert restore(archive, there / "data", there / "bundles") == while_serving
    moved = settings.model_copy(update={"bundle": there / "bundles" / "small", "data_folder": there / "data"})
    with running_redis(tmp_path / "another") as redis, serving(with_redis(moved, redis)) as client:
        assert client.get("/profiles", headers=ADMIN).json()["bold"]["weights"] == profile["weights"]
        assert client.get(
            "/search", params={"q": "soup", "profile": "bold"}, headers={"Authorization": f"Bearer {key}"}
        ).is_success
        assert "new-soup" in {
            hit["item_id"] for hit in client.get("/search", params={"q": item["title"]}).json()["hits"]
        }
    clicks = read_interactions(there / "data")
    assert set(clicks["decision_id"]) == {answer["decision_id"] for answer in shown}
    assert {answer["decision_id"] for answer in shown} <= logged(there / "data")


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, Path]:
    data, bundles = tmp_path / "data", tmp_path / "bundles"
    (data / "impressions").mkdir(parents=True)
    (data / "impressions" / "part.parquet").write_bytes(b"rows")
    (data / "redis").mkdir()
    (data / "redis" / "dump.rdb").write_bytes(b"made again")
    (data / "definitions").mkdir()
    (data / "definitions" / "keys.json").write_text("{}")
    (bundles / "small").mkdir(parents=True)
    (bundles / "small" / "manifest.json").write_text("{}")
    return data, bundles


def test_what_is_made_again_is_not_kept(shop: tuple[Path, Path], tmp_path: Path) -> None:
    assert back_up(*shop, tmp_path / "a.tar").n_files == 3
    restore(tmp_path / "a.tar", tmp_path / "d", tmp_path / "b")
    assert (tmp_path / "d" / "impressions" / "part.parquet").read_bytes() == b"rows"
    assert not (tmp_path / "d" / "redis").exists()


def test_an_archive_that_is_not_what_was_written_puts_nothing_back(shop: tuple[Path, Path], tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    back_up(*shop, archive)
    whole = archive.read_bytes()
    for damaged, problem in (
        (whole.replace(b"rows", b"rowz"), "impressions/part.parquet is not what was written"),
        (whole[: whole.index(b"backup.json")], "not a whole backup"),
        (b"no tar at all", "not a whole backup"),
        (whole.replace(b"data/impressions/", b"../../impressions"), "backup"),
    ):
        archive.write_bytes(damaged)
        with pytest.raises(BadFile, match=problem):
            restore(archive, tmp_path / "d", tmp_path / "b")
        assert not (tmp_path / "d").exists()
        assert not (tmp_path / "b").exists()


def test_a_file_may_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    archive, evil = tmp_path / "a.tar", tmp_path / "evil"
    evil.write_text("x")
    (tmp_path / "backup.json").write_text(
        json.dumps({"version": 1, "n_files": 1, "n_bytes": 1, "created": "2026-01-01", "sha256": {"data/../../x": "0"}})
    )
    with tarfile.open(archive, "w") as made:
        made.add(evil, "data/../../x")
        made.add(tmp_path / "backup.json", "backup.json")
    with pytest.raises(BadFile, match="a file that no backup has"):
        restore(archive, tmp_path / "d" / "data", tmp_path / "d" / "bundles")


def test_nothing_is_written_over_or_into_what_is_copied(shop: tuple[Path, Path], tmp_path: Path) -> None:
    data, bundles = shop
    back_up(data, bundles, tmp_path / "a.tar")
    with pytest.raises(BadParameter, match=r"--data: .* not empty"):
        restore(tmp_path / "a.tar", data, tmp_path / "b")
    with pytest.raises(BadParameter, match=r"--out: .* exists"):
        back_up(data, bundles, tmp_path / "a.tar")
    with pytest.raises(BadParameter, match=r"--out: .* is inside"):
        back_up(data, bundles, data / "a.tar")
    with pytest.raises(BadParameter, match=r"--bundles: .* is not a folder"):
        back_up(data, tmp_path / "nowhere", tmp_path / "c.tar")
