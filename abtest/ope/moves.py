"""What happened to items, moved from where a log showed them to where a policy would, sorted.

Under a position-based model (`trimtab.abtest.ope.examination`) the outcome of an item that the log drew to position p
counts at its place t in the policy's slate as `examination[t] / sum_q examination[q] standing[q]` times, `standing`
being the chance with which the log shows it at each position (the estimator for position-based models of Li et al.
2018). It is split into an importance weight, `examination[p] / sum_q examination[q] standing[q]`, which is 1 on average
at each t, and an outcome as it would be at t, `examination[t] / examination[p]` times what was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.log.logged_slates import LoggedSlates
from trimtab.abtest.ope.sums import Ints
from trimtab.core.log import BY_POSITION
from trimtab.ranker.slate.exploration import stratified
from trimtab.ranker.slate.log_policy import QueryContexts, SlatePolicy

N_DRAWS = 8
"""Draws of the logging policy that chances to stand at a position are averaged over: of a log's many lists, each has an
error of its own. `benchmarks/evaluation/sorted_slates.py` finds the same with 64."""

TURNS = 1e3
LISTS_AT_ONCE = 256

NOWHERE = -1


@dataclass(frozen=True)
class Moves:
    """From where to take what a policy shows.

    Attributes:
        sources: [n, k] logged position of the item that the policy shows at each, `NOWHERE` where it was not shown.
        weights: [n, k] importance weights; 0 where it was not shown, 1 beyond the slate's end.
    """

    sources: NDArray[np.int8]
    weights: Floats

    @classmethod
    def none(cls, n: int, k: int) -> Moves:
        return cls(np.full((n, k), NOWHERE, dtype=np.int8), np.ones((n, k)))

    def take(self, which: NDArray[Any]) -> Moves:
        return Moves(self.sources[which], self.weights[which])

    def fill(self, at: Ints, shown: Ints, wanted: Ints, expected: Floats, examination: Floats) -> None:
        """Fill in some impressions.

        Args:
            at: [m] where they stand.
            shown, wanted: [m, length] candidates that the log and the policy show.
            expected: [m, n] expected examination of each candidate in the log.
            examination: [length].
        """
        is_same = wanted[:, :, None] == shown[:, None, :]
        there, sources = is_same.any(axis=2), is_same.argmax(axis=2)
        places = np.ix_(at, np.arange(shown.shape[1]))
        self.sources[places] = np.where(there, sources, NOWHERE)
        seen = np.take_along_axis(expected, wanted, axis=1)
        self.weights[places] = np.divide(examination[sources], seen, out=np.zeros(seen.shape), where=there & (seen > 0))

    def slates(self, slates: LoggedSlates) -> LoggedSlates:
        """The policy's slates with what happened to their items; nothing stands where an item was not shown."""
        there = self.sources >= 0
        moved = {
            name: np.where(there, np.take_along_axis(getattr(slates, name), self._at, axis=1), nothing)
            for name, nothing in {"rows": NOWHERE, **BY_POSITION}.items()
            if name != "propensities"
        }
        return replace(slates, **moved)

    def rewards(
        self, rewards: Mapping[str, Floats], seen: Mapping[str, bool], examination: Floats
    ) -> dict[str, Floats]:
        """Rewards of `slates` as they would be where the policy shows them.

        Args:
            rewards: metric -> [n, k].
            seen: metric -> whether it takes somebody who looks.
        """
        chances = examination[: self.sources.shape[1]]
        factors = np.where(self.sources >= 0, chances / chances[self._at], 0.0)
        return {metric: values * factors if seen[metric] else values for metric, values in rewards.items()}

    def slopes(self, earned: Floats, spread: Floats) -> Floats:
        """[n, d] what errors of the examination change weighted rewards of `rewards` by.

        As much as the logarithm of a position's examination is too large, what is shown there counts too much, and what
        is taken from there too little.

        Args:
            earned: [n, k] importance weights times rewards.
            spread: as in `trimtab.abtest.ope.examination.Examination`.
        """
        n, k = earned.shape
        taken = np.bincount((np.arange(n)[:, None] * k + self._at).ravel(), weights=earned.ravel(), minlength=n * k)
        return np.asarray((earned - taken.reshape(n, k)) @ spread[:k], dtype=np.float64)

    @property
    def _at(self) -> Ints:
        return np.maximum(self.sources, 0).astype(np.int64)


def standings(policy: SlatePolicy, contexts: QueryContexts, users: Ints, k: int, *, n_draws: int = N_DRAWS) -> Floats:
    """[len(users), n, k] chance of each candidate to stand at each position of what a policy draws."""
    # Numbers turned by as much as a list says, so that the errors of different lists are different.
    turn = np.modf(contexts.gains.sum(axis=(1, 2), dtype=np.float64)[users] * TURNS)[0]
    numbers = stratified(n_draws, k) + np.modf(turn[:, None, None] * np.arange(1, k + 1))[0]
    return policy.standings(contexts, users, numbers % 1.0)


def expected_examination(policy: SlatePolicy, contexts: QueryContexts, users: Ints, examination: Floats) -> Floats:
    """[len(users), n] expected examination of each candidate under a policy that draws as many as there are chances."""
    blocks = [users[start : start + LISTS_AT_ONCE] for start in range(0, len(users), LISTS_AT_ONCE)]
    found = [standings(policy, contexts, some, len(examination)) @ examination for some in blocks]
    return np.concatenate(found) if found else np.zeros((0, len(contexts.rows)))
