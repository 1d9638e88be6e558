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
from core.weights import normalise
from engine import Engine
from ranker.training import Progress

NOT_A_CANDIDATE = "shows an item that is no candidate of its query in the bundle"

N_DRAWN = 100_000
"""Impressions for which policies' own slates are drawn: for diversity, matched replay and the check of propensities."""

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


def gather(engine: Engine, read: ReplayLog, weights: Mapping[str, Mapping[str, float]], progress: Progress) -> Evidence:
    """Walk the log query by query."""
    slates = read.slates
    n, k = slates.rows.shape
    stride = max(-(-n // N_DRAWN), 1)
    users = with_history(engine, read.users)[slates.users]
    is_drawn = np.arange(n) % stride == 0
    ratios = {name: np.ones((n, k)) for name in weights}
    own_rows = {name: np.full((n, k), -1, dtype=np.int32) for name in weights}
    wrong = np.zeros(n, dtype=bool)
    known = np.ones(n, dtype=bool)
    place = np.full(len(engine.store) + 1, -1)
    done = 0
    for query, everyone in by_code(slates.queries):
        text, filters = read.queries[query]
        codes = np.unique(users[everyone])
        contexts = contexts_of(engine, text, filters, [read.users[code] if code >= 0 else None for code in codes])
        place[contexts.rows] = np.arange(len(contexts.rows))
        shown = place[slates.rows[everyone]]
        place[contexts.rows] = -1
        known[everyone] = ((shown >= 0) | (slates.rows[everyone] < 0)).all(axis=1)
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
        left_out[NOT_A_CANDIDATE] += int((~known).sum())
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
