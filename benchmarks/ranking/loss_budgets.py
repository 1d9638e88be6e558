"""How often a bound on the loss of relevance breaks: on predictions alone, and as bundles fit it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.figures import Figure
from benchmarks.ranking.studies.budget_study import ASKED, study_budgets
from trimtab.engine.build.study_problems import JUDGED, load_folds
from trimtab.ranker.methods.heads import Ensemble
from trimtab.ranker.methods.problem import lattice
from trimtab.ranker.study.compare import recipe_of
from trimtab.ranker.training.loss_budgets import CONFIDENCE, Floats

__all__ = ["JUDGED", "measure"]

KEPT = 0.7
"""The least share of the revenue gain of bounds on predictions that is to be left."""


def measure(name: str, data: Path) -> Iterator[Figure]:
    """Figures of one judged set, whose lists are scored by rankers that were fitted without them."""
    with TemporaryDirectory() as cache:
        folds = load_folds(name, Path(cache), data=data, seed=0)
    gains, ranges = [], []
    for fold in folds:
        method = Ensemble(recipe_of(name, Ensemble.name), seed=0)
        method.fit(fold.train, lattice(len(fold.train.objectives), 1))
        gains.append(method.predict(fold.test.inputs, torch.from_numpy(fold.test.mask)).numpy().astype(np.float64))
        ranges.append(method.ranges)
    whole = folds[0].test.joined([fold.test for fold in folds[1:]])
    every: Floats = np.concatenate(gains)
    rows = study_budgets(whole, every, np.mean(ranges, axis=0), n_lists=len(whole))
    for asked in ASKED:
        of_this = [row for row in rows if row["asked"] == asked]
        label = f"{name}, loss of {asked:.0%} asked"
        naive = [row["naive_loss"] for row in of_this]
        yield Figure(f"{label}: largest true loss, bound on predictions", max(naive), "share", asked, "less")
        yield Figure(
            f"{label}: weightings at which that bound breaks", float(np.mean(np.array(naive) > asked)), "share"
        )
        yield Figure(
            f"{label}: draws in which a fitted bound breaks, most of a weighting",
            max(row["broken"] for row in of_this),
            "share",
            1 - CONFIDENCE,
            "less",
        )
        kept = sum(row["revenue"] for row in of_this) / sum(row["naive_revenue"] for row in of_this)
        yield Figure(f"{label}: gain of revenue that is left", kept, "share", KEPT)
