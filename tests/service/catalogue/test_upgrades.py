"""A shop as an earlier version left it goes on with this one: what it searched, changed and defined is there."""

from __future__ import annotations

import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from redis import Redis
from typer.testing import CliRunner

from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.shop import Shop
from trimtab.cli import app
from trimtab.core.errors import BundleDamaged, BundleMismatch
from trimtab.engine.build.build import build_bundle
from trimtab.engine.bundle.manifest import MANIFEST
from trimtab.engine.live.live_engine import LiveEngine
from trimtab.engine.search import Engine
from trimtab.service.backups import back_up, restore
from trimtab.service.redis.server import redis_for
from trimtab.service.upgrades import upgrade

ITEMS = pl.DataFrame(
    {"item_id": ["a", "b"], "title": ["Red mug", "Blue mug"], "attr_colour": ["red", "blue"], "price": [2.0, 3.0]}
)
SHOP = Shop.parse('[catalogue]\nlanguage = "en"\n[attributes.colour]\ntype = "text"\n')


OF_VERSION_2 = ("attributes.arrow", "sorted.arrow", "shop.toml", "retrieval/understanding.json")
"""Files that bundles of version 0.1 lack."""


def made_earlier(bundle: Path, *, version: int = 0, **training: object) -> None:
    """Let a bundle be as an earlier version built it."""
    manifest = json.loads((bundle / MANIFEST).read_text())
    (bundle / MANIFEST).write_text(json.dumps({**manifest, "schema_version": version, "training": training}))
    for name in OF_VERSION_2 if version == 1 else ():
        (bundle / name).unlink()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of version 0.1: an older bundle, a change made since, and definitions in Redis' snapshot alone."""
    folder = tmp_path_factory.mktemp("shop")
    build_bundle(ITEMS, folder / "bundles" / "mugs", source="mugs.csv", shop=SHOP, encoder="wordllama")
    changes = ChangeLog(folder / "data" / "catalogue")
    with changes.writing():
        changes.append([{"item_id": "c", "title": "Green mug"}], ["b"], after=datetime.now(UTC))
    (folder / "data" / "redis").mkdir()
    (folder / "data" / "redis" / "dump.rdb").write_bytes(b"profiles and keys")
    return folder


def test_what_cannot_be_built_again_is_said_before_anything_is_written(shop: Path) -> None:
    made_earlier(shop / "bundles" / "mugs", trained_on=["judgments"])
    asked = ("upgrade", "before.tar", "--data", "data", "--bundles", "bundles")
    with pytest.MonkeyPatch.context() as there:
        there.chdir(shop)
        refused = CliRunner().invoke(app, asked)
    assert "mugs learned from judgments" in str(refused.exception)
    assert sorted(path.name for path in shop.iterdir()) == ["bundles", "data"]


def test_an_older_bundle_is_built_again_and_takes_the_changes_made_since(shop: Path, tmp_path: Path) -> None:
    bundle = shop / "bundles" / "mugs"

    def upgraded(archive: str) -> Engine:
        with pytest.raises(BundleMismatch, match="trimtab upgrade ARCHIVE"):
            Engine.load(bundle)
        asked = [str(tmp_path / archive), "--data", str(shop / "data"), "--bundles", str(shop / "bundles"), "--json"]
        done = json.loads(CliRunner().invoke(app, ["upgrade", *asked], catch_exceptions=False).stdout)
        engine = Engine.load(bundle)
        assert done["bundles"] == {"mugs": engine.bundle_id}
        assert done["n_changes"] == 1
        live = LiveEngine(engine, shop / "data" / "catalogue")
        assert live.follow().store.frame()["item_id"].to_list() == ["a", "c"]
        return engine

    made_earlier(bundle, trained_on=[])
    engine = upgraded("before.tar")
    assert engine.store.own_attributes.definitions.keys() == {"colour"}
    with tarfile.open(tmp_path / "before.tar") as kept:
        assert {"data/redis/dump.rdb", f"bundles/mugs/{MANIFEST}"} <= set(kept.getnames())
        assert json.load(kept.extractfile(f"bundles/mugs/{MANIFEST}"))["schema_version"] == 0  # type: ignore[arg-type]
    made_earlier(bundle, version=1, trained_on=[])
    assert upgraded("first.tar").store.prices.tolist() == [2.0, 3.0]


def test_definitions_that_a_running_server_has_not_written_yet_are_backed_up(tmp_path: Path) -> None:
    (tmp_path / "bundles").mkdir()
    with redis_for(None, tmp_path / "data") as url, Redis.from_url(url) as redis:
        redis.hset("rules", "first", "pin")
        back_up(tmp_path / "data", tmp_path / "bundles", tmp_path / "before.tar")
    restore(tmp_path / "before.tar", tmp_path / "again", tmp_path / "again-bundles")
    assert b"first" in (tmp_path / "again" / "redis" / "dump.rdb").read_bytes()


def test_a_bundle_that_is_read_stays_and_one_that_is_damaged_is_named(shop: Path, tmp_path: Path) -> None:
    assert upgrade(shop / "data", shop / "bundles", tmp_path / "again.tar").bundles == {"mugs": None}
    (shop / "bundles" / "mugs" / "items.arrow").write_bytes(b"")
    with pytest.raises(BundleDamaged, match=r"mugs/items\.arrow"):
        upgrade(shop / "data", shop / "bundles", tmp_path / "third.tar")
