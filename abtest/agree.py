"""`trimtab agree`: do judgments, replay, A/B tests and interleaving rank policies as the truth does? At what cost?

Policies are the bundle's default weights and others scattered about them, served in a simulated world.

- truth: each serves the same many searches, to the same luck; its Monte-Carlo error is in the result.
- judged: discounted gain of the sorted slate with what the shopper came for as grades, as a test collection would say.
- replay: all estimated from one log of the default weights (`snips`).
- ab: each serves searches of its own, an equal share of as many as the log has.
- interleaving: each against the default, team draft, on as many searches as in the A/B test; credit is what was clicked
  and bought, or the money spent, by whose item it was.

What a decision costs is the number of searches at which the median policy would be told from the default with 80 %
power at 5 %, from the spread measured here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from abtest import estimators
from abtest.clicks import N_DRAWS, PositionBased
from abtest.deployment import deploy, value_of
from abtest.estimators import Floats
from abtest.evidence import gather
from abtest.interleaving import credits, team_draft
from abtest.intervals import assess
from abtest.logs import ReplayLog
from abtest.outcomes import rewards_of
from abtest.simulate import K, policy_of, show
from abtest.sums import Ints, add_up
from abtest.world import Intents, World, world_of
from core.errors import BadParameter
from core.metrics import discounts
from core.weights import DIVERSITY, format_weights, normalise
from engine import Engine
from engine.lists import behaviour_gain
from ranker.training import Progress, silent

SPREAD = 0.9
"""Standard deviation of the log of each weight about the default's."""

SORTED = 1e-3
"""A temperature at which a draw is a sort."""

DECISION = float(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))
"""Standard errors between a difference and 0 at 80 % power and 5 % two-sided."""

METHODS = ("judged", "replay", "ab", "interleaving")


def agree(
    engine: Engine,
    *,
    metric: str = "relevance",
    n_policies: int = 20,
    n_log: int = 200_000,
    n_truth: int = 100_000,
    seed: int = 0,
    world: World | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Rank policies five ways.

    Args:
        metric: relevance or revenue.
        n_log: searches of the log, and of all A/B tests together.
        n_truth: searches by which each policy's true value is measured.

    Returns:
        the object of `trimtab agree --json`.

    Raises:
        BadParameter: a metric without outcomes, or fewer than 3 policies.
    """
    if metric == DIVERSITY or metric not in engine.known_weights:
        allowed = ", ".join(name for name in engine.objectives)
        raise BadParameter("--metric", f"{metric!r} has no outcome that shoppers decide", allowed)
    if n_policies < 3:
        raise BadParameter("--policies", f"{n_policies} cannot be ranked", "3 or more")
    world = world or world_of(engine)
    policies = scattered(engine, n_policies, seed)
    n_each = max(n_log // n_policies, 1)
    log = deploy(engine, world, engine.default_weights, n_log, _stream(seed, 1))
    effective = {name: normalise(one, engine.known_weights) for name, one in policies.items()}
    evidence = gather(engine, log, effective)
    logged = rewards_of(evidence.slates, engine)[metric]
    asked = world.draw(n_truth, _stream(seed, 2))
    control = _totals(engine, deploy(engine, world, engine.default_weights, n_each, _stream(seed, 3)), metric)
    found: dict[str, dict[str, Any]] = {}
    spreads: dict[str, list[float]] = {"ab": [], "interleaving": []}
    for number, (name, weights) in enumerate(policies.items()):
        truth = deploy(engine, world, weights, n_truth, _stream(seed, 4), intents=asked)
        value, error = value_of(engine, truth, metric)
        own = world.draw(n_each, _stream(seed, 5, number))
        trial = deploy(engine, world, weights, n_each, _stream(seed, 6, number), intents=own)
        preference = interleave(engine, world, weights, own, metric=metric, rng=_stream(seed, 7, number))
        ab = _totals(engine, trial, metric)
        spreads["ab"].append(np.sqrt(2 * (ab.var() + control.var())))
        spreads["interleaving"].append(preference.std())
        prefixes = estimators.prefix_weights(evidence.ratios[name])
        found[name] = {
            "weights": effective[name],
            "truth": value,
            "truth_error": error,
            "judged": judged(engine, world, weights, asked),
            "replay": assess(add_up(estimators.snips(logged, prefixes), evidence.slates.groups)).value,
            "ab": float(ab.mean()),
            "interleaving": float(preference.mean()),
        }
        progress("policies", number + 1, n_policies)
    return {
        "bundle": engine.bundle_id,
        "metric": metric,
        "n_log": n_log,
        "n_truth": n_truth,
        "n_each": n_each,
        "policies": found,
        "kendall_tau": {method: _tau(found, method) for method in METHODS},
        "searches_to_decide": _searches_to_decide(found, spreads),
    }


def scattered(engine: Engine, n: int, seed: int) -> dict[str, dict[str, float]]:
    """The default weights and n - 1 others about them, by name."""
    own = normalise(engine.default_weights, engine.known_weights)
    rng = _stream(seed, 0)
    found = {"default": own}
    for _ in range(n - 1):
        factors = np.exp(rng.normal(0, SPREAD, size=len(own)))
        raw = {name: weight * factor for (name, weight), factor in zip(own.items(), factors, strict=True)}
        weights = normalise(raw, engine.known_weights)
        found[format_weights({name: round(value, 3) for name, value in weights.items()})] = weights
    return found


def judged(engine: Engine, world: World, weights: Mapping[str, float], intents: Intents) -> float:
    """Mean discounted gain of sorted slates, 1 for what the shopper came for and 0 for all else."""
    policy = policy_of(engine, normalise(weights, engine.known_weights), SORTED)
    rows, _ = show(engine, world, policy, intents, np.full((len(intents), K), 0.5), progress=lambda _: None)
    _, _, wanted = world.judge(intents, rows)
    return float((wanted @ discounts(K)).mean())


def interleave(
    engine: Engine,
    world: World,
    weights: Mapping[str, float],
    intents: Intents,
    *,
    metric: str,
    rng: np.random.Generator,
) -> Floats:
    """[n] credit of a policy minus the default's, search by search."""
    shown: list[Ints] = []
    uniforms = rng.random((len(intents), K))
    for one in (engine.default_weights, weights):
        policy = policy_of(engine, normalise(one, engine.known_weights), engine.temperature)
        shown.append(show(engine, world, policy, intents, uniforms, progress=lambda _: None)[0])
    slate = team_draft(np.stack(shown, axis=1), k=K, rng=rng)
    draws = rng.random((len(intents), K, N_DRAWS), dtype=np.float32)
    clicks, purchases = PositionBased().browse(*world.judge(intents, slate.items), draws)
    if metric == "revenue":
        rewards = purchases * np.nan_to_num(engine.store.prices).astype(np.float64)[slate.items]
    else:
        rewards = behaviour_gain(np.where(purchases, 2, clicks)).astype(np.float64)
    by_ranker = credits(slate.teams, rewards, n_rankers=2)
    return np.asarray(by_ranker[:, 1] - by_ranker[:, 0], dtype=np.float64)


def _totals(engine: Engine, deployed: ReplayLog, metric: str) -> Floats:
    """[n] of each search."""
    return np.asarray(rewards_of(deployed.slates, engine)[metric].sum(axis=1), dtype=np.float64)


def _tau(found: Mapping[str, Mapping[str, Any]], method: str) -> float | None:
    """Kendall's tau-b to the truth over the policies the method has a number for."""
    pairs = [(one[method], one["truth"]) for one in found.values() if one[method] is not None]
    if len(pairs) < 3:
        return None
    tau = float(stats.kendalltau(*zip(*pairs, strict=True)).statistic)
    return tau if np.isfinite(tau) else None


def _searches_to_decide(
    found: Mapping[str, Mapping[str, Any]], spreads: Mapping[str, list[float]]
) -> dict[str, float | None]:
    """Median over the policies that differ from the default in truth, of both methods on the same policies."""
    names = list(found)
    effects = {
        "ab": [found[name]["truth"] - found["default"]["truth"] for name in names],
        "interleaving": [found[name]["interleaving"] for name in names],
    }
    needed: dict[str, float | None] = {}
    for method, sizes in effects.items():
        counts = [
            (DECISION * spread / size) ** 2
            for name, size, spread in zip(names, sizes, spreads[method], strict=True)
            if name != "default" and size != 0
        ]
        needed[method] = float(np.median(counts)) if counts else None
    return needed


def _stream(*parts: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(list(parts)))
