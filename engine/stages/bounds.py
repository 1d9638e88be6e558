"""What the bounds of a search make of weights: for a search that is served, and for whole logs of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.core.records import Constraints, ScoredCandidates
from trimtab.core.weights import RELEVANCE, loss_parameter
from trimtab.engine.bundle.storage import Bundle
from trimtab.engine.stages.slate_stage import SlateStage
from trimtab.ranker.slate.log_policy import QueryContexts

Floats = NDArray[np.float64]


def allowed_losses(bundle: Bundle, constraints: Constraints, weights: Mapping[str, float]) -> dict[int, float]:
    """Objective -> the share of its best slate's predicted value that may be given up.

    Raises:
        BadParameter: a bound that is not a share, or on what is not an objective.
    """
    named = dict(constraints.max_losses)
    if constraints.max_relevance_loss is not None:
        named[RELEVANCE] = constraints.max_relevance_loss
    losses = {}
    for name, loss in named.items():
        if name not in bundle.objectives:
            known = ", ".join(loss_parameter(one) for one in bundle.objectives)
            raise BadParameter(loss_parameter(name), f"no such objective{did_you_mean(name, bundle.objectives)}", known)
        if not 0 <= loss <= 1:
            raise BadParameter(loss_parameter(name), f"{loss} is not a share", "0 to 1")
        losses[bundle.objectives.index(name)] = loss
    if RELEVANCE in named and bundle.loss_budgets is not None:
        within = bundle.loss_budgets.predicted_for(named[RELEVANCE], weights)
        losses[bundle.objectives.index(RELEVANCE)] = within
    return losses


def bound_weights(
    bundle: Bundle, asked: Sequence[Mapping[str, float]], constraints: Constraints, contexts: QueryContexts, *, k: int
) -> Floats:
    """[B, n_users, M + 1] what each user of a query is served with who asks for weights under these constraints.

    Args:
        asked: B normalised weights.
        contexts: with gains in the units of the ranker's ranges, and pins as far as they are on the first page.
        k: number of items asked for.

    Raises:
        BadParameter: see `allowed_losses`.
    """
    weights = np.array([[one[name] for name in bundle.known_weights] for one in asked])
    n, n_users = len(contexts.rows), len(contexts.gains)
    found = np.repeat(weights[:, None], n_users, axis=1)
    losses = [allowed_losses(bundle, constraints, one) for one in asked]
    if not any(losses) or n == 0:
        return found
    by_objective = {objective: np.array([one[objective] for one in losses]) for objective in losses[0]}
    pins = np.full(min(k, n), -1, dtype=np.int64)
    for position, pin in contexts.pins.items():
        if position < len(pins):
            pins[position] = pin
    boosts = None if contexts.boosts is None else contexts.boosts.astype(np.float32)
    everything, no_features = np.ones(n, dtype=bool), np.zeros((n, 0), dtype=np.float32)
    for user, gains in enumerate(contexts.gains):
        scored = ScoredCandidates(contexts.rows, no_features, gains, contexts.aspects)
        stage = SlateStage(bundle.ranker.scorer, scored, eligible=everything, pins=pins, boosts=boosts)
        for number in np.flatnonzero(~stage.are_within(weights, by_objective, k=k)).tolist():
            found[number, user] = stage.within_losses(weights[number], losses[number], k=k)[0]
    return found
