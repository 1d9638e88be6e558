"""What the lists of a simulated log are computed from, of the grocery catalogue and its households."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.ranking.studies.simulated_log import ShopData
from trimtab.catalog.datasets.grocery import load_grocery
from trimtab.core.work.progress import Progress, silent
from trimtab.engine.build.grocery import HEADS, Splits, at_end_of_week, sample_intents
from trimtab.engine.build.labelled_lists import behaviour_gain
from trimtab.engine.build.study_problems import (
    GROCERY_OBJECTIVES,
    STORE_BRAND,
    first,
    pipeline_of,
    problem_of,
)
from trimtab.engine.stages.pipeline import Pipeline
from trimtab.ranker.study.prepared import load_problem, save_problem
from trimtab.ranker.training.lists import RankedList, pad_lists

N_CANDIDATES = 20
N_INTENTS = 60_000
"""Searches of real households that say which queries there are, and how often."""
NAME = "simulated-log"


def load_shop_data(cache: Path, *, progress: Progress = silent) -> ShopData:
    """The data, made by the pipeline that serves and kept in `cache`."""
    queries, rest = cache / f"prepared-{NAME}.npz", cache / f"{NAME}.npz"
    if not rest.exists():
        made = _shop_data(progress)
        save_problem(made.queries, queries)
        made.save(rest)
    return ShopData.load(rest, load_problem(queries))


def _shop_data(progress: Progress) -> ShopData:
    grocery = load_grocery()
    split = replace(Splits().test, n_intents=N_INTENTS)
    known = at_end_of_week(pipeline_of(grocery.items, progress), grocery, split.known_until)
    intents = sample_intents(grocery.purchases, known.store, split)
    asked = Counter((intent.text, intent.product_type) for intent in intents)
    found = [(one, n) for (text, kind), n in asked.items() for one in _lists(known, text, kind)]
    lists, counts = [one for one, _ in found], np.array([n for _, n in found], dtype=np.float64)
    kept = pad_lists(lists, HEADS)
    private = np.array([brand == STORE_BRAND for brand in known.store.texts("brand")])
    queries = problem_of(kept, GROCERY_OBJECTIVES, known.store, {"private_label": private[kept.rows]})
    histories = [known.history(user_id) for user_id in known.histories.user_ids()]
    there = [history for history in histories if history is not None]
    return ShopData(
        queries,
        counts / counts.sum(),
        known.items.type_codes,
        known.items.brand_codes,
        known.items.price_levels,
        households=np.repeat(np.arange(len(there)), [len(history.rows) for history in there]),
        bought=np.concatenate([history.rows for history in there]),
        units=np.concatenate([history.units for history in there]),
    )


def _lists(pipeline: Pipeline, text: str, kind: str) -> Iterator[RankedList]:
    """The list of a query as somebody sees it whom nothing is known of; none where candidates are few."""
    candidates = pipeline.retrieve(text)
    if len(candidates.rows) < N_CANDIDATES:
        return
    types = {name: code for code, name in enumerate(pipeline.store.types)}
    of_kind = pipeline.store.type_codes[candidates.rows] == types.get(kind, -2)
    yield first(
        RankedList(
            features=pipeline.featurise(text, candidates),
            prices=pipeline.store.prices[candidates.rows],
            labels={
                "relevance": behaviour_gain(of_kind.astype(np.int64)),
                "purchase": np.zeros(len(of_kind), dtype=np.float32),
            },
            group=text,
            rows=candidates.rows,
        ),
        N_CANDIDATES,
    )
