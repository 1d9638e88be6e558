"""One search as it was decided upon before it began, and what the engine may call while it searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trimtab.core.records import Query, ScoredCandidates, Side, Slate
from trimtab.core.work.stopwatch import Stopwatch
from trimtab.engine.plan.degradation import NO_DEGRADATION, Degradation
from trimtab.retrieval.result_set import ResultSet


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What to search for and how.

    Attributes:
        degradation: what is left out, as time goes by.
        sides: the rankings to interleave, by name; empty for one ranking.
    """

    query: Query
    degradation: Degradation = NO_DEGRADATION
    sides: Mapping[str, Side] = field(default_factory=dict)


class CandidateStore(Protocol):
    """Keeps scored candidates between searches."""

    def key(self, state: str, query: Query) -> bytes:
        """What the scored candidates of a query depend on, in one state of the engine.

        The state (bundle, catalogue and market), the words and how they are understood, the item it is related to,
        filters, the user and their recent events, pinned items, the moment; where variants are grouped, which grouping
        and the excluded items. Whatever else makes candidates differ belongs here.
        """

    def get(self, key: bytes, fits: Callable[[ScoredCandidates], bool]) -> ScoredCandidates | None:
        """The entry; None where there is none, or what others left there does not fit."""

    def put(self, key: bytes, scored: ScoredCandidates) -> None:
        """Keep an entry."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the engine calls between its stages; without one it goes on as if there were nothing to know.

    Attributes:
        recent_events: what a user did since the bundle was built, as `Query.recent`; None where nobody can say.
    """

    candidates: CandidateStore | None = None
    recent_events: Callable[[str], tuple[str, ...] | None] | None = None


NO_HOOKS = Hooks()


@dataclass(frozen=True, slots=True)
class ScoredSearch:
    """The first half of a search: all that depends on nothing but the key of a `CandidateCache`.

    Attributes:
        query: with the user's recent events.
        results: the result set, where the page needed it.
    """

    query: Query
    scored: ScoredCandidates
    watch: Stopwatch
    results: ResultSet | None = None


@dataclass(frozen=True, slots=True)
class EngineResult:
    """What a search found and what it shows of it."""

    scored: ScoredCandidates
    slate: Slate
