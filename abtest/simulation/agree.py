"""`trimtab agree`: do judgments, replay, A/B tests and interleaving rank policies as the truth does? At what cost?

Policies are the bundle's default weights and others scattered about them, served in a simulated world. They are named,
and so without a bound where none is asked for, as a search that names its weights.

- truth: each serves the same many searches, sorted, to the same luck; its Monte-Carlo error is in the result.
- judged: discounted gain of the sorted slate with what the shopper came for as grades, as a test collection would say.
- replay: sorted slates, all estimated from one log of the default weights, which explored, as a report does
  (`trimtab.abtest.ope.like_with_like`). A policy so far from the log that a report would give its value no interval has
  no number: a few heavy weights decide it, and it may be off by any amount.
- ab: each serves searches of its own, sorted, an equal share of as many as the log has.
- interleaving: each against the default, team draft of the sorted slates, on as many searches as in the A/B test;
  credit is what was clicked and bought, or the money spent, by how much higher the policy ranks it than the default,
  less what its position gets by chance (`interleaving.preferences`).

What a decision costs is the number of searches at which a policy would be distinguished from the default with 80 %
power at 5 %, from the spread measured here: by an A/B test of sorted slates (half of the searches each) and by
interleaving the same sorted slates. Compared are the policies of which the truth is sure that they differ from the
default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from trimtab.abtest.ope import estimators
from trimtab.abtest.ope.contexts import Bounds, bounds_of
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.evidence import Evidence, evidence_of
from trimtab.abtest.ope.intervals import Estimate, estimate
from trimtab.abtest.ope.like_with_like import N_LOOKED_AT, like_with_like
from trimtab.abtest.ope.outcomes import WeightedRewards, weighted_rewards
from trimtab.abtest.ope.sums import Ints, add_up
from trimtab.abtest.simulation.clicks import N_DRAWS, Flags, PositionBased
from trimtab.abtest.simulation.deployment import deploy
from trimtab.abtest.simulation.simulate import Drawing, K, Searchers, draw
from trimtab.abtest.simulation.world import Intents, World, world_of
from trimtab.abtest.statistics.interleaving import preferences
from trimtab.core.errors import BadParameter
from trimtab.core.experiments.interleaving import team_draft
from trimtab.core.metrics import discounts
from trimtab.core.weights import RELEVANCE, format_weights, normalise
from trimtab.core.work.progress import Progress, silent
from trimtab.engine import Engine
from trimtab.engine.build.labelled_lists import behaviour_gain
from trimtab.engine.cluster.reference import EngineReference
from trimtab.engine.search_index import SearchIndex, engine_of
from trimtab.ranker.objectives import REVENUE

LEAST_WEIGHT = 0.05
"""What a default weight below it counts as, where others are tried about it."""
SPREAD = 0.9
"""Standard deviation of the log of each weight about the default's."""

SORTED = 1e-3
"""A temperature at which a draw is a sort."""

DECISION = float(stats.norm.ppf(0.975) + stats.norm.ppf(0.8))
"""Standard errors between a difference and 0 at 80 % power and 5 % two-sided."""

SURE = 3.0
"""Standard errors of the paired truth from 0 at which a policy surely differs from the default."""

SIMULATED = ("click", "purchase")
"""What simulated shoppers do: heads of objectives that they decide."""
METHODS = ("judged", "replay", "ab", "interleaving")
N_OF_TRUTH = 30
"""The fewest searches by which a truth and its error are measured."""
N_TO_RANK = 3
"""The fewest policies that have an order."""


def agree(  # noqa: PLR0913  # the options of `trimtab agree`, keyword-only
    index: SearchIndex | Engine,
    *,
    metric: str = "relevance",
    n_policies: int = 20,
    n_log: int = 200_000,
    n_truth: int = 100_000,
    max_relevance_loss: float | None = None,
    seed: int = 0,
    world: World | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Rank policies five ways.

    Args:
        metric: relevance or revenue.
        n_log: searches of the log, and of all A/B tests together.
        n_truth: searches by which each policy's true value is measured.
        max_relevance_loss: the bound that every search carries, of all policies alike.

    Returns:
        the object of `trimtab agree --json`.

    Raises:
        BadParameter: a metric without outcomes, fewer than 3 policies, or too few searches to measure a truth by.
    """
    engine = engine_of(index)
    known = (
        one.objective for one in engine.served if one.objective.head in SIMULATED or one.objective.name == RELEVANCE
    )
    allowed = ", ".join(one.name for one in known)
    if metric not in allowed.split(", "):
        raise BadParameter("metric", f"{metric!r} has no outcome that shoppers decide", allowed)
    if n_policies < N_TO_RANK:
        raise BadParameter("n_policies", f"{n_policies} cannot be ranked", "3 or more")
    if n_truth < N_OF_TRUTH:
        raise BadParameter("n_truth", f"{n_truth} searches measure no truth", f"{N_OF_TRUTH} or more")
    if n_log < 1:
        raise BadParameter("n_log", f"a log of {n_log} searches says nothing", "1 or more")
    world = world or world_of(engine)
    policies = scattered(engine, n_policies, seed)
    bounds = bounds_of(max_relevance_loss, {})
    n_each = max(n_log // n_policies, 1)
    log = deploy(engine, world, engine.default_weights, n_log, _stream(seed, 1), bounds=bounds)
    effective = {name: normalise(one, engine.known_weights) for name, one in policies.items()}
    compared = like_with_like(engine, log.take(np.arange(min(n_log, N_LOOKED_AT))), effective, "sorted")
    evidence = evidence_of(engine, log, effective, deployment=compared.deployment)
    replayed = {name: _replayed(evidence, one, metric) for name, one in weighted_rewards(evidence, engine)}
    asked = world.draw(n_truth, _stream(seed, 2))
    trials = Trials(engine, world, metric, bounds)
    before = trials.sorted_outcomes(engine.default_weights, asked, _stream(seed, 8))
    found: dict[str, dict[str, Any]] = {}
    for number, (name, weights) in enumerate(policies.items()):
        own = world.draw(n_each, _stream(seed, 5, number))
        trial = trials.sorted_outcomes(weights, own, _stream(seed, 6, number))
        after = trials.sorted_outcomes(weights, asked, _stream(seed, 8))
        preference = trials.interleaved(weights, own, _stream(seed, 7, number))
        found[name] = {
            "weights": effective[name],
            "truth": float(after.totals.mean()),
            "truth_error": float(after.totals.std(ddof=1) / np.sqrt(n_truth)),
            "judged": float((after.wanted @ discounts(K)).mean()),
            "replay": replayed[name].value,
            "replay_error": replayed[name].standard_error,
            "ab": float(trial.totals.mean()),
            "interleaving": float(preference.mean()),
            "decision": None if name == "default" else _decision(before.totals, after.totals, preference),
        }
        progress("policies", number + 1, n_policies)
    said = {method: {name: one[method] for name, one in found.items()} for method in ("truth", *METHODS)}
    return {
        "bundle": engine.bundle_id,
        "metric": metric,
        "max_relevance_loss": max_relevance_loss,
        "n_log": n_log,
        "n_truth": n_truth,
        "n_each": n_each,
        "replayed": compared.as_dict(),
        "policies": found,
        "kendall_tau": {method: kendall_tau(said["truth"], said[method]) for method in METHODS},
        "n_ranked": {method: sum(value is not None for value in said[method].values()) for method in METHODS},
        "searches_to_decide": _searches_to_decide([one["decision"] for one in found.values() if one["decision"]]),
    }


def _replayed(evidence: Evidence, said: WeightedRewards, metric: str) -> Estimate:
    """What the log says of a policy; no value where it has no interval."""
    terms = estimators.snips(said.rewards[metric], said.weights)
    found = estimate(add_up(terms, evidence.slates.groups, slopes=said.slopes.get(metric)))
    return found if found.low is not None else replace(found, value=None, standard_error=None)


def scattered(engine: Engine, n: int, seed: int) -> dict[str, dict[str, float]]:
    """The default weights and n - 1 others about them, by name."""
    own = normalise(engine.default_weights, engine.known_weights)
    rng = _stream(seed, 0)
    found = {"default": own}
    for _ in range(n - 1):
        factors = np.exp(rng.normal(0, SPREAD, size=len(own)))
        raw = {
            name: max(weight, LEAST_WEIGHT) * factor
            for (name, weight), factor in zip(own.items(), factors, strict=True)
        }
        weights = normalise(raw, engine.known_weights)
        found[format_weights({name: round(value, 3) for name, value in weights.items()})] = weights
    return found


@dataclass(frozen=True, slots=True)
class Received:
    """Sorted slates as they were received.

    Attributes:
        wanted: [n, k] whether a shown item is what the shopper came for.
        totals: [n] the metric by search.
    """

    wanted: Flags
    totals: Floats


@dataclass(frozen=True)
class Trials:
    """Sorted slates in front of simulated shoppers; the same generator is the same luck.

    Attributes:
        metric: by which slates are judged.
        bounds: that every search carries.
    """

    engine: Engine
    world: World
    metric: str
    bounds: Bounds = ()

    def sorted_outcomes(self, weights: Mapping[str, float], intents: Intents, rng: np.random.Generator) -> Received:
        """What shoppers do with a policy's slates."""
        rows = self._sorted_slates(weights, intents)
        _, _, wanted = self.world.judge(intents, rows)
        rewards = self._rewards(intents, rows, rng)
        return Received(wanted, rewards @ discounts(K) if self.metric == RELEVANCE else rewards.sum(axis=1))

    def interleaved(self, weights: Mapping[str, float], intents: Intents, rng: np.random.Generator) -> Floats:
        """[n] how far a policy's slate is preferred to the default's, search by search."""
        rankings = [self._sorted_slates(one, intents) for one in (self.engine.default_weights, weights)]
        both = np.stack(rankings, axis=1)
        slate = team_draft(both, k=K, rng=rng)
        return preferences(both, slate.items, self._rewards(intents, slate.items, rng))

    def _sorted_slates(self, weights: Mapping[str, float], intents: Intents) -> Ints:
        asked = normalise(weights, self.engine.known_weights)
        searchers = Searchers.of(self.world)
        drawing = Drawing(EngineReference(self.engine), searchers, asked, K, self.bounds, temperature=SORTED)
        return draw(drawing, intents, np.full((len(intents), K), 0.5)).rows

    def _rewards(self, intents: Intents, rows: Ints, rng: np.random.Generator) -> Floats:
        """[n, K] gain or money by position."""
        engine, metric = self.engine, self.metric
        draws = rng.random((len(intents), K, N_DRAWS), dtype=np.float32)
        clicks, purchases = PositionBased().browse(*self.world.judge(intents, rows), draws)
        if metric == RELEVANCE:
            return behaviour_gain(np.where(purchases, 2, clicks)).astype(np.float64)
        number = engine.objectives.index(metric)
        objective = engine.served[number].objective
        if objective == REVENUE:
            return np.asarray(purchases * np.nan_to_num(engine.store.prices).astype(np.float64)[rows])
        moments = np.repeat(intents.timestamps.astype("datetime64[s]").astype(np.float64), K)
        values = engine.scoring.values(np.maximum(rows, 0).ravel(), moments)[:, number].reshape(rows.shape)
        return np.asarray((purchases if objective.head == "purchase" else clicks) * values, dtype=np.float64)


def kendall_tau(truth: Mapping[str, float], found: Mapping[str, float | None]) -> float | None:
    """Kendall's tau-b over the policies that have a number; None for fewer than 3 or where all numbers are the same."""
    pairs = [(value, truth[name]) for name, value in found.items() if value is not None]
    if len(pairs) < N_TO_RANK:
        return None
    tau = float(stats.kendalltau(*zip(*pairs, strict=True)).statistic)
    return tau if np.isfinite(tau) else None


def _decision(before: Floats, after: Floats, preference: Floats) -> dict[str, Any]:
    """What it takes to tell a policy from the default.

    Args:
        before, after: [n] outcomes of sorted slates of the default and the policy, to the same shoppers and luck.
        preference: [m] by search, interleaved.
    """
    differences = after - before
    effect, error = float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(differences)))
    preferred = float(preference.mean())
    return {
        "effect": effect,
        "effect_error": error,
        "sure": 0 < SURE * error < abs(effect),  # what does not vary is not certain
        "same_side": preferred * effect > 0,
        # Twice the searches, because each arm gets half of them.
        "ab": _needed(effect, np.sqrt(2 * (before.var() + after.var()))),
        "interleaving": _needed(preferred, preference.std()),
    }


def _needed(effect: float, spread: float) -> float | None:
    return float((DECISION * spread / effect) ** 2) if effect != 0 else None


def _searches_to_decide(decisions: Sequence[Mapping[str, Any]]) -> dict[str, float | int | None]:
    """Medians over the policies that surely differ from the default, and of their ratio pair by pair."""
    sure = [one for one in decisions if one["sure"] and one["ab"] and one["interleaving"]]
    if not sure:
        return {"ab": None, "interleaving": None, "ratio": None, "same_side": 0, "n_policies": 0}
    return {
        "ab": float(np.median([one["ab"] for one in sure])),
        "interleaving": float(np.median([one["interleaving"] for one in sure])),
        "ratio": float(np.median([one["ab"] / one["interleaving"] for one in sure])),
        "same_side": sum(one["same_side"] for one in sure),
        "n_policies": len(sure),
    }


def _stream(*parts: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(list(parts)))
