"""The methods that `trimtab build` chooses among, fitted as it fits them: its networks, its lists, its calibration.

    python -m benchmarks.ranking.served --bundle bundles/grocery --data FOLDER --cache FOLDER

The comparison of all methods has smaller networks on fewer candidates. Hypervolume is that of the slates of held-out
lists, one seed; what it writes is in `docs/choosing.md` too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.ranking.paper import write_results
from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.engine.build.grocery import Splits, problems_of_splits, train_on_splits
from trimtab.engine.build.study_problems import JUDGED, load_judged
from trimtab.engine.build.training import Valuation, recipe_for
from trimtab.engine.bundle.storage import load_bundle
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.registry import DEFAULT, OF_FEW_LISTS, WITHOUT_TREES, fit_of_heads
from trimtab.ranker.methods.slates import slate_values, slates_of
from trimtab.ranker.objectives import objectives_of
from trimtab.ranker.study.cell import front_weightings
from trimtab.ranker.study.measures import axes_of, hypervolume
from trimtab.ranker.study.summary import N_AXES
from trimtab.ranker.training.crossval import fit_cross_validated
from trimtab.ranker.training.paths import Floats, Utilities, served_utilities

METHODS = (OF_FEW_LISTS, WITHOUT_TREES, DEFAULT)


def of_judged(problem: Problem) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each method with its figures, cross-validated."""
    for name in METHODS:
        started = time.process_time()
        fit = fit_of_heads(name, recipe_for(len(problem)))
        assert fit is not None
        fitted = fit_cross_validated(problem, fit)
        seconds = time.process_time() - started
        scaled = torch.from_numpy(fitted.gains_by_others / fitted.ranges).float()
        yield name, figures(fitted.report, volume_of(partial(weighed, scaled), problem), seconds)


def of_grocery(bundle: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same, calibrated on the weeks of validation and measured on those of test."""
    pipeline = load_bundle(bundle).pipeline
    valuation = Valuation.of(pipeline.store, objectives_of(has_prices=True), moment=0.0)
    parts = problems_of_splits(pipeline, load_grocery(), valuation, Splits())
    for name in METHODS:
        started = time.process_time()
        trained = train_on_splits(parts, method=name)
        seconds = time.process_time() - started
        volume = volume_of(served_utilities(trained.ranker, parts[-1]), parts[-1])
        yield name, figures(trained.report["test"], volume, seconds)


def weighed(scaled: Tensor, weights: Floats) -> Tensor:
    """[L, n] utilities of gains over their ranges [L, n, M] at weights [M]."""
    return scaled @ torch.from_numpy(weights).float()


def figures(report: dict[str, Any], volume: float, seconds: float) -> dict[str, Any]:
    """What is kept of one method."""
    return {
        "ndcg": report["ndcg@10"],
        "calibration_error": report["calibration_error"],
        "hypervolume": volume,
        "train_seconds": seconds,
    }


def volume_of(utilities: Utilities, problem: Problem) -> float:
    """The hypervolume of the slates of a problem at the weightings of a front."""
    axes = axes_of(problem)
    points = []
    for weighting in front_weightings(len(problem.objectives)):
        scores = utilities(weighting.items) * (1 - weighting.diversity)
        slates = slates_of(scores, problem, w_diversity=weighting.diversity)
        points.append(axes.normalise(slate_values(slates, problem).mean(axis=0))[:N_AXES])
    return hypervolume(np.array(points))


def main() -> None:
    """Write `docs/paper/results/served.json`: set -> method -> figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bundle", type=Path, required=True, help="whose catalogue is grocery's")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the judged sets")
    parser.add_argument("--cache", type=Path, required=True, help="the folder that keeps their lists")
    given = parser.parse_args()
    torch.set_num_threads(1)
    sets = {one: of_judged(load_judged(one, given.cache, data=given.data)) for one in JUDGED}
    sets["grocery"] = of_grocery(given.bundle)
    write_results("served", {name: dict(methods) for name, methods in sets.items()})


if __name__ == "__main__":
    main()
