"""Training: from judgments or a log to a ranker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadInput
from trimtab.core.metrics import Interval, mean_interval
from trimtab.core.progress import Progress
from trimtab.core.records import IntArray
from trimtab.engine.build.labelled_lists import known_rows, lists_from_judgments, lists_from_log
from trimtab.engine.build.relevance_evaluation import retrieval_recall
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.ranker.attainment import Attainment
from trimtab.ranker.methods.problem import Problem, multipliers_of
from trimtab.ranker.methods.registry import DEFAULT, fit_served
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.objectives import Objective
from trimtab.ranker.training.cold_start import STATEMENT, cold_start_ranker
from trimtab.ranker.training.crossval import fit_cross_validated, list_ndcg
from trimtab.ranker.training.heads import FEW_LISTS, MANY_LISTS, Recipe
from trimtab.ranker.training.lists import RankedList, RankingLists, pad_lists
from trimtab.ranker.training.paths import attainment_of_gains, attainment_of_ranker

ENOUGH_FOR_LAYERS = 1000
"""The number of lists from which a network with hidden layers is worth fitting."""

NDCG_AS_RETRIEVED = "ndcg@10_as_retrieved"
"""The manifest's name for what ranking started from."""


@dataclass(frozen=True)
class Trained:
    """A ranker and what the manifest says of how it came to be.

    Attributes:
        lists: what it was trained on; None where nothing was learned.
    """

    ranker: ServedRanker
    ranges: Sequence[float]
    report: Mapping[str, Any]
    attainment: Mapping[str, Attainment] = field(default_factory=dict)
    lists: RankingLists | None = None


def train_ranker(
    pipeline: Pipeline,
    objectives: Sequence[Objective],
    *,
    judgments: pl.DataFrame | None,
    log_rows: Iterable[Mapping[str, Any]] | None,
    method: str,
    progress: Progress,
) -> Trained:
    """A ranker that has learned from the judgments and the log, or that ranks by stated rules where there is neither.

    Raises:
        BadInput: no query has an item of this catalogue to learn from.
    """
    lists: list[RankedList] = []
    origin: list[str] = []
    report: dict[str, Any] = {"method": method, "trained_on": origin}
    if judgments is not None:
        lists += lists_from_judgments(pipeline, judgments, progress=progress)
        origin.append("judgments")
        recall = _recall_of(pipeline, judgments)
        report |= {"recall@100": recall.as_dict()} if recall.n_queries else {}
    if log_rows is not None:
        lists += lists_from_log(pipeline, log_rows)
        origin.append("log")
    if not origin:
        ranker, ranges = cold_start_ranker(objectives, pipeline.store.prices)
        return Trained(ranker, ranges, {"method": "cold_start", "statement": STATEMENT})
    if not lists:
        raise BadInput(f"{' and '.join(origin)}: no query has an item of this catalogue to learn from")
    problem = ranking_problem(pad_lists(lists), objectives, pipeline.store)
    recipe = recipe_for(len(lists))
    report["n_lists"] = len(lists)
    if method != DEFAULT:
        ranker = fit_served(method, problem, recipe)
        return Trained(ranker, ranker.ranges.tolist(), report, attainment_of_ranker(problem, ranker), problem.lists)
    fitted = fit_cross_validated(problem.lists, objectives, recipe, progress=progress)
    attainment = attainment_of_gains(problem, fitted.held_out_gains, fitted.ranges)
    as_retrieved = {NDCG_AS_RETRIEVED: ndcg_as_retrieved(problem.lists).as_dict()}
    report["cross_validation"] = {**as_retrieved, **fitted.report["cross_validation"]}
    return Trained(fitted.ranker, fitted.ranges.tolist(), report, attainment, problem.lists)


def ndcg_as_retrieved(lists: RankingLists) -> Interval:
    """The ndcg@10 of the candidates in the order of retrieval, which is theirs in a list: what ranking starts from."""
    order = -np.arange(lists.rows.shape[1], dtype=np.float32)
    return mean_interval(list_ndcg(np.broadcast_to(order, lists.rows.shape), lists))


def _recall_of(pipeline: Pipeline, judgments: pl.DataFrame) -> Interval:
    grouped = judgments.group_by("query", maintain_order=True).agg("item_id", "grade")
    judged = ((text, known_rows(pipeline, item_ids, grades)) for text, item_ids, grades in grouped.iter_rows())
    return mean_interval([retrieval_recall(pipeline, text, graded) for text, graded in judged])


def ranking_problem(
    lists: RankingLists,
    objectives: Sequence[Objective],
    store: ItemStore,
    flags: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Problem:
    """A problem from lists whose rows are in `store`."""
    return Problem(lists, tuple(objectives), multipliers_of(lists, objectives, flags), _aspects_of(lists, store))


def _aspects_of(lists: RankingLists, store: ItemStore) -> IntArray:
    """[L, n, A] codes of the candidates of padded lists, -1 unknown or padding."""
    codes = store.aspects(lists.rows.ravel()).reshape(*lists.rows.shape, -1)
    return np.where(lists.rows[..., None] >= 0, codes, -1)


def recipe_for(n_lists: int) -> Recipe:
    return MANY_LISTS if n_lists >= ENOUGH_FOR_LAYERS else FEW_LISTS
