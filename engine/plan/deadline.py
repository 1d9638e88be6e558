"""When a search goes without what: it has so much time, and the stages are known to take so much.

Before each stage the levels of `engine.plan.degradation` are taken in their order until what is left to do is expected
to fit into the time that is left. The last level is always answered, late or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf

from trimtab.core.records import Query
from trimtab.core.weights import DIVERSITY as DIVERSITY_WEIGHT
from trimtab.engine.plan.degradation import CANDIDATES, DENSE, DIVERSITY, LEVELS, LIVE_FEATURES, RANKING, Levels
from trimtab.engine.plan.stage_costs import StageCosts
from trimtab.engine.search import Engine

STAGES = ("live", "retrieve", "rank", "choose", "respond")
LAST_CHANCE = {LIVE_FEATURES: "live", DIVERSITY: "choose", CANDIDATES: "rank", RANKING: "rank", DENSE: "retrieve"}
"""The last stage before which a level can still be taken."""
BEFORE = {"rank": "featurise"}
"""What the engine times apart and is one stage here."""

N_MEASURED = 3


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


def way_of(stage: str, shape: Shape, levels: Levels) -> str | None:
    """The name under which the cost of a stage is kept, done for such a search with these levels; None: not done."""
    match stage:
        case "live":
            return stage if shape.is_personal and LIVE_FEATURES not in levels else None
        case "retrieve":
            return "retrieve by words" if DENSE in levels else stage
        case "rank":
            return None if RANKING in levels else "rank few" if CANDIDATES in levels else stage
        case "choose":
            diverse = "diverse " if shape.is_diverse and DIVERSITY not in levels else ""
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
        self._rungs: Levels = frozenset()

    def before(self, stage: str) -> Levels:
        left = self._until - self._clock()
        to_do = STAGES[STAGES.index(stage) :]
        for level in LEVELS:
            if self._cost(to_do, self._rungs) <= left:
                break
            if self._helps(level) and LAST_CHANCE[level] in to_do:
                self._rungs |= {level}
        return self._rungs

    def skip(self, level: str) -> None:
        """Take a level for another reason than time."""
        self._rungs |= {level}

    @property
    def is_past(self) -> bool:
        return self._clock() > self._until

    def learn(self, seconds: Mapping[str, float]) -> None:
        """Keep what the stages took; and where not even an idle service would have had the time, doubt what is known
        of the stages that were left out, so that they are tried again some time."""
        for stage in STAGES:
            way = way_of(stage, self._shape, self._rungs)
            if way is not None and stage in seconds:
                self._costs.observe(way, seconds[stage] + seconds.get(BEFORE.get(stage, ""), 0.0))
        if self._rungs and self._cost(STAGES, frozenset()) > self._seconds:
            for stage in STAGES:
                self._costs.doubt(way_of(stage, self._shape, frozenset()))

    def _helps(self, level: str) -> bool:
        """Whether the search would do what the level leaves out."""
        if level == LIVE_FEATURES:
            return self._shape.is_personal
        return level != DIVERSITY or self._shape.is_diverse

    def _cost(self, stages: Iterable[str], levels: Levels) -> float:
        return sum(self._costs.of(way_of(stage, self._shape, levels)) for stage in stages)


def measured_costs(engine: Engine) -> StageCosts:
    """What the stages take on this machine, from a few searches on the levels that change how a stage is done."""
    costs = StageCosts()
    if len(engine.store):
        query = Query(engine.store.titles([0])[0])
        for levels in (LEVELS, LEVELS[:3], ()):
            for _ in range(N_MEASURED):
                pace = Deadline(costs, Shape.of(query, engine.default_weights), start=0, seconds=inf)
                for level in levels:
                    pace.skip(level)
                pace.learn(engine.search(query, pace).seconds)
    return costs
