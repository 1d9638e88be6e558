"""`trimtab build`: from a catalogue (and what is known of its shoppers) to a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadInput
from trimtab.core.progress import Progress, silent
from trimtab.core.records import IntArray
from trimtab.core.weights import DIVERSITY
from trimtab.engine.build.training_lists import lists_from_judgments, lists_from_log
from trimtab.engine.bundle.folder import RETRIEVAL, Description, save_bundle, staging_folder
from trimtab.engine.stages.pipeline import Pipeline, build_words, item_columns
from trimtab.ranker.attainment import Attainment
from trimtab.ranker.methods.problem import Problem, multipliers_of
from trimtab.ranker.methods.registry import DEFAULT, check_servable, fit_served
from trimtab.ranker.model import ServedRanker
from trimtab.ranker.objectives import Objective, objectives_of
from trimtab.ranker.population import Population
from trimtab.ranker.training.cold_start import STATEMENT, cold_start_ranker
from trimtab.ranker.training.crossval import fit_cross_validated
from trimtab.ranker.training.heads import FEW_LISTS, MANY_LISTS, Recipe
from trimtab.ranker.training.lists import RankedList, RankingLists, pad_lists
from trimtab.ranker.training.paths import attainment_of_gains, attainment_of_ranker
from trimtab.ranker.users import UserHistories
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever

ENOUGH_FOR_LAYERS = 1000
"""Lists from which on a network with hidden layers is worth fitting."""


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


def build_bundle(
    items: pl.DataFrame,
    out: Path,
    *,
    source: str,
    encoder: str = "wordllama",
    judgments: pl.DataFrame | None = None,
    log_rows: Iterable[Mapping[str, Any]] | None = None,
    method: str = DEFAULT,
    progress: Progress = silent,
) -> str:
    """Build from a catalogue frame, with a learned ranker where there are judgments or a log.

    Returns:
        the bundle id.
    """
    as_of = datetime.now(UTC)
    check_servable(method)
    if method != DEFAULT and judgments is None and log_rows is None:
        raise BadInput(f"--method {method}: there are no judgments or a log to learn from")
    with staging_folder(out) as staging:
        pipeline = build_pipeline(items, staging, encoder=encoder, progress=progress)
        objectives = objectives_of(has_prices=pipeline.store.has_prices)
        trained = _train(pipeline, objectives, judgments=judgments, log_rows=log_rows, method=method, progress=progress)
        return finish(out, staging, pipeline, objectives, trained, source=source, as_of=as_of)


def build_pipeline(
    items: pl.DataFrame,
    staging: Path,
    *,
    encoder: str,
    histories: UserHistories | None = None,
    progress: Progress = silent,
) -> Pipeline:
    """Index a catalogue frame into `staging`."""
    if len(items) == 0:
        raise BadInput("the catalogue has no item")
    store = ItemStore.from_frame(items)
    retriever = build_retriever(store, encoder, staging / RETRIEVAL, progress)
    return pipeline_of(store, retriever, histories or UserHistories.none())


def pipeline_of(store: ItemStore, retriever: Retriever, histories: UserHistories) -> Pipeline:
    """A store and its indices with what features need besides."""
    type_vectors = retriever.encoder.encode(list(store.types))
    columns = item_columns(store, retriever, build_words(store), type_vectors)
    return Pipeline(store, retriever, columns, histories)


def finish(
    out: Path,
    staging: Path,
    pipeline: Pipeline,
    objectives: Sequence[Objective],
    trained: Trained,
    *,
    source: str,
    as_of: datetime,
) -> str:
    """Write the bundle with the default weights: mostly relevance, a little of everything else."""
    others = [objective.name for objective in objectives if objective.name != "relevance"]
    default = {"relevance": 0.8, **dict.fromkeys(others, 0.15 / max(len(others), 1)), DIVERSITY: 0.05}
    total = sum(default.values())
    description = Description(
        source=source,
        objectives=objectives,
        ranges=trained.ranges,
        default_weights={name: weight / total for name, weight in default.items()},
        training=trained.report,
        as_of=as_of,
        attainment=trained.attainment,
        population=_population(trained, objectives),
    )
    return save_bundle(out, staging=staging, pipeline=pipeline, ranker=trained.ranker, description=description)


def _population(trained: Trained, objectives: Sequence[Objective]) -> Population:
    if trained.lists is None:
        return Population({}, {})
    return Population.of(trained.ranker, trained.lists, tuple(objective.name for objective in objectives))


def _train(
    pipeline: Pipeline,
    objectives: Sequence[Objective],
    *,
    judgments: pl.DataFrame | None,
    log_rows: Iterable[Mapping[str, Any]] | None,
    method: str,
    progress: Progress,
) -> Trained:
    lists: list[RankedList] = []
    origin = []
    if judgments is not None:
        lists += lists_from_judgments(pipeline, judgments, progress=progress)
        origin.append("judgments")
    if log_rows is not None:
        lists += lists_from_log(pipeline, log_rows)
        origin.append("log")
    if not origin:
        ranker, ranges = cold_start_ranker(objectives, pipeline.store.prices)
        return Trained(ranker, ranges, {"method": "cold_start", "statement": STATEMENT})
    if not lists:
        raise BadInput(f"{' and '.join(origin)}: no query has an item of this catalogue to learn from")
    problem = problem_of(pad_lists(lists), objectives, pipeline.store)
    recipe = recipe_for(len(lists))
    report = {"method": method, "trained_on": origin, "n_lists": len(lists)}
    if method != DEFAULT:
        ranker = fit_served(method, problem, recipe)
        return Trained(ranker, ranker.ranges.tolist(), report, attainment_of_ranker(problem, ranker), problem.lists)
    fitted = fit_cross_validated(problem.lists, objectives, recipe, progress=progress)
    attainment = attainment_of_gains(problem, fitted.held_out_gains, fitted.ranges)
    return Trained(fitted.ranker, fitted.ranges.tolist(), {**report, **fitted.report}, attainment, problem.lists)


def problem_of(
    lists: RankingLists,
    objectives: Sequence[Objective],
    store: ItemStore,
    flags: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Problem:
    """A problem from lists whose rows are in `store`."""
    return Problem(lists, tuple(objectives), multipliers_of(lists, objectives, flags), aspects_of(lists, store))


def aspects_of(lists: RankingLists, store: ItemStore) -> IntArray:
    """[L, n, A] codes of the candidates of padded lists, -1 unknown or padding."""
    codes = store.aspects(lists.rows.ravel()).reshape(*lists.rows.shape, -1)
    return np.where(lists.rows[..., None] >= 0, codes, -1)


def recipe_for(n_lists: int) -> Recipe:
    return MANY_LISTS if n_lists >= ENOUGH_FOR_LAYERS else FEW_LISTS
