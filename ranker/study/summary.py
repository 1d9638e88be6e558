"""The cells of a comparison in figures: the mean of each measure over seeds, and its interval.

They are kept in `docs/paper/results`, from which the paper and `docs/choosing.md` are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.core.errors import BadInput
from trimtab.core.metrics import mean_interval
from trimtab.ranker.methods.heads import Ensemble
from trimtab.ranker.methods.registry import METHODS, REFERENCE, STEERABLE
from trimtab.ranker.study.measures import hypervolume

Floats = NDArray[np.float64]

N_AXES = 3
"""The axes of a front: three item objectives, or two and diversity."""
MEASURES = {
    "predicted_monotonicity": "predicted_monotonicity",
    "true_monotonicity": "true_monotonicity",
    "spread": "spread",
    "pareto_calibration_error": "pareto_calibration_error",
    "calibration_error": "calibration_error",
    "train_seconds": "train_seconds",
    "ndcg": "relevance:ndcg",
    "even_ndcg": "even:ndcg",
    "even_revenue": "even:revenue",
}
"""Name in the summary -> kind of row in the cells."""


def read_cells(out: Path) -> pl.DataFrame:
    """All cells of a comparison's folder.

    Raises:
        BadInput: there are none.
    """
    paths = sorted((out / "cells").glob("*.parquet"))
    if not paths:
        raise BadInput(f"{out}: there are no results of a comparison; run trimtab compare first")
    return pl.concat([pl.read_parquet(path) for path in paths], how="diagonal_relaxed")


def summary_of(cells: pl.DataFrame) -> dict[str, Any]:
    """Data set -> method -> measure -> `value`, `low` and `high`."""
    return {
        data: _set_summary(cells.filter(pl.col("data") == data)) for data in sorted(cells["data"].unique().to_list())
    }


def _set_summary(cells: pl.DataFrame) -> dict[str, Any]:
    volumes = {name: volumes_of(cells, name) for name in METHODS if name in cells["method"].unique()}
    return {
        name: {
            "steerable": name in STEERABLE,
            "n_seeds": len(by_seed),
            "hypervolume": interval_of(list(by_seed.values())),
            "percent": interval_of(shares(by_seed, volumes[REFERENCE])) if REFERENCE in volumes else None,
            "percent_of_ensemble": interval_of(shares(by_seed, volumes[Ensemble.name]))
            if Ensemble.name in volumes
            else None,
            **{measure: interval_of(values_of(cells, name, kind)) for measure, kind in MEASURES.items()},
            "front": front_of(cells, name, min(by_seed)).round(4).tolist(),
        }
        for name, by_seed in volumes.items()
    }


def clicks_summary_of(rows: pl.DataFrame) -> dict[str, Any]:
    """What was learned from -> `ndcg` and the share of the gap that is `recovered`, of the study of biased clicks."""
    return {
        learner: {
            measure: interval_of(rows.filter(pl.col("learner") == learner).sort("seed")[measure].to_list())
            for measure in ("ndcg", "recovered")
        }
        for learner in rows["learner"].unique(maintain_order=True)
    }


def shares(by_seed: dict[int, float], others: dict[int, float]) -> list[float]:
    """Percent of another method's hypervolume at the seeds that both have."""
    return [100 * value / others[seed] for seed, value in by_seed.items() if seed in others]


def interval_of(values: Sequence[float]) -> dict[str, float] | None:
    """The mean and its 95 % bootstrap interval; None where there is no value."""
    if not values:
        return None
    interval = mean_interval(values)
    return {"value": round(interval.value, 5), "low": round(interval.low, 5), "high": round(interval.high, 5)}


def front_of(cells: pl.DataFrame, name: str, seed: int) -> Floats:
    """[P, N_AXES] the points of a method's front."""
    rows = cells.filter((pl.col("method") == name) & (pl.col("seed") == seed) & (pl.col("kind") == "front"))
    return rows.sort("step").select(f"value_{axis}" for axis in range(N_AXES)).to_numpy()


def seeds_of(cells: pl.DataFrame, name: str) -> list[int]:
    return sorted(cells.filter(pl.col("method") == name)["seed"].unique())


def volumes_of(cells: pl.DataFrame, name: str) -> dict[int, float]:
    """Seed -> hypervolume."""
    return {seed: hypervolume(front_of(cells, name, seed)) for seed in seeds_of(cells, name)}


def values_of(cells: pl.DataFrame, name: str, kind: str, *, objective: int | None = None) -> list[float]:
    """One value for each seed: the mean over objectives, or the value of one objective."""
    found = cells.filter((pl.col("method") == name) & (pl.col("kind") == kind))
    if objective is not None:
        found = found.filter(pl.col("objective") == objective)
    means = found.filter(pl.col("value_0").is_not_nan()).group_by("seed").agg(pl.col("value_0").mean())
    return means.sort("seed")["value_0"].to_list()
