"""The small real shop of the tests, and bundles of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from trimtab.catalog.datasets.grocery import Grocery, load_grocery
from trimtab.catalog.shop import Variants
from trimtab.engine.build.grocery import SHOP, Split, Splits, build_grocery
from trimtab.engine.bundle.storage import Description, load_bundle, save_bundle, staging_folder
from trimtab.engine.bundle.verification import RETRIEVAL
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.training.cold_start import cold_start_ranker
from trimtab.ranker.training.heads import Recipe

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]
UNGROUPED = SHOP.model_copy(update={"variants": Variants()})
"""The shop with every size as a hit of its own, so that its few aisles have thousands of hits."""
CATEGORIES = ("ice cream", "yogurt", "coffee", "pasta", "soup", "cheese")
SPLITS = Splits(
    train=Split(known_until=30, first=31, last=40, n_intents=300),
    validation=Split(known_until=40, first=41, last=46, n_intents=150),
    test=Split(known_until=46, first=47, last=53, n_intents=80),
)


QUICK = Recipe(hidden=(8,), n_steps=30, learning_rate=1e-2, pointwise_share=0.5)


def train_quickly(patch: pytest.MonkeyPatch, recipe: Recipe = QUICK) -> None:
    """Builds of this process learn from few lists in few steps: those of tests say at once what they say."""
    patch.setattr("trimtab.engine.build.training.FEW_LISTS", recipe)


def some_aisles(grocery: Grocery) -> Grocery:
    """A few thousand of the shop's products and their purchases."""
    wanted = pl.col("category").str.to_lowercase().str.contains("|".join(CATEGORIES))
    items = grocery.items.filter(wanted)
    purchases = grocery.purchases.filter(pl.col("item_id").is_in(items["item_id"].implode()))
    return Grocery(items, purchases, grocery.households)


def build_small(out: Path) -> None:
    """A bundle of some aisles, built by a process of its own.

    TorchScript numbers the classes of a process, so only then the bundle has the same id in every session of tests, and
    a simulated log, whose draws depend on it, is the same log.
    """
    subprocess.run([sys.executable, "-m", "tests.support.bundles", out], cwd=ROOT, check=True)


def three_bundles(small_bundle: Path, folder: Path) -> None:
    """`small` as trained; `rules` and `same-rules`, which rank its catalogue by the same rules."""
    shutil.copytree(small_bundle, folder / "small")
    bundle = load_bundle(small_bundle)
    objectives = objectives_of(has_prices=True)
    ruled = cold_start_ranker(objectives, [one.range for one in bundle.served])
    for name in ("rules", "same-rules"):
        description = Description(
            source="grocery",
            objectives=bundle.served,
            default_max_relevance_loss=0.02,
            default_weights=bundle.manifest["default_weights"],
            training={"method": "cold_start"},
            as_of=datetime.now(UTC),
        )
        with staging_folder(folder / name) as staging:
            shutil.copytree(small_bundle / RETRIEVAL, staging / RETRIEVAL)
            (staging / "name.txt").write_text(name)  # two bundles with the same files would be one
            save_bundle(folder / name, staging=staging, pipeline=bundle.pipeline, ranker=ruled, description=description)


if __name__ == "__main__":
    build_grocery(
        Path(sys.argv[1]),
        grocery=some_aisles(load_grocery()),
        shop=UNGROUPED,
        splits=SPLITS,
        recipe=Recipe(hidden=(16,), n_steps=200),
    )
