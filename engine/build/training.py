"""Training: from judgments or a log to a ranker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadInput
from trimtab.core.metrics import Interval, mean_interval
from trimtab.core.records import IntArray
from trimtab.core.work.progress import Progress
from trimtab.engine.build.labelled_lists import known_rows, lists_from_judgments, lists_from_log
from trimtab.engine.build.relevance_evaluation import retrieval_recall
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.ranker.attainment import Attainment
from trimtab.ranker.item_values import Bounds, ItemValues, columns_at, kinds_of
from trimtab.ranker.loss_budgets import LossBudgets
from trimtab.ranker.methods.problem import Problem, multipliers_of
from trimtab.ranker.methods.registry import fit_of_heads, fit_served, method_for
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.objectives import RELEVANCE, Objective, heads_of, lender_of
from trimtab.ranker.training.cold_start import STATEMENT, cold_start_ranker
from trimtab.ranker.training.crossval import fit_cross_validated
from trimtab.ranker.training.heads import ENOUGH_LISTS, FEW_LISTS, MANY_LISTS, Recipe, population_ranges
from trimtab.ranker.training.lists import RankedList, RankingLists, pad_lists
from trimtab.ranker.training.loss_budgets import fit_loss_budgets, paths_by_objective
from trimtab.ranker.training.new_items import NEW_SHARE
from trimtab.ranker.training.paths import attainment_of_gains, attainment_of_ranker
from trimtab.ranker.training.receipt_factors import fit_receipt_factors
from trimtab.ranker.training.rules import RULES_SHARE
from trimtab.ranker.training.strangers import some_of_strangers
from trimtab.ranker.training.unjudged import IRRELEVANT_SHARE

LEAST_POSITIVE = 10
"""How many candidates something must have happened to before its chance is learned and not borrowed."""
N_TYPICAL = 50
"""How many titles are searched for to see how far candidates lie apart where nobody's queries are known."""
N_MEASURED = 500
"""How many of many searches are looked at to see how far candidates lie apart by the prices of a price list."""


@dataclass(frozen=True)
class Valuation:
    """The objectives of a shop and what its items are worth to them.

    Attributes:
        moment: when that was looked at, in seconds since 1970.
    """

    objectives: tuple[Objective, ...]
    values: ItemValues
    bounds: Bounds
    n_unknown: tuple[int, ...]
    moment: float

    @classmethod
    def of(cls, store: ItemStore, objectives: Sequence[Objective], *, moment: float) -> Valuation:
        """
        Raises:
            BadParameter: a value is not an expression over the catalogue's attributes; names the objective.
        """
        values = ItemValues(objectives, kinds_of(store))
        known = values.of(columns_at(store), len(store), moment=moment)
        unknown = tuple(np.isnan(known).sum(axis=0).tolist())
        return cls(tuple(objectives), values, Bounds.of(known), unknown, moment)

    def problem(
        self, lists: RankingLists, store: ItemStore, columns: Mapping[str, NDArray[Any]] = MappingProxyType({})
    ) -> Problem:
        """A problem from lists whose rows are in `store`.

        Args:
            columns: attributes [L, n] that are not the store's.
        """
        column = columns_at(store, lists.rows.ravel())
        others = [name for name in self.values.columns if name not in ("price", *columns)]
        there = {name: column(name).reshape(lists.rows.shape) for name in others}
        multipliers = multipliers_of(lists, self.values, {**there, **columns}, bounds=self.bounds, moment=self.moment)
        return Problem(lists, self.objectives, multipliers, aspects_of(lists, store))


@dataclass(frozen=True)
class Trained:
    """A ranker and what the manifest says of how it came to be.

    Attributes:
        problem: what it was trained on; None where nothing was learned.
        searches: by which ranges were measured where nothing was learned.
        loss_budgets, receipt_factors: fitted on lists held out; None where there are none, few, or clicks alone.
    """

    ranker: ServedRanker
    ranges: Sequence[float]
    report: Mapping[str, Any]
    attainment: Mapping[str, Attainment] = field(default_factory=dict)
    problem: Problem | None = None
    loss_budgets: LossBudgets | None = None
    receipt_factors: Mapping[str, float] | None = None
    searches: RankingLists | None = None

    def ranges_by(self, valuation: Valuation, store: ItemStore) -> NDArray[np.float32]:
        """[M] `measured_ranges` on the lists that it comes from, by other prices or at another time."""
        lists = self.searches if self.problem is None else self.problem.lists
        assert lists is not None
        some = np.linspace(0, len(lists) - 1, min(len(lists), N_MEASURED)).astype(np.int64)
        return measured_ranges(self.ranker, lists.take(some), valuation, store)


def train_ranker(
    pipeline: Pipeline,
    valuation: Valuation,
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
    report: dict[str, Any] = {"trained_on": origin}
    if judgments is not None:
        lists += lists_from_judgments(pipeline, judgments, progress=progress)
        origin.append("judgments")
        recall = _recall_of(pipeline, judgments)
        report |= {"recall@100": recall.as_dict()} if recall.n_queries else {}
    if log_rows is not None:
        lists += lists_from_log(pipeline, log_rows)
        origin.append("log")
    if not origin:
        return _untrained(pipeline, valuation)
    if not lists:
        raise BadInput(f"{' and '.join(origin)}: no query has an item of this catalogue to learn from")
    padded = some_of_strangers(pad_lists(lists, heads_learned(lists, valuation.objectives)))
    problem = valuation.problem(padded, pipeline.store)
    recipe, method = recipe_for(len(lists), judged=log_rows is None), method_for(method, len(lists))
    report |= {"method": method, "n_lists": len(lists)}
    report["heads"] = heads_report(valuation.objectives, problem.lists.heads)
    fit = fit_of_heads(method, recipe)
    if fit is None:
        ranker = fit_served(method, problem, recipe)
        return Trained(ranker, ranker.ranges.tolist(), report, attainment_of_ranker(problem, ranker), problem)
    fitted = fit_cross_validated(problem, fit, progress=progress)
    attainment = attainment_of_gains(problem, fitted.held_out_gains, fitted.ranges)
    report["cross_validation"] = fitted.report
    budgets = factors = None
    if log_rows is None:  # what was clicked says as much of positions as of relevance
        budgets = fit_loss_budgets(paths_by_objective(problem, fitted.held_out_gains, fitted.ranges))
        factors = fit_receipt_factors(problem, fitted.gains_by_others, fitted.ranges)
    return Trained(fitted.ranker, fitted.ranges.tolist(), report, attainment, problem, budgets, factors)


def _untrained(pipeline: Pipeline, valuation: Valuation) -> Trained:
    """The rules, with ranges measured on searches for some of the titles."""
    objectives = valuation.objectives
    lists = pad_lists([_typical_list(pipeline, title) for title in _some_titles(pipeline.store)], (RELEVANCE.head,))
    rules = cold_start_ranker(objectives, [1.0] * len(objectives))
    ranges = measured_ranges(rules, lists, valuation, pipeline.store).tolist()
    heads = heads_report(objectives, (RELEVANCE.head,))
    report = {"method": "cold_start", "statement": STATEMENT, "heads": heads}
    return Trained(cold_start_ranker(objectives, ranges), ranges, report, searches=lists)


def measured_ranges(
    ranker: ServedRanker, lists: RankingLists, valuation: Valuation, store: ItemStore
) -> NDArray[np.float32]:
    """[M] how far candidates lie apart in each objective, by a store's prices.

    Args:
        lists: of rows of the store.
    """
    prices = columns_at(store, lists.rows.ravel())("price").reshape(lists.rows.shape)
    problem = valuation.problem(replace(lists, prices=prices.astype(np.float32)), store)
    features, values = torch.from_numpy(lists.features), torch.from_numpy(problem.multipliers)
    with torch.inference_mode():
        gains = torch.stack([ranker.gains(*one) for one in zip(features, values, strict=True)]).numpy()
    return population_ranges(gains, lists.rows >= 0)


def _some_titles(store: ItemStore) -> list[str]:
    rows = np.linspace(0, len(store) - 1, min(len(store), N_TYPICAL)).astype(np.int64)
    return store.titles(rows)


def _typical_list(pipeline: Pipeline, title: str) -> RankedList:
    found = pipeline.retrieve(title)
    features, prices = pipeline.featurise(title, found), pipeline.store.prices[found.rows]
    return RankedList(features, prices, {}, title, found.rows)


def heads_learned(lists: Sequence[RankedList], objectives: Sequence[Objective]) -> tuple[str, ...]:
    """The heads that objectives need and lists have enough labels of; relevance always."""

    def n_positive(head: str) -> int:
        return sum(int((one.labels[head] > 0).sum()) for one in lists if head in one.labels)

    needed = heads_of(objectives)
    return tuple(head for head in needed if head == RELEVANCE.head or n_positive(head) >= LEAST_POSITIVE)


def heads_report(objectives: Sequence[Objective], learned: Sequence[str]) -> dict[str, str]:
    """Head -> `learned`, or the head that it is taken to be proportional to."""
    return {
        head: "learned" if head in learned else f"borrowed from {lender_of(head, learned)}"
        for head in heads_of(objectives)
    }


def _recall_of(pipeline: Pipeline, judgments: pl.DataFrame) -> Interval:
    grouped = judgments.group_by("query", maintain_order=True).agg("item_id", "grade")
    judged = ((text, known_rows(pipeline, item_ids, grades)) for text, item_ids, grades in grouped.iter_rows())
    return mean_interval([retrieval_recall(pipeline, text, graded) for text, graded in judged])


def aspects_of(lists: RankingLists, store: ItemStore) -> IntArray:
    """[L, n, A] codes of the candidates of padded lists, -1 unknown or padding."""
    codes = store.aspects(lists.rows.ravel()).reshape(*lists.rows.shape, -1)
    return np.where(lists.rows[..., None] >= 0, codes, -1)


def recipe_for(n_lists: int, *, judged: bool = False) -> Recipe:
    """How a shop's heads are fitted: its catalogue gets new items while they serve.

    Args:
        judged: whether all lists are of judgments, by which most of what a search finds has no label.
    """
    recipe = MANY_LISTS if n_lists >= ENOUGH_LISTS else FEW_LISTS
    recipe = replace(recipe, new_share=NEW_SHARE)
    return replace(recipe, irrelevant_share=IRRELEVANT_SHARE, rules_share=RULES_SHARE) if judged else recipe
