"""`trimtab compare`: every method on the same lists and seeds; an interrupted run continues where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import torch

from trimtab.core.atomic import new_file
from trimtab.core.errors import BadParameter
from trimtab.core.work.progress import Progress, silent
from trimtab.ranker.methods.registry import METHODS, STEERABLE, make_method
from trimtab.ranker.study.cell import Fold, compare_one
from trimtab.ranker.study.click_study import study_clicks
from trimtab.ranker.training.heads import Recipe

STUDIES = "studies"
DATA_SETS = ("grocery", "icecat", "esci")
RECIPES = {
    "grocery": Recipe(hidden=(32,), n_steps=250, lists_per_step=32, learning_rate=5e-3),
    "icecat": (_FEW := Recipe(hidden=(), n_steps=150, learning_rate=1e-2, weight_decay=3e-2)),
    "esci": _FEW,
}
"""One recipe for all methods of a data set: sizes at which 28 models train in seconds on one thread."""
LONGER = {"grocery": 3, "icecat": 1, "esci": 1}
"""The factor on the training steps of a steerable method: one model replaces 28 and takes no longer than they do."""
FoldsOf = Callable[[str, int], list[Fold]]
"""Name of a data set and seed -> its folds."""
GRADE_SCALES = {"grocery": 3.0, "icecat": 7.0, "esci": 7.0}
"""Largest gain `2^g - 1`: grades go to 2 and 3."""


def compare(
    data: str,
    methods: Sequence[str],
    *,
    n_seeds: int,
    out: Path,
    folds_of: FoldsOf,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Fill the missing cells of a comparison and return all of them.

    Args:
        methods: names, or `all`.
        out: folder of prepared lists (`cache/`), cells (`cells/*.parquet`), `comparison-<data>.parquet`; for grocery
            the study of biased clicks (`studies/clicks-*.parquet`).
        folds_of: makes the lists of a data set, see `trimtab.engine.build.study_problems.load_folds`.

    Returns:
        data, method, seed, kind, objective, step, w_*, value_*.

    Raises:
        BadParameter: an unknown data set or method.
    """
    if data not in DATA_SETS:
        raise BadParameter.unknown("--data", "data set", data, DATA_SETS)
    chosen = METHODS if list(methods) == ["all"] else tuple(methods)
    for name in chosen:
        make_method(name, RECIPES[data])
    torch.set_num_threads(1)
    cells = out / "cells"
    frames = []
    for seed in range(n_seeds):
        for number, name in enumerate(chosen):
            path = cells / f"{data}-{name}-{seed}.parquet"
            if not path.exists():
                _measure(data, name, seed, path, folds_of(data, seed))
            progress(f"compare {data}", seed * len(chosen) + number + 1, n_seeds * len(chosen))
            frames.append(pl.read_parquet(path))
        if data == "grocery":
            _study_clicks(seed, out, folds_of)
    whole = pl.concat(frames, how="diagonal_relaxed")
    whole.write_parquet(out / f"comparison-{data}.parquet")
    return whole


def _study_clicks(seed: int, out: Path, folds_of: FoldsOf) -> None:
    path = out / STUDIES / f"clicks-{seed}.parquet"
    if not path.exists():
        fold = folds_of("grocery", seed)[0]
        _write(pl.DataFrame(study_clicks(fold.train.lists, fold.test.lists, seed=seed)), path)


def recipe_of(data: str, method: str) -> Recipe:
    """The recipe of a method in the comparison."""
    recipe = RECIPES[data]
    return replace(recipe, n_steps=recipe.n_steps * LONGER[data]) if method in STEERABLE else recipe


def _measure(data: str, name: str, seed: int, path: Path, folds: Sequence[Fold]) -> None:
    recipe = recipe_of(data, name)
    rows = compare_one(lambda: make_method(name, recipe, seed=seed), folds, grade_scale=GRADE_SCALES[data])
    frame = pl.DataFrame(rows, infer_schema_length=None).select(
        pl.lit(data).alias("data"), pl.lit(name).alias("method"), pl.lit(seed).alias("seed"), pl.all()
    )
    _write(frame, path)


def _write(frame: pl.DataFrame, path: Path) -> None:
    with new_file(path) as file:
        frame.write_parquet(file)
