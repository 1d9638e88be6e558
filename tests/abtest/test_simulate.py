"""A simulated log is what the service would have written: drawn by the engine, lived in by real households."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from trimtab.abtest.ope.contexts import bounds_of
from trimtab.abtest.simulation.clicks import PositionBased
from trimtab.abtest.simulation.deployment import deploy
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World, catalogue_world
from trimtab.catalog.datasets.grocery import Grocery
from trimtab.core.errors import BadParameter
from trimtab.core.records import Constraints, Query
from trimtab.engine import Engine
from trimtab.engine.log.decisions import query_of
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.rows import rows_of


@pytest.fixture(scope="module")
def frame(log: Path) -> pl.DataFrame:
    return pl.concat(read_log(log))


def test_every_logged_slate_is_what_the_engine_draws_for_that_session(engine: Engine, frame: pl.DataFrame) -> None:
    for row in rows_of(frame.sample(60, seed=0)):
        asked = Query(row["query"], k=10, user_id=row["user_id"], session_id=row["session_id"], explore=True)
        slate = engine.slate(asked)
        assert list(slate.item_ids) == row["item_ids"]
        assert slate.seed == row["seed"]
        assert_allclose(slate.propensities, row["propensities"], rtol=1e-3)
        assert slate.weights == row["weights"]
        assert slate.query.constraints.max_relevance_loss == row["max_relevance_loss"]
    assert frame["weights"].n_unique() > 1  # the bound that comes with the default weights binds here and there


def test_the_same_seed_writes_the_same_log_and_another_seed_does_not(
    engine: Engine, world: World, log: Path, frame: pl.DataFrame, tmp_path: Path
) -> None:
    simulate(engine, 3000, tmp_path / "again", seed=1, world=world)
    again = [(tmp_path / "again" / part.name).read_bytes() == part.read_bytes() for part in log.iterdir()]
    assert again == [True]
    simulate(engine, 200, tmp_path / "other", seed=2, world=world)
    assert pl.concat(read_log(tmp_path / "other"))["decision_id"].is_in(frame["decision_id"].implode()).sum() == 0


def test_what_a_household_bought_is_in_its_basket_or_a_substitute_of_the_same_kind(
    engine: Engine, small_grocery: Grocery, frame: pl.DataFrame
) -> None:
    bought = frame.select("user_id", "query", "timestamp", "item_ids", "purchases").explode("item_ids", "purchases")
    bought = bought.filter(pl.col("purchases") == 1).with_columns(pl.col("timestamp").dt.replace_time_zone(None))
    receipts = small_grocery.purchases.select("household_id", "timestamp", "item_id").unique()
    own = bought.join(
        receipts,
        left_on=["user_id", "timestamp", "item_ids"],
        right_on=["household_id", "timestamp", "item_id"],
        how="semi",
    )
    substitutes = bought.join(own, on=["user_id", "timestamp", "item_ids", "query"], how="anti")
    kinds = engine.store.texts("product_type", engine.store.rows_of(substitutes["item_ids"].to_list()))
    assert len(own) > 100
    assert len(substitutes) > 20
    assert kinds == substitutes["query"].to_list()


def test_money_is_the_price_of_what_was_bought(engine: Engine, frame: pl.DataFrame) -> None:
    cells = frame.select("item_ids", "purchases", "revenue").explode("item_ids", "purchases", "revenue")
    prices = engine.store.prices[engine.store.rows_of(cells["item_ids"].to_list())]
    assert_allclose(cells["revenue"], prices * cells["purchases"].to_numpy(), rtol=1e-6)


def test_time_runs_forward_and_purchases_are_clicked(frame: pl.DataFrame) -> None:
    assert frame["timestamp"].is_sorted()
    cells = frame.select("clicks", "purchases").explode("clicks", "purchases")
    assert cells.filter(pl.col("purchases") > pl.col("clicks")).is_empty()


def test_a_catalogue_without_baskets_has_shoppers_who_want_what_is_popular(engine: Engine, tmp_path: Path) -> None:
    world = catalogue_world(engine.store)
    intents = world.draw(20_000, np.random.Generator(np.random.PCG64(0)))
    wished = engine.store.popularity[intents.wishes].mean()
    assert wished > 2 * engine.store.popularity.mean()
    simulate(engine, 300, tmp_path / "log", world=world)
    frame = pl.concat(read_log(tmp_path / "log"))
    assert frame["clicks"].list.sum().mean() > 0.1  # type: ignore[operator]
    assert frame["user_id"].n_unique() < 100


def test_who_wishes_for_a_variant_takes_the_hit_that_stands_for_it(engine: Engine) -> None:
    n = len(engine.store) // 2 * 2
    products = np.minimum(np.arange(len(engine.store)) // 2, n // 2)
    for one, expected in ((products, True), (None, False)):
        world = catalogue_world(engine.store, products=one)
        intents = world.draw(500, np.random.Generator(np.random.PCG64(0)))
        siblings = np.minimum(intents.wishes ^ 1, n - 1)
        asked = intents.take(np.flatnonzero(intents.wishes < n))
        _, _, wanted = world.judge(asked, siblings[intents.wishes < n][:, None])
        assert (wanted == expected).all()


def test_examination_decides_alone_where_everything_appeals() -> None:
    model = PositionBased(decay=1.0)
    uniforms = np.random.Generator(np.random.PCG64(0)).random((40_000, 5, 3))
    everything, nothing = np.ones((40_000, 5)), np.zeros((40_000, 5))
    clicks, purchases = model.browse(everything, nothing, np.zeros((40_000, 5), dtype=bool), uniforms)
    assert_allclose(clicks.mean(axis=0), model.examination(5), atol=0.01)
    assert not purchases.any()


def test_a_shopper_who_found_something_takes_no_substitute_below() -> None:
    uniforms = np.zeros((1, 3, 3))  # everything is examined and tempting
    one = np.ones((1, 3))
    _, purchases = PositionBased().browse(one, one, np.array([[False, False, True]]), uniforms)
    assert purchases.tolist() == [[True, False, True]]  # the substitute on top, and still her own product below


def test_a_log_that_is_there_already_is_left_alone(engine: Engine, world: World, log: Path) -> None:
    before = sorted(path.name for path in log.iterdir())
    with pytest.raises(BadParameter, match=r"^out: "):
        simulate(engine, 10, log, world=world)
    assert sorted(path.name for path in log.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "odd"), [("n_impressions", 0), ("k", 0), ("exploration_loss", 1.5), ("exploration_loss", float("nan"))]
)
def test_a_number_out_of_its_range_is_named(
    engine: Engine, world: World, tmp_path: Path, name: str, odd: float
) -> None:
    asked: dict[str, Any] = {"n_impressions": 10, name: odd}
    with pytest.raises(BadParameter, match=f"^{name}: "):
        simulate(engine, out=tmp_path / "log", world=world, **asked)


def test_nothing_half_written_is_left_behind(engine: Engine, world: World, tmp_path: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(engine, 50, tmp_path / "log", world=world, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_what_exploration_may_cost_gives_the_temperatures_of_the_engine(
    engine: Engine, world: World, tmp_path: Path
) -> None:
    simulate(engine, 40, tmp_path / "log", world=world, exploration_loss=0.02)
    rows = [row for frame in read_log(tmp_path / "log") for row in rows_of(frame)]
    for row in rows:
        replayed = engine.slate(query_of(row))
        assert replayed.seed == row["seed"]
        assert_allclose(replayed.temperature, row["temperature"], rtol=1e-4)
        assert list(replayed.item_ids) == row["item_ids"]
        assert 0 <= row["expected_exploration_loss"] <= 0.02 + 1e-9 or row["temperature"] < 0.002
    assert len({row["temperature"] for row in rows}) > 5


def test_a_policy_deployed_under_bounds_is_served_what_a_search_would_be(engine: Engine, world: World) -> None:
    """A bound on relevance and one on revenue, which move these weights for most who ask."""
    steep = {"relevance": 0.3, "revenue": 0.6, "diversity": 0.1}
    rng = np.random.Generator(np.random.PCG64(5))
    bounds = bounds_of(0.01, {"revenue": 0.3})
    served = deploy(engine, world, steep, 60, rng, bounds=bounds)
    assert len(served.weights) > 5
    for number in range(60):
        constraints = Constraints(0.01, max_losses={"revenue": 0.3})
        user_id = served.users[served.slates.users[number]].user_id
        text = served.queries[served.slates.queries[number]].text
        slate = engine.slate(Query(text, k=10, weights=steep, user_id=user_id, constraints=constraints))
        weights = served.weights[served.slates.weights[number]]
        assert slate.weights == pytest.approx(weights, abs=1e-6)
