"""The terminal stage: weights, constraints, diversity or a draw, receipt. Nothing reorders a slate afterwards."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trimtab.core.diversity import slate_diversity
from trimtab.core.errors import BadParameter
from trimtab.core.metrics import discounted_sum
from trimtab.core.records import Filter, FloatArray, Query, ReceiptLine, ScoredCandidates, Slate
from trimtab.core.seeds import seed_of
from trimtab.core.stopwatch import Stopwatch
from trimtab.core.weights import DIVERSITY, RELEVANCE, normalise
from trimtab.engine.bundle.storage import Bundle
from trimtab.engine.plan.degradation import DENSE, LIVE_FEATURES, RANKING, Levels, in_order
from trimtab.engine.plan.degradation import DIVERSITY as NO_DIVERSITY
from trimtab.engine.stages.loss_budget import within_budget
from trimtab.engine.stages.slate_stage import SlateStage

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Order:
    """The whole list down to the end of the page asked for.

    Attributes:
        chosen: [n] candidate indices.
        propensities: [n].
        utilities: of all candidates.
        seed: of the draw; None where it was sorted.
    """

    chosen: NDArray[np.int64]
    propensities: Floats
    utilities: FloatArray
    seed: int | None


def choose(
    bundle: Bundle,
    query: Query,
    scored: ScoredCandidates,
    *,
    levels: Levels = frozenset(),
    watch: Stopwatch | None = None,
) -> Slate:
    """The slate of scored candidates.

    Raises:
        BadParameter: a weight or offset that these candidates do not allow, a draw without a session.
    """
    watch = watch or Stopwatch()
    requested = normalise(query.weights or bundle.default_weights, bundle.known_weights)
    wanted = _without_diversity(requested) if NO_DIVERSITY in levels else requested
    _require_offset(query, scored)
    stage = slate_stage(bundle, query, scored)
    baseline = stage.best(bundle.objectives.index(RELEVANCE))
    weights, infeasible = _settled_weights(bundle, query, np.array(list(wanted.values())), stage, baseline)
    order = _ordered(bundle, query, requested, weights, stage)
    page = slice(query.offset, query.offset + query.k)
    shown = order.chosen[page]
    store, retriever = bundle.pipeline.store, bundle.pipeline.retriever
    facets = retriever.facets(query.text, query.facets, query.filters) if query.facets else {}
    receipt = _receipt(bundle, scored, order.chosen, baseline)
    watch.lap("choose")
    effective = dict(zip(bundle.known_weights, weights.tolist(), strict=True))
    return Slate(
        query=query,
        rows=scored.rows[shown],
        item_ids=store.item_ids(scored.rows[shown]),
        scores=order.utilities[shown],
        gains=scored.gains[shown, : len(bundle.objectives)],
        features=scored.features[shown],
        propensities=order.propensities[page],
        n_candidates=len(scored),
        objectives=bundle.objectives,
        weights=effective,
        requested_weights=requested,
        receipt=receipt,
        infeasible=infeasible,
        seed=order.seed,
        bundle=bundle.bundle_id,
        decision_id=_decision_id(bundle.bundle_id, effective, order.seed, query, scored.rows),
        facets=facets,
        degraded=_degraded(scored, levels, is_less_diverse=wanted != requested),
        seconds=watch.total(),
    )


def slate_stage(bundle: Bundle, query: Query, scored: ScoredCandidates) -> SlateStage:
    """The candidates in front of the slate methods, under the query's constraints. Exclusions win over pins."""
    rules, n = query.constraints, len(scored)
    is_ruled = bool(rules.pins or rules.exclusions or rules.boosts)
    index_of_row = {int(row): index for index, row in enumerate(scored.rows)} if is_ruled else {}

    def index_of(item_id: str) -> int | None:
        """The candidate that an item is; a rule may outlive its item and must not fail the search."""
        return index_of_row.get(int(bundle.pipeline.store.rows_of((item_id,))[0]))

    eligible = np.ones(n, dtype=bool)
    for item_id in rules.exclusions:
        if (index := index_of(item_id)) is not None:
            eligible[index] = False
    pins = np.full(min(query.offset + query.k, n), -1, dtype=np.int64)
    for position, item_id in rules.pins.items():
        index = index_of(item_id)
        if index is not None and position < len(pins) and eligible[index]:
            pins[position] = index
    boosts = np.zeros(n, dtype=np.float32) if rules.boosts else None
    for item_id, boost in rules.boosts.items():
        index = index_of(item_id)
        if boosts is not None and index is not None:
            boosts[index] = boost
    is_ranked = RANKING not in scored.degraded
    return SlateStage(bundle.ranker, scored, eligible=eligible, pins=pins, boosts=boosts, is_ranked=is_ranked)


def exploration_seed(
    session_id: str, text: str, bundle_id: str, requested: Mapping[str, float], filters: tuple[Filter, ...]
) -> int:
    """The seed of a session's draw for one query: its pages are pages of one draw."""
    return seed_of("explore", session_id, text, bundle_id, dict(requested), filters)


def _require_offset(query: Query, scored: ScoredCandidates) -> None:
    n = len(scored)
    if query.offset > 0 and query.offset >= max(n, 1) and DENSE not in scored.degraded:
        raise BadParameter("offset", f"{query.offset} is past the end", f"0 to {max(n - 1, 0)} for this query")


def _settled_weights(
    bundle: Bundle, query: Query, wanted: Floats, stage: SlateStage, baseline: NDArray[np.int64]
) -> tuple[Floats, bool]:
    """The weights that keep `max_relevance_loss`, and whether none do.

    They are settled on the first page whatever the offset, so that all pages of a query have the same weights.
    """
    loss = query.constraints.max_relevance_loss
    if loss is None or len(baseline) == 0:
        return wanted, False
    relevance, k = bundle.objectives.index(RELEVANCE), min(query.k, stage.depth)
    floor = (1 - loss) * stage.expected(baseline[None, :k], relevance)[0]
    weights, holds = within_budget(wanted, relevance, floor, partial(stage.expected_at, objective=relevance, depth=k))
    return weights, not holds


def _ordered(
    bundle: Bundle, query: Query, requested: Mapping[str, float], weights: Floats, stage: SlateStage
) -> _Order:
    """Sorted by utility and novelty, or drawn. Candidates of which nothing is known are not drawn: any order is one."""
    utilities, w_diversity = stage.utilities(weights[None, :])[0], float(weights[-1])
    if not (query.explore and stage.is_ranked):
        chosen = stage.slate(utilities, w_diversity)
        return _Order(chosen, np.ones(len(chosen)), utilities, None)
    if query.session_id is None:
        raise BadParameter("explore", "there is no session_id", "explore together with a session_id")
    seed = exploration_seed(query.session_id, query.text, bundle.bundle_id, requested, query.filters)
    uniforms = np.random.Generator(np.random.PCG64(seed)).random(stage.depth)
    chosen, propensities = stage.draw(utilities, w_diversity, uniforms, bundle.temperature)
    return _Order(chosen, propensities, utilities, seed)


def _receipt(
    bundle: Bundle, scored: ScoredCandidates, chosen: NDArray[np.int64], baseline: NDArray[np.int64]
) -> dict[str, ReceiptLine]:
    lines = {}
    for number, name in enumerate(bundle.objectives):
        gains = scored.gains[:, number].astype(np.float64)
        lines[name] = ReceiptLine(discounted_sum(gains[chosen]), discounted_sum(gains[baseline]))
    aspects = scored.aspects
    lines[DIVERSITY] = ReceiptLine(slate_diversity(aspects[chosen]), slate_diversity(aspects[baseline]))
    return lines


def _without_diversity(weights: Mapping[str, float]) -> dict[str, float]:
    """The other weights, on the simplex; pure relevance where there is no other."""
    others = {name: weight for name, weight in weights.items() if name != DIVERSITY}
    return normalise(others if any(others.values()) else {RELEVANCE: 1.0}, weights)


def _degraded(scored: ScoredCandidates, levels: Levels, *, is_less_diverse: bool) -> tuple[str, ...]:
    """The levels that made a difference to the slate."""
    late = {NO_DIVERSITY} if is_less_diverse else set()
    return in_order({*scored.degraded, *late, *(levels & {LIVE_FEATURES})})


def _decision_id(
    bundle_id: str, weights: Mapping[str, float], seed: int | None, query: Query, rows: NDArray[np.int64]
) -> str:
    """16 hex digits that are new, then 16 that bind bundle, weights, seed, candidates and constraints."""
    bound = hashlib.blake2b(digest_size=8)
    constraints = query.constraints
    bound.update(
        json.dumps(
            [
                bundle_id,
                weights,
                seed,
                query.text,
                query.k,
                query.offset,
                constraints.max_relevance_loss,
                sorted(constraints.pins.items()),
                sorted(constraints.exclusions),
                sorted(constraints.boosts.items()),
            ]
        ).encode()
    )
    bound.update(rows.tobytes())
    return f"{uuid.uuid4().hex[:16]}-{bound.hexdigest()}"
