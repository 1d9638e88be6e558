"""Two machines and one that comes later: a change at one is found at the others, and bundles travel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess, running_redis
from tests.support.services import serving, settings_of
from tests.support.waiting import eventually
from trimtab.catalog.live.change_lines import START, shared_line
from trimtab.catalog.live.changes import Change
from trimtab.core.errors import BadParameter, BundleDamaged, Conflict, NotFound
from trimtab.engine.bundle.manifest import MANIFEST
from trimtab.service.backups import back_up, restore
from trimtab.service.bundles.folder import BundleFolder
from trimtab.service.bundles.plan import Plan
from trimtab.service.bundles.shared_bundles import SharedBundles
from trimtab.service.catalogue.change_archive import ChangeArchive
from trimtab.service.catalogue.change_stream import KEY as STREAM
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.lease import Lease
from trimtab.service.settings import Settings, read_settings
from trimtab.service.shared_folder import SharedFolder

KEY = {"Authorization": "Bearer sesame"}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis", "--appendfsync", "always") as server:
        yield server


def machine(name: str, bundle: Path, folder: Path, redis: RedisProcess, **others: object) -> Settings:
    (folder / f"bundles-{name}").mkdir(exist_ok=True)
    return settings_of(
        bundle,
        folder / name,
        redis,
        bundle_folder=folder / f"bundles-{name}",
        catalogue_redis_url=redis.url,
        shared_folder_url=f"file://{folder}/shared",
        admin_key="sesame",
        **others,
    )


def put(client: httpx.Client, item_id: str, **columns: object) -> int:
    item = {"item_id": item_id, "title": f"Quince sorbet {item_id}", **columns}
    version = 0

    def is_taken() -> bool:
        nonlocal version
        answer = client.put("/items", json=item, headers=KEY)
        assert answer.status_code in {200, 503}, answer.text
        version = answer.json().get("version", 0)
        return answer.status_code == 200

    eventually(is_taken)
    return version


def slate(client: httpx.Client) -> list[tuple[str, float]]:
    answer = client.get("/search", params={"q": "quince sorbet", "k": 50, "timeout_ms": 10_000}).raise_for_status()
    return [(hit["item_id"], hit["score"]) for hit in answer.json()["hits"]]


def serving_bundle(client: httpx.Client) -> str:
    return str(client.get("/readyz").json()["bundle"])


@pytest.mark.slow
def test_a_change_is_found_at_every_machine_and_the_bundle_that_one_rebuilds_serves_at_all(
    small_bundle: Path, tmp_path: Path, redis: RedisProcess
) -> None:
    with ExitStack() as stack:
        a, b = (
            stack.enter_context(serving(machine(name, small_bundle, tmp_path, redis, rebuild_after_items=n)))
            for name, n in (("a", 4), ("b", 0))
        )
        first = serving_bundle(b)
        versions = [put(client, f"{n}") for n, client in enumerate((a, b, a))]
        assert versions == [1, 2, 3]
        eventually(lambda: slate(a) == slate(b))
        assert {"0", "1", "2"} <= {item_id for item_id, _ in slate(b)}
        put(b, "3", price=4.0)
        eventually(lambda: serving_bundle(a) == serving_bundle(b) != first, seconds=240)
        eventually(lambda: slate(a) == slate(b))
        put(b, "4")
        with redis.client() as client:
            client.xtrim(STREAM, maxlen=1, approximate=False)
        # A machine that is new has neither the bundle nor any change.
        c = stack.enter_context(serving(machine("c", small_bundle, tmp_path, redis, rebuild_after_items=0)))
        assert serving_bundle(c) == serving_bundle(a)
        eventually(lambda: slate(a) == slate(b) == slate(c))
        assert put(c, "5") == 6
        eventually(lambda: slate(a) == slate(b) == slate(c))
        archive = tmp_path / "a.tar"
        back_up(tmp_path / "a", tmp_path / "bundles-a", archive)
    restore(archive, tmp_path / "restored", tmp_path / "bundles-restored")
    with redis.client() as client:
        client.flushall()
    with serving(machine("restored", small_bundle, tmp_path, redis)) as restored:
        assert {item_id for item_id, _ in slate(restored)} >= {"0", "1", "2", "3", "4", "5"}
        assert put(restored, "6") == 7


def test_a_bundle_that_is_not_what_was_sent_is_refused(small_bundle: Path, tmp_path: Path) -> None:
    shared = SharedBundles(SharedFolder(f"file://{tmp_path}/shared"))
    bundle_id = small_id(small_bundle)
    with pytest.raises(NotFound, match=r"the shared folder has no bundles/.*/manifest.json"):
        shared.fetch(bundle_id, tmp_path / "new")
    shared.publish(small_bundle)
    shared.fetch(bundle_id, tmp_path / "new")
    assert small_id(tmp_path / "new") == bundle_id
    damaged = tmp_path / "shared" / "bundles" / bundle_id / "items.arrow"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(BundleDamaged, match=r"items.arrow: its sha256 is not the one in the manifest"):
        shared.fetch(bundle_id, tmp_path / "another")
    assert not (tmp_path / "another").exists()
    shared.remove(bundle_id)
    assert not damaged.exists()


def test_the_folder_of_a_machine_gets_what_the_plan_names_and_forgets_it(small_bundle: Path, tmp_path: Path) -> None:
    shared = SharedBundles(SharedFolder(f"file://{tmp_path}/shared"))
    here, there = (BundleFolder(tmp_path / name, small_bundle, shared) for name in ("here", "there"))
    shutil.copytree(small_bundle, here.place_for("rebuilt"))
    here.publish("rebuilt")
    bundle_id = small_id(small_bundle)
    with pytest.raises(NotFound):
        there.path_of("rebuilt")
    assert there.obtain("rebuilt", bundle_id) == there.path_of("rebuilt")
    assert there.obtain(there.start, "whatever it is") == small_bundle.resolve()
    manifest = there.path_of("rebuilt") / MANIFEST
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "bundle_id": "of an earlier order"}))
    assert small_id(there.obtain("rebuilt", bundle_id)) == bundle_id
    here.forget("rebuilt")
    there.forget("rebuilt")
    there.forget("rebuilt")
    assert here.names() == there.names() == [here.start]
    with pytest.raises(NotFound, match="the shared folder has no"):
        there.obtain("rebuilt", bundle_id)


def test_an_object_store_does_as_well(small_bundle: Path, tmp_path: Path) -> None:
    folder = SharedFolder("memory://shop")
    shared = SharedBundles(folder)
    shared.publish(small_bundle)
    shared.publish(small_bundle)  # it is there
    shared.fetch(small_id(small_bundle), tmp_path / "new")
    assert small_id(tmp_path / "new") == small_id(small_bundle)
    assert folder.names("bundles") == [small_id(small_bundle)]
    shared.remove(small_id(small_bundle))
    assert folder.names("bundles") == []
    archive = ChangeArchive(folder)
    assert archive.last_line() is None
    archive.add([shared_line(Change(1, datetime.now(UTC), [{"item_id": "a"}]), START)])
    assert archive.end() == ChangeArchive(SharedFolder("memory://shop")).last_line().place


def small_id(bundle: Path) -> str:
    return str(json.loads((bundle / MANIFEST).read_text())["bundle_id"])


def test_one_machine_has_the_lease_and_a_late_one_is_refused(redis: RedisProcess) -> None:
    gateway = RedisGateway(redis.url, timeout_seconds=PATIENT_REDIS_SECONDS, poll_seconds=0.5)
    gateway.start()
    try:
        lease = Lease(gateway, "rebuild", seconds=60)
        first = lease.take()
        assert first is not None
        assert lease.take() is None
        assert lease.renew(first)
        with redis.client() as client:
            client.flushall()
        second = lease.take()
        assert second is not None
        assert second > first
        assert not lease.renew(first)
        lease.release(first)
        assert lease.take() is None
        plan = Plan(loaded={"small": "id"}, active="small").fence(second)
        with pytest.raises(Conflict, match="another machine rebuilds"):
            plan.fence(first)
    finally:
        gateway.stop()


def test_several_machines_need_a_shared_folder() -> None:
    with pytest.raises(BadParameter, match="TRIMTAB_SHARED_FOLDER_URL: is missing"):
        read_settings(catalogue_redis_url="redis://localhost:6379/0")
    with pytest.raises(BadParameter, match="TRIMTAB_CATALOGUE_REDIS_URL"):
        read_settings(catalogue_redis_url="redis+cluster://localhost:6379", shared_folder_url="file:///tmp/x")
    with pytest.raises(BadParameter, match="TRIMTAB_SHARED_FOLDER_URL: cannot use 'nowhere:///x'"):
        SharedFolder("nowhere:///x")
