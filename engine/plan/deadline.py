"""Deadlines: which degradation levels a search takes so that it is answered in time.

Before each stage the levels of `engine.plan.degradation` are taken in their order until the stages that are left are
expected to fit into the time that is left. A search with all levels taken is answered too, late or not.

What is expected is a running upper quantile of the seconds that each stage takes on this machine. It is a quantile and
not a mean because a deadline is missed by the slow ones; and one that a single slow run hardly moves, because one pause
of the machine is not a reason to degrade what comes after it. Each observation above the estimate raises it by `STEP`,
each below lowers it by so much less that `QUANTILE` of them are below in the long run (frugal streaming, Ma,
Muthukrishnan & Sandler 2013, with steps in proportion).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from trimtab.core.records import Query
from trimtab.core.weights import DIVERSITY as DIVERSITY_WEIGHT
from trimtab.engine.plan.degradation import (
    CANDIDATES,
    DENSE,
    DIVERSITY,
    FACETS,
    LEVELS,
    LIVE_FEATURES,
    RANKING,
    SLATE_LEVELS,
    Levels,
)
from trimtab.engine.search import Engine

STAGES = ("live", "retrieve", "rank", "choose", "facets", "respond")
LAST_CHANCE = {
    FACETS: "facets",
    LIVE_FEATURES: "live",
    DIVERSITY: "choose",
    CANDIDATES: "rank",
    RANKING: "rank",
    DENSE: "retrieve",
}
"""The last stage before which a level can still be taken."""
TIMED_APART = {"rank": "featurise"}
"""A stage with the part of it that the engine times under a name of its own."""

N_MEASURED = 3
KEPT_SHAPES = 1024
"""The most shapes and levels of searches of which the names of their costs are kept."""


QUANTILE = 0.95
STEP = 1.1
STEP_DOWN = STEP ** -((1 - QUANTILE) / QUANTILE)
DECAY = 0.995
"""Factor of an estimate each time it keeps a stage from being run, so that the stage is tried again some time."""


class StageCosts:
    """Seconds by stage and how it is done. For one thread."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def total(self, keys: Sequence[str | None]) -> float:
        """The sum of estimates; 0 for what was never observed, so that it is tried, and for None, which is not done."""
        known = self._seconds
        return sum([known[key] for key in keys if key in known])

    def observe(self, key: str, seconds: float) -> None:
        """Take in one run."""
        known = self._seconds.get(key)
        if known is None:
            self._seconds[key] = seconds
        else:
            self._seconds[key] = known * (STEP if seconds > known else STEP_DOWN)

    def decay(self, key: str | None) -> None:
        """Lower an estimate a little."""
        if key in self._seconds:
            self._seconds[key] *= DECAY


@dataclass(frozen=True, slots=True)
class Shape:
    """What a search asks for that changes what its stages cost.

    Attributes:
        is_personal: live features are to be read.
        is_diverse: diversity has a weight.
        is_constrained: a share of an objective is to be kept.
        depth_bits: length of the slate in powers of two.
        has_facets: values of facets are to be counted.
    """

    is_personal: bool
    is_diverse: bool
    is_constrained: bool
    depth_bits: int
    has_facets: bool = False

    @classmethod
    def of(cls, query: Query) -> Shape:
        """
        Args:
            query: with weights; see `trimtab.engine.bundle.storage.Bundle.with_defaults`.
        """
        constraints = query.constraints
        return cls(
            is_personal=query.user_id is not None,
            is_diverse=(query.weights or {}).get(DIVERSITY_WEIGHT, 0) > 0,
            is_constrained=constraints.max_relevance_loss is not None or bool(constraints.max_losses),
            depth_bits=(query.offset + query.k).bit_length(),
            has_facets=bool(query.facets),
        )


def cost_key(stage: str, shape: Shape, levels: Levels) -> str | None:
    """The name under which the cost of a stage is kept for such a search at these levels; None where it is left out."""
    match stage:
        case "live":
            return stage if shape.is_personal and LIVE_FEATURES not in levels else None
        case "facets":
            return stage if shape.has_facets and FACETS not in levels else None
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


@lru_cache(maxsize=KEPT_SHAPES)
def _keys(shape: Shape, levels: Levels) -> tuple[str | None, ...]:
    """`cost_key` of each of the `STAGES`."""
    return tuple(cost_key(stage, shape, levels) for stage in STAGES)


class Deadline:
    """The degradation of one search that is to be answered in time."""

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
            start: time of the clock at which the request arrived.
            seconds: how long it may take from then on.
        """
        self._costs = costs
        self._shape = shape
        self._seconds = seconds
        self._until = start + seconds
        self._clock = clock
        self._levels: Levels = frozenset()
        self._keys = _keys(shape, self._levels)

    def levels_before(self, stage: str) -> Levels:
        left = self._until - self._clock()
        first = STAGES.index(stage)
        for level in LEVELS:
            if self._costs.total(self._keys[first:]) <= left:
                break
            if self._would_save(level) and LAST_CHANCE[level] in STAGES[first:]:
                self.skip(level)
        return self._levels

    def skip(self, level: str) -> None:
        """Take a level, for whatever reason."""
        self._levels |= {level}
        self._keys = _keys(self._shape, self._levels)

    @property
    def is_past(self) -> bool:
        return self._clock() > self._until

    def learn(self, seconds: Mapping[str, float]) -> None:
        """Keep what the stages took.

        Where not even an idle service would have had the time, the estimates of all stages decay a little, so that
        those that were left out are tried again some time.
        """
        for stage, key in zip(STAGES, self._keys, strict=True):
            if key is not None and stage in seconds:
                self._costs.observe(key, seconds[stage] + seconds.get(TIMED_APART.get(stage, ""), 0.0))
        whole = _keys(self._shape, frozenset())
        if self._levels and self._costs.total(whole) > self._seconds:
            for key in whole:
                self._costs.decay(key)

    def _would_save(self, level: str) -> bool:
        """Whether the search would otherwise do what the level leaves out."""
        if level == FACETS:
            return self._shape.has_facets
        if level == LIVE_FEATURES:
            return self._shape.is_personal
        return level != DIVERSITY or self._shape.is_diverse


def measured_costs(engine: Engine) -> StageCosts:
    """The costs of the stages on this machine, from a few searches at the levels that change how a stage is done."""
    costs = StageCosts()
    if len(engine.store):
        query = Query(engine.store.titles([0])[0])
        for levels in (SLATE_LEVELS, SLATE_LEVELS[:3], ()):
            for _ in range(N_MEASURED):
                deadline = Deadline(costs, Shape.of(engine.with_defaults(query)), start=0, seconds=inf)
                for level in levels:
                    deadline.skip(level)
                deadline.learn(engine.slate(query, deadline).seconds)
    return costs
