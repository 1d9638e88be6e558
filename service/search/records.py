"""The records of one search: as it was planned, and as it was answered, to which others subscribe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from trimtab.core.log import Impression
from trimtab.core.records import ScoredCandidates, Slate

if TYPE_CHECKING:  # some of these subscribe to searches
    from trimtab.engine import Engine
    from trimtab.engine.plan.deadline import Deadline
    from trimtab.engine.plan.search_plan import SearchPlan
    from trimtab.service.bundles.serving import Role
    from trimtab.service.experiments.assignment import Assigned


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        channel: None for shoppers, else one of `trimtab.core.log.CHANNELS`.
        agent: how an agent names itself.
    """

    channel: str | None = None
    agent: str | None = None


SHOPPER = Caller()


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """One search as it was decided upon when its request arrived.

    Attributes:
        plan: what the engine is to do.
        deadline: the degradation of the plan, which learns from what the stages took.
        engine: the one that answers, with the catalogue as it was then.
        role: why this engine answers.
        assigned: the arms of experiments that the search is in.
        arm: what answer, log and metrics call the arms, or the canary; None outside of both.
        unit_id: the user, or else the session.
        arrived: of `time.perf_counter`.
        traceparent: the header of that name, for the trace that the search is part of.
        caller: who asks, which is logged.
    """

    plan: SearchPlan
    deadline: Deadline
    engine: Engine
    role: Role
    assigned: Assigned
    arm: str | None
    unit_id: str | None
    timestamp: datetime
    arrived: float
    traceparent: str | None
    caller: Caller = SHOPPER


@dataclass(frozen=True, slots=True)
class SearchCompleted:
    """What was asked, found and shown.

    Attributes:
        impression: the log row of the slate.
        degraded: what the search did without: levels of degradation, and `redis` where that was lost.
        chosen_at: of `time.perf_counter`, when the slate was chosen; making the answer of it comes after.
    """

    search: PlannedSearch
    scored: ScoredCandidates
    slate: Slate
    impression: Impression
    degraded: tuple[str, ...]
    chosen_at: float


Subscriber = Callable[[SearchCompleted], object]
