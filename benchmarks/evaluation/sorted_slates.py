"""What replays say of sorted slates from logs that explored, under four ways to read a page, of which one is assumed.

Outcomes are moved to where a policy shows the items (`trimtab.abtest.ope.moves`), with the examination of positions
estimated from each log by itself. The truth is what shoppers do with the sorted slates, to the same luck.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.simulated import small_shop
from benchmarks.figures import Figure
from trimtab.abtest.ope.contexts import Search, by_code, contexts_of, policy_of
from trimtab.abtest.ope.estimators import snips
from trimtab.abtest.ope.examination import fitted
from trimtab.abtest.ope.intervals import estimate
from trimtab.abtest.ope.log.logged_slates import LoggedSlates
from trimtab.abtest.ope.moves import NOWHERE, Moves, standings
from trimtab.abtest.ope.outcomes import rewards_of, takes_a_look
from trimtab.abtest.ope.sums import Sums, add_up
from trimtab.abtest.simulation.clicks import CLICK_MODELS, N_DRAWS, ClickModel
from trimtab.abtest.simulation.deployment import deploy
from trimtab.abtest.simulation.simulate import K
from trimtab.abtest.simulation.world import Intents, World
from trimtab.core.weights import normalise
from trimtab.engine import Engine

POLICIES = {
    "costlier": {"relevance": 0.75, "revenue": 0.2, "diversity": 0.05},
    "more diverse": {"relevance": 0.76, "revenue": 0.14, "diversity": 0.1},
    "70/30": {"relevance": 0.7, "revenue": 0.3},
    "pure relevance": {"relevance": 1.0},
    "far": {"relevance": 0.6, "revenue": 0.35, "diversity": 0.05},
}
LOGGED = "logged"
METRICS = ("relevance", "revenue")
EXPLORATION_LOSS = 0.02
N_SEARCHES = 200_000
LOG_SIZES = (2000, 10_000)
N_RESAMPLES = 200
FEWEST_LOGS = 20
SPARSE = (0.2, 0.05)
"""Shares of the outcomes that are known of the reader who looks by position: shops sell less than this one."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Pages:
    """Logged pages of many searches and what policies would show sorted, before anybody reads them.

    Attributes:
        slates: without outcomes.
        sources: policy -> [n, k] as in `Moves`.
        rows: policy -> [n, k] what it shows.
    """

    intents: Intents
    slates: LoggedSlates
    sources: dict[str, NDArray[np.int8]]
    rows: dict[str, Rows]


@dataclass(frozen=True)
class ExploredPages(Pages):
    """Pages that a log drew.

    Attributes:
        standings: [n, k, k] of the items shown.
        wanted: policy -> [n, k, k] standings of the items that it shows.
    """

    standings: NDArray[np.float32]
    wanted: dict[str, NDArray[np.float32]]


def pages(engine: Engine, world: World) -> ExploredPages:
    """Explored pages of the default weights."""
    rng = np.random.Generator(np.random.PCG64(21))
    intents = world.draw(N_SEARCHES, rng)
    log = deploy(engine, world, engine.default_weights, N_SEARCHES, rng, intents=intents, loss=EXPLORATION_LOSS)
    own = normalise(engine.default_weights, engine.known_weights)
    policies = {LOGGED: own, **{name: normalise(one, engine.known_weights) for name, one in POLICIES.items()}}
    n, slates = len(intents), log.slates
    shown = np.zeros((n, K, K), dtype=np.float32)
    sources = {name: np.full((n, K), NOWHERE, dtype=np.int8) for name in policies}
    wanted = {name: np.zeros((n, K, K), dtype=np.float32) for name in policies}
    rows = {name: np.full((n, K), -1) for name in policies}
    for query, at in by_code(intents.queries):
        codes, first, who = np.unique(slates.users[at], return_index=True, return_inverse=True)
        contexts = contexts_of(engine, Search(world.texts[query]), [log.users[code] for code in codes])
        if len(contexts.rows) < K:
            continue
        users = np.arange(len(codes))
        chances = standings(policy_of(engine, own, slates.temperatures[at][first]), contexts, users, K)
        place = {row: number for number, row in enumerate(contexts.rows.tolist())}
        candidates = np.array([[place[row] for row in slate] for slate in slates.rows[at].tolist()])
        shown[at] = chances[who[:, None], candidates]
        for name, weights in policies.items():
            best = policy_of(engine, weights, 1.0).sorted_slates(contexts, users, K)[who]
            same = best[:, :, None] == candidates[:, None, :]
            sources[name][at] = np.where(same.any(axis=2), same.argmax(axis=2), NOWHERE)
            wanted[name][at] = chances[who[:, None], best]
            rows[name][at] = contexts.rows[best]
    return ExploredPages(intents, slates, sources, rows, shown, wanted)


def read(world: World, engine: Engine, slates: LoggedSlates, intents: Intents, model: ClickModel) -> LoggedSlates:
    """Slates with what shoppers do with them; the same luck each time."""
    luck = np.random.Generator(np.random.PCG64(22))
    draws = luck.random((*slates.rows.shape, N_DRAWS), dtype=np.float32)
    clicks, purchases = model.browse(*world.judge(intents, slates.rows.astype(np.int64)), draws)
    prices = np.nan_to_num(engine.store.prices).astype(np.float64)
    return replace(
        slates,
        clicks=clicks.astype(np.int8),
        purchases=purchases.astype(np.int8),
        revenue=purchases * prices[slates.rows],
    )


def of_log(engine: Engine, found: ExploredPages, read_slates: LoggedSlates, some: slice) -> dict[str, dict[str, Sums]]:
    """policy -> metric -> sums of one log."""
    which = np.arange(len(found.intents))[some]
    slates = read_slates.take(which)
    rows, positions = np.nonzero((slates.clicks > 0) | (slates.purchases > 0))
    fit = fitted(positions, found.standings[which][rows, positions].astype(np.float64))
    examination = fit.chances
    seen = takes_a_look(engine)
    sums: dict[str, dict[str, Sums]] = {}
    for name, sources in found.sources.items():
        at = sources[which]
        expected = found.wanted[name][which] @ examination
        weights = np.where((at >= 0) & (expected > 0), examination[at] / np.maximum(expected, 1e-12), 0.0)
        moves = Moves(at, weights)
        rewards = moves.rewards(rewards_of(moves.slates(slates), engine), seen, examination)
        sums[name] = {
            metric: add_up(
                snips(rewards[metric], weights),
                slates.groups,
                slopes=moves.slopes(weights * rewards[metric], fit.spread),
            )
            for metric in METRICS
        }
    return sums


def thinned(slates: LoggedSlates, share: float) -> LoggedSlates:
    """Slates of which a share of the outcomes are known, whatever they are."""
    kept = np.random.Generator(np.random.PCG64(23)).random(slates.rows.shape) < share
    return replace(
        slates,
        clicks=(slates.clicks * kept).astype(np.int8),
        purchases=(slates.purchases * kept).astype(np.int8),
        revenue=slates.revenue * kept,
    )


def truths(engine: Engine, world: World, found: Pages, model: ClickModel) -> dict[str, dict[str, float]]:
    """policy -> metric -> what its sorted slates do."""
    result: dict[str, dict[str, float]] = {}
    for name, rows in found.rows.items():
        served = replace(found.slates, rows=rows.astype(np.int32))
        rewards = rewards_of(read(world, engine, served, found.intents, model), engine)
        result[name] = {metric: float(rewards[metric].sum(axis=1).mean()) for metric in METRICS}
    return result


def compared(
    engine: Engine, world: World, found: ExploredPages, model: ClickModel, size: int, share: float = 1.0
) -> Mapping[tuple[str, str], dict[str, Any]]:
    """Policy and metric -> observations by log, of a share of the outcomes."""
    slates = thinned(read(world, engine, found.slates, found.intents, model), share)
    truth = truths(engine, world, found, model)
    n_logs = N_SEARCHES // size
    seen: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number in range(n_logs):
        sums = of_log(engine, found, slates, slice(number, None, n_logs))
        for name in POLICIES:
            for metric in METRICS:
                one = estimate(sums[name][metric].minus(sums[LOGGED][metric]), n_resamples=N_RESAMPLES)
                true = share * (truth[name][metric] - truth[LOGGED][metric])
                given = one.caution is None and one.low is not None and one.high is not None
                low, high = (one.low or 0.0, one.high or 0.0) if given else (0.0, 0.0)
                seen.setdefault((name, metric), []).append(
                    {
                        "given": given,
                        "covered": given and low <= true <= high,
                        "wrong": given and one.sure_sign * true < 0,
                        "right": given and one.sure_sign * true > 0,
                        "error": ((one.value or 0.0) - true) / (share * truth[LOGGED][metric]),
                        "true": true / (share * truth[LOGGED][metric]),
                    }
                )
    return {
        key: {what: np.array([row[what] for row in rows], dtype=np.float64) for what in rows[0]}
        for key, rows in seen.items()
    }


def measure(engine: Engine) -> Iterator[Figure]:
    """Coverage, wrong signs, bias and power by way of reading, size of the log, policy and metric."""
    world = small_shop(engine)
    found = pages(engine, world)
    readings = [(reading, model, 1.0) for reading, model in CLICK_MODELS.items()]
    readings += [(f"position, {share:.0%} of outcomes", CLICK_MODELS["position"], share) for share in SPARSE]
    for reading, model, share in readings:
        for size in LOG_SIZES:
            for (name, metric), rows in compared(engine, world, found, model, size, share).items():
                label = f"{reading}, {size:,} searches, {name}, {metric}, {rows['true'][0]:+.1%}"
                given = int(rows["given"].sum())
                unit = f"of {given} logs that may be sure"
                is_assumed = reading.startswith("position")
                if given >= FEWEST_LOGS:
                    at_least = 0.94 if is_assumed else None
                    yield Figure(f"{label}: coverage", float(rows["covered"].sum() / given), unit, at_least)
                    wrong = float(rows["wrong"].sum() / given)
                    yield Figure(f"{label}: sure of a wrong sign", wrong, unit, 0.025, "less")
                yield Figure(f"{label}: surely right", float(rows["right"].mean()), f"of {len(rows['right'])} logs")
                yield Figure(f"{label}: mean error", 100 * float(rows["error"].mean()), "% of the logged value")
