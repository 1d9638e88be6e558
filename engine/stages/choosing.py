"""The terminal stage: weights, constraints, diversity or a draw, receipt. Nothing reorders a slate afterwards."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BadParameter
from trimtab.core.records import Filter, Query, ReceiptLine, ScoredCandidates, Slate
from trimtab.core.seeds import seed_of
from trimtab.core.weights import DIVERSITY, RELEVANCE, normalise
from trimtab.core.work.stopwatch import Stopwatch
from trimtab.engine.bundle.storage import Bundle
from trimtab.engine.plan.degradation import DIVERSITY as NO_DIVERSITY
from trimtab.engine.plan.degradation import LIVE_FEATURES, LOGGED_LEVELS, Levels
from trimtab.engine.stages.bounds import allowed_losses
from trimtab.engine.stages.slate_stage import Order, SlateStage, slate_stage
from trimtab.ranker.slate.exploration import temperature_within
from trimtab.ranker.slate.receipt import receipt_of


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
        BadParameter: a weight that there is not, a draw without a session.
    """
    watch = watch or Stopwatch()
    query = bundle.with_defaults(query)
    requested = normalise(query.weights or bundle.default_weights, bundle.known_weights)
    losses = allowed_losses(bundle, query.constraints, requested) if scored.n_candidates else {}
    wanted = _without_diversity(requested) if NO_DIVERSITY in levels else requested
    stage = slate_stage(bundle, query, scored)
    relevance = bundle.objectives.index(RELEVANCE)
    baseline = stage.best(relevance) if scored.n_candidates else _by_relevance(scored, relevance)
    # On the first page whatever the offset, so that all pages of a query have the same weights.
    weights, infeasible = stage.within_losses(np.array(list(wanted.values())), losses, k=query.k)
    # Candidates of which nothing is known are not drawn: the draw would be any order at all.
    is_drawn = query.explore and stage.is_ranked and scored.n_candidates > 0
    seed = _seed(bundle, query, requested) if is_drawn else None
    temperature, exploration_loss = _exploration(bundle, query, stage, weights, seed)
    order = stage.ordered(weights, seed, temperature)
    shown, propensities = _page(query, scored, order)
    rows = scored.rows.take(shown)
    # The rest of the result set is not steered, so the receipt speaks of the candidates; of an order, of the page.
    receipt = _receipt(bundle, scored, order.chosen if scored.n_candidates else shown, baseline)
    watch.lap("choose")
    effective = dict(zip(bundle.known_weights, weights.tolist(), strict=True))
    return Slate(
        query=query,
        rows=rows,
        item_ids=bundle.pipeline.store.item_ids(rows),
        scores=order.utilities.take(shown),
        gains=scored.gains.take(shown, axis=0)[:, : len(bundle.objectives)],
        features=scored.features.take(shown, axis=0),
        propensities=propensities,
        n_candidates=scored.n_candidates,
        n_matches=scored.n_candidates,
        objectives=bundle.objectives,
        weights=effective,
        requested_weights=requested,
        receipt=receipt,
        infeasible=infeasible,
        seed=seed,
        temperature=temperature,
        expected_exploration_loss=exploration_loss,
        bundle=bundle.bundle_id,
        decision_id=_decision_id(bundle.bundle_id, effective, seed, query, scored.rows),
        degraded=_degraded(scored, levels, is_less_diverse=wanted != requested),
        seconds=watch.total(),
    )


def _page(query: Query, scored: ScoredCandidates, order: Order) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What the page shows and the chances of it: of the order, then of the rest behind it, which no weight moves."""
    page = slice(query.offset, query.offset + query.k)
    chosen, propensities = order.chosen[page], order.propensities[page]
    rest = np.arange(scored.n_candidates, min(len(scored), scored.n_candidates + query.k - len(chosen)))
    if len(rest) == 0:
        return chosen, propensities
    return np.concatenate([chosen, rest]), np.concatenate([propensities, np.ones(len(rest))])


def _by_relevance(scored: ScoredCandidates, relevance: int) -> NDArray[np.int64]:
    """What pure relevance would make of items that stand in another order, to compare it with."""
    return np.argsort(-scored.gains[:, relevance], kind="stable")


def exploration_seed(
    session_id: str, text: str, bundle_id: str, requested: Mapping[str, float], filters: tuple[Filter, ...]
) -> int:
    """The seed of a session's draw for one query: its pages are pages of one draw."""
    return seed_of("explore", session_id, text, bundle_id, dict(requested), filters)


def _seed(bundle: Bundle, query: Query, requested: Mapping[str, float]) -> int:
    if query.session_id is None:
        raise BadParameter("explore", "there is no session_id", "explore together with a session_id")
    return exploration_seed(query.session_id, query.text, bundle.bundle_id, requested, query.filters)


def _exploration(
    bundle: Bundle, query: Query, stage: SlateStage, weights: NDArray[np.float64], seed: int | None
) -> tuple[float, float | None]:
    """The temperature of the draw, and what it is expected to cost where a limit is set.

    On the first page whatever the offset, so that the pages of a draw have the same temperature.
    """
    if seed is None:
        return 0.0, None
    if query.exploration_loss is None:
        return bundle.temperature, None
    relevance, w_diversity = bundle.objectives.index(RELEVANCE), float(weights[-1])
    utilities = stage.utilities(weights[None, :])[0]
    kept = stage.slate(utilities, w_diversity)[: query.k]
    return temperature_within(
        stage.drawn(utilities, w_diversity, relevance, k=query.k),
        float(stage.expected(kept[None, :], relevance)[0]),
        loss=query.exploration_loss,
        highest=bundle.temperature,
    )


def _receipt(
    bundle: Bundle, scored: ScoredCandidates, chosen: NDArray[np.int64], baseline: NDArray[np.int64]
) -> dict[str, ReceiptLine]:
    *sums, novelty = receipt_of(scored.gains, scored.aspects, chosen, baseline).tolist()
    receipt = {
        name: ReceiptLine(factor * expected, factor * before)
        for (name, factor), (expected, before) in zip(bundle.receipt_factors.items(), sums, strict=False)
    }
    return {**receipt, DIVERSITY: ReceiptLine(*novelty)}


def _without_diversity(weights: Mapping[str, float]) -> dict[str, float]:
    """The other weights, on the simplex; pure relevance where there is no other."""
    others = {name: weight for name, weight in weights.items() if name != DIVERSITY}
    return normalise(others if any(others.values()) else {RELEVANCE: 1.0}, weights)


def _degraded(scored: ScoredCandidates, levels: Levels, *, is_less_diverse: bool) -> tuple[str, ...]:
    """The levels that made a difference to the slate."""
    if not (scored.degraded or levels or is_less_diverse):
        return ()
    late = {NO_DIVERSITY} if is_less_diverse else set()
    taken = {*scored.degraded, *late, *(levels & {LIVE_FEATURES})}
    return tuple(level for level in LOGGED_LEVELS if level in taken)


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
                *([sorted(constraints.max_losses.items())] if constraints.max_losses else []),
                *([] if query.sort is None else [query.sort.field, query.sort.descending]),
            ]
        ).encode()
    )
    bound.update(rows.tobytes())
    return f"{os.urandom(8).hex()}-{bound.hexdigest()}"
