"""A simulated log is computed from ids and the same wherever it is, and methods learn from any part of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from benchmarks.ranking.studies.scale_study import Training, study_scale
from benchmarks.ranking.studies.simulated_log import Histories, ShopData, SimulatedLog, Truth
from tests.ranker.test_features import some_items, some_query, some_words
from trimtab.core.records import Candidates
from trimtab.core.understood import Understood
from trimtab.engine.cluster.ray_tasks import ray_tasks
from trimtab.ranker.features import AT, FEATURES, USER_FEATURES, build_features_for_users
from trimtab.ranker.item_values import ItemValues
from trimtab.ranker.methods.problem import Problem, multipliers_of
from trimtab.ranker.model import Heads
from trimtab.ranker.objectives import RELEVANCE, REVENUE, Objective
from trimtab.ranker.training.heads import Recipe
from trimtab.ranker.training.lists import RankingLists
from trimtab.ranker.users import History

N_QUERIES, N_CANDIDATES, N_ITEMS, N_HOUSEHOLDS = 5, 12, 40, 6
OBJECTIVES = (RELEVANCE, REVENUE, Objective("own", "purchase", "own"))


def small_shop(seed: int = 0) -> ShopData:
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = np.stack([rng.choice(N_ITEMS, N_CANDIDATES, replace=False) for _ in range(N_QUERIES)])
    features = rng.normal(size=(*rows.shape, len(FEATURES))).astype(np.float32)
    features[..., AT[USER_FEATURES[0]] :] = 0
    labels = np.stack([rng.integers(0, 2, rows.shape) / 3, np.zeros(rows.shape)], axis=2).astype(np.float32)
    prices = rng.uniform(1, 5, rows.shape).astype(np.float32)
    names = np.array([f"query {number}" for number in range(N_QUERIES)])
    lists = RankingLists(features, prices, labels, names, rows, ("relevance", "purchase"))
    columns = {"own": rng.integers(0, 2, rows.shape).astype(np.float64)}
    values = ItemValues(OBJECTIVES, dict.fromkeys(("price", "own"), "number"))
    aspects = rng.integers(-1, 3, (*rows.shape, 2))
    keys = np.sort(rng.choice(N_HOUSEHOLDS * N_ITEMS, 60, replace=False))
    levels = rng.normal(size=N_ITEMS).astype(np.float32)
    levels[::7] = np.nan
    return ShopData(
        Problem(lists, OBJECTIVES, multipliers_of(lists, values, columns), aspects),
        np.full(N_QUERIES, 1 / N_QUERIES),
        rng.integers(-1, 4, N_ITEMS, dtype=np.int32),
        rng.integers(-1, 3, N_ITEMS, dtype=np.int32),
        levels,
        households=keys // N_ITEMS,
        bought=keys % N_ITEMS,
        units=rng.integers(1, 4, len(keys)).astype(np.float32),
    )


@pytest.fixture(scope="module")
def log() -> SimulatedLog:
    torch.manual_seed(1)
    return SimulatedLog(
        small_shop(), Truth(Heads(len(FEATURES), 2, ()), sharpness=4.0, second=0.2), n_copies=2, lists_per_partition=256
    )


def test_what_is_known_of_a_household_is_what_a_search_would_know() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    words = some_words(rng, N_ITEMS, is_live=False)
    words.asked = some_query(rng, words)
    items = some_items(rng, N_ITEMS, words, is_live=False)
    data = replace(
        small_shop(), type_codes=items.type_codes, brand_codes=items.brand_codes, price_levels=items.price_levels
    )
    rows = rng.choice(N_ITEMS, N_CANDIDATES, replace=False)
    scores = np.ones(N_CANDIDATES, dtype=np.float32)
    candidates = Candidates(rows, scores, scores, scores, np.zeros((1, 20), dtype=np.float32))
    histories = [
        History(data.bought[data.households == one], data.units[data.households == one])
        for one in range(data.n_households)
    ]
    expected = build_features_for_users(Understood.as_typed("any words"), candidates, items, histories)
    known = Histories(data, data.households, np.arange(len(data.households)), "cpu")
    found = known.features(torch.arange(data.n_households), torch.from_numpy(rows).expand(data.n_households, -1))
    assert_allclose(found.numpy(), expected[..., AT[USER_FEATURES[0]] :], rtol=1e-5, atol=1e-6)


def test_a_partition_is_the_same_whenever_it_is_computed(log: SimulatedLog) -> None:
    first, again, other = log.partition(7, 50), log.partition(7, 50), log.partition(8, 50)
    for one, two in zip(first, again, strict=True):
        assert_array_equal(one, two)
    assert not torch.equal(first.features, other.features)
    n_bought = first.labels[..., 1].sum(dim=1)
    assert set(n_bought.tolist()) == {1.0, 2.0}
    assert (first.labels[..., 0][first.labels[..., 1] > 0] == 1).all()


def test_chances_are_how_often_items_are_bought(log: SimulatedLog) -> None:
    part = log.partition(0, 60_000)
    of_query = part.queries == 0
    expected, bought = part.chances[of_query].mean(dim=0), part.labels[of_query][..., 1].mean(dim=0)
    assert_allclose(part.chances.sum(dim=1), 1 + log.truth.second, rtol=1e-4)
    assert_allclose(bought, expected, atol=5 * float((0.25 / of_query.sum()).sqrt()))


def test_a_shop_is_kept_in_files(tmp_path: Path) -> None:
    shop = small_shop()
    shop.save(tmp_path / "shop.npz")
    loaded = ShopData.load(tmp_path / "shop.npz", shop.queries)
    assert_array_equal(loaded.price_levels, shop.price_levels)
    assert loaded.n_households == shop.n_households


def test_recipes_see_each_list_of_many_once() -> None:
    training = Training()
    one = training.recipe_for(training.most_in_memory)
    assert one.n_steps * one.lists_per_step == training.most_in_memory
    many = training.recipe_for(10_000_000)
    assert many.n_steps == training.most_steps
    assert 0.999 < many.n_steps * many.lists_per_step / 10_000_000 <= 1


@pytest.mark.slow
def test_lists_are_the_same_on_a_cluster(log: SimulatedLog) -> None:
    training = Training(Recipe(hidden=(4,), n_members=2, n_steps=20, lists_per_step=16), most_steps=50)
    with ray_tasks("2") as tasks:
        there = list(study_scale(log, ["heads", "scalarisation"], [20, 2000], training=training, tasks=tasks))
    here = list(study_scale(log, ["heads", "scalarisation"], [20, 2000], training=training))
    assert [{**row, "train_seconds": 0} for row in there] == [{**row, "train_seconds": 0} for row in here]


def test_methods_are_measured_in_memory_and_in_one_pass(log: SimulatedLog) -> None:
    recipe = Recipe(hidden=(4,), n_members=2, n_steps=40, lists_per_step=16, learning_rate=3e-2)
    methods = ["truth", "heads", "ensemble", "scalarisation"]
    rows = list(study_scale(log, methods, [20, 2000], training=Training(recipe, most_steps=100)))
    found = {(row["method"], row["n_lists"]): row["hypervolume"] for row in rows}
    assert set(found) == {
        ("truth", 0),
        *((name, n) for name in ("heads", "ensemble", "scalarisation") for n in (20, 2000)),
    }
    assert found["ensemble", 20] < found["ensemble", 2000] < found["truth", 0] * 1.02
    assert all(row["calibration_error"] < 0.1 for row in rows if row["method"] in ("heads", "ensemble"))
