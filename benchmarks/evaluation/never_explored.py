"""What can be said of other weights from a log that was never explored, under four ways to read a page.

Every page is the sorted slate of the default weights. What happened to an item is moved to where a policy's sorted
slate has it, by a given examination of positions; the truth is what shoppers do with that slate, to the same luck.
Bounds are given where a replay gives them (`trimtab.abtest.ope.never_explored`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.simulated import small_shop
from benchmarks.evaluation.sorted_slates import LOGGED, METRICS, N_RESAMPLES, POLICIES, Pages, read, truths
from benchmarks.figures import Figure
from trimtab.abtest.ope.contexts import Search, by_code, contexts_of, policy_of
from trimtab.abtest.ope.estimators import Terms, ips, snips
from trimtab.abtest.ope.examination import ASSUMED_EXPONENT, Examination, assumed
from trimtab.abtest.ope.intervals import between, estimate
from trimtab.abtest.ope.log.logged_slates import LoggedSlates
from trimtab.abtest.ope.moves import NOWHERE, Moves
from trimtab.abtest.ope.never_explored import UNSHOWN, clicked_pages, refusal
from trimtab.abtest.ope.outcomes import rewards_of, takes_a_look
from trimtab.abtest.ope.sums import add_up
from trimtab.abtest.simulation.clicks import CLICK_MODELS, ClickModel
from trimtab.abtest.simulation.deployment import deploy
from trimtab.abtest.simulation.simulate import K
from trimtab.abtest.simulation.world import World
from trimtab.core.metrics import discounts
from trimtab.core.weights import normalise
from trimtab.engine import Engine

OTHER_EXPONENTS = (0.4, 0.8)
"""Assumed in place of the examination of the reader who looks by position, which is the one that a replay assumes."""
N_SEARCHES = 100_000
SIZE = 2500

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SortedPages(Pages):
    """Pages of the default weights.

    Attributes:
        gains: policy -> metric -> [n, k] what the heads expect of what it shows.
    """

    gains: dict[str, dict[str, Floats]]


def pages(engine: Engine, world: World) -> SortedPages:
    rng = np.random.Generator(np.random.PCG64(31))
    intents = world.draw(N_SEARCHES, rng)
    log = deploy(engine, world, engine.default_weights, N_SEARCHES, rng, intents=intents)
    own = {LOGGED: engine.default_weights, **POLICIES}
    policies = {name: normalise(one, engine.known_weights) for name, one in own.items()}
    n = len(intents)
    rows = {name: np.full((n, K), -1) for name in policies}
    gains = {name: {metric: np.zeros((n, K)) for metric in METRICS} for name in policies}
    sources = {name: np.full((n, K), NOWHERE, dtype=np.int8) for name in policies}
    for query, at in by_code(intents.queries):
        codes, who = np.unique(log.slates.users[at], return_inverse=True)
        contexts = contexts_of(engine, Search(world.texts[query]), [log.users[code] for code in codes])
        users = np.arange(len(codes))
        if len(contexts.rows) < K:
            continue
        best = {
            name: policy_of(engine, one, 1.0).sorted_slates(contexts, users, K)[who] for name, one in policies.items()
        }
        for name, slates in best.items():
            same = slates[:, :, None] == best[LOGGED][:, None, :]
            sources[name][at] = np.where(same.any(axis=2), same.argmax(axis=2), NOWHERE)
            rows[name][at] = contexts.rows[slates]
            for metric in METRICS:
                of_metric = contexts.gains[:, :, engine.objectives.index(metric)]
                gains[name][metric][at] = of_metric[who[:, None], slates]
    there = (rows[LOGGED] >= 0).all(axis=1)
    kept = np.flatnonzero(there)
    return SortedPages(
        intents.take(kept),
        replace(log.slates, rows=rows[LOGGED].astype(np.int32)).take(kept),
        {name: one[kept] for name, one in sources.items()},
        {name: one[kept] for name, one in rows.items()},
        {name: {metric: one[kept] for metric, one in by.items()} for name, by in gains.items()},
    )


def terms_of(
    engine: Engine, found: SortedPages, slates: LoggedSlates, name: str, at: NDArray[np.int64], examined: Examination
) -> dict[tuple[str, str], tuple[tuple[Terms, ...], Floats | None]]:
    """Estimator and metric -> terms of one log: of bounds the least, what is expected, and the most, and the slopes."""
    sources = found.sources[name][at]
    there = (sources >= 0).astype(np.float64)
    moves = Moves(sources, there)
    some = slates.take(at)
    logged = rewards_of(some, engine)
    rewards = moves.rewards(rewards_of(moves.slates(some), engine), takes_a_look(engine), examined.chances)
    terms: dict[tuple[str, str], tuple[tuple[Terms, ...], Floats | None]] = {}
    for metric in METRICS:
        expected = found.gains[LOGGED][metric][at].sum(axis=0)
        scale = np.divide(logged[metric].sum(axis=0), expected, out=np.zeros(K), where=expected > 0)
        model = scale * found.gains[name][metric][at]
        filled = {
            times: ips(np.where(there > 0, rewards[metric], times * model), np.ones(there.shape))
            for times in (1.0, *UNSHOWN)
        }
        own = {"click IPS": ips(rewards[metric], there), "self-normalised": snips(rewards[metric], there)}
        own["doubly robust"] = filled[1.0]
        terms |= {(kind, metric): ((one,), None) for kind, one in own.items()}
        slopes = moves.slopes(there * rewards[metric], examined.spread)
        terms["bounds", metric] = (filled[UNSHOWN[0]], filled[1.0], filled[UNSHOWN[1]]), slopes
    return terms


def observed(
    engine: Engine, world: World, found: SortedPages, model: ClickModel, exponent: float
) -> Iterator[tuple[tuple[str, str, str], dict[str, float]]]:
    """(estimator, policy, metric) with what one log says of it."""
    slates = read(world, engine, found.slates, found.intents, model)
    examined = assumed(K, exponent)
    n_logs = len(found.intents) // SIZE
    truth = truths(engine, world, found, model)
    for number in range(n_logs):
        at = np.arange(number, len(found.intents), n_logs)
        groups = found.slates.groups[at]
        own, clicked = rewards_of(slates.take(at), engine), clicked_pages(slates.take(at))
        for name in POLICIES:
            for (kind, metric), (terms, slopes) in terms_of(engine, found, slates, name, at, examined).items():
                logged = add_up(ips(own[metric], np.ones(own[metric].shape)), groups)
                sums = [add_up(one, groups, slopes=slopes).minus(logged) for one in terms]
                is_one = len(sums) == 1
                one = estimate(sums[0], n_resamples=N_RESAMPLES) if is_one else between(*sums, n_resamples=N_RESAMPLES)
                true, base = truth[name][metric] - truth[LOGGED][metric], truth[LOGGED][metric]
                n_rewarded = int((logged.numerators != 0).any(axis=1).sum())
                if not is_one and refusal(shown_of(found, name, at), n_rewarded, *clicked) is not None:
                    one = replace(one, low=None, high=None)
                given = one.low is not None and one.high is not None
                low, high = (one.low or 0.0, one.high or 0.0) if given else (np.nan, np.nan)
                yield (
                    (kind, name, metric),
                    {
                        "given": float(given),
                        "covered": float(low <= true <= high) if given else np.nan,
                        "wrong": float(one.sure_sign * true < 0),
                        "right": float(one.sure_sign * true > 0),
                        "error": ((one.value or 0.0) - true) / base,
                        "width": (high - low) / base,
                        "true": true / base,
                    },
                )


def shown_of(found: SortedPages, name: str, at: NDArray[np.int64] | slice = slice(None)) -> float:
    """Share of a policy's slates that the log shows."""
    return float((found.sources[name][at] >= 0).mean(axis=0) @ discounts(K) / discounts(K).sum())


def measure(engine: Engine) -> Iterator[Figure]:
    """Share that the log shows, then coverage, wrong signs, power and bias by way of reading, estimator and policy."""
    world = small_shop(engine)
    found = pages(engine, world)
    for name in POLICIES:
        unit = f"of {len(found.intents):,} pages"
        yield Figure(f"{name}: share of its slates that the log shows", shown_of(found, name), unit)
    readings = [(reading, model, ASSUMED_EXPONENT) for reading, model in CLICK_MODELS.items()]
    readings += [("position", CLICK_MODELS["position"], exponent) for exponent in OTHER_EXPONENTS]
    for reading, model, exponent in readings:
        seen: dict[tuple[str, str, str], list[dict[str, float]]] = {}
        for key, row in observed(engine, world, found, model, exponent):
            seen.setdefault(key, []).append(row)
        for (kind, name, metric), rows in seen.items():
            mean = {what: float(np.nanmean([row[what] for row in rows])) for what in rows[0]}
            label = f"{reading} read as {exponent}, {name}, {metric}, {mean['true']:+.1%}, {kind}"
            unit = f"of {len(rows)} logs of {SIZE:,}"
            yield Figure(f"{label}: interval given", mean["given"], unit)
            if mean["given"] == 0:
                continue
            yield Figure(f"{label}: coverage", mean["covered"], unit)
            yield Figure(f"{label}: sure of a wrong sign", mean["wrong"], unit)
            yield Figure(f"{label}: surely right", mean["right"], unit)
            yield Figure(f"{label}: mean error", 100 * mean["error"], "% of the logged value")
            yield Figure(f"{label}: width", 100 * mean["width"], "% of the logged value")
