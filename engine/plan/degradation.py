"""The ladder of degradation: what a search goes without when its time is short, the least dear first.

    live_features   what the user did since the bundle was built is not read
    diversity       the weight of diversity is 0
    candidates      only the first of the candidates are ranked
    ranking         the order of retrieval is shown: rules hold, nothing is promised, nothing is drawn
    dense           words alone are looked up: neither encoder nor vectors

`engine.plan.deadline` says when. What was taken is in the slate's `degraded` and so in the log: with the same levels
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
LEVELS = (LIVE_FEATURES, DIVERSITY, CANDIDATES, RANKING, DENSE)
OTHER_CANDIDATES = frozenset({CANDIDATES, RANKING, DENSE})
"""Levels on which the ranker sees other candidates than on the ground, or none."""

FEW_CANDIDATES = 100
"""How many candidates are ranked on the level `candidates`; more where the page asked for lies deeper."""

Levels = frozenset[str]


class Pace(Protocol):
    """Says which levels to take."""

    def before(self, stage: str) -> Levels:
        """Asked before each stage; a level once taken stays taken."""


@dataclass(frozen=True, slots=True)
class Steady:
    """The same levels whatever time it takes: none, or those of a logged decision."""

    levels: Levels = frozenset()

    def before(self, stage: str) -> Levels:  # noqa: ARG002
        return self.levels


UNHURRIED = Steady()


def in_order(levels: Iterable[str]) -> tuple[str, ...]:
    """As on the ladder; what is no level is left out."""
    taken = frozenset(levels)
    return tuple(level for level in LEVELS if level in taken)
