"""What a log that never explored says of other weights: bounds, under assumptions that it cannot check.

What happened to an item is moved from where it was shown to where a policy's sorted slate has it, by an examination of
positions that is assumed, with an error (`examination.assumed`). Of an item that no such page shows nothing is known,
and no longer log makes it known: it counts as between half and twice what the ranker expects of it, at the scale of
this log's outcomes at that position. `docs/evaluation.md` has the coverage of these bounds by how pages are read, and
of the estimators beside them, which pick one value out of it (`benchmarks/evaluation/never_explored.py`).

How a page was read cannot be seen in such a log but for one thing: whether shoppers go on after a click. Where they do
not, the bounds do not hold and are not given. Where they do, nothing is ever called sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from trimtab.abtest.ope.estimators import Floats
from trimtab.abtest.ope.evidence import Evidence
from trimtab.abtest.ope.intervals import Estimate, between
from trimtab.abtest.ope.log.logged_slates import LoggedSlates
from trimtab.abtest.ope.reliability import MIN_REWARDED
from trimtab.abtest.ope.sums import Sums
from trimtab.core.counted import counted
from trimtab.engine import Engine

UNSHOWN = (0.5, 2.0)
"""How many times what the ranker expects an item that a page does not show is worth, at least and at most."""

MIN_SHOWN = 0.5
"""Below this share of a policy's slates that the log shows there are no bounds: the least that was measured is .49."""

MIN_READ_ON = 0.01
"""Below this share of the pages with a click that have another one there are no bounds."""

NEVER_EXPLORED = "this log never explored: bounds under assumptions, nothing is sure"
READ_NO_FURTHER = "hardly any page has a second click, as where reading ends with the first, and bounds do not hold"

TO_EXPLORE = (
    "This log never explored: what may change has bounds under the report's assumptions and is never sure. Exploring "
    "at a small price (`trimtab serve --explore 0.1%`) would say more."
)


@dataclass(frozen=True)
class Bounded:
    """A value with what its unshown items are worth at the least, as the ranker expects, and at the most."""

    low: Sums
    middle: Sums
    high: Sums

    @classmethod
    def exactly(cls, sums: Sums) -> Bounded:
        """A value that has nothing unshown."""
        return cls(sums, sums, sums)

    @classmethod
    def of(cls, logged: Sums, moved: Sums, unshown: Sums, sizes: Sums, scale: Floats) -> Bounded:
        """
        Args:
            logged: outcomes as they were.
            moved: outcomes of what the policy shows, where the log showed it too.
            unshown: what the ranker expects of the rest.
            sizes: the same without its sign, by which what may be a loss is bounded as well.
            scale: [k] outcomes at each position over what was expected there.
        """
        expected, size = scale * unshown.numerators, np.abs(scale) * sizes.numerators
        least, most = UNSHOWN
        centre, spread = (least + most) / 2 * expected, (most - least) / 2 * size
        fills = (centre - spread, expected, centre + spread)
        slopes = moved.slopes
        return cls(*(replace(logged, numerators=moved.numerators + fill, slopes=slopes) for fill in fills))

    def minus(self, other: Bounded) -> Bounded:
        """This value minus another, whose unshown items may be worth anything else."""
        return Bounded(self.low.minus(other.high), self.middle.minus(other.middle), self.high.minus(other.low))

    def estimate(self, *, confidence: float, **options: int) -> Estimate:
        """From the low end of the least to the high end of the most, and nothing of it sure."""
        found = between(self.low, self.middle, self.high, confidence=confidence, **options)
        return replace(found, caution=NEVER_EXPLORED)


def scale_of(logged: Sums, expected: Sums) -> Floats:
    """[k] outcomes at each position over what the ranker expected there; 0 where it expected nothing."""
    found, promised = logged.numerators.sum(axis=0), expected.numerators.sum(axis=0)
    return np.asarray(np.divide(found, promised, out=np.zeros_like(found), where=promised != 0), dtype=np.float64)


def size_of(metric: str) -> str:
    """Name of the sums of a metric's absolute values."""
    return f"size of {metric}"


def expectations(evidence: Evidence, engine: Engine, logged: str) -> Iterator[tuple[str, dict[str, Floats]]]:
    """Each policy with [n, k] by metric, and by its size, what the ranker expects of what the log does not show of it;
    of the log's own policy, of what was shown."""
    for name, gains in evidence.expected.items():
        there = (evidence.moves[name].sources >= 0) == (name == logged)
        found: dict[str, Floats] = {}
        for number, metric in enumerate(engine.objectives):
            expected = np.where(there, gains[..., number], 0.0).astype(np.float64)
            found |= {metric: expected, size_of(metric): np.abs(expected)}
        yield name, found


def clicked_pages(slates: LoggedSlates) -> tuple[int, int]:
    """How many pages have an item that was clicked, and how many another one."""
    acted = ((slates.clicks > 0) | (slates.carts > 0) | (slates.purchases > 0)).sum(axis=1)
    return int((acted > 0).sum()), int((acted > 1).sum())


def refusal(shown: float, n_rewarded: int, n_clicked: int, n_clicked_again: int) -> str | None:
    """Why there are no bounds, or None.

    Args:
        shown: share of a policy's slates that the log shows.
        n_rewarded: groups of users with a reward.
    """
    if n_rewarded < MIN_REWARDED:
        return f"{counted(n_rewarded, 'rewarded user')}, at least {MIN_REWARDED:.0f} are needed"
    if shown < MIN_SHOWN:
        return f"{shown:.0%} of its slates are in this log, which never explored; at least {MIN_SHOWN:.0%} are needed"
    return READ_NO_FURTHER if n_clicked_again < MIN_READ_ON * n_clicked else None
