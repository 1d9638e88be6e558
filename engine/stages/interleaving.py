"""Interleaving: rankings of one search drafted into one slate, so that its clicks compare them.

The draft is `core.experiments.interleaving`'s.

The sides have the same candidates and differ in weights and loss budgets alone. The draft is a function of who searches
and what is asked, so that the pages of a session are pages of one draft, and a decision can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from trimtab.core.diversity import slate_diversity
from trimtab.core.experiments.interleaving import NOBODY, team_draft
from trimtab.core.metrics import discounted_sum
from trimtab.core.records import Interleaving, Query, ReceiptLine, ScoredCandidates, Side, Slate
from trimtab.core.seeds import seed_of
from trimtab.core.weights import DIVERSITY
from trimtab.core.work.stopwatch import Stopwatch
from trimtab.engine.bundle.storage import Bundle
from trimtab.engine.plan.degradation import Levels
from trimtab.engine.stages.choosing import choose


def interleave(
    bundle: Bundle,
    query: Query,
    sides: Mapping[str, Side],
    scored: ScoredCandidates,
    *,
    levels: Levels = frozenset(),
    watch: Stopwatch | None = None,
) -> Slate:
    """The page of a team draft. It has the weights of the first side, and the receipt of what is shown.

    Args:
        query: has no pins (a pin stays where it is put, and a draft cannot promise that) and does not explore.
        sides: by name; the first is what the slate is compared with.

    Raises:
        BadParameter: see `trimtab.engine.stages.choosing.choose`.
    """
    watch = watch or Stopwatch()
    depth = query.offset + query.k
    slates = [choose(bundle, _query_of(side, query, depth), scored, levels=levels) for side in sides.values()]
    first = slates[0]
    rankings = np.full((1, len(slates), max(len(slate.rows) for slate in slates)), NOBODY)
    for number, slate in enumerate(slates):
        rankings[0, number, : len(slate.rows)] = slate.rows
    seed = seed_of("interleave", query.session_id, query.user_id, query.text, bundle.bundle_id, *sides)
    draft = team_draft(rankings, k=depth, rng=np.random.Generator(np.random.PCG64(seed)))
    there = draft.teams[0] != NOBODY
    rows, teams = draft.items[0][there], draft.teams[0][there]
    places = [
        (slates[team], int(np.flatnonzero(slates[team].rows == row)[0])) for row, team in zip(rows, teams, strict=True)
    ]
    gains = np.array([slate.gains[place] for slate, place in places]).reshape(len(rows), len(bundle.objectives))
    receipt = {
        name: ReceiptLine(
            discounted_sum(gains[:, number].astype(np.float64)) * bundle.receipt_factors[name],
            first.receipt[name].baseline,
        )
        for number, name in enumerate(bundle.objectives)
    }
    aspects = bundle.pipeline.store.aspects(rows)
    receipt[DIVERSITY] = ReceiptLine(slate_diversity(aspects), first.receipt[DIVERSITY].baseline)
    page = slice(query.offset, depth)
    names = tuple(sides)
    watch.lap("choose")
    return replace(
        first,
        query=query,
        rows=rows[page],
        item_ids=bundle.pipeline.store.item_ids(rows[page]),
        scores=np.array([slate.scores[place] for slate, place in places[page]], dtype=np.float32),
        gains=gains[page],
        features=np.array([slate.features[place] for slate, place in places[page]]),
        propensities=np.ones(len(rows[page])),
        receipt=receipt,
        interleaving=Interleaving(dict(sides), tuple(names[team] for team in teams[page])),
        seconds=watch.total(),
    )


def _query_of(side: Side, query: Query, depth: int) -> Query:
    constraints = replace(query.constraints, max_relevance_loss=side.max_relevance_loss, max_losses=side.max_losses)
    return replace(query, k=depth, offset=0, weights=side.weights, constraints=constraints, explore=False)
