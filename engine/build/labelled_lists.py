"""From judgments, purchases or logs to training lists, through the pipeline that serves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.catalog.groups import Groups
from trimtab.core.errors import BadInput
from trimtab.core.metrics import exponential_gain
from trimtab.core.records import Candidates, FloatArray, IntArray
from trimtab.core.understood import wording_of
from trimtab.core.work.progress import Progress, silent
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.ranker.training.lists import RankedList

MAX_PURCHASE_GRADE = 2
"""Grades from behaviour: 0 of another kind, 1 of the kind that was searched for, clicked or put in a cart, 2 bought."""
DONE = {"click": "clicks", "cart": "carts", "purchase": "purchases"}
"""Head -> column of a log that says where it happened."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One query somebody had, and what was bought.

    Attributes:
        text: the words of the query.
        product_type: what they were after; its items are relevant (grade 1), the bought ones more so (grade 2).
        bought: rows of the items bought.
        group: keeps intents together in splits.
        timestamp: when it was bought.
    """

    text: str
    product_type: str
    user_id: str | None
    bought: frozenset[int]
    group: str
    timestamp: datetime | None = None


def lists_from_judgments(
    pipeline: Pipeline, judgments: pl.DataFrame, *, progress: Progress = silent
) -> list[RankedList]:
    """One list a query: its candidates and its judged items, of which relevance is known and nothing else."""
    max_gain = float(exponential_gain(judgments["grade"].to_numpy()).max(initial=0.0))
    if max_gain == 0:
        raise BadInput("judgments: every grade is 0, there is nothing to learn")
    grouped = judgments.group_by("query", maintain_order=True).agg("item_id", "grade")
    lists = []
    for done, (text, item_ids, grades) in enumerate(grouped.iter_rows()):
        judged = known_rows(pipeline, item_ids, grades)
        if not judged:
            continue
        candidates = judged_candidates(pipeline, text, judged)
        rows = candidates.rows.tolist()
        relevance = np.array([exponential_gain(judged.get(row, np.nan)) / max_gain for row in rows], dtype=np.float32)
        lists.append(
            RankedList(
                features=pipeline.featurise(text, candidates),
                prices=pipeline.store.prices[candidates.rows],
                labels={"relevance": relevance},
                group=text,
                rows=candidates.rows,
            )
        )
        progress("judged queries", done + 1, len(grouped))
    return lists


def known_rows(pipeline: Pipeline, item_ids: Sequence[str], grades: Iterable[int]) -> dict[int, int]:
    """Grade by row for the judged items that are in the catalogue."""
    rows = pipeline.store.rows_of(item_ids).tolist()
    return {row: grade for row, grade in zip(rows, grades, strict=True) if row >= 0}


def judged_candidates(pipeline: Pipeline, text: str, judged: Mapping[int, int]) -> Candidates:
    """What serving would retrieve, then the judged items it would not, with their true lexical scores."""
    served = pipeline.retrieve(text)
    deep = pipeline.retrieve(text, n_candidates=len(pipeline.store), also=sorted(judged))
    added = np.isin(deep.rows, list(judged)) & ~np.isin(deep.rows, served.rows)
    return Candidates(
        np.concatenate([served.rows, deep.rows[added]]),
        np.concatenate([served.dense, deep.dense[added]]),
        np.concatenate([served.lexical, deep.lexical[added]]),
        np.concatenate([served.fused, deep.fused[added]]),
        served.query_vectors,
    )


def lists_from_intents(
    pipeline: Pipeline, intents: Sequence[Intent], *, progress: Progress = silent
) -> list[RankedList]:
    """One list an intent whose retrieved candidates hold something that was bought, or stand for it."""
    retrieve = _cached_retrieve(pipeline)
    types = {name: code for code, name in enumerate(pipeline.store.types)}
    lists = []
    for done, intent in enumerate(intents):
        candidates = retrieve(intent.text)
        bought = _same_products(pipeline.groups, candidates.rows, list(intent.bought))
        progress("purchase lists", done + 1, len(intents))
        if not bought.any():
            continue
        of_type = pipeline.store.type_codes[candidates.rows] == types.get(intent.product_type, -2)
        lists.append(
            RankedList(
                features=pipeline.featurise(intent.text, candidates, intent.user_id),
                prices=pipeline.store.prices[candidates.rows],
                labels={
                    "relevance": behaviour_gain(np.where(bought, 2, of_type)),
                    "purchase": bought.astype(np.float32),
                },
                group=intent.group,
                rows=candidates.rows,
            )
        )
    return lists


def lists_from_log(pipeline: Pipeline, rows: Iterable[Mapping[str, object]]) -> list[RankedList]:
    """One list a logged impression with a click, a cart or a purchase; what was not shown is not labelled."""
    lists = []
    for row in rows:
        item_ids = _strings(row["item_ids"])
        shown = known_rows(pipeline, item_ids, range(len(item_ids)))
        done = {head: np.array(row.get(column) or [0] * len(item_ids)) > 0 for head, column in DONE.items()}
        if not any(one.any() for one in done.values()):
            continue
        wording, user_id = pipeline.understand(wording_of(row)), row["user_id"]
        candidates = pipeline.retrieve(wording, also=sorted(shown))
        at = np.array([shown.get(item, -1) for item in candidates.rows.tolist()], dtype=np.int64)
        grades = np.where(done["purchase"], MAX_PURCHASE_GRADE, done["click"] | done["cart"])
        by_position = {"relevance": behaviour_gain(grades), **done}
        features = pipeline.featurise(
            wording, candidates, None if user_id is None else str(user_id), _strings(row.get("recent"))
        )
        lists.append(
            RankedList(
                features=features,
                prices=pipeline.store.prices[candidates.rows],
                labels={
                    head: np.where(at >= 0, values[at], np.nan).astype(np.float32)
                    for head, values in by_position.items()
                },
                group=str(row["session_id"] or row["decision_id"]),
                rows=candidates.rows,
            )
        )
    return lists


def behaviour_gain(grades: np.ndarray) -> FloatArray:
    """`(2^grade - 1) / 3` for grades 0..2."""
    return np.asarray(exponential_gain(grades) / exponential_gain(MAX_PURCHASE_GRADE), dtype=np.float32)


def _strings(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _same_products(groups: Groups | None, rows: IntArray, others: Sequence[int]) -> NDArray[np.bool_]:
    """[n] whether rows are some others, or variants of the same products."""
    if groups is None:
        return np.isin(rows, others)
    return np.isin(groups.codes[rows], groups.codes[others])


def _cached_retrieve(pipeline: Pipeline) -> Callable[[str], Candidates]:
    """Households search for the same few thousand kinds again and again."""
    return lru_cache(maxsize=None)(pipeline.retrieve_groups)
