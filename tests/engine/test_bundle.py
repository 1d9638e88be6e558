"""A bundle is there whole or not at all, and what is wrong with it is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from trimtab.core.errors import BundleDamaged, BundleMismatch
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.bundle.verification import verify


@pytest.fixture
def copy(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_bundle, tmp_path / "copy"))


def test_the_manifest_says_what_the_bundle_is(small_bundle: Path) -> None:
    manifest = verify(small_bundle)
    assert manifest["retrieval"]["recall@100_against_exact"] > 0.9
    assert {objective["name"] for objective in manifest["objectives"]} == {"relevance", "revenue"}
    assert all(objective["range"] > 0 and objective["unit"] for objective in manifest["objectives"])
    assert manifest["training"]["trained_on"] == ["purchases"]


def test_a_moved_bundle_gives_the_same_answers(copy: Path, engine: Engine) -> None:
    moved = Engine.load(copy)
    assert moved.bundle_id == engine.bundle_id
    query = Query("vanilla ice cream", weights={"relevance": 0.6, "revenue": 0.3, "diversity": 0.1})
    assert moved.slate(query).scores.tolist() == engine.slate(query).scores.tolist()


def test_whoever_serves_may_read_it_and_need_not_write(copy: Path, engine: Engine) -> None:
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in copy.rglob("*") if path.is_file())
    for lock in copy.rglob("*.lock"):
        lock.unlink()
    there = set(copy.rglob("*"))
    assert Engine.load(copy).slate(Query("soup")).item_ids == engine.slate(Query("soup")).item_ids
    assert set(copy.rglob("*")) == there


def test_every_file_is_guarded(copy: Path) -> None:
    for name in verify(copy)["files"]:
        path = copy / name
        content = path.read_bytes()
        path.write_bytes(content + b"x")
        with pytest.raises(BundleDamaged, match=name):
            verify(copy)
        path.unlink()
        with pytest.raises(BundleDamaged, match=f"{name}: is missing"):
            verify(copy)
        path.write_bytes(content)
    verify(copy)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match=r"manifest\.json"):
        Engine.load(tmp_path)


@pytest.mark.parametrize("key", ["schema_version", "feature_schema"])
def test_a_bundle_of_another_schema_is_refused(copy: Path, key: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest[key] = 999
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleMismatch, match="999"):
        Engine.load(copy)


def test_attainment_that_does_not_rise_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    assert set(manifest["attainment"]) == {"revenue", "diversity"}
    manifest["attainment"]["revenue"]["shares"].reverse()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleDamaged, match="attainment"):
        Engine.load(copy)
