"""One search: profile and exploration in front of the engine, cache beside it, log and metrics behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from core.policy import seed_of
from core.records import Constraints, Query, Slate
from engine import Engine
from engine.pipeline import Stopwatch
from engine.response import response_of
from retrieval.filters import parse_filter
from service.candidate_cache import CandidateCache
from service.impression_log import ImpressionLog
from service.profiles import Profiles
from service.search_request import SearchRequest
from service.state import State
from service.telemetry import Telemetry

REDIS = "redis"
SHARES = 1 << 63
"""Seeds are spread evenly over this many values."""


class Searching:
    """Answers search requests. Runs on the event loop's thread: a search is a millisecond or two of computing, and a
    hop to another thread costs more than it frees; more cores are more workers."""

    def __init__(
        self,
        engine: Engine,
        *,
        state: State,
        cache: CandidateCache,
        profiles: Profiles,
        impressions: ImpressionLog,
        telemetry: Telemetry,
        exploration_share: float,
    ) -> None:
        self._engine = engine
        self._state = state
        self._cache = cache
        self._profiles = profiles
        self._impressions = impressions
        self._telemetry = telemetry
        self._exploration_share = exploration_share

    @property
    def known_weights(self) -> tuple[str, ...]:
        return self._engine.known_weights

    def answer(self, request: SearchRequest) -> bytes:
        """The JSON of the slate, which is logged.

        Raises:
            BadParameter: a weight, profile, filter, facet or offset that does not exist here.
        """
        slate = self._slate(self._query(request))
        degraded = slate.degraded if self._state.is_up else (*slate.degraded, REDIS)
        self._impressions.record(self._engine.impression(slate, datetime.now(UTC)))
        self._telemetry.searched(slate, degraded)
        return orjson.dumps({**response_of(slate, self._engine.store), "degraded": degraded})

    def _query(self, request: SearchRequest) -> Query:
        profile = self._profiles.get(request.profile)
        weights: Mapping[str, float] | None = request.weights or None
        loss = request.max_relevance_loss
        if profile is not None:
            weights = weights or profile.weights
            loss = profile.max_relevance_loss if loss is None else loss
        return Query(
            text=request.q,
            k=request.k,
            offset=request.offset,
            weights=weights,
            constraints=Constraints(max_relevance_loss=loss),
            filters=tuple(map(parse_filter, request.filter)),
            facets=request.facets,
            user_id=request.user_id,
            session_id=request.session_id,
            explore=self._explores(request.session_id) if request.explore is None else request.explore,
            explain=request.explain,
        )

    def _explores(self, session_id: str | None) -> bool:
        """Whole sessions explore or do not: the pages of one session are pages of one draw."""
        if session_id is None or self._exploration_share == 0:
            return False
        return seed_of("exploration share", session_id) < self._exploration_share * SHARES

    def _slate(self, query: Query) -> Slate:
        watch = Stopwatch()
        key = self._cache.key(query)
        scored = self._cache.get(key)
        if scored is None:
            scored = self._engine.score(query, watch)
            self._cache.put(key, scored)
        else:
            watch.lap("cache")
        return self._engine.choose(query, scored, watch)
