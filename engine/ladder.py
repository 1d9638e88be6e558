"""The ladder of degradation: what a search goes without when its time is short, the least dear first.

    live_features   what the user did since the bundle was built is not read
    diversity       the weight of diversity is 0
    candidates      only the first of the candidates are ranked
    ranking         the order of retrieval is shown: rules hold, nothing is promised, nothing is drawn
    dense           words alone are looked up: neither encoder nor vectors

Before each stage the rungs are taken in this order until what is left to do is expected to fit into the time that is
left, by the running costs of the stages. The last rung is always answered, late or not. What was taken is in the
slate's `degraded` and so in the log: with the same rungs the same slate is made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from core.records import Query
from core.weights import DIVERSITY as DIVERSITY_WEIGHT
from engine.stage_costs import StageCosts

LIVE_FEATURES = "live_features"
DIVERSITY = "diversity"
CANDIDATES = "candidates"
RANKING = "ranking"
DENSE = "dense"
LADDER = (LIVE_FEATURES, DIVERSITY, CANDIDATES, RANKING, DENSE)

STAGES = ("live", "retrieve", "rank", "choose", "respond")
LAST_CHANCE = {LIVE_FEATURES: "live", DIVERSITY: "choose", CANDIDATES: "rank", RANKING: "rank", DENSE: "retrieve"}
"""The last stage before which a rung can still be taken."""

FEW_CANDIDATES = 50
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
    return tuple(rung for rung in LADDER if rung in set(rungs))


@dataclass(frozen=True, slots=True)
class Shape:
    """What a search asks for that changes what its stages cost.

    Attributes:
        is_personal: live features are to be read.
        is_diverse: diversity has a weight.
        is_constrained: `max_relevance_loss` is to be kept.
        depth_bits: length of the slate in powers of two.
    """

    is_personal: bool
    is_diverse: bool
    is_constrained: bool
    depth_bits: int

    @classmethod
    def of(cls, query: Query, default_weights: Mapping[str, float]) -> Shape:
        return cls(
            is_personal=query.user_id is not None,
            is_diverse=(query.weights or default_weights).get(DIVERSITY_WEIGHT, 0) > 0,
            is_constrained=query.constraints.max_relevance_loss is not None,
            depth_bits=(query.offset + query.k).bit_length(),
        )


def way_of(stage: str, shape: Shape, rungs: Rungs) -> str | None:
    """The name under which the cost of a stage is kept, done for such a search with these rungs; None: not done."""
    match stage:
        case "live":
            return stage if shape.is_personal and LIVE_FEATURES not in rungs else None
        case "retrieve":
            return "retrieve by words" if DENSE in rungs else stage
        case "rank":
            return None if RANKING in rungs else "rank few" if CANDIDATES in rungs else stage
        case "choose":
            diverse = "diverse " if shape.is_diverse and DIVERSITY not in rungs else ""
            constrained = "constrained " if shape.is_constrained else ""
            return f"choose {diverse}{constrained}{shape.depth_bits}"
        case _:
            return f"{stage} {shape.depth_bits}"


class Deadline:
    """The pace of one search that is to be answered in time."""

    def __init__(
        self,
        costs: StageCosts,
        shape: Shape,
        *,
        start: float,
        seconds: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """
        Args:
            start: of the clock, when the request arrived.
            seconds: from then on.
        """
        self._costs = costs
        self._shape = shape
        self._seconds = seconds
        self._until = start + seconds
        self._clock = clock
        self._rungs: Rungs = frozenset()

    def before(self, stage: str) -> Rungs:
        left = self._until - self._clock()
        to_do = STAGES[STAGES.index(stage) :]
        for rung in LADDER:
            if self._cost(to_do, self._rungs) <= left:
                break
            if self._helps(rung) and LAST_CHANCE[rung] in to_do:
                self._rungs |= {rung}
        return self._rungs

    def skip(self, rung: str) -> None:
        """Take a rung for another reason than time."""
        self._rungs |= {rung}

    @property
    def is_past(self) -> bool:
        return self._clock() > self._until

    def learn(self, seconds: Mapping[str, float]) -> None:
        """Keep what the stages took; and where not even an idle service would have had the time, doubt what is known
        of the stages that were left out, so that they are tried again some time."""
        for stage in STAGES:
            way = way_of(stage, self._shape, self._rungs)
            if way is not None and stage in seconds:
                self._costs.observe(way, seconds[stage])
        if self._rungs and self._cost(STAGES, frozenset()) > self._seconds:
            for stage in STAGES:
                self._costs.doubt(way_of(stage, self._shape, frozenset()))

    def _helps(self, rung: str) -> bool:
        """Whether the search would do what the rung leaves out."""
        if rung == LIVE_FEATURES:
            return self._shape.is_personal
        return rung != DIVERSITY or self._shape.is_diverse

    def _cost(self, stages: Iterable[str], rungs: Rungs) -> float:
        return sum(self._costs.of(way_of(stage, self._shape, rungs)) for stage in stages)
