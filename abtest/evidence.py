"""What policies would show, walked along a log query by query: the part of a replay that needs the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abtest.contexts import by_code, contexts_of, with_history
from abtest.estimators import Floats
from abtest.logs import LoggedSlates, ReplayLog
from abtest.policy import QueryContexts, SlatePolicy
from abtest.simulate import policy_of
from abtest.sums import Ints
from core.records import Shopper
from core.weights import normalise
from engine import Engine
from ranker.training import Progress

IMPOSSIBLE = "shows what no draw for its query could: an item that is no candidate, or a pin not where it was put"

N_DRAWN = 100_000
"""Impressions with policies' own slates drawn, at most: for diversity, matched replay and the check of propensities."""

TOLERANCE = 1e-3
"""Relative difference at which a logged propensity is not the bundle's own."""


@dataclass(frozen=True)
class Evidence:
    """What the policies would show, beside what was shown.

    Attributes:
        slates: impressions that can be replayed.
        drawn: [d] which of them had slates drawn.
        ratios: policy -> [n, k] target over logged conditional propensity.
        own_rows: policy -> [d, k] item rows of the policy's own slates.
        wrong_propensities: [d] where the logged propensities are not the bundle's own.
    """

    slates: LoggedSlates
    drawn: Ints
    ratios: dict[str, Floats]
    own_rows: dict[str, NDArray[np.int32]]
    wrong_propensities: NDArray[np.bool_]
    left_out: Counter[str]


def gather(
    engine: Engine,
    read: ReplayLog,
    weights: Mapping[str, Mapping[str, float]],
    progress: Progress,
    *,
    n_drawn: int = N_DRAWN,
) -> Evidence:
    """Walk the log query by query.

    Args:
        weights: normalised, by name of the policy.
        n_drawn: impressions for which policies' own slates are drawn, about evenly spread; 0 for none.
    """
    slates = read.slates
    n, k = slates.rows.shape
    users = with_history(engine, read.users)[slates.users]
    is_drawn = np.arange(n) % max(-(-n // max(n_drawn, 1)), 1) == 0 if n_drawn else np.zeros(n, dtype=bool)
    ratios = {name: np.ones((n, k)) for name in weights}
    own_rows = {name: np.full((n, k), -1, dtype=np.int32) for name in weights}
    wrong = np.zeros(n, dtype=bool)
    known = np.ones(n, dtype=bool)
    place = np.full(len(engine.store) + 1, -1)
    done = 0
    for query, everyone in by_code(slates.queries):
        codes = np.unique(users[everyone])
        contexts = contexts_of(
            engine, read.queries[query], [read.users[code] if code >= 0 else Shopper() for code in codes]
        )
        place[contexts.rows] = np.arange(len(contexts.rows))
        shown = place[slates.rows[everyone]]
        place[contexts.rows] = -1
        known[everyone] = ((shown >= 0) | (slates.rows[everyone] < 0)).all(axis=1)
        for position, pin in contexts.pins.items():
            known[everyone] &= shown[:, position] == pin
        at, shown = everyone[known[everyone]], shown[known[everyone]]
        who = np.searchsorted(codes, users[at])
        for temperature in np.unique(slates.temperatures[at]):
            same = slates.temperatures[at] == temperature
            asked = _Asked(contexts, who[same], shown[same], at[same])
            draws = asked.take(is_drawn[at[same]])
            uniforms = _uniforms(slates.seeds[draws.at], k)
            for name, one in weights.items():
                policy = policy_of(engine, one, float(temperature))
                wanted = policy.propensities(contexts, asked.who, asked.shown)
                ratios[name][asked.at] = wanted / slates.propensities[asked.at]
                own, _ = policy.draw(contexts, draws.who, uniforms)
                own_rows[name][draws.at] = np.where(own >= 0, contexts.rows[own], -1)
            wrong[draws.at] = _disagree(engine, read, draws, float(temperature))
        done += len(everyone)
        progress("impressions", done, n)
    left_out = Counter(read.left_out)
    if not known.all():
        left_out[IMPOSSIBLE] += int((~known).sum())
    drawn = np.flatnonzero(is_drawn[known])
    return Evidence(
        slates.take(known),
        drawn,
        {name: table[known] for name, table in ratios.items()},
        {name: table[known][drawn] for name, table in own_rows.items()},
        wrong[known][drawn],
        left_out,
    )


@dataclass(frozen=True)
class _Asked:
    """Impressions of one query: who asked, what was shown (candidate indices), where they stand in the log."""

    contexts: QueryContexts
    who: Ints
    shown: Ints
    at: Ints

    def take(self, which: NDArray[np.bool_]) -> _Asked:
        return _Asked(self.contexts, self.who[which], self.shown[which], self.at[which])


def _uniforms(seeds: Ints, k: int) -> Floats:
    """[n, k] the numbers the engine drew with; where no seed is known, any."""
    numbers = [
        np.random.Generator(np.random.PCG64(seed if seed >= 0 else place)).random(k)
        for place, seed in enumerate(seeds.tolist())
    ]
    return np.array(numbers).reshape(len(seeds), k)


def _disagree(engine: Engine, read: ReplayLog, draws: _Asked, temperature: float) -> NDArray[np.bool_]:
    """[d] where the logged propensities are not what the bundle gives for the logged weights."""
    wrong = np.zeros(len(draws.at), dtype=bool)
    logged = read.slates.propensities[draws.at]
    for code in np.unique(read.slates.weights[draws.at]):
        same = read.slates.weights[draws.at] == code
        policy: SlatePolicy = policy_of(engine, normalise(read.weights[code], engine.known_weights), temperature)
        ours = policy.propensities(draws.contexts, draws.who[same], draws.shown[same])
        wrong[same] = (np.abs(ours / logged[same] - 1) > TOLERANCE).any(axis=1)
    return wrong
