"""What a search is worth to each objective, position by position.

- relevance: discounted gain of what was bought and clicked, a purchase at the top being 1: the unit of the receipt
  (`trimtab.engine.build.labelled_lists.behaviour_gain`, `trimtab.core.metrics.discounts`).
- revenue: money a search, as it was logged, where the objective is the built-in one.
- any other: the values of the items that were clicked, put in a cart or bought, as its head says; with the head
  relevance, and without a head, the discounted values of what was found relevant, or shown.
- diversity: discounted novelty of the slate (`trimtab.core.diversity`); it needs no outcome.

What else can be said of a slate without any outcome is `MEASURED`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trimtab.abtest.ope.estimators import Floats, prefix_weights
from trimtab.abtest.ope.evidence import Evidence
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.log.logged_slates import LoggedSlates
from trimtab.abtest.ope.sums import Sums
from trimtab.core.diversity import intra_list_distances, novelties_of_slates
from trimtab.core.metrics import discounted_sum, discounts, exponential_gain
from trimtab.core.weights import DIVERSITY
from trimtab.engine import Engine
from trimtab.engine.build.labelled_lists import behaviour_gain
from trimtab.ranker.objectives import NO_HEAD, RELEVANCE, REVENUE

NDCG, NDCG_FILLED = "ndcg", "ndcg_filled"

MEASURED = ("diversity", "alpha_ndcg", "ild", "categories", NDCG, NDCG_FILLED)
"""Measured on slates: discounted novelty; the same over the best that the query's candidates allow; the mean share of
aspects in which two items differ; how many categories are shown; and, where the query was judged, `ndcg@k`, items
without a judgment being worth nothing, and as much as the query's judged ones are on average."""


@dataclass(frozen=True)
class JudgedQuery:
    """The judgments of one query.

    Attributes:
        gains: row in the item store -> gain, `2^grade - 1`.
        ideal: gains of all judged items from the best down, those that the bundle does not have among them.
        mean: of those.
    """

    gains: Mapping[int, float]
    ideal: Sequence[float]
    mean: float


Judged = Mapping[str, JudgedQuery]

SLATES_AT_ONCE = 10_000


def rewards_of(slates: LoggedSlates, engine: Engine) -> dict[str, Floats]:
    """[n, k] by objective and of diversity, positions beyond a slate's end being 0."""
    return {**outcomes_of(slates, engine), DIVERSITY: novelty(slates.rows, engine)}


def outcomes_of(slates: LoggedSlates, engine: Engine) -> dict[str, Floats]:
    """[n, k] by objective, positions beyond a slate's end being 0."""
    shown, by_rank = slates.rows >= 0, discounts(slates.rows.shape[1])
    grades = np.where(slates.purchases > 0, 2, ((slates.clicks > 0) | (slates.carts > 0)).astype(np.int64))
    happened: dict[str, NDArray[Any]] = {
        "relevance": behaviour_gain(grades) * by_rank,
        "click": slates.clicks > 0,
        "cart": slates.carts > 0,
        "purchase": slates.purchases > 0,
        NO_HEAD: shown * by_rank,
    }
    rewards: dict[str, Floats] = {}
    values: Floats | None = None
    for number, one in enumerate(served.objective for served in engine.served):
        if one in (RELEVANCE, REVENUE):
            rewards[one.name] = happened["relevance"] if one == RELEVANCE else slates.revenue
            continue
        if values is None:
            values = _values(slates, engine)
        rewards[one.name] = np.where(shown, happened[one.head] * values[..., number], 0.0)
    return rewards


def takes_a_look(engine: Engine) -> dict[str, bool]:
    """By objective, whether its reward takes somebody who looks at the item; others are earned by showing it."""
    found = {one.objective.name: one.objective.head != NO_HEAD for one in engine.served}
    return {**found, DIVERSITY: False}


@dataclass(frozen=True)
class WeightedRewards:
    """What a log says of a policy.

    Attributes:
        weights: [n, k] importance weights.
        rewards: [n, k] by objective.
        slopes: by objective [n, d] what errors of the examination change the weighted rewards by, see `Moves.slopes`;
            none where no examination was estimated or nobody needs to look.
    """

    weights: Floats
    rewards: Mapping[str, Floats]
    slopes: Mapping[str, Floats]


def weighted_rewards(
    evidence: Evidence, engine: Engine, rewards: Callable[[LoggedSlates, Engine], dict[str, Floats]] = rewards_of
) -> Iterator[tuple[str, WeightedRewards]]:
    """Each policy with what the log says of it, one after the other."""
    slates, examination = evidence.slates, evidence.examination
    if examination is None:
        logged = rewards(slates, engine)
        for name, ratios in evidence.ratios.items():
            yield name, WeightedRewards(prefix_weights(ratios), logged, {})
        return
    seen = takes_a_look(engine)
    for name, moves in evidence.moves.items():
        moved = moves.rewards(rewards(moves.slates(slates), engine), seen, examination.chances)
        slopes = {
            metric: moves.slopes(moves.weights * values, examination.spread)
            for metric, values in moved.items()
            if seen[metric]
        }
        yield name, WeightedRewards(moves.weights, moved, slopes)


def promise_of(engine: Engine, promised: Sums, realised: Sums, confidence: float) -> dict[str, Any]:
    """What receipts promised of the relevance of what was shown, what came of it, and what it was learned from."""
    return {
        "promised": estimate(promised, confidence=confidence).as_dict(),
        "realised": estimate(realised, confidence=confidence).as_dict(),
        "learned_from": list(engine.manifest["training"].get("trained_on", [])),
    }


def _values(slates: LoggedSlates, engine: Engine) -> Floats:
    """[n, k, M] what the items shown were worth to each objective when they were shown, by the catalogue of today."""
    rows = np.maximum(slates.rows, 0)
    moments = np.broadcast_to(slates.moments[:, None], rows.shape)
    values = engine.scoring.values(rows.ravel().astype(np.int64), moments.ravel())
    return values.reshape(*rows.shape, -1).astype(np.float64)


def measured(
    rows: NDArray[np.integer], texts: Sequence[str], ideals: Floats, judged: Judged, engine: Engine
) -> dict[str, Floats]:
    """[n] by name of `MEASURED`, nan where it has no value.

    Args:
        rows: [n, k] slates.
        texts: [n] queries.
        ideals: [n] the most diverse slate of each query's candidates.
    """
    aspects = engine.store.aspects(np.maximum(rows, 0).ravel()).reshape(*rows.shape, -1)
    aspects[rows < 0] = -1
    diversity = novelty(rows, engine).sum(axis=1)
    found = {
        "diversity": diversity,
        "alpha_ndcg": np.divide(diversity, ideals, out=np.full(len(rows), np.nan), where=ideals > 0),
        "ild": intra_list_distances(aspects),
        "categories": _distinct(np.where(rows >= 0, engine.store.category_codes[rows], -1)),
        **_ndcgs(rows, [judged.get(text) for text in texts]),
    }
    return {name: values for name, values in found.items() if not np.isnan(values).all()}


def judged_gains(judgments: pl.DataFrame, engine: Engine) -> dict[str, JudgedQuery]:
    """Judgments (`trimtab.catalog.judgments`) by query; none where the bundle has none of the judged items."""
    rows = engine.store.rows_of(judgments["item_id"].to_list())
    if (rows < 0).all():
        return {}
    graded = judgments.select("query", row=pl.Series(rows), gain=pl.Series(exponential_gain(judgments["grade"])))
    return {
        query: JudgedQuery(
            {row: gain for row, gain in zip(rows_of_query, gains, strict=True) if row >= 0},
            sorted(gains, reverse=True),
            float(np.mean(gains)),
        )
        for query, rows_of_query, gains in graded.group_by("query", maintain_order=True).agg("row", "gain").iter_rows()
    }


def _ndcgs(rows: NDArray[np.integer], judged: Sequence[JudgedQuery | None]) -> dict[str, Floats]:
    """`NDCG` and `NDCG_FILLED` [n] of slates; nan for a query without a relevant item."""
    found = np.full((2, len(rows)), np.nan)
    for place, (slate, one) in enumerate(zip(rows.tolist(), judged, strict=True)):
        shown = [row for row in slate if row >= 0]
        if one is None or not shown or one.ideal[0] <= 0:
            continue
        ideal = discounted_sum(one.ideal, k=len(shown))
        for which, unjudged in enumerate((0.0, one.mean)):
            found[which, place] = discounted_sum([one.gains.get(row, unjudged) for row in shown]) / ideal
    return dict(zip((NDCG, NDCG_FILLED), found, strict=True))


def _distinct(codes: NDArray[np.integer]) -> Floats:
    """[n] how many different codes of 0 and more there are in each row."""
    ordered = np.sort(codes, axis=1)
    new = np.diff(ordered, axis=1, prepend=-1) > 0
    return np.asarray(new.sum(axis=1), dtype=np.float64)


def novelty(rows: NDArray[np.integer], engine: Engine) -> Floats:
    """[n, k] discounted novelty of rows in the item store, -1 for none; sums to `core.diversity.slate_diversity`."""
    fresh = np.zeros(rows.shape)
    for start in range(0, len(rows), SLATES_AT_ONCE):
        some = rows[start : start + SLATES_AT_ONCE]
        aspects = engine.store.aspects(some.ravel()).reshape(*some.shape, -1)
        fresh[start : start + len(some)] = np.where(some >= 0, novelties_of_slates(aspects), 0.0)
    return np.asarray(fresh * discounts(rows.shape[1]), dtype=np.float64)
