"""The report of a comparison: `experiments.md` and its plots."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.core.metrics import Interval, mean_interval
from trimtab.ranker.methods.heads import Ensemble
from trimtab.ranker.methods.registry import DEFAULT, METHODS, REFERENCE, STEERABLE
from trimtab.ranker.study.click_study import DEFAULT_STUDY
from trimtab.ranker.study.compare import STUDIES
from trimtab.ranker.study.measures import igd_plus, non_dominated
from trimtab.ranker.study.plots import plot_costs, plot_fronts, plot_paths
from trimtab.ranker.study.summary import (
    clicks_summary_of,
    front_of,
    read_cells,
    seeds_of,
    shares,
    summary_of,
    values_of,
    volumes_of,
)

IMAGES = "img"
FIGURES = Path("paper", "results")
TITLES = {"grocery": "Grocery: purchases of households", "icecat": "Icecat: human grades", "esci": "ESCI: human grades"}
AXES = {
    "grocery": ("relevance", "revenue", "private label"),
    "icecat": ("relevance", "revenue", "diversity"),
    "esci": ("relevance", "revenue", "rating"),
}

Floats = NDArray[np.float64]


def write_experiments(out: Path, docs: Path) -> Path:
    """Write `docs/experiments.md`, its plots and the figures in `docs/paper/results` from the cells in `out`.

    Raises:
        BadInput: there are no results.
    """
    cells = read_cells(out)
    (docs / IMAGES).mkdir(parents=True, exist_ok=True)
    parts = [HEADER]
    for data in (name for name in TITLES if name in cells["data"].unique()):
        parts += _section(data, cells.filter(pl.col("data") == data), docs)
    figures: dict[str, Any] = {"comparison": summary_of(cells)}
    studies = sorted((out / STUDIES).glob("clicks-*.parquet"))
    if studies:
        rows = pl.concat([pl.read_parquet(study) for study in studies])
        parts.append(_click_section(rows))
        figures["clicks"] = clicks_summary_of(rows)
    path = docs / "experiments.md"
    path.write_text("\n".join(parts) + "\n")
    (docs / FIGURES).mkdir(parents=True, exist_ok=True)
    for name, found in figures.items():
        (docs / FIGURES / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    return path


HEADER = """# Comparison of methods

Written by `trimtab compare --data grocery,icecat,esci --judged DIR --out DIR --docs docs`, which continues an
interrupted run. Conclusions are in [insights.md](insights.md), the sources of the methods in
[literature.md](literature.md).

Every method gets the same lists, the same 28 weightings and the same slate stage; slates have 10 items. The axes of a
front are normalised for all methods in the same way: 0 is a random order, 1 the best order for that objective alone, so
the reference point of the hypervolume is 0. A cell of a table is the mean over seeds, with a 95 % bootstrap interval
over seeds where there are two or more; a value without an interval is of one seed, an empty cell was not measured. A
seed is a fresh initialisation, on the judged sets also a fresh assignment of queries to five folds whose test parts are
pooled.
`scalarisation` is the reference: a separately trained model for each weighting. Served by default is
`student_of_blend` where there are many lists, and `student` where a bundle is built without LightGBM; one network of
heads is the row `heads`, three averaged the row `ensemble`.

Sizes: grocery has 2,000 training lists (weeks 31 to 40), 400 for the maps (41 to 46) and 1,500 to measure on (47 to
53), each the first 40 candidates of a query by which a household bought something; icecat has the judged items of 76
queries, ESCI those of 75. All methods have one hidden layer of 32 on grocery and are linear on the judged sets, but for
those with trees and for students, whose layer has 48 and 32 units. Comparing everything takes hours on a shared
core."""


def _section(data: str, cells: pl.DataFrame, docs: Path) -> list[str]:
    present = [name for name in METHODS if name in cells["method"].unique()]
    volumes = {name: volumes_of(cells, name) for name in present}
    order = sorted(present, key=lambda name: -float(np.mean(list(volumes[name].values()))))
    images = {
        "fronts": plot_fronts(data, _fronts(cells, order), AXES[data], docs / IMAGES),
        "paths": plot_paths(data, _paths(cells, order), AXES[data], docs / IMAGES),
        "costs": plot_costs(data, _costs(cells, volumes), docs / IMAGES),
    }
    return [
        f"\n## {TITLES[data]}\n",
        _front_table(cells, order, volumes),
        f"\n![Cost against hypervolume]({IMAGES}/{images['costs']})\n\n![Fronts]({IMAGES}/{images['fronts']})\n",
        "Fronts of the first seed; in grey the methods with one model for each weighting, except the reference.\n",
        "### Targets of the default\n",
        _targets_table(cells, volumes),
        "\n### Steering\n",
        _steering_table(cells, order),
        f"\n![Paths]({IMAGES}/{images['paths']})\n",
        "### Slates\n",
        _quality_table(cells, order),
        "\n### Calibration of the heads\n",
        _calibration_table(cells, order),
    ]


def _click_section(rows: pl.DataFrame) -> str:
    learners = rows["learner"].unique(maintain_order=True)
    lines = []
    for learner in learners:
        found = rows.filter(pl.col("learner") == learner).sort("seed")
        lines.append([learner, _shown(found["ndcg"].to_list(), 3), _shown(found["recovered"].to_list(), 2)])
    study = DEFAULT_STUDY
    note = (
        "\n## Learning from clicks\n\nSimulated on the training lists of grocery: "
        f"{study.n_impressions:,} impressions of {study.n_shown} items ranked by the first stage. "
        "A shopper looks at rank r with chance 1 / r and clicks by relevance, with chance 5 % where there is none. "
        "Propensities are estimated from "
        f"{study.n_randomised:,} randomised impressions. Measured with true labels on the test lists, "
        f"{rows['seed'].n_unique()} seeds.\n\n"
    )
    return note + table(["learned from", "ndcg@10", "share of the gap recovered"], lines)


def _front_table(cells: pl.DataFrame, order: Sequence[str], volumes: dict[str, dict[int, float]]) -> str:
    best = non_dominated(np.concatenate([front_of(cells, name, 0) for name in order]))
    rows = []
    for name in order:
        distances = [igd_plus(front_of(cells, name, seed), best) for seed in volumes[name]]
        rows.append(
            [
                f"**{name}**" if name == DEFAULT else name,
                "yes" if name in STEERABLE else "",
                _shown(list(volumes[name].values()), 4),
                _shown(shares(volumes[name], volumes.get(REFERENCE, {})), 1),
                _shown(distances, 4),
                _shown(values_of(cells, name, "train_seconds"), 1),
                str(len(volumes[name])),
            ]
        )
    head = ["method", "steerable", "hypervolume", "% of reference", "IGD+", "train CPU s", "seeds"]
    return table(head, rows)


def _targets_table(cells: pl.DataFrame, volumes: dict[str, dict[int, float]]) -> str:
    """Measures of the default and of three networks, with their targets."""
    measures = {
        "predicted monotone": (at_least(1.0), "predicted_monotonicity"),
        "true monotone": (at_least(0.99), "true_monotonicity"),
        "coverage monotone": (at_least(0.99), "coverage_monotonicity"),
        "Pareto calibration error": (at_most(0.03), "pareto_calibration_error"),
        "expected calibration error of a head": (at_most(0.02), "calibration_error"),
    }
    compared = [name for name in (DEFAULT, Ensemble.name) if name in volumes]
    target = at_least(99)
    reached = [shares(volumes[name], volumes[REFERENCE]) for name in compared]
    rows = [["hypervolume, % of reference", target.words, *(target.judged(share, 1) for share in reached)]]
    for label, (target, kind) in measures.items():
        rows.append([label, target.words, *(target.judged(values_of(cells, name, kind), 3) for name in compared)])
    note = "Why a target is missed: [missed targets](insights.md#missed-targets).\n\n"
    return note + table(["measure", "target", *compared], rows)


@dataclass(frozen=True)
class Target:
    """A target for a measure, and its wording."""

    words: str
    holds: Callable[[float], bool]

    def judged(self, values: Sequence[float], digits: int) -> str:
        shown = _shown(values, digits)
        return shown if not values or self.holds(float(np.mean(values))) else f"{shown}, **missed**"


def at_least(value: float) -> Target:
    return Target(f"{value:g} or more", lambda reached: reached >= value)


def at_most(value: float) -> Target:
    return Target(f"{value:g} or less", lambda reached: reached <= value)


def _steering_table(cells: pl.DataFrame, order: Sequence[str]) -> str:
    measures = {
        "predicted monotone": ("predicted_monotonicity", 4),
        "true monotone": ("true_monotonicity", 3),
        "spread": ("spread", 3),
        "Pareto calibration error": ("pareto_calibration_error", 3),
        "attainment gap": ("attainment_gap", 3),
        "diversity monotone": ("diversity_monotonicity", 4),
        "coverage monotone": ("coverage_monotonicity", 4),
    }
    rows = [[name, *(_shown(values_of(cells, name, kind), n) for kind, n in measures.values())] for name in order]
    note = (
        "Means over the objectives. Monotone: share of the steps of a 21-point path at which the value does not fall; "
        "`predicted` for each list by the method's own gains, `true` for the mean of the labels with one standard "
        "error allowed, diversity and coverage for each list as `w_diversity` rises. Spread: how far the mean moves "
        "from no weight to all of it, as a share of random to ideal (what an oracle spans). Attainment gap: mean "
        "distance of the requested share from the share reached, between the two ends of the path; the Pareto "
        "calibration error is the same on the axis of the front, from random to ideal. Both are of requests in "
        "attainment mode, by a map measured on other lists.\n\n"
    )
    return note + table(["method", *measures], rows)


def _quality_table(cells: pl.DataFrame, order: Sequence[str]) -> str:
    columns = {
        "ndcg@10": "relevance:ndcg",
        "ndcg@10, gain g": "relevance:ndcg_linear",
        "ndcg@10 even": "even:ndcg",
        "revenue@10 even": "even:revenue",
        "ILD even": "even:intra_list_distance",
        "ILD diverse": "even_diverse:intra_list_distance",
        "alpha-nDCG even": "even:alpha_ndcg",
        "alpha-nDCG diverse": "even_diverse:alpha_ndcg",
        "categories even": "even:coverage",
        "categories diverse": "even_diverse:coverage",
    }
    rows = [[name, *(_shown(values_of(cells, name, kind), 3) for kind in columns.values())] for name in order]
    note = (
        "The first two columns are slates of pure relevance, `even` of even item weights, `diverse` of these with a "
        "quarter of all weight on diversity. Revenue is what is bought under position bias, a shopper looking at rank "
        "r with chance 1 / r. Categories: different product types (or categories) on a slate.\n\n"
    )
    return note + table(["method", *columns], rows)


def _calibration_table(cells: pl.DataFrame, order: Sequence[str]) -> str:
    rows = []
    for name in order:
        found = cells.filter((pl.col("method") == name) & (pl.col("kind") == "calibration_error"))
        for head, label in enumerate(("relevance", "purchase")):
            if len(found.filter(pl.col("objective") == head)):
                errors = values_of(cells, name, "calibration_error", objective=head)
                floors = values_of(cells, name, "calibration_floor", objective=head)
                rows.append([name, label, _shown(errors, 4), _shown(floors, 4)])
    note = (
        "Expected calibration error over 15 bins of equal mass, on test lists. The floor is what perfect calibration "
        "would show: bins are finite, and the items of a list err together, so the sign of each list's residuals is "
        "drawn anew, 20 times.\n\n"
    )
    return note + table(["method", "head", "error", "floor"], rows)


def _shown(values: Sequence[float], digits: int) -> str:
    if not values:
        return ""
    interval: Interval = mean_interval(values)
    if len(values) == 1:
        return f"{interval.value:.{digits}f}"
    return f"{interval.value:.{digits}f} ({interval.low:.{digits}f} to {interval.high:.{digits}f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _fronts(cells: pl.DataFrame, order: Sequence[str]) -> dict[str, Floats]:
    return {name: front_of(cells, name, 0) for name in order if 0 in seeds_of(cells, name)}


def _paths(cells: pl.DataFrame, order: Sequence[str]) -> dict[str, list[Floats]]:
    """For each method the mean path of each objective, over seeds."""
    paths = {}
    for name in order:
        rows = cells.filter((pl.col("method") == name) & (pl.col("kind") == "path"))
        means = rows.group_by("objective", "step").agg(pl.col("value_0").mean()).sort("objective", "step")
        paths[name] = [one["value_0"].to_numpy() for one in means.partition_by("objective", maintain_order=True)]
    return paths


def _costs(cells: pl.DataFrame, volumes: dict[str, dict[int, float]]) -> dict[str, tuple[float, float]]:
    return {
        name: (float(np.mean(values_of(cells, name, "train_seconds"))), float(np.mean(list(by_seed.values()))))
        for name, by_seed in volumes.items()
    }
