"""`trimtab evaluate`: relevance of a bundle against judgments, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from trimtab.core.errors import BadInput
from trimtab.core.metrics import Interval, mean_interval, ndcg_at_k, recall_at_k, reciprocal_rank
from trimtab.core.records import Query
from trimtab.engine.build.labelled_lists import judged_candidates, known_rows
from trimtab.engine.search import Engine
from trimtab.engine.stages.pipeline import Pipeline

Pool = Literal["judged", "full"]
RELEVANT_GRADE = 2
"""Recall counts items of at least this grade."""


def evaluate_relevance(engine: Engine, judgments: pl.DataFrame, *, pool: Pool = "judged") -> dict[str, Interval]:
    """Judge the pure-relevance ranking of each query.

    Args:
        judgments: query, item_id, grade.
        pool: `judged` ranks the judged items alone; `full` ranks all candidates and counts the unjudged as grade 0,
            which understates whatever the pool's gatherers did not find. The ideal is of all judged items, those that
            the bundle does not have among them.

    Returns:
        interval by metric; queries without a relevant item are left out of ndcg and recall.

    Raises:
        BadInput: the bundle has none of the judged items.
    """
    if (engine.store.rows_of(judgments["item_id"].to_list()) < 0).all():
        raise BadInput("judgments: no query has a judged item of this catalogue")
    values: dict[str, list[float]] = {"ndcg@10": [], "recall@100": [], "rr": []}
    grouped = judgments.group_by("query", maintain_order=True).agg("item_id", "grade")
    for text, item_ids, grades in grouped.iter_rows():
        judged = known_rows(engine.pipeline, item_ids, grades)
        rows, scores = _scored_rows(engine, text, judged, pool)
        by_row = np.array([judged.get(row, 0) for row in rows], dtype=int)
        # The ideal slate has what was not ranked too: it was not retrieved, or the bundle does not have it.
        ranked, known = set(rows), set(engine.store.item_ids(list(judged)))
        not_retrieved = [grade for row, grade in judged.items() if row not in ranked]
        not_there = [grade for item_id, grade in zip(item_ids, grades, strict=True) if item_id not in known]
        values["ndcg@10"].append(ndcg_at_k(scores, by_row, k=10, missed=[*not_retrieved, *not_there]))
        by_row = np.r_[by_row, np.array(not_retrieved, dtype=int)]
        scores = np.r_[scores, np.full(len(not_retrieved), -np.inf)]
        relevant = by_row[np.argsort(-scores, kind="stable")] >= RELEVANT_GRADE
        values["rr"].append(reciprocal_rank(relevant) if relevant.any() else float("nan"))
        values["recall@100"].append(retrieval_recall(engine.pipeline, text, judged))
    return {name: mean_interval(per_query) for name, per_query in values.items()}


def retrieval_recall(pipeline: Pipeline, text: str, judged: dict[int, int], *, k: int = 100) -> float:
    """Recall@k of the first stage for items of at least `RELEVANT_GRADE`; nan where there is none."""
    relevant = {row for row, grade in judged.items() if grade >= RELEVANT_GRADE}
    retrieved = pipeline.retrieve(text, n_candidates=k).rows.tolist()
    return recall_at_k([row in relevant for row in retrieved], len(relevant), k=k)


def _scored_rows(engine: Engine, text: str, judged: dict[int, int], pool: Pool) -> tuple[Sequence[int], np.ndarray]:
    if pool == "judged":
        candidates = judged_candidates(engine.pipeline, text, judged)
        relevance = engine.scoring.predict(text, candidates)[:, 0]
        keep = np.isin(candidates.rows, list(judged))
        return candidates.rows[keep].tolist(), relevance[keep]
    scored = engine.score(Query(text))
    return scored.rows.tolist(), scored.gains[:, 0]
