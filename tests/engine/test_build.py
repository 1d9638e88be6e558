"""Building from a user's own catalogue file, with and without prices, judgments and logs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import polars as pl
import pytest

from tests.support.bundles import train_quickly
from tests.support.catalogues import read_catalogue
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World
from trimtab.catalog.datasets.grocery import Grocery
from trimtab.core.errors import BadInput, BadParameter
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.build import build
from trimtab.engine.build.build import build_bundle
from trimtab.engine.build.labelled_lists import judged_candidates
from trimtab.engine.build.relevance_evaluation import evaluate_relevance
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of
from trimtab.retrieval.encoders.earlier_vectors import EarlierVectors

ROWS = [
    {"item_id": "1", "title": "Red cotton shirt", "brand": "Acme", "category": "Shirts", "price": 20.0},
    {"item_id": "2", "title": "Blue cotton shirt", "brand": "Acme", "category": "Shirts", "price": 25.0},
    {"item_id": "3", "title": "Red silk scarf", "brand": "Bolt", "category": "Scarves", "price": 40.0},
    {"item_id": "4", "title": "Leather boots", "brand": "Bolt", "category": "Shoes", "price": 120.0},
    {"item_id": "5", "title": "Canvas shoes", "brand": "Cord", "category": "Shoes", "price": 35.0},
]


def catalogue(tmp_path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    path = tmp_path / "shop.csv"
    pl.DataFrame(ROWS).select(columns).write_csv(path)
    items, _ = read_catalogue(path)
    return items


@pytest.fixture(autouse=True)
def _a_quick_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    train_quickly(monkeypatch)


def test_a_catalogue_of_ids_and_titles_searches_by_stated_rules(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    build_bundle(catalogue(tmp_path, ("item_id", "title")), out, source="shop.csv", encoder="wordllama")
    engine = Engine.load(out)
    assert engine.slate(Query("red shirt")).item_ids[0] == "1"
    assert "cold start" in engine.manifest["training"]["statement"]


def test_builds_of_one_catalogue_in_two_processes_are_one_bundle(tmp_path: Path) -> None:
    feed, outs = tmp_path / "shop.csv", [tmp_path / "first", tmp_path / "second"]
    pl.DataFrame(ROWS).write_csv(feed)
    builds = [subprocess.Popen([sys.executable, "-m", "trimtab", "build", feed, "--out", out]) for out in outs]
    assert [build.wait() for build in builds] == [0, 0]
    first, second = (json.loads((out / "manifest.json").read_text()) for out in outs)
    assert first["files"] == second["files"]
    assert first["bundle_id"] == second["bundle_id"]


def test_without_prices_there_is_no_revenue_to_weigh(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    build_bundle(catalogue(tmp_path, ("item_id", "title")), out, source="shop.csv", encoder="wordllama")
    with pytest.raises(BadParameter, match=r"^revenue: no such objective.*: relevance, diversity"):
        Engine.load(out).slate(Query("shirt", weights={"revenue": 1.0}))


def test_judgments_train_the_ranker_and_evaluation_sees_it(tmp_path: Path) -> None:
    judgments = pl.DataFrame(
        {
            "query": ["shirt"] * 3 + ["shoes"] * 3 + ["red"] * 3 + ["boots"] * 2 + ["scarf"] * 2,
            "item_id": [*"124", *"541", *"312", *"43", *"32"],
            "grade": [3, 3, 0, 3, 2, 0, 2, 2, 0, 3, 0, 3, 0],
        }
    )
    out = tmp_path / "bundle"
    build_bundle(
        catalogue(tmp_path, ("item_id", "title", "brand", "category", "price")),
        out,
        source="shop.csv",
        encoder="wordllama",
        judgments=judgments,
    )
    engine = Engine.load(out)
    assert engine.manifest["training"]["trained_on"] == ["judgments"]
    for pool in ("judged", "full"):
        figures = evaluate_relevance(engine, judgments, pool=pool)  # type: ignore[arg-type]
        assert figures["ndcg@10"].n_queries == 5
        assert figures["ndcg@10"].value > 0.8
        assert figures["recall@100"].value == 1


def test_judged_lists_begin_with_what_serving_retrieves(engine: Engine) -> None:
    judged = dict.fromkeys(range(0, len(engine.store), 50), 1)
    for text in ("frozen yogurt", "ice", "dark roast coffee"):
        served, whole = engine.pipeline.retrieve(text), judged_candidates(engine.pipeline, text, judged)
        for column in ("rows", "dense", "lexical", "fused"):
            np.testing.assert_array_equal(getattr(whole, column)[: len(served)], getattr(served, column))
        assert sorted(whole.rows[len(served) :].tolist()) == sorted(judged.keys() - set(served.rows.tolist()))
        assert whole.lexical[len(served) :].any()


def test_an_empty_catalogue_is_refused(tmp_path: Path) -> None:
    empty = catalogue(tmp_path, ("item_id", "title")).head(0)
    with pytest.raises(BadInput, match="no item"):
        build_bundle(empty, tmp_path / "bundle", source="none", encoder="wordllama")
    assert not (tmp_path / "bundle").exists()


def test_a_build_that_was_killed_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items, out = catalogue(tmp_path, ("item_id", "title")), tmp_path / "bundle"
    build_bundle(items, tmp_path / "anew", source="shop.csv", encoder="wordllama")
    with monkeypatch.context() as patched:
        patched.setattr(build, "train_ranker", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build_bundle(items, out, source="shop.csv", encoder="wordllama")
    assert not out.exists()
    with monkeypatch.context() as patched:
        patched.setattr(EarlierVectors, "encode", Mock(side_effect=AssertionError("it was encoded")))
        build_bundle(items, out, source="shop.csv", encoder="wordllama")
    for file in ("vectors.npy", "dense.faiss", "lexical/term_scores.npy"):
        assert (out / "retrieval" / file).read_bytes() == (tmp_path / "anew" / "retrieval" / file).read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_build_that_fails_leaves_the_old_bundle_alone(tmp_path: Path) -> None:
    items, out = catalogue(tmp_path, ("item_id", "title")), tmp_path / "bundle"
    before = build_bundle(items, out, source="shop.csv", encoder="wordllama")
    with pytest.raises(BadInput):
        build_bundle(items, out, source="shop.csv", encoder="wordllama", log_rows=[])
    assert Engine.load(out).bundle_id == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_log_trains_the_ranker(engine: Engine, world: World, small_grocery: Grocery, tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "bundle"
    simulate(engine, 80, log, seed=1, world=world.among(n_queries=4, n_users=60))
    rows = [row for frame in read_log(log) for row in rows_of(frame)]
    shown = {item_id for row in rows for item_id in row["item_ids"]}
    items = small_grocery.items.filter(pl.col("item_id").is_in(shown) | (pl.int_range(pl.len()) < 200))
    build_bundle(items, out, source="grocery", encoder="wordllama", log_rows=rows)
    learned = Engine.load(out)
    assert learned.manifest["training"]["trained_on"] == ["log"]
    assert 0 < learned.manifest["training"]["n_lists"] <= 80
    assert learned.slate(Query("yogurt")).item_ids
