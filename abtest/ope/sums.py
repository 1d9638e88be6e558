"""Estimates as sums that merge: what the terms of `trimtab.abtest.ope.estimators` add up to, by group of users.

Impressions of one user are not independent, so nothing finer than a user is ever resampled. Users are hashed into
a fixed number of groups; a group is a handful of whole users, groups are independent of one another, and a table of
groups has the same size for a thousand impressions and for a billion. Tables of two partitions are added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.estimators import Floats, Terms
from trimtab.core.experiments.assignment import place

N_GROUPS = 4096

Ints = NDArray[np.int64]

NO_SLOPES: Floats = np.zeros(1)
"""The slopes of a value that rests on nothing that was estimated beforehand."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far the log's policy and the target policy show the same things; by column of the terms.

    Attributes:
        n: impressions.
        total: [m] sum of weights.
        squares: [m] sum of squared weights.
        largest: [m] largest weight.
        supported: [m] impressions with a weight above 0.
    """

    n: int
    total: Floats
    squares: Floats
    largest: Floats
    supported: Floats

    @classmethod
    def of(cls, weights: Floats) -> Overlap:
        n, m = weights.shape
        return cls(
            n=n,
            total=weights.sum(axis=0),
            squares=np.einsum("im,im->m", weights, weights),
            largest=weights.max(axis=0) if n else np.zeros(m),
            supported=(weights > 0).sum(axis=0).astype(np.float64),
        )

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            np.maximum(self.largest, other.largest),
            self.supported + other.supported,
        )

    @property
    def ess(self) -> Floats:
        """[m] Kish's effective sample size, `(sum w)^2 / sum w^2`; 0 without weight."""
        return np.divide(self.total**2, self.squares, out=np.zeros_like(self.total), where=self.squares > 0)

    @property
    def mean_weight(self) -> Floats:
        """[m] 1 in expectation where propensities are right and support is full; nan without impressions."""
        return self.total / self.n if self.n else np.full_like(self.total, np.nan)

    @property
    def support(self) -> Floats:
        """[m] share of impressions the target policy could have shown; 0 without impressions."""
        return self.supported / self.n if self.n else np.zeros_like(self.supported)


@dataclass(frozen=True, slots=True)
class Earned:
    """What was logged, without weights; by column of the terms.

    Attributes:
        absolute: [m] sum of absolute rewards: what depends on a column, even where thin overlap hides it from the
            weighted rewards.
        total, squares: [m] sums of rewards and of their squares where there is a weight.
        with_slate: [m] sums of rewards times those of their whole slates, where there is a weight.
    """

    absolute: Floats
    total: Floats
    squares: Floats
    with_slate: Floats

    @classmethod
    def of(cls, rewards: Floats, weights: Floats) -> Earned:
        return cls(*(values.sum(axis=0) for values in earned(rewards, weights)))

    def __add__(self, other: Earned) -> Earned:
        return Earned(
            self.absolute + other.absolute,
            self.total + other.total,
            self.squares + other.squares,
            self.with_slate + other.with_slate,
        )

    def variances(self, supported: Floats) -> Floats:
        """[m] of rewards where there is a weight, which is `supported` [m] times."""
        n = np.maximum(supported, 1.0)
        return np.maximum(self.squares / n - (self.total / n) ** 2, 0.0)

    def together(self, n: int) -> float:
        """How much more the rewards of n whole slates vary than if what is at one position said nothing of the others:
        the variance of their sum over the sum of their variances; 1 where they vary less."""
        mean = self.total / max(n, 1)
        alone = float((self.squares / max(n, 1) - mean**2).sum())
        of_slates = float(self.with_slate.sum() / max(n, 1) - mean.sum() ** 2)
        return max(of_slates / alone, 1.0) if alone > 0 else 1.0


def earned(rewards: Floats, weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """[n, m] each, what adds up to the columns of `Earned`."""
    weighted = np.where(weights > 0, rewards, 0.0)
    return np.abs(rewards), weighted, weighted**2, weighted * weighted.sum(axis=1, keepdims=True)


@dataclass(frozen=True, slots=True)
class Sums:
    """Terms added up by group of users: `value = sum_m signs[m] * sum_g numerators[g, m] / sum_g denominators[g, m]`.

    Attributes:
        numerators: [n_groups, m].
        denominators: [n_groups, m].
        counts: [n_groups] impressions; a group without any takes part in nothing.
        signs: [m] +1, or -1 in a difference of two values, which is the columns of both; a share where one is taken.
        overlap: of the weights behind them.
        earned: the rewards behind them, without weights.
        slopes: [d] what each of d independent standard errors of what was estimated beforehand changes the sum of
            weighted rewards by.
    """

    numerators: Floats
    denominators: Floats
    counts: Floats
    signs: Floats
    overlap: Overlap
    earned: Earned
    slopes: Floats = field(default_factory=lambda: NO_SLOPES)

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.numerators + other.numerators,
            self.denominators + other.denominators,
            self.counts + other.counts,
            self.signs,
            self.overlap + other.overlap,
            self.earned + other.earned,
            self.slopes + other.slopes,
        )

    def minus(self, other: Sums, *, share: float = 1.0) -> Sums:
        """This value minus a share of another, estimated on the same impressions, so that what they share cancels."""
        mine, theirs = self.overlap, other.overlap
        return Sums(
            np.concatenate([self.numerators, other.numerators], axis=1),
            np.concatenate([self.denominators, other.denominators], axis=1),
            self.counts,
            np.concatenate([self.signs, -share * other.signs]),
            Overlap(
                mine.n,
                np.concatenate([mine.total, theirs.total]),
                np.concatenate([mine.squares, theirs.squares]),
                np.concatenate([mine.largest, theirs.largest]),
                np.concatenate([mine.supported, theirs.supported]),
            ),
            Earned(
                np.concatenate([self.earned.absolute, other.earned.absolute]),
                np.concatenate([self.earned.total, other.earned.total]),
                np.concatenate([self.earned.squares, other.earned.squares]),
                np.concatenate([self.earned.with_slate, other.earned.with_slate]),
            ),
            self.slopes - share * other.slopes,
        )

    @property
    def reward_shares(self) -> Floats:
        """[m] share of the logged reward each column has; equal shares where there is none.

        Of the weighted reward, a column whose few heavy impressions happen to have none would count for nothing, and
        thin overlap would be praised for what it hides.
        """
        earned = self.earned.absolute
        return earned / earned.sum() if earned.sum() > 0 else np.full(len(earned), 1 / len(earned))

    @property
    def ess(self) -> float:
        """Harmonic mean of the columns' effective sample sizes, weighted by `reward_shares`."""
        shares = self.reward_shares
        sizes, shares = self.overlap.ess[shares > 0], shares[shares > 0]
        return float(1 / (shares / sizes).sum()) if (sizes > 0).all() else 0.0

    def sides(self) -> list[Sums]:
        """The values that a difference is taken of; one value by itself."""
        return [self._columns(self.signs > 0), self._columns(self.signs < 0)] if (self.signs < 0).any() else [self]

    def _columns(self, which: NDArray[np.bool_]) -> Sums:
        overlap = self.overlap
        return Sums(
            self.numerators[:, which],
            self.denominators[:, which],
            self.counts,
            np.abs(self.signs[which]),
            Overlap(
                overlap.n,
                overlap.total[which],
                overlap.squares[which],
                overlap.largest[which],
                overlap.supported[which],
            ),
            Earned(
                self.earned.absolute[which],
                self.earned.total[which],
                self.earned.squares[which],
                self.earned.with_slate[which],
            ),
        )

    @property
    def value(self) -> float | None:
        """None where a denominator is 0: without data there is no number."""
        denominators = self.denominators.sum(axis=0)
        if not (denominators > 0).all():
            return None
        return float(self.signs @ (self.numerators.sum(axis=0) / denominators))


def groups_of(unit_ids: Iterable[str], *, n_groups: int = N_GROUPS) -> Ints:
    """[n] group of each user, 0 to n_groups - 1; the unit of resampling.

    Example:
        >>> from trimtab.abtest import groups_of
        >>> groups_of(["ann", "ben", "ann"], n_groups=8).tolist()
        [7, 7, 7]
    """
    return np.fromiter((int(place("group", unit) * n_groups) for unit in unit_ids), dtype=np.int64)


def sum_by_group(values: Floats, groups: Ints, *, n_groups: int = N_GROUPS) -> Floats:
    """[n_groups, m] column sums of `values` [n, m] by group [n]."""
    columns = [np.bincount(groups, weights=values[:, m], minlength=n_groups) for m in range(values.shape[1])]
    return np.stack(columns, axis=1)


def add_up(terms: Terms, groups: Ints | None = None, *, slopes: Floats | None = None, n_groups: int = N_GROUPS) -> Sums:
    """Sums of terms by group.

    Args:
        groups: [n] int64 group of each impression's user; none makes every impression a group of its own.
        slopes: [n, d], see `Sums`.

    Example:
        >>> from trimtab.abtest import add_up, ips
        >>> sums = add_up(ips([1, 0, 1], [1.0, 2.0, 0.5]))
        >>> float(sums.value)
        0.5
        >>> sums.overlap.ess.round(2).tolist()
        [2.33]
    """
    n, m = terms.numerators.shape
    overlap, earned = Overlap.of(terms.weights), Earned.of(terms.rewards, terms.weights)
    total = NO_SLOPES if slopes is None or slopes.shape[1] == 0 else slopes.sum(axis=0)
    if groups is None:
        return Sums(terms.numerators, terms.denominators, np.ones(n), np.ones(m), overlap, earned, total)
    return Sums(
        sum_by_group(terms.numerators, groups, n_groups=n_groups),
        sum_by_group(terms.denominators, groups, n_groups=n_groups),
        np.bincount(groups, minlength=n_groups).astype(np.float64),
        np.ones(m),
        overlap,
        earned,
        total,
    )
