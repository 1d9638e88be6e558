"""Degradation levels: what a search leaves out when its time is short, the least expensive loss first.

    facets          the values of the facets are not counted
    live_features   what the user did since the bundle was built is not read
    diversity       the weight of diversity is 0
    candidates      only the first of the candidates are ranked
    ranking         the order of retrieval is shown: rules hold, nothing is promised, nothing is drawn
    dense           only words are looked up: neither encoder nor vectors

and, where candidates are looked up on other machines,

    remote          they are not asked: candidates are found by words, in this process, and ranked as ever

`engine.plan.deadline` decides when; `remote` is taken when they do not answer. The levels that made a difference are in
the slate's `degraded` and so in the log: the same levels make the same slate again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

FACETS = "facets"
LIVE_FEATURES = "live_features"
DIVERSITY = "diversity"
CANDIDATES = "candidates"
RANKING = "ranking"
DENSE = "dense"
REMOTE = "remote"
SLATE_LEVELS = (LIVE_FEATURES, DIVERSITY, CANDIDATES, RANKING, DENSE)
"""Levels that may show another slate than without degradation."""
LEVELS = (FACETS, *SLATE_LEVELS)
LOGGED_LEVELS = (*LEVELS, REMOTE)
OTHER_CANDIDATES = frozenset({CANDIDATES, RANKING, DENSE, REMOTE})
"""Levels at which the ranker is given other candidates than without degradation, or none."""

FEW_CANDIDATES = 100
"""How many candidates are ranked at the level `candidates`; more where the page asked for is deeper."""

Levels = frozenset[str]


class Degradation(Protocol):
    """Decides, stage by stage, what one search leaves out."""

    def levels_before(self, stage: str) -> Levels:
        """The levels in force, asked for before each stage; a level once taken stays taken."""

    def skip(self, level: str) -> None:
        """Take a level for another reason than time."""


@dataclass(frozen=True, slots=True)
class FixedLevels:
    """The same levels whatever happens: none, or those of a logged decision."""

    levels: Levels = frozenset()

    def levels_before(self, stage: str) -> Levels:  # noqa: ARG002  # they hold for every stage
        return self.levels

    def skip(self, level: str) -> None:
        """Changes nothing: the levels are fixed."""


NO_DEGRADATION = FixedLevels()
