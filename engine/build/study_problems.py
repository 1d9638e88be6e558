"""The comparison's data as multi-objective ranking problems, made by the pipeline that serves.

Prepared lists are kept in a folder the caller names, so that a comparison can be interrupted and taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any
from weakref import finalize

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.catalog.datasets.folders import DATA_SETS
from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.catalog.judgments import read_judgments
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter
from trimtab.core.work.progress import Progress, silent
from trimtab.engine.build.grocery import HEADS, Splits, at_end_of_week, sample_intents
from trimtab.engine.build.indexing import build_pipeline, store_of
from trimtab.engine.build.labelled_lists import lists_from_intents, lists_from_judgments
from trimtab.engine.build.training import aspects_of
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.ranker.item_values import ItemValues
from trimtab.ranker.methods.problem import Problem, multipliers_of
from trimtab.ranker.objectives import RELEVANCE, REVENUE, Objective
from trimtab.ranker.study.cell import Fold
from trimtab.ranker.study.prepared import folds_by_query, load_problem, save_problem
from trimtab.ranker.training.lists import RankedList, RankingLists, pad_lists

PRIVATE_LABEL = Objective("private_label", "purchase", "private_label", unit="private-label purchases")
STORE_BRAND = "Store brand"
GROCERY_OBJECTIVES = (RELEVANCE, REVENUE, PRIVATE_LABEL)
RATING = Objective("rating", "relevance", "max(rating - 3, 0)", unit="stars above 3")
JUDGED = ("icecat", "esci")
"""Data sets with grades of people."""
N_CANDIDATES = 40
"""Candidates kept of a grocery list, by retrieval order: enough for a first page and its alternatives."""
SIZES = MappingProxyType({"train": 2000, "validation": 400, "test": 1500})
HELD_OUT_SIZES = MappingProxyType({**SIZES, "validation": 2000, "test": 6000})
"""As many held-out lists as a build has, and more to measure on: sums of prices vary more than fronts do."""

_FILE = "prepared-{}.npz"


def load_folds(
    name: str,
    cache: Path,
    *,
    data: Path | None,
    seed: int,
    sizes: Mapping[str, int] = SIZES,
    progress: Progress = silent,
) -> list[Fold]:
    """The folds of a data set for one seed.

    `grocery` has one fold (train, validation and test are apart in time; the seed is the methods' own), the judged sets
    have five by query, whose assignment the seed draws; with so few queries the training part is also
    the validation part.

    Args:
        cache: folder that keeps prepared lists; made if absent.
        data: the folder that holds the folders of the judged sets.
        sizes: lists of each part of grocery.
    """
    if name == "grocery":
        parts = [_cached(cache, _grocery_key(part, n), lambda: _grocery(sizes, progress)) for part, n in sizes.items()]
        return [Fold(*parts)]
    if name in JUDGED:
        return folds_by_query(load_judged(name, cache, data=data, progress=progress), seed=seed)
    raise BadParameter("--data", f"there is none called {name!r}", "grocery, icecat, esci")


def load_judged(name: str, cache: Path, *, data: Path | None, progress: Progress = silent) -> Problem:
    """All lists of a judged set; arguments as in `load_folds`."""
    return _cached(cache, name, lambda: _judged(name, data, progress))


def _grocery_key(part: str, size: int) -> str:
    return f"grocery-{part}" if size == SIZES[part] else f"grocery-{part}-{size}"


def _grocery(sizes: Mapping[str, int], progress: Progress) -> dict[str, Problem]:
    grocery = load_grocery()
    pipeline = pipeline_of(grocery.items, progress)
    private = np.array([brand == STORE_BRAND for brand in pipeline.store.texts("brand")])
    problems = {}
    splits = Splits()
    for part, size in sizes.items():
        split = getattr(splits, part)
        known = at_end_of_week(pipeline, grocery, split.known_until)
        # Some lists have nothing that was bought among their first candidates; ask for more than are kept.
        intents = sample_intents(grocery.purchases, known.store, replace(split, n_intents=2 * size))
        lists = [first(one, N_CANDIDATES) for one in lists_from_intents(known, intents, progress=progress)]
        kept = pad_lists([one for one in lists if one.labels["purchase"].any()][:size], HEADS)
        problems[_grocery_key(part, size)] = problem_of(
            kept, GROCERY_OBJECTIVES, known.store, {"private_label": private[kept.rows]}
        )
    return problems


def _judged(name: str, data: Path | None, progress: Progress) -> dict[str, Problem]:
    if data is None:
        raise BadParameter("--judged", f"{name} is read from a folder", f"--judged DIR with {name}/products.jsonl.gz")
    folder = data / name
    pipeline = pipeline_of(DATA_SETS[name].load(folder), progress)
    judgments = read_judgments(folder / "judgments.csv")
    lists = [judged_only(one) for one in lists_from_judgments(pipeline, judgments, progress=progress)]
    kept = pad_lists([one for one in lists if (one.labels["relevance"] > 0).any()], (RELEVANCE.head,))
    if name == "icecat":
        return {name: problem_of(kept, (RELEVANCE, REVENUE), pipeline.store)}
    known = {
        "price": _filled(np.where(kept.rows >= 0, kept.prices, np.nan)),
        "rating": _filled(DATA_SETS[name].attributes(folder)["attr_rating"].to_numpy()[kept.rows]),
    }
    return {name: problem_of(kept, (RELEVANCE, REVENUE, RATING), pipeline.store, known)}


def pipeline_of(items: pl.DataFrame, progress: Progress) -> Pipeline:
    """A pipeline whose files go when the process ends: what is kept is the lists."""
    folder = TemporaryDirectory()
    pipeline = build_pipeline(store_of(items), Path(folder.name), encoder="wordllama", progress=progress)
    finalize(pipeline, folder.cleanup)
    return pipeline


def _filled(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Values with the median where they are unknown, so that what is not known is neither sought nor avoided."""
    return np.where(np.isnan(values), np.nanmedian(values), values)


def first(one: RankedList, n: int) -> RankedList:
    """The first n candidates of a list."""
    return one.take(np.arange(len(one.features)) < n)


def judged_only(one: RankedList) -> RankedList:
    """The candidates that somebody judged."""
    return one.take(~np.isnan(one.labels["relevance"]))


def problem_of(
    lists: RankingLists,
    objectives: Sequence[Objective],
    store: ItemStore,
    columns: Mapping[str, NDArray[Any]] = MappingProxyType({}),
) -> Problem:
    """Lists as a problem whose values are not winsorised; `columns` [L, n] are numbers that no store has."""
    values = ItemValues(objectives, dict.fromkeys(("price", *columns), "number"))
    return Problem(lists, tuple(objectives), multipliers_of(lists, values, columns), aspects_of(lists, store))


def _cached(cache: Path, name: str, prepare: Callable[[], dict[str, Problem]]) -> Problem:
    path = cache / _FILE.format(name)
    if not path.exists():
        for key, problem in prepare().items():
            save_problem(problem, cache / _FILE.format(key))
    return load_problem(path)
