"""Whether cascade-DR says more than self-normalised weights of the same log, where policies are drawn.

The log is drawn at the bundle's temperature under the default weights; a policy is drawn at the same temperature. What
the heads expect of an item, scaled to the log's outcomes position by position, is the model that cascade-DR corrects.
The truth is what policies do to many searches.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.simulated import small_shop
from benchmarks.evaluation.sorted_slates import METRICS, N_RESAMPLES, POLICIES
from benchmarks.figures import Figure
from trimtab.abtest.ope.contexts import Search, by_code, contexts_of, policy_of
from trimtab.abtest.ope.estimators import Terms, cascade_dr, ips, prefix_weights, ratios_of, slate_cascade
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.log.logged_slates import ReplayLog
from trimtab.abtest.ope.outcomes import rewards_of
from trimtab.abtest.ope.sums import add_up
from trimtab.abtest.simulation.deployment import deploy, value_of
from trimtab.abtest.simulation.simulate import K
from trimtab.abtest.simulation.world import World
from trimtab.core.diversity import ALPHA
from trimtab.core.weights import normalise
from trimtab.engine import Engine
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy

N_SEARCHES = 120_000
N_TRUTH = 60_000
SIZE = 1000
REPORTED = "self-normalised weights"
KINDS = (REPORTED, "cascade-DR", "self-normalised cascade-DR", "model alone")

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def expected_given(policy: SlatePolicy, contexts: QueryContexts, who: Rows, slates: Rows, values: Floats) -> Floats:
    """[n, k, m] what a policy's choice at each position is worth given the items shown above.

    Args:
        who: [n] index into `contexts.gains`.
        slates: [n, k] candidates shown.
        values: [n_users, n_candidates, m].
    """
    logits = policy.logits(contexts, np.arange(len(contexts.gains)))[who]
    bonus = policy.bonus(contexts.aspects.shape[1], who)
    odds, rows = np.exp(logits - logits.max(axis=1, keepdims=True)), np.arange(len(who))
    found = np.empty((*slates.shape, values.shape[2]))
    for position in range(slates.shape[1]):
        chances = odds / odds.sum(axis=1, keepdims=True)
        found[:, position] = np.einsum("bn,bnm->bm", chances, values[who])
        shown = slates[:, position]
        odds[rows, shown] = 0.0
        for codes in contexts.aspects.T if policy.is_diverse else ():
            above = (codes[slates[:, :position]] == codes[shown, None]).sum(axis=1)
            faded = np.exp(-bonus * ALPHA * (1 - ALPHA) ** above)
            odds *= np.where((codes == codes[shown, None]) & (codes >= 0), faded[:, None], 1.0)
    return found


def self_normalised_dr(rewards: Floats, ratios: Floats, q_logged: Floats, q_target: Floats) -> Terms:
    """Cascade-DR with both parts divided, position by position, by their mean weight (Thomas & Brunskill 2016)."""
    w = prefix_weights(ratios)
    above = np.concatenate([np.ones((len(w), 1)), w[:, :-1]], axis=1)
    weights = np.concatenate([w, above], axis=1)
    numerators = np.concatenate([w * (rewards - q_logged), above * q_target], axis=1)
    return Terms(numerators, weights, weights, np.concatenate([rewards, np.zeros(rewards.shape)], axis=1))


def looked_at(engine: Engine, world: World, log: ReplayLog) -> tuple[Rows, Floats, dict[str, tuple[Floats, Floats]]]:
    """Which searches have a full page, [n, k, m] what heads expect of what was shown, and by policy the ratios of
    propensities and what heads expect of its choices."""
    slates, m = log.slates, len(METRICS)
    n = len(slates)
    is_full, logged = np.zeros(n, dtype=bool), np.zeros((n, K, m))
    policies = {name: (np.ones((n, K)), np.zeros((n, K, m))) for name in POLICIES}
    for query, at in by_code(slates.queries):
        codes, who = np.unique(slates.users[at], return_inverse=True)
        contexts = contexts_of(engine, Search(world.texts[query]), [log.users[code] for code in codes])
        if len(contexts.rows) < K:
            continue
        place = {row: number for number, row in enumerate(contexts.rows.tolist())}
        shown = np.array([[place[row] for row in slate] for slate in slates.rows[at].tolist()])
        values = contexts.gains[:, :, [engine.objectives.index(metric) for metric in METRICS]].astype(np.float64)
        is_full[at], logged[at] = True, values[who[:, None], shown]
        for name, raw in POLICIES.items():
            policy = policy_of(engine, normalise(raw, engine.known_weights), engine.temperature)
            wanted = policy.propensities(contexts, who, shown)
            policies[name][0][at] = ratios_of(wanted, slates.propensities[at])
            policies[name][1][at] = expected_given(policy, contexts, who, shown, values)
    return np.flatnonzero(is_full), logged, policies


def measure(engine: Engine) -> Iterator[Figure]:
    """By policy, metric and estimator: coverage, width and error over those of the one that is reported, and bias."""
    world = small_shop(engine)
    rng = np.random.Generator(np.random.PCG64(41))
    log = deploy(engine, world, engine.default_weights, N_SEARCHES, rng)
    full, logged, policies = looked_at(engine, world, log)
    rewards = rewards_of(log.slates, engine)
    base = {metric: float(rewards[metric][full].sum(axis=1).mean()) for metric in METRICS}
    n_logs = len(full) // SIZE
    for name, raw in POLICIES.items():
        deployed = deploy(engine, world, raw, N_TRUTH, np.random.Generator(np.random.PCG64(42)))
        for number, metric in enumerate(METRICS):
            truth = value_of(engine, deployed, metric)[0]
            rows: list[list[tuple[float, ...]]] = []
            for some in (full[start::n_logs] for start in range(n_logs)):
                r, ratios = rewards[metric][some], policies[name][0][some]
                expected = logged[some][:, :, number]
                scale = r.sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-12)
                of_target = scale * policies[name][1][some][:, :, number]
                kinds: tuple[Terms, ...] = (
                    slate_cascade(r, ratios, self_normalised=True),
                    cascade_dr(r, ratios, scale * expected, of_target),
                    self_normalised_dr(r, ratios, scale * expected, of_target),
                    ips(of_target, np.ones(of_target.shape)),
                )
                row: list[tuple[float, ...]] = []
                for terms in kinds:
                    one = estimate(add_up(terms, log.slates.groups[some]), n_resamples=N_RESAMPLES)
                    low, high = (np.nan, np.nan) if one.low is None or one.high is None else (one.low, one.high)
                    value = np.nan if one.value is None else one.value
                    row.append((float(low <= truth <= high), high - low, (value - truth) ** 2, value - truth))
                rows.append(row)
            mean = dict(zip(KINDS, np.nanmean(np.array(rows), axis=0), strict=True))
            unit = f"of {n_logs} logs of {SIZE:,}"
            reported = mean[REPORTED]
            for kind, (covered, width, squares, bias) in mean.items():
                label = f"{name}, {metric}, {kind}"
                yield Figure(f"{label}: coverage", float(covered), unit)
                yield Figure(f"{label}: width over that reported", float(width / reported[1]), unit)
                yield Figure(f"{label}: error over that reported", float(np.sqrt(squares / reported[2])), unit)
                yield Figure(f"{label}: bias", 100 * float(bias) / base[metric], "% of the logged value")
