"""What policies would show, beside what was shown, query by query: the part of a replay that needs the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.contexts import by_code, contexts_of, with_history
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.logs import LoggedSlates, ReplayLog
from trimtab.abtest.ope.sums import Ints
from trimtab.abtest.simulation.simulate import policy_of
from trimtab.core.diversity import ideal_diversity
from trimtab.core.progress import Progress, silent
from trimtab.core.records import Shopper
from trimtab.core.weights import normalise
from trimtab.engine import Engine
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy

USERS_AT_ONCE = 4096
"""Users of one query whose candidates are in memory at once."""

TOLERANCE = 1e-3
"""Relative difference at which a logged propensity is not the bundle's own."""


@dataclass(frozen=True)
class Evidence:
    """What the policies would show, beside what was shown.

    Attributes:
        slates: impressions that can be replayed.
        drawn: [d] which of them had slates drawn.
        ideals: [d] diversity of the most diverse slate of their candidates.
        ratios: policy -> [n, k] target over logged conditional propensity.
        own_rows: policy -> [d, k] item rows of the policy's own slates.
        wrong_propensities: [d] where the logged propensities are not the bundle's own.
        n_impossible: impressions left out, because they show what no draw could: an item that is no candidate, or a
            pin not where it was put.
    """

    slates: LoggedSlates
    drawn: Ints
    ideals: Floats
    ratios: dict[str, Floats]
    own_rows: dict[str, NDArray[np.int32]]
    wrong_propensities: NDArray[np.bool_]
    n_impossible: int


def gather(
    engine: Engine,
    read: ReplayLog,
    weights: Mapping[str, Mapping[str, float]],
    progress: Progress = silent,
    *,
    draw_every: int = 0,
) -> Evidence:
    """Walk a log query by query.

    Args:
        weights: normalised, by name of the policy.
        draw_every: policies' own slates are drawn for every so manyth impression of the log; 0 for none.
    """
    slates = read.slates
    n, k = slates.rows.shape
    users = with_history(engine, read.users)[slates.users]
    is_drawn = slates.numbers % draw_every == 0 if draw_every else np.zeros(n, dtype=bool)
    ideals = np.zeros(n)
    ratios = {name: np.ones((n, k)) for name in weights}
    own_rows = {name: np.full((n, k), -1, dtype=np.int32) for name in weights}
    wrong = np.zeros(n, dtype=bool)
    known = np.ones(n, dtype=bool)
    place = np.full(len(engine.store) + 1, -1)
    done = 0
    for query, codes, everyone in _by_query(slates.queries, users):
        shoppers = [read.users[code] if code >= 0 else Shopper() for code in codes]
        contexts = contexts_of(engine, read.queries[query], shoppers)
        place[contexts.rows] = np.arange(len(contexts.rows))
        shown = place[slates.rows[everyone]]
        place[contexts.rows] = -1
        known[everyone] = ((shown >= 0) | (slates.rows[everyone] < 0)).all(axis=1)
        for position, pin in contexts.pins.items():
            known[everyone] &= shown[:, position] == pin
        at, shown = everyone[known[everyone]], shown[known[everyone]]
        who = np.searchsorted(codes, users[at])
        if is_drawn[at].any():
            ideals[at] = ideal_diversity(contexts.aspects, k=k)
        for temperature in np.unique(slates.temperatures[at]):
            same = slates.temperatures[at] == temperature
            asked = _Asked(contexts, who[same], shown[same], at[same])
            draws = asked.take(is_drawn[at[same]])
            uniforms = _uniforms(slates.seeds[draws.at], slates.numbers[draws.at], k)
            for name, one in weights.items():
                policy = policy_of(engine, one, float(temperature))
                wanted = policy.propensities(contexts, asked.who, asked.shown)
                ratios[name][asked.at] = wanted / slates.propensities[asked.at]
                own, _ = policy.draw(contexts, draws.who, uniforms)
                own_rows[name][draws.at] = np.where(own >= 0, contexts.rows[own], -1)
            wrong[draws.at] = _disagree(engine, read, draws, float(temperature))
        done += len(everyone)
        progress("impressions", done, n)
    drawn = np.flatnonzero(is_drawn[known])
    return Evidence(
        slates.take(known),
        drawn,
        ideals[known][drawn],
        {name: table[known] for name, table in ratios.items()},
        {name: table[known][drawn] for name, table in own_rows.items()},
        wrong[known][drawn],
        int((~known).sum()),
    )


def _by_query(queries: Ints, users: Ints) -> Iterator[tuple[int, Ints, Ints]]:
    """Each query with up to `USERS_AT_ONCE` of its users, ascending, and the places where they stand."""
    for query, everyone in by_code(queries):
        codes = np.unique(users[everyone])
        for start in range(0, len(codes), USERS_AT_ONCE):
            some = codes[start : start + USERS_AT_ONCE]
            whole = len(some) == len(codes)
            yield query, some, everyone if whole else everyone[np.isin(users[everyone], some)]


@dataclass(frozen=True)
class _Asked:
    """Impressions of one query: who asked, what was shown (candidate indices), where they stand in the log."""

    contexts: QueryContexts
    who: Ints
    shown: Ints
    at: Ints

    def take(self, which: NDArray[np.bool_]) -> _Asked:
        return _Asked(self.contexts, self.who[which], self.shown[which], self.at[which])


def _uniforms(seeds: Ints, numbers: Ints, k: int) -> Floats:
    """[n, k] the numbers the engine drew with; where no seed is known, any."""
    found = [
        np.random.Generator(np.random.PCG64(seed if seed >= 0 else number)).random(k)
        for seed, number in zip(seeds.tolist(), numbers.tolist(), strict=True)
    ]
    return np.array(found).reshape(len(seeds), k)


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
