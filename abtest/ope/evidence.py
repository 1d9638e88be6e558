"""The evidence of a replay: what policies would show beside what was shown. It alone needs the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.asked import Asked, each_query
from trimtab.abtest.ope.contexts import policy_of
from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.logged_slates import LoggedSlates, ReplayLog
from trimtab.abtest.ope.moves import Moves, expected_examination
from trimtab.abtest.ope.sums import Ints
from trimtab.core.diversity import ideal_diversity
from trimtab.core.metrics import discounts
from trimtab.core.progress import Progress, silent
from trimtab.core.weights import RELEVANCE, normalise
from trimtab.engine import Engine

TOLERANCE = 1e-3
"""Relative difference at which a logged propensity is not the bundle's own."""

WRONG_SHARE = 0.01
"""Where more propensities than this are not the bundle's own, nothing is said of any policy."""


LOGGED = "logged"
"""Name of the log's own policy; no other policy may have it."""


@dataclass(frozen=True)
class Deployment:
    """How policies are served that are compared: all of them alike.

    Attributes:
        is_sorted: sorted slates, the logged weights' own among them, as policy `LOGGED`.
        examination: of positions, where what happened to an item is moved to where a policy shows it, sorted; None
            counts what agrees with the sorted slate down to a position.
        factors: policy -> what the logged temperature is multiplied by where slates are drawn, 1 where nothing is said.
    """

    is_sorted: bool = False
    examination: Floats | None = None
    factors: Mapping[str, float] = field(default_factory=dict)


AT_LOGGED_TEMPERATURE = Deployment()


@dataclass(frozen=True)
class Evidence:
    """What the policies would show, beside what was shown.

    Attributes:
        slates: impressions that can be replayed.
        drawn: [d] which of them had slates drawn.
        ideals: [d] diversity of the most diverse slate of their candidates.
        ratios: policy -> [n, k] target over logged conditional propensity; empty where outcomes are moved.
        moves: policy -> how outcomes are moved to its sorted slates; empty where they are not.
        examination: of positions, where outcomes are moved.
        own_rows: policy -> [d, k] item rows of the policy's own slates, each as long as what was shown.
        promised: [d] relevance that the ranker expected of what was shown, in the unit of a receipt.
        wrong_propensities: [d] where the logged propensities are not the bundle's own.
        n_impossible: impressions left out, because they show what no draw could: an item that is not a candidate, or a
            pin not where it was put.
    """

    slates: LoggedSlates
    drawn: Ints
    ideals: Floats
    ratios: dict[str, Floats]
    moves: dict[str, Moves]
    examination: Floats | None
    own_rows: dict[str, NDArray[np.int32]]
    promised: Floats
    wrong_propensities: NDArray[np.bool_]
    n_impossible: int


def evidence_of(
    engine: Engine,
    log: ReplayLog,
    weights: Mapping[str, Mapping[str, float]],
    progress: Progress = silent,
    *,
    draw_every: int = 0,
    deployment: Deployment = AT_LOGGED_TEMPERATURE,
) -> Evidence:
    """The slates and propensities of policies for the impressions of a log, query by query.

    Args:
        weights: normalised, by name of the policy.
        draw_every: the policies' own slates are made for one in this many impressions of the log; 0 for none.
    """
    tables = _Tables(engine, log, weights, draw_every, deployment)
    done = 0
    for asked, everyone in each_query(engine, log):
        tables.fill(asked, everyone)
        done += len(everyone)
        progress("impressions", done, len(log.slates))
    return tables.evidence()


class _Tables:
    """Evidence of a whole log while it is filled in."""

    def __init__(
        self,
        engine: Engine,
        log: ReplayLog,
        weights: Mapping[str, Mapping[str, float]],
        draw_every: int,
        deployment: Deployment,
    ) -> None:
        n, k = log.slates.rows.shape
        names = [LOGGED, *weights] if deployment.is_sorted else list(weights)
        self._deployment = deployment
        self._engine, self._log, self._weights = engine, log, weights
        self._is_drawn = log.slates.numbers % draw_every == 0 if draw_every else np.zeros(n, dtype=bool)
        self._is_possible = np.ones(n, dtype=bool)
        self._is_wrong = np.zeros(n, dtype=bool)
        self._ideals = np.zeros(n)
        self._promised = np.zeros(n)
        is_moved = deployment.examination is not None
        self._ratios = {} if is_moved else {name: np.ones((n, k)) for name in names}
        self._moves = {name: Moves.none(n, k) for name in names} if is_moved else {}
        self._own_rows = {name: np.full((n, k), -1, dtype=np.int32) for name in names}

    def fill(self, asked: Asked, everyone: Ints) -> None:
        """Fill in the impressions of one query.

        Args:
            everyone: where they stand, and those that show what no draw could.
        """
        self._is_possible[everyone] = False
        self._is_possible[asked.at] = True
        if self._is_drawn[asked.at].any():
            self._fill_ideals(asked)
        asked, temperature = asked.by_temperature(self._log.slates.temperatures[asked.at])
        draws = asked.take(self._is_drawn[asked.at])
        self._promised[asked.at] = self._expected(asked)
        self._is_wrong[draws.at] = self._disagree(draws, temperature)
        if not self._deployment.is_sorted:
            self._compare_drawn(asked, draws, temperature)
        elif self._deployment.examination is None:
            self._compare_sorted(asked)
        else:
            self._compare_moved(asked, temperature, self._deployment.examination)

    def _fill_ideals(self, asked: Asked) -> None:
        """Fill in the most diverse slates, each as long as what was shown."""
        for length, which in asked.by_length():
            self._ideals[asked.at[which]] = ideal_diversity(asked.contexts.aspects, k=length)

    def _expected(self, asked: Asked) -> Floats:
        """[n] discounted relevance that the ranker expected of what was shown."""
        gains = asked.contexts.gains[asked.who[:, None], asked.shown, self._engine.objectives.index(RELEVANCE)]
        return np.where(asked.shown >= 0, gains, 0.0) @ discounts(asked.shown.shape[1])

    def _compare_sorted(self, asked: Asked) -> None:
        """Fill in what each policy would show sorted, the logged weights among them, beside what was shown."""
        known, codes = self._engine.known_weights, self._log.slates.weights[asked.at]
        for name, weights in self._weights.items():
            self._fill_sorted(name, weights, asked)
        for code in np.unique(codes):
            self._fill_sorted(LOGGED, normalise(self._log.weights[code], known), asked.take(codes == code))

    def _fill_sorted(self, name: str, weights: Mapping[str, float], asked: Asked) -> None:
        slates, contexts = self._log.slates, asked.contexts
        users, who = np.unique(asked.who, return_inverse=True)
        policy = policy_of(self._engine, weights, 1.0)
        own = policy.sorted_slates(contexts, users, asked.shown.shape[1])[who.ravel()]
        is_shown = asked.shown >= 0
        agrees = (own == asked.shown) | ~is_shown
        self._ratios[name][asked.at] = agrees / slates.propensities[asked.at]
        self._own_rows[name][asked.at] = np.where(is_shown & (own >= 0), contexts.rows[own], -1)

    def _compare_moved(self, asked: Asked, temperature: float | Floats, examination: Floats) -> None:
        """Fill in where each policy's sorted slate would take its items from, the logged weights' among them."""
        known, codes = self._engine.known_weights, self._log.slates.weights[asked.at]
        for code in np.unique(codes):
            own = normalise(self._log.weights[code], known)
            same = asked.take(codes == code)
            users, who = np.unique(same.who, return_inverse=True)
            logging = policy_of(self._engine, own, temperature)
            for length, which in same.by_length():
                some, chances = same.take(which), examination[:length]
                expected = expected_examination(logging, some.contexts, users, chances)
                for name, weights in {LOGGED: own, **self._weights}.items():
                    policy = policy_of(self._engine, weights, 1.0)
                    sorted_slates = policy.sorted_slates(some.contexts, users, length)[who[which]]
                    self._moves[name].fill(
                        some.at, some.shown[:, :length], sorted_slates, expected[who[which]], chances
                    )
                    self._own_rows[name][some.at, :length] = some.contexts.rows[sorted_slates]

    def _compare_drawn(self, asked: Asked, draws: Asked, temperature: float | Floats) -> None:
        """Fill in what each policy would draw, beside what was shown."""
        slates, contexts = self._log.slates, asked.contexts
        uniforms = _uniforms(slates.seeds[draws.at], slates.numbers[draws.at], slates.rows.shape[1])
        for name, weights in self._weights.items():
            policy = policy_of(self._engine, weights, temperature * self._deployment.factors.get(name, 1.0))
            wanted = policy.propensities(contexts, asked.who, asked.shown)
            self._ratios[name][asked.at] = wanted / slates.propensities[asked.at]
            own, _ = policy.draw(contexts, draws.who, uniforms)
            self._own_rows[name][draws.at] = np.where((own >= 0) & (draws.shown >= 0), contexts.rows[own], -1)

    def _disagree(self, draws: Asked, temperature: float | Floats) -> NDArray[np.bool_]:
        """[d] where the logged propensities are not what the bundle gives for the logged weights."""
        slates, known = self._log.slates, self._engine.known_weights
        wrong = np.zeros(len(draws.at), dtype=bool)
        logged = slates.propensities[draws.at]
        for code in np.unique(slates.weights[draws.at]):
            same = slates.weights[draws.at] == code
            policy = policy_of(self._engine, normalise(self._log.weights[code], known), temperature)
            ours = policy.propensities(draws.contexts, draws.who[same], draws.shown[same])
            wrong[same] = (np.abs(ours / logged[same] - 1) > TOLERANCE).any(axis=1)
        return wrong

    def evidence(self) -> Evidence:
        """The evidence of the impressions that can be replayed."""
        possible = self._is_possible
        drawn = np.flatnonzero(self._is_drawn[possible])
        return Evidence(
            self._log.slates.take(possible),
            drawn,
            self._ideals[possible][drawn],
            {name: table[possible] for name, table in self._ratios.items()},
            {name: one.take(possible) for name, one in self._moves.items()},
            self._deployment.examination,
            {name: table[possible][drawn] for name, table in self._own_rows.items()},
            self._promised[possible][drawn],
            self._is_wrong[possible][drawn],
            int((~possible).sum()),
        )


def _uniforms(seeds: Ints, numbers: Ints, k: int) -> Floats:
    """[n, k] the numbers the engine drew with; where no seed is known, any."""
    found = [
        np.random.Generator(np.random.PCG64(seed if seed >= 0 else number)).random(k)
        for seed, number in zip(seeds.tolist(), numbers.tolist(), strict=True)
    ]
    return np.array(found).reshape(len(seeds), k)
