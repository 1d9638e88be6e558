"""Processor time of scoring a list of candidates by each kind of ranker that is served, as shares of three networks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from trimtab.ranker.artifact import networks_of
from trimtab.ranker.features import FEATURES
from trimtab.ranker.methods.boosted import N_TREES, PARAMETERS, forest_of
from trimtab.ranker.methods.students import layers_of_student
from trimtab.ranker.model import Average, Blended, Heads, ServedRanker, Trees
from trimtab.ranker.training.heads import FEW_LISTS, MANY_LISTS, Recipe

N_CANDIDATES, N_HEADS, N_KNOTS = 200, 2, 32
N_CALLS = 300
THREE = "three networks"


def measure() -> dict[str, dict[str, float]]:
    """Kind of ranker -> `ms`, and `share` of what three networks take; all kinds are called in turn."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_CANDIDATES, len(FEATURES))).astype(np.float32)
    values = np.ones((N_CANDIDATES, N_HEADS), dtype=np.float32)
    calls = {name: _call(heads, features, values) for name, heads in _kinds(rng).items()}
    spent: dict[str, list[int]] = {name: [] for name in calls}
    for _ in range(N_CALLS):
        for name, call in calls.items():
            started = time.process_time_ns()
            call()
            spent[name].append(time.process_time_ns() - started)
    ms = {name: float(np.median(times)) / 1e6 for name, times in spent.items()}
    return {name: {"ms": round(one, 4), "share": round(one / ms[THREE], 3)} for name, one in ms.items()}


def _call(heads: torch.nn.Module, features: Any, values: Any) -> Callable[[], Any]:
    knots = torch.linspace(-3, 3, N_KNOTS).repeat(N_HEADS, 1)
    ranker = ServedRanker(heads, knots, knots + 4, torch.arange(N_HEADS), torch.ones(N_HEADS)).eval()
    arrays = networks_of(ranker)
    if arrays is None:
        raise AssertionError("every kind is served from arrays")
    arrays.gains(features, values)
    return lambda: arrays.gains(features, values)


def _kinds(rng: np.random.Generator) -> dict[str, torch.nn.Module]:
    many, few = MANY_LISTS, FEW_LISTS
    trees = _trees(rng)
    spreads = torch.ones(2, N_HEADS)
    return {
        "one network": _networks(many, 1),
        THREE: _networks(many, 3),
        "five small networks": _networks(few, 5),
        "a student": Heads(len(FEATURES), N_HEADS, layers_of_student(many), is_rectified=True),
        "trees": trees,
        "one network and trees": Blended(_networks(many, 1), trees, spreads),
        "three networks and trees": Blended(_networks(many, 3), trees, spreads),
    }


def _networks(recipe: Recipe, n: int) -> torch.nn.Module:
    return Average([Heads(len(FEATURES), N_HEADS, recipe.hidden) for _ in range(n)])


def _trees(rng: np.random.Generator) -> Trees:
    """Trees as large as those of `boosted`, of random data: what they cost does not depend on what they say."""
    import lightgbm  # noqa: PLC0415 (an optional dependency)

    features = rng.normal(size=(5000, len(FEATURES)))
    chance = 1 / (1 + np.exp(-features[:, :N_HEADS].sum(axis=1) - rng.normal(size=len(features))))
    data = [lightgbm.Dataset(features, label=chance) for _ in range(N_HEADS)]
    return Trees(forest_of([lightgbm.train(PARAMETERS, one, num_boost_round=N_TREES) for one in data]), len(FEATURES))


if __name__ == "__main__":
    for name, one in measure().items():
        print(f"{name}: {one['ms']:.3f} ms, {one['share']:.2f} of {THREE}")
