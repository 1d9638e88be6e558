"""What every test may ask for: the shared data, one small real bundle, and a log of it, made once."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World, world_of
from trimtab.catalog.datasets.grocery import Grocery, load_grocery
from trimtab.engine import Engine
from trimtab.engine.build.grocery import Split, Splits, build_grocery
from trimtab.engine.bundle.folder import RETRIEVAL, Description, load_bundle, save_bundle, staging_folder
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.training.cold_start import cold_start_ranker
from trimtab.ranker.training.heads import Recipe

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SMALL_CATEGORIES = ("ice cream", "yogurt", "coffee", "pasta", "soup", "cheese")
SMALL_SPLITS = Splits(
    train=Split(known_until=30, first=31, last=40, n_intents=300),
    validation=Split(known_until=40, first=41, last=46, n_intents=150),
    test=Split(known_until=46, first=47, last=53, n_intents=80),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED_DATA.is_dir():
        return
    skip = pytest.mark.skip(reason="the data folder ../shared/data is not here")
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets beside the repository; use with the marker of the same name."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def grocery() -> Grocery:
    """The whole grocery data, as loaded."""
    return load_grocery()


@pytest.fixture(scope="session")
def small_grocery(grocery: Grocery) -> Grocery:
    """Some aisles of the shop: a few thousand products and their purchases."""
    wanted = pl.col("category").str.to_lowercase().str.contains("|".join(SMALL_CATEGORIES))
    items = grocery.items.filter(wanted)
    purchases = grocery.purchases.filter(pl.col("item_id").is_in(items["item_id"].implode()))
    return Grocery(items, purchases, grocery.households)


@pytest.fixture(scope="session")
def small_bundle(small_grocery: Grocery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of `small_grocery` with a trained ranker. Not to be written to."""
    out = tmp_path_factory.mktemp("bundles") / "grocery-small"
    build_grocery(out, grocery=small_grocery, splits=SMALL_SPLITS, recipe=Recipe(hidden=(16,), n_steps=200))
    return out


@pytest.fixture(scope="session")
def engine(small_bundle: Path) -> Engine:
    return Engine.load(small_bundle)


@pytest.fixture(scope="session")
def bundle_folder(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three bundles of one catalogue: `small` as trained; `rules` and `same-rules` rank by the same rules."""
    folder = tmp_path_factory.mktemp("bundle-folder")
    shutil.copytree(small_bundle, folder / "small")
    bundle = load_bundle(small_bundle)
    objectives = objectives_of(has_prices=True)
    ruled, ranges = cold_start_ranker(objectives, bundle.pipeline.store.prices)
    for name in ("rules", "same-rules"):
        description = Description(
            source="grocery",
            objectives=objectives,
            ranges=ranges,
            default_weights=bundle.manifest["default_weights"],
            training={"method": "cold_start"},
            as_of=datetime.now(UTC),
        )
        with staging_folder(folder / name) as staging:
            shutil.copytree(small_bundle / RETRIEVAL, staging / RETRIEVAL)
            (staging / "name.txt").write_text(name)  # two bundles with the same files would be one
            save_bundle(folder / name, staging=staging, pipeline=bundle.pipeline, ranker=ruled, description=description)
    return folder


@pytest.fixture(scope="session")
def world(engine: Engine) -> World:
    return world_of(engine)


@pytest.fixture(scope="session")
def log(engine: Engine, world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 explored impressions of the small grocery shop at the bundle's default weights. Not to be written to."""
    out = tmp_path_factory.mktemp("logs") / "log"
    simulate(engine, 3000, out, seed=1, world=world)
    return out
