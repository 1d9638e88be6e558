"""Relevance of the ranker at commit 3f9fbf7 by query, measured by its own code in a process of its own.

Run by `python -m benchmarks.ranking.words --earlier FOLDER` with that commit's folder alone on the path, whose packages
had no name in common yet.
"""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

N_ORDERS = 50
"""Random orders whose mean stands for chance."""


def measure(items: pl.DataFrame, judgments: pl.DataFrame, *, encoder: str, n_seeds: int) -> dict[str, Any]:
    """Query -> its figures, by ranker."""
    lists_of, crossval = import_module("engine.lists"), import_module("ranker.crossval")
    features, few_lists = import_module("ranker.features").FEATURES, import_module("ranker.training").FEW_LISTS
    recall = import_module("engine.evaluation").retrieval_recall
    with TemporaryDirectory() as folder:
        pipeline = import_module("engine.build").build_pipeline(items, Path(folder), encoder=encoder)
        lists = import_module("ranker.lists").pad_lists(lists_of.lists_from_judgments(pipeline, judgments))
        grouped = judgments.group_by("query", maintain_order=True).agg("item_id", "grade")
        recalls = {
            text: recall(pipeline, text, lists_of.known_rows(pipeline, item_ids, grades))
            for text, item_ids, grades in grouped.iter_rows()
        }
    rng = np.random.Generator(np.random.PCG64(0))
    chance = [crossval.list_ndcg(rng.random(lists.rows.shape), lists) for _ in range(N_ORDERS)]
    trained = [
        crossval.list_ndcg(crossval.out_of_fold_scores(lists, few_lists, seed=seed)[..., 0], lists)
        for seed in range(n_seeds)
    ]
    columns = {
        "random": np.mean(chance, axis=0),
        "bm25": crossval.list_ndcg(lists.features[..., features.index("lexical")], lists),
        "cosine": crossval.list_ndcg(lists.features[..., features.index("dense")], lists),
        "trained": np.mean(trained, axis=0),
        "recall@100": [recalls[text] for text in lists.groups.tolist()],
    }
    return {
        text: {name: round(float(values[row]), 6) for name, values in columns.items()}
        for row, text in enumerate(lists.groups.tolist())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--judgments", type=Path, required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    judgments = import_module("catalog.judgments").read_judgments(arguments.judgments)
    found = measure(pl.read_parquet(arguments.items), judgments, encoder=arguments.encoder, n_seeds=arguments.seeds)
    arguments.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
