"""Everything a replay reports, as sums that merge: by segment, group of users and position.

All weighted estimators of a policy share their weights, so a policy's weights are added up once and each metric's
weighted rewards once; `snips` and `ips` are two ways to divide them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.evidence import Evidence
from trimtab.abtest.ope.never_explored import clicked_pages, expectations
from trimtab.abtest.ope.outcomes import Judged, measured, rewards_of, weighted_rewards
from trimtab.abtest.ope.segments import THIRDS, Segments
from trimtab.abtest.ope.sums import N_GROUPS, NO_SLOPES, Earned, Ints, Overlap, Sums, earned
from trimtab.core.compiled import kernel
from trimtab.engine import Engine

EVERYTHING = range(len(THIRDS))
"""Segments that together hold every impression once."""


@dataclass
class Weighted:
    """Rewards of several metrics under one set of weights.

    Attributes:
        counts: [n_segments, N_GROUPS] impressions.
        weights: [m, n_segments, N_GROUPS] added up.
        rewards: metric -> the same of weight times reward.
        earned: metric -> [4, m, n_segments] rewards without weights, in the order of `sums.Earned`.
        squares, largest, supported: [m, n_segments] of the weights, see `sums.Overlap`.
        slopes: metric -> [d, n_segments], see `sums.Sums`.
    """

    counts: Floats
    weights: Floats
    rewards: dict[str, Floats]
    earned: dict[str, Floats]
    squares: Floats
    largest: Floats
    supported: Floats
    slopes: dict[str, Floats]

    @classmethod
    def of(
        cls,
        weights: Floats,
        rewards: Mapping[str, Floats],
        place: Place,
        slopes: Mapping[str, Floats] = MappingProxyType({}),
    ) -> Weighted:
        """
        Args:
            weights: [n, m].
            rewards: metric -> [n, m].
            slopes: metric -> [n, d].
        """
        columns = np.ascontiguousarray(weights.T)
        return cls(
            counts=place.table(np.ones((1, weights.shape[0])))[0],
            weights=place.table(columns),
            rewards={metric: place.table(columns * values.T) for metric, values in rewards.items()},
            earned={
                metric: np.stack([place.by_segment(one) for one in earned(values, weights)])
                for metric, values in rewards.items()
            },
            squares=place.by_segment(weights**2),
            largest=place.largest(columns),
            supported=place.by_segment((weights > 0).astype(np.float64)),
            slopes={metric: place.by_segment(values) for metric, values in slopes.items() if values.shape[1]},
        )

    def __iadd__(self, other: Weighted) -> Weighted:
        # What came from another process cannot be written to.
        self.counts = self.counts + other.counts
        self.weights = self.weights + other.weights
        _add(self.rewards, other.rewards)
        _add(self.earned, other.earned)
        self.squares = self.squares + other.squares
        self.largest = np.maximum(self.largest, other.largest)
        self.supported = self.supported + other.supported
        _add(self.slopes, other.slopes)
        return self

    def sums(self, metric: str, segments: Iterable[int] = EVERYTHING, *, normalised: bool = True) -> Sums:
        """Sums over segments that share no impression; the denominators are the weights, or else the impressions."""
        at = list(segments)
        m = len(self.weights)
        counts, totals = self.counts[at].sum(axis=0), self.weights[:, at].sum(axis=1).T
        overlap = Overlap(
            n=round(float(counts.sum())),
            total=totals.sum(axis=0),
            squares=self.squares[:, at].sum(axis=1),
            largest=self.largest[:, at].max(axis=1),
            supported=self.supported[:, at].sum(axis=1),
        )
        numerators = self.rewards[metric][:, at].sum(axis=1).T
        denominators = totals if normalised else np.repeat(counts[:, None], m, axis=1)
        without_weights = Earned(*self.earned[metric][:, :, at].sum(axis=2))
        slopes = self.slopes[metric][:, at].sum(axis=1) if metric in self.slopes else NO_SLOPES
        return Sums(numerators, denominators, counts, np.ones(m), overlap, without_weights, slopes)


@dataclass(frozen=True)
class Place:
    """Where impressions are added up.

    Attributes:
        segments: [n_families, n]; no two families share one.
        groups: [n].
    """

    segments: Ints
    groups: Ints
    n_segments: int

    def take(self, which: Ints) -> Place:
        return Place(self.segments.take(which, axis=1), self.groups[which], self.n_segments)

    def table(self, columns: Floats) -> Floats:
        """[m, n] -> [m, n_segments, N_GROUPS]; every impression is in one segment of each family."""
        found = np.zeros((len(columns), self.n_segments, N_GROUPS))
        _add_columns(np.ascontiguousarray(columns), self.segments, self.groups, found)
        return found

    def by_segment(self, rows: Floats) -> Floats:
        """[n, m] -> [m, n_segments]."""
        found = np.zeros((self.n_segments, rows.shape[1]))
        _add_rows(np.ascontiguousarray(rows), self.segments, found)
        return np.ascontiguousarray(found.T)

    def largest(self, columns: Floats) -> Floats:
        """[m, n] -> [m, n_segments], 0 where nothing is."""
        found = np.zeros((len(columns), self.n_segments))
        for family in self.segments:
            for highest, column in zip(found, columns, strict=True):
                np.maximum.at(highest, family, column)
        return found


@kernel("f8[:,:]", "i8[:,:]", "i8[:]", "out f8[:,:,:]")
def _add_columns(columns: Floats, segments: Ints, groups: Ints, sums: Floats) -> None:
    for column in range(len(columns)):
        for family in range(len(segments)):
            for at in range(len(groups)):
                sums[column, segments[family, at], groups[at]] += columns[column, at]


@kernel("f8[:,:]", "i8[:,:]", "out f8[:,:]")
def _add_rows(rows: Floats, segments: Ints, sums: Floats) -> None:
    for family in range(len(segments)):
        for at in range(len(rows)):
            segment = segments[family, at]
            for column in range(rows.shape[1]):
                sums[segment, column] += rows[at, column]


@dataclass
class Totals:
    """Everything that is added up of a log, or of a part of one; totals of two parts are added.

    Attributes:
        logged: outcomes as they were.
        weighted: policy -> outcomes weighted by position.
        matched: policy -> outcomes where the policy's own draw is the logged one.
        measured: policy (or `logged`, see `trimtab.abtest.ope.replay`) -> what is measured on its slates, by name.
        promised: relevance that the ranker expected of what was shown.
        unshown: policy -> what the ranker expects of what a log that never explored does not show of it; of the log's
            own, of what was shown.
        n_impossible: see `Evidence`.
        n_drawn, n_wrong: draws, and those with propensities that are not the bundle's.
        n_seedless: impressions without a seed.
        n_clicked, n_clicked_again: pages with an item that was clicked, and with another one.
    """

    logged: Weighted | None = None
    weighted: dict[str, Weighted] = field(default_factory=dict)
    matched: dict[str, Weighted] = field(default_factory=dict)
    measured: dict[str, dict[str, Weighted]] = field(default_factory=dict)
    promised: Weighted | None = None
    unshown: dict[str, Weighted] = field(default_factory=dict)
    n_impossible: int = 0
    n_drawn: int = 0
    n_wrong: int = 0
    n_seedless: int = 0
    n_clicked: int = 0
    n_clicked_again: int = 0

    @property
    def logged_outcomes(self) -> Weighted:
        assert self.logged is not None  # of a log that is not empty
        return self.logged

    def __iadd__(self, other: Totals) -> Totals:
        if self.logged is None:
            self.logged = other.logged
        elif other.logged is not None:
            self.logged += other.logged
        if self.promised is None:
            self.promised = other.promised
        elif other.promised is not None:
            self.promised += other.promised
        _merge(self.unshown, other.unshown)
        _merge(self.weighted, other.weighted)
        _merge(self.matched, other.matched)
        for name, by in other.measured.items():
            _merge(self.measured.setdefault(name, {}), by)
        self.n_impossible += other.n_impossible
        self.n_drawn += other.n_drawn
        self.n_wrong += other.n_wrong
        self.n_seedless += other.n_seedless
        self.n_clicked += other.n_clicked
        self.n_clicked_again += other.n_clicked_again
        return self


def totals_of(
    evidence: Evidence, texts: Sequence[str], segments: Segments, engine: Engine, *, logged: str, judged: Judged
) -> Totals:
    """Add a part of a log up.

    Args:
        texts: by code of the query.
        logged: the name of the log's own policy: what was shown, or its sorted slates where those are compared.
    """
    slates, drawn = evidence.slates, evidence.drawn
    rewards = rewards_of(slates, engine)
    place = Place(segments.of_slates(slates), slates.groups, len(segments.names))
    of_drawn = place.take(drawn)
    drawn_rewards = {metric: values[drawn] for metric, values in rewards.items()}
    drawn_texts = [texts[code] for code in slates.queries[drawn].tolist()]
    served = slates.rows[drawn]
    shown = {logged: served, **evidence.own_rows}
    n_clicked, n_clicked_again = clicked_pages(slates)
    return Totals(
        logged=Weighted.of(np.ones(slates.rows.shape), rewards, place),
        weighted={
            name: Weighted.of(one.weights, one.rewards, place, one.slopes)
            for name, one in weighted_rewards(evidence, engine)
        },
        matched={
            name: Weighted.of(np.cumprod(rows == served, axis=1, dtype=np.float64), drawn_rewards, of_drawn)
            for name, rows in evidence.own_rows.items()
        },
        measured={
            name: {
                what: _mean(values, what, of_drawn)
                for what, values in measured(rows, drawn_texts, evidence.ideals, judged, engine).items()
            }
            for name, rows in shown.items()
        },
        promised=_mean(evidence.promised, "relevance", of_drawn),
        unshown={
            name: Weighted.of(np.ones(slates.rows.shape), expected, place)
            for name, expected in expectations(evidence, engine, logged)
        },
        n_impossible=evidence.n_impossible,
        n_drawn=len(drawn),
        n_wrong=int(evidence.wrong_propensities.sum()),
        n_seedless=int((slates.seeds < 0).sum()),
        n_clicked=n_clicked,
        n_clicked_again=n_clicked_again,
    )


def _mean(values: Floats, name: str, place: Place) -> Weighted:
    """Sums of the values that are not missing."""
    there = np.flatnonzero(~np.isnan(values))
    return Weighted.of(np.ones((len(there), 1)), {name: values[there, None]}, place.take(there))


def _add(mine: dict[str, Floats], theirs: Mapping[str, Floats]) -> None:
    for name, table in theirs.items():
        mine[name] = mine[name] + table if name in mine else table


def _merge(mine: dict[str, Weighted], theirs: Mapping[str, Weighted]) -> None:
    for name, one in theirs.items():
        if name in mine:
            mine[name] += one
        else:
            mine[name] = one
