"""Relevance where queries are worded in every way: cross-validated within judged queries, against earlier rankers.

Folds are of queries, and a query's figure is its mean over several assignments to folds. How heads are fitted is fixed,
and for comparison chosen inside the training folds (`recipes`). Differences are by query, with percentile bootstrap
intervals over queries.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.ranking.recipes import ndcg_by_chosen, recipes_of
from trimtab.catalog.datasets.folders import DATA_SETS
from trimtab.catalog.judgments import read_judgments
from trimtab.core.metrics import mean_interval
from trimtab.engine.build.indexing import build_pipeline, store_of
from trimtab.engine.build.labelled_lists import known_rows, lists_from_judgments
from trimtab.engine.build.relevance_evaluation import retrieval_recall
from trimtab.engine.build.training import recipe_for
from trimtab.ranker.features import FEATURES
from trimtab.ranker.training.crossval import out_of_fold_scores
from trimtab.ranker.training.held_out import list_ndcg
from trimtab.ranker.training.lists import pad_lists

N_SEEDS = 5
DATA = "esci"
BASELINES = Path(__file__).parents[1] / "baselines"
ABOVE_BM25, ABOVE_EARLIER, RECALL = 0.05, 0.03, 0.92
"""What is to be reached: gains in ndcg@10 over rankers of the earlier version, and recall@100."""

Floats = NDArray[np.float64]
ByQuery = dict[str, Floats]
"""Ranker or measure -> [n_queries] its figures."""


def measure(data: Path, encoder: str) -> Iterator[Figure]:
    """Ours beside BM25, the cosine and the trained ranker of the earlier version, on the judged pool."""
    judgments = read_judgments(data / "judgments.csv")
    queries, ours = by_query(DATA_SETS[DATA].load(data), judgments, encoder)
    earlier = json.loads(baseline(encoder).read_text())
    theirs = {name: np.array([earlier[query][name] for query in queries]) for name in earlier[queries[0]]}
    label = f"{DATA} {encoder}"
    for name in ("random", "bm25", "cosine", "trained"):
        yield _figure(f"{label}: ndcg@10 at 3f9fbf7, {name}", theirs[name])
    yield _figure(f"{label}: ndcg@10, cosine", ours["cosine"])
    yield _figure(f"{label}: ndcg@10, trained, out of fold", ours["trained"])
    yield _figure(f"{label}: ndcg@10, recipe chosen inside the folds", ours["chosen"])
    yield _figure(f"{label}: gain over BM25 at 3f9fbf7", ours["trained"] - theirs["bm25"], ABOVE_BM25)
    yield _figure(
        f"{label}: gain over the trained ranker at 3f9fbf7", ours["trained"] - theirs["trained"], ABOVE_EARLIER
    )
    yield _figure(f"{label}: recall@100 at 3f9fbf7, grade >= 2", theirs["recall@100"])
    yield _figure(f"{label}: recall@100, grade >= 2", ours["recall@100"], RECALL)


def by_query(items: pl.DataFrame, judgments: pl.DataFrame, encoder: str) -> tuple[list[str], ByQuery]:
    """The judged queries, and how well each is answered."""
    with TemporaryDirectory() as folder:
        pipeline = build_pipeline(store_of(items), Path(folder), encoder=encoder)
        lists = pad_lists(lists_from_judgments(pipeline, judgments), ("relevance",))
        grouped = judgments.group_by("query", maintain_order=True).agg("item_id", "grade")
        recalls = {
            text: retrieval_recall(pipeline, text, known_rows(pipeline, item_ids, grades))
            for text, item_ids, grades in grouped.iter_rows()
        }
    queries = lists.groups.tolist()
    recipe = recipe_for(len(lists))
    trained = [list_ndcg(out_of_fold_scores(lists, recipe, seed=seed)[..., 0], lists) for seed in range(N_SEEDS)]
    return queries, {
        "cosine": list_ndcg(lists.features[..., FEATURES.index("dense")], lists),
        "trained": np.mean(trained, axis=0),
        "chosen": ndcg_by_chosen(lists, recipes_of(lists)),
        "recall@100": np.array([recalls[query] for query in queries]),
    }


def baseline(encoder: str) -> Path:
    """The figures of the earlier version by query, as `--earlier` wrote them."""
    return BASELINES / f"{DATA}-{encoder}.json"


def measure_earlier(repository: Path, data: Path, encoder: str) -> None:
    """Let the earlier version measure itself, and keep what it says."""
    with TemporaryDirectory() as folder:
        items = Path(folder) / "items.parquet"
        DATA_SETS[DATA].load(data).write_parquet(items)
        options: Mapping[str, object] = {
            "--items": items,
            "--judgments": data / "judgments.csv",
            "--encoder": encoder,
            "--seeds": N_SEEDS,
            "--out": baseline(encoder),
        }
        # -P leaves this folder off the path, where some modules have the names of others.
        command = [sys.executable, "-P", Path(__file__).with_name("earlier_ranker.py")]
        command += [part for option in options.items() for part in option]
        subprocess.run(list(map(str, command)), check=True, env={**os.environ, "PYTHONPATH": str(repository)})  # noqa: S603  # our own script and options


def _figure(name: str, values: Floats, target: float | None = None) -> Figure:
    interval = mean_interval(values)
    return Figure(name, interval.value, "", target, interval=(interval.low, interval.high))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--earlier", type=Path, required=True, help="a checkout of 3f9fbf7")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data")
    parser.add_argument("--encoders", nargs="+", default=["wordllama", "minilm"])
    arguments = parser.parse_args()
    for encoder in arguments.encoders:
        measure_earlier(arguments.earlier, arguments.data, encoder)


if __name__ == "__main__":
    main()
