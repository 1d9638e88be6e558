"""The evidence of a replay: what policies would show beside what was shown. It alone needs the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.asked import LOGGED, Asked, each_query
from trimtab.abtest.ope.contexts import LookUp, candidates_of, policy_of
from trimtab.abtest.ope.estimators import Floats, ratios_of
from trimtab.abtest.ope.examination import Examination
from trimtab.abtest.ope.log.logged_slates import LoggedSlates, ReplayLog
from trimtab.abtest.ope.moves import Moves, expected_examination
from trimtab.abtest.ope.sums import Ints
from trimtab.core.diversity import ideal_diversity
from trimtab.core.metrics import discounts
from trimtab.core.weights import RELEVANCE
from trimtab.core.work.progress import Progress, silent
from trimtab.engine import Engine

TOLERANCE = 1e-3
"""Relative difference at which a logged propensity is not the bundle's own."""

WRONG_SHARE = 0.01
"""Where more propensities than this are not the bundle's own, nothing is said of any policy."""


@dataclass(frozen=True)
class Deployment:
    """How policies are served that are compared: all of them alike.

    Attributes:
        is_sorted: sorted slates, the logged weights' own among them, as policy `LOGGED`.
        examination: of positions, where what happened to an item is moved to where a policy shows it, sorted; None
            counts what agrees with the sorted slate down to a position.
        factors: policy -> what the logged temperature is multiplied by where slates are drawn, 1 where nothing is said.
        never_explored: whether every page of the log is the sorted slate of its weights.
    """

    is_sorted: bool = False
    examination: Examination | None = None
    factors: Mapping[str, float] = field(default_factory=dict)
    never_explored: bool = False


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
        expected: policy -> [n, k, M] what the ranker expects of what it shows sorted, where the log never explored.
        own_rows: policy -> [d, k] item rows of the policy's own slates, each as long as what was shown.
        promised: [d] relevance that the ranker expected of what was shown, in the unit of a receipt.
        wrong_propensities: [d] where the logged propensities, or sorted slates, are not the bundle's own.
        n_impossible: impressions left out, because they show what no draw could: an item that is not a candidate, or a
            pin not where it was put.
    """

    slates: LoggedSlates
    drawn: Ints
    ideals: Floats
    ratios: dict[str, Floats]
    moves: dict[str, Moves]
    examination: Examination | None
    expected: dict[str, NDArray[np.float32]]
    own_rows: dict[str, NDArray[np.int32]]
    promised: Floats
    wrong_propensities: NDArray[np.bool_]
    n_impossible: int

    def take(self, which: NDArray[np.bool_]) -> Evidence:
        """The evidence of some of the impressions."""
        drawn = which[self.drawn]
        return Evidence(
            self.slates.take(which),
            (np.cumsum(which) - 1)[self.drawn[drawn]],
            self.ideals[drawn],
            {name: table[which] for name, table in self.ratios.items()},
            {name: one.take(which) for name, one in self.moves.items()},
            self.examination,
            {name: table[which] for name, table in self.expected.items()},
            {name: table[drawn] for name, table in self.own_rows.items()},
            self.promised[drawn],
            self.wrong_propensities[drawn],
            self.n_impossible,
        )


def evidence_of(
    engine: Engine,
    log: ReplayLog,
    weights: Mapping[str, Mapping[str, float]],
    progress: Progress = silent,
    *,
    draw_every: int = 0,
    deployment: Deployment = AT_LOGGED_TEMPERATURE,
    look_up: LookUp = candidates_of,
) -> Evidence:
    """The slates and propensities of policies for the impressions of a log, query by query.

    Args:
        weights: normalised, by name of the policy.
        draw_every: the policies' own slates are made for one in this many impressions of the log; 0 for none.
    """
    tables = _Tables(engine, log, weights, draw_every, deployment)
    done = 0
    for asked, everyone in each_query(engine, log, weights, look_up):
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
        self._engine, self._log = engine, log
        self._is_drawn = log.slates.numbers % draw_every == 0 if draw_every else np.zeros(n, dtype=bool)
        self._is_possible = np.ones(n, dtype=bool)
        self._is_wrong = np.zeros(n, dtype=bool)
        self._ideals = np.zeros(n)
        self._promised = np.zeros(n)
        is_moved = deployment.examination is not None
        self._ratios = {} if is_moved else {name: np.ones((n, k)) for name in names}
        self._moves = {name: Moves.none(n, k) for name in names} if is_moved else {}
        of_slates = (n, k, len(engine.objectives))
        self._gains = {name: np.zeros(of_slates, dtype=np.float32) for name in names if deployment.never_explored}
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
        self._promised[asked.at] = self._expected(asked)
        drawn, temperature = asked.as_drawn(self._log.slates.temperatures[asked.at])
        draws = drawn.take(self._is_drawn[asked.at])
        self._is_wrong[draws.at] = self._disagree(draws, temperature)
        if not self._deployment.is_sorted:
            self._compare_drawn(drawn, draws, temperature)
        elif self._deployment.examination is None:
            self._compare_sorted(asked, drawn)
        else:
            self._compare_moved(asked, drawn, temperature, self._deployment.examination.chances)

    def _fill_ideals(self, asked: Asked) -> None:
        """Fill in the most diverse slates, each as long as what was shown."""
        for length, which in asked.by_length():
            self._ideals[asked.at[which]] = ideal_diversity(asked.contexts.aspects, k=length)

    def _expected(self, asked: Asked) -> Floats:
        """[n] discounted relevance that the ranker expected of what was shown."""
        gains = asked.contexts.gains[asked.who[:, None], asked.shown, self._engine.objectives.index(RELEVANCE)]
        return np.where(asked.shown >= 0, gains, 0.0) @ discounts(asked.shown.shape[1])

    def _compare_sorted(self, asked: Asked, drawn: Asked) -> None:
        """Fill in what each policy would show sorted, the logged weights among them, beside what was shown."""
        propensities, is_shown = self._log.slates.propensities[asked.at], asked.shown >= 0
        for name, own in self._sorted_slates(asked, drawn):
            agrees = ((own == asked.shown) | ~is_shown).astype(np.float64)
            self._ratios[name][asked.at] = ratios_of(agrees, propensities)
            self._own_rows[name][asked.at] = np.where(is_shown & (own >= 0), asked.contexts.rows[own], -1)

    def _compare_moved(self, asked: Asked, drawn: Asked, temperature: float | Floats, examination: Floats) -> None:
        """Fill in where each policy's sorted slate would take its items from, the logged weights' among them."""
        if len(asked.at) == 0:
            return
        slates = dict(self._sorted_slates(asked, drawn))
        for length, which in drawn.by_length():
            some, chances = drawn.take(which), examination[:length]
            expected = self._expected_examination(some, temperature, chances)
            for name, own in slates.items():
                wanted = own[which, :length]
                self._moves[name].fill(some.at, some.shown[:, :length], wanted, expected, chances)
                self._own_rows[name][some.at, :length] = some.contexts.rows[wanted]
                if self._deployment.never_explored:
                    self._gains[name][some.at, :length] = some.contexts.gains[some.who[:, None], wanted]

    def _expected_examination(self, asked: Asked, temperature: float | Floats, chances: Floats) -> Floats:
        """[n, n_candidates] how often the log has each candidate looked at."""
        if self._deployment.never_explored:
            expected = np.zeros((len(asked.at), len(asked.contexts.rows)))
            np.put_along_axis(expected, asked.shown[:, : len(chances)], chances[None, :], axis=1)
            return expected
        users, who = np.unique(asked.who, return_inverse=True)
        logging = policy_of(self._engine, asked.weights[LOGGED], temperature)
        return expected_examination(logging, asked.contexts, users, chances)[who]

    def _sorted_slates(self, asked: Asked, drawn: Asked) -> Iterator[tuple[str, Ints]]:
        """Each policy with [n, k] its sorted slates, made once a user; of the logged weights, once a draw."""
        for name in drawn.weights:
            by = drawn if name == LOGGED else asked
            users, who = np.unique(by.who, return_inverse=True)
            policy = policy_of(self._engine, by.weights[name], 1.0)
            yield name, policy.sorted_slates(by.contexts, users, by.shown.shape[1])[who]

    def _compare_drawn(self, asked: Asked, draws: Asked, temperature: float | Floats) -> None:
        """Fill in what each policy would draw, beside what was shown."""
        slates, contexts = self._log.slates, asked.contexts
        uniforms = _uniforms(slates.seeds[draws.at], slates.numbers[draws.at], slates.rows.shape[1])
        for name in self._ratios:
            policy = policy_of(self._engine, asked.weights[name], temperature * self._deployment.factors.get(name, 1.0))
            wanted = policy.propensities(contexts, asked.who, asked.shown)
            self._ratios[name][asked.at] = ratios_of(wanted, slates.propensities[asked.at])
            own, _ = policy.draw(contexts, draws.who, uniforms)
            self._own_rows[name][draws.at] = np.where((own >= 0) & (draws.shown >= 0), contexts.rows[own], -1)

    def _disagree(self, draws: Asked, temperature: float | Floats) -> NDArray[np.bool_]:
        """[d] where what was logged is not what the bundle gives for the logged weights."""
        if len(draws.at) == 0:
            return np.zeros(0, dtype=bool)
        if self._deployment.never_explored:
            own = next(slates for name, slates in self._sorted_slates(draws, draws) if name == LOGGED)
            return np.asarray(((own != draws.shown) & (draws.shown >= 0)).any(axis=1))
        policy = policy_of(self._engine, draws.weights[LOGGED], temperature)
        ours = policy.propensities(draws.contexts, draws.who, draws.shown)
        ratios = ratios_of(ours, self._log.slates.propensities[draws.at])
        return np.asarray((np.abs(ratios - 1) > TOLERANCE).any(axis=1))

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
            {name: table[possible] for name, table in self._gains.items()},
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
