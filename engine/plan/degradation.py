"""The ladder of degradation: what a search goes without when its time is short, the least dear first.

    live_features   what the user did since the bundle was built is not read
    diversity       the weight of diversity is 0
    candidates      only the first of the candidates are ranked
    ranking         the order of retrieval is shown: rules hold, nothing is promised, nothing is drawn
    dense           words alone are looked up: neither encoder nor vectors

`engine.plan.deadline` says when. What was taken is in the slate's `degraded` and so in the log: with the same rungs
the same slate is made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

LIVE_FEATURES = "live_features"
DIVERSITY = "diversity"
CANDIDATES = "candidates"
RANKING = "ranking"
DENSE = "dense"
LADDER = (LIVE_FEATURES, DIVERSITY, CANDIDATES, RANKING, DENSE)
OTHER_CANDIDATES = frozenset({CANDIDATES, RANKING, DENSE})
"""Rungs on which the ranker sees other candidates than on the ground, or none."""

FEW_CANDIDATES = 100
"""How many candidates are ranked on the rung `candidates`; more where the page asked for lies deeper."""

Rungs = frozenset[str]


class Pace(Protocol):
    """Says which rungs to take."""

    def before(self, stage: str) -> Rungs:
        """Asked before each stage; a rung once taken stays taken."""


@dataclass(frozen=True, slots=True)
class Steady:
    """The same rungs whatever time it takes: none, or those of a logged decision."""

    rungs: Rungs = frozenset()

    def before(self, stage: str) -> Rungs:  # noqa: ARG002
        return self.rungs


UNHURRIED = Steady()


def in_order(rungs: Iterable[str]) -> tuple[str, ...]:
    """As on the ladder; what is no rung is left out."""
    taken = frozenset(rungs)
    return tuple(rung for rung in LADDER if rung in taken)
