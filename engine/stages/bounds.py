"""What the bounds of a search make of weights: for a search that is served, and for whole logs of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BadParameter
from trimtab.core.metrics import discounts
from trimtab.core.records import Constraints, FloatArray, IntArray, ScoredCandidates
from trimtab.core.weights import RELEVANCE, loss_parameter, require_bounds
from trimtab.engine.bundle.storage import Bundle
from trimtab.engine.stages.slate_stage import SlateStage, floors
from trimtab.ranker.slate.greedy import greedy_slates
from trimtab.ranker.slate.log_policy import QueryContexts
from trimtab.ranker.slate.reference import NOTHING

Floats = NDArray[np.float64]

USERS_AT_ONCE = 256
"""Users of a query whose slates under all weights are compared at once."""


def allowed_losses(bundle: Bundle, constraints: Constraints, weights: Mapping[str, float]) -> dict[int, float]:
    """Objective -> the share of its best slate's predicted value that may be given up.

    Raises:
        BadParameter: a bound that is not a share, or on what is not an objective.
    """
    named = dict(constraints.max_losses)
    if constraints.max_relevance_loss is not None:
        named[RELEVANCE] = constraints.max_relevance_loss
    require_bounds(named, bundle.objectives)
    losses = {}
    for name, loss in named.items():
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
    pins = contexts.pins_of(min(k, n))
    boosts = None if contexts.boosts is None else contexts.boosts.astype(np.float32)
    everything, no_features = np.ones(n, dtype=bool), np.zeros((n, 0), dtype=np.float32)
    within = np.ones((n_users, len(weights)), dtype=bool)
    for start in range(0, n_users, USERS_AT_ONCE):
        some = slice(start, start + USERS_AT_ONCE)
        within[some] = _are_within(bundle, replace(contexts, gains=contexts.gains[some]), weights, by_objective, pins)
    for user in np.flatnonzero(~within.all(axis=1)).tolist():
        scored = ScoredCandidates(contexts.rows, no_features, contexts.gains[user], contexts.aspects)
        stage = SlateStage(bundle.ranker.scorer, scored, eligible=everything, pins=pins, boosts=boosts)
        for number in np.flatnonzero(~within[user]).tolist():
            found[number, user] = stage.within_losses(weights[number], losses[number], k=k)[0]
    return found


def _are_within(
    bundle: Bundle, contexts: QueryContexts, weights: Floats, losses: Mapping[int, Floats], pins: IntArray
) -> NDArray[np.bool_]:
    """[n_users, B] whether `SlateStage.within_losses` leaves weights as they are.

    Args:
        weights: [B, M + 1].
        losses: objective -> [B].
        pins: [depth], as `SlateStage` has them.
    """
    n_users, n, n_objectives = contexts.gains.shape
    # User by user, [n_users * B, n].
    utilities = bundle.ranker.scorer.utilities(contexts.gains.reshape(-1, n_objectives), weights[:, :-1])
    utilities = utilities.reshape(len(weights), n_users, n).swapaxes(0, 1).reshape(-1, n)
    if contexts.boosts is not None:
        utilities = utilities + contexts.boosts.astype(np.float32)
    everything, no_pins = np.ones(n, dtype=bool), np.full(len(pins), NOTHING)
    w_diversity = np.tile(weights[:, -1], n_users)
    slates = greedy_slates(utilities, everything, contexts.aspects, w_diversity, pins).reshape(n_users, -1, len(pins))
    within = np.ones(slates.shape[:2], dtype=bool)
    for objective, loss in losses.items():
        gains = contexts.gains[:, :, objective]
        best = greedy_slates(gains, everything, contexts.aspects, np.zeros(n_users), no_pins)[:, None]
        within &= _expected(gains, slates) >= floors(_expected(gains, best), loss)
    return within


def _expected(gains: FloatArray, slates: IntArray) -> Floats:
    """[n_users, n] gains and [n_users, S, k] slates without holes -> [n_users, S] discounted sums."""
    shown = np.take_along_axis(gains[:, None].astype(np.float64), slates, axis=2)
    return np.asarray(shown @ discounts(slates.shape[2]), dtype=np.float64)
