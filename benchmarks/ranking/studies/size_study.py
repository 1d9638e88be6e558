"""How much a method reaches with how many lists to learn from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from trimtab.ranker.methods.method import Method
from trimtab.ranker.study.cell import (
    FittedMethod,
    Fold,
    Row,
    calibration_rows,
    front_rows,
    training_preferences,
)
from trimtab.ranker.study.measures import axes_of, hypervolume

SHARES = (0.01, 0.1, 1.0)


def study_sizes(
    make: Callable[[], Method], fold: Fold, *, seed: int, shares_of_lists: Sequence[float] = SHARES
) -> list[Row]:
    """Rows of one method: `n_lists`, `hypervolume`, `calibration_error` (mean over heads), `train_seconds`."""
    axes = axes_of(fold.test)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(fold.train))
    rows: list[Row] = []
    for share in shares_of_lists:
        kept = np.sort(order[: max(round(share * len(fold.train)), 1)])
        method, started = make(), time.process_time()
        train = fold.train.take(kept)
        method.fit(train, training_preferences(len(train.objectives)))
        seconds = time.process_time() - started
        fitted = [FittedMethod(method, replace(fold, train=train))]
        points = [[row[f"value_{m}"] for m in range(3)] for row in front_rows(fitted, axes)]
        errors = [row["value_0"] for row in calibration_rows(fitted) if row["kind"] == "calibration_error"]
        rows.append(
            {
                "n_lists": len(kept),
                "hypervolume": hypervolume(points),
                "calibration_error": float(np.mean(errors)),
                "train_seconds": seconds,
            }
        )
    return rows
