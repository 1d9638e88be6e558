"""One search: profile and exploration in front of the engine, cache beside it, log and metrics behind it."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from time import perf_counter

import orjson

from trimtab.core.errors import BadInput
from trimtab.core.records import Query, ScoredCandidates, Side, Slate
from trimtab.core.seeds import seed_of
from trimtab.engine import Engine
from trimtab.engine.plan.deadline import Deadline, Shape, measured_costs
from trimtab.engine.plan.degradation import LIVE_FEATURES, Pace
from trimtab.engine.response import response_of
from trimtab.engine.stages.frontier import frontier_of
from trimtab.engine.stages.interleaving import interleave
from trimtab.engine.stages.pipeline import Stopwatch
from trimtab.retrieval.filters import parse_filter
from trimtab.service.bundles.serving import Bundles, ServingBundle
from trimtab.service.bundles.shadow import Shadow
from trimtab.service.catalogue.live_catalogue import LiveCatalogue
from trimtab.service.experiments.running import Assigned, Experiments
from trimtab.service.logs.impression_log import ImpressionLog
from trimtab.service.observability.metrics import Metrics
from trimtab.service.observability.quality import Watching
from trimtab.service.observability.tracing import Tracing
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.search.candidate_cache import CandidateCache
from trimtab.service.search.profiles import DEFAULT, Profiles
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.search.recent_events import RecentEvents
from trimtab.service.search.request import SearchRequest
from trimtab.service.search.rules import Rules

REDIS = "redis"
SHARES = 1 << 63
"""Seeds are spread evenly over this many values."""


class Searching:
    """Answers search requests. Runs on the event loop's thread: a search is a millisecond or two of computing, and a
    hop to another thread costs more than it frees; more cores are more workers."""

    def __init__(
        self,
        bundles: Bundles,
        catalogue: LiveCatalogue,
        *,
        shadow: Shadow,
        redis: RedisGateway,
        cache: CandidateCache,
        profiles: Profiles,
        rules: Rules,
        experiments: Experiments,
        recent_events: RecentEvents,
        impressions: ImpressionLog,
        metrics: Metrics,
        watching: Watching,
        tracing: Tracing,
        pseudonyms: Pseudonyms,
        exploration_share: float,
        timeout_ms: float,
    ) -> None:
        self._bundles = bundles
        self._shadow = shadow
        self._catalogue = catalogue
        self._redis = redis
        self._cache = cache
        self._profiles = profiles
        self._rules = rules
        self._experiments = experiments
        self._impressions = impressions
        self._metrics = metrics
        self._watching = watching
        self._tracing = tracing
        self._pseudonyms = pseudonyms
        self._exploration_share = exploration_share
        self._recent_events = recent_events
        self._timeout_ms = timeout_ms
        self._costs = measured_costs(bundles.serving)

    @property
    def engine(self) -> Engine:
        """What answers from now on, with the catalogue as it is now; a request takes it once."""
        return self._catalogue.newest(self._bundles.serving)

    @property
    def known_weights(self) -> tuple[str, ...]:
        return self._bundles.serving.known_weights

    def answer(self, request: SearchRequest, *, start: float, traceparent: str | None = None) -> bytes:
        """The JSON of the slate, which is logged.

        Args:
            start: of `time.perf_counter`, when the request arrived: its time to answer runs from there.
            traceparent: the header of that name, for the trace that this search is part of.

        Raises:
            BadParameter: a weight, profile, filter, facet or offset that does not exist here.
        """
        now = datetime.now(UTC)
        request = self._pseudonyms.request(request)
        assigned = self._assigned(request)
        unit_id = request.user_id or request.session_id
        served = self._served(assigned, unit_id)
        engine = self._catalogue.newest(served.engine)
        query = self._query(engine, request, assigned, now)
        deadline = self._deadline(engine, query, start, request.timeout_ms or self._timeout_ms)
        try:
            scored, slate = self._decided(engine, query, deadline, self._sides(query, assigned))
        except Exception as error:
            if not isinstance(error, BadInput):  # what a caller got wrong is no failure of an arm
                self._experiments.failed(assigned)
            raise
        done = perf_counter()
        arm = f"canary/{served.name}" if served.role == "canary" else assigned.label
        degraded = slate.degraded if self._redis.is_up else (*slate.degraded, REDIS)
        line = self._impressions.record(engine.impression(slate, now, arm=arm))
        self._shadow.offer(line, unit_id or slate.decision_id)
        self._metrics.searched(slate, degraded, arm, role=served.role)
        answer = orjson.dumps({**response_of(slate, engine.store), "degraded": degraded, "arm": arm, "variant": arm})
        self._watching.saw(engine, scored, slate)
        end = perf_counter()
        self._experiments.searched(assigned, slate.decision_id, seconds=end - start, is_empty=not slate.item_ids)
        deadline.learn({**slate.seconds, "respond": end - done})
        self._tracing.searched(slate, seconds=end - start, since_slate=end - done, traceparent=traceparent)
        if deadline.is_past:
            self._metrics.searches_late.inc()
        return answer

    def preview(self, request: SearchRequest) -> bytes:
        """The JSON of the slate as `answer` gives it and of the rules it obeys, for who tunes weights.

        No shopper sees it, so it is not logged.

        Raises:
            BadParameter: as `answer`.
        """
        engine = self.engine
        query = self._query(engine, self._pseudonyms.request(request), Assigned(), datetime.now(UTC))
        _, slate = self._decided(engine, query, self._deadline(engine, query))
        rules = slate.query.constraints
        obeyed = {
            "pins": {str(position): item_id for position, item_id in rules.pins.items()},
            "boosts": rules.boosts,
            "hidden": sorted(rules.exclusions),
        }
        return orjson.dumps({**response_of(slate, engine.store), "rules": obeyed})

    async def frontier(self, request: SearchRequest) -> bytes:
        """The JSON of the trade-offs that the request's words and filters allow.

        The batch takes as long as many searches, so it runs in a thread of its own and they go on.
        """
        engine = self.engine
        query = self._query(engine, self._pseudonyms.request(request), Assigned(), datetime.now(UTC))
        watch = Stopwatch()
        pace = self._deadline(engine, query)
        query = self._with_recent(query, pace, watch)
        scored = self._scored(engine, query, watch, pace)
        frontier = await to_thread(frontier_of, engine.stage(query, scored), scored, engine.known_weights)
        watch.lap("frontier")
        took_ms = {stage: round(seconds * 1e3, 3) for stage, seconds in watch.total().items()}
        return orjson.dumps(
            {
                "query": query.text,
                "n_candidates": len(scored),
                "points": frontier.as_dicts(),
                "bundle": engine.bundle_id,
                "took_ms": took_ms,
            }
        )

    def _assigned(self, request: SearchRequest) -> Assigned:
        """The experiments' arms of a request that leaves the weights to the service."""
        if request.weights or request.mode == "attainment" or request.profile is not None:
            return Assigned()
        assigned = self._experiments.assign(user_id=request.user_id, session_id=request.session_id)
        profiles, bundles = self._profiles.all(), self._bundles.loaded
        # An arm whose profile or bundle is gone is no arm: its missing units raise the sample-ratio alarm.
        assigned = Assigned(
            tuple(
                one
                for one in assigned.arms
                if (one.profile is None or one.profile in profiles) and (one.bundle is None or one.bundle in bundles)
            )
        )
        self._experiments.count(assigned)
        return assigned

    def _served(self, assigned: Assigned, unit_id: str | None) -> ServingBundle:
        """Who answers: the bundle of the experiment's arm, or else the canary or the active one."""
        if not assigned.arms:
            return self._bundles.choose(unit_id)
        arm = None if assigned.bundle is None else self._bundles.arm(assigned.bundle)
        return arm or self._bundles.choose(None)

    def _query(self, engine: Engine, request: SearchRequest, assigned: Assigned, now: datetime) -> Query:
        if assigned.profile is None:
            profile = self._profiles.get(request.profile)
        else:  # it was there a moment ago: a shopper is not told where it went
            profile = self._profiles.all().get(assigned.profile)
        weights: Mapping[str, float] | None = request.weights or None
        if request.mode == "attainment":
            weights = engine.weights_for(request.weights)
        loss = request.max_relevance_loss
        if profile is not None:
            weights = weights or profile.weights
            loss = profile.max_relevance_loss if loss is None else loss
        filters = tuple(map(parse_filter, request.filter))
        return Query(
            text=request.q,
            k=request.k,
            offset=request.offset,
            weights=weights,
            constraints=self._rules.constraints(request.q, filters, now, max_relevance_loss=loss),
            filters=filters,
            facets=request.facets,
            user_id=request.user_id,
            session_id=request.session_id,
            explore=self._explores(request.session_id, assigned) if request.explore is None else request.explore,
            explain=request.explain,
        )

    def _explores(self, session_id: str | None, assigned: Assigned) -> bool:
        """Whole sessions explore or do not: the pages of one session are pages of one draw."""
        share = self._exploration_share if assigned.exploration_share is None else assigned.exploration_share
        if session_id is None or share == 0:
            return False
        return seed_of("exploration share", session_id) < share * SHARES

    def _deadline(self, engine: Engine, query: Query, start: float = 0.0, timeout_ms: float = inf) -> Deadline:
        return Deadline(self._costs, Shape.of(query, engine.default_weights), start=start, seconds=timeout_ms / 1e3)

    def _sides(self, query: Query, assigned: Assigned) -> dict[str, Side]:
        """What an interleaving arm compares; nothing where a pin must stay or the slate is a draw: the first side."""
        profiles = self._profiles.all()
        if query.constraints.pins or query.explore or not all(name in (None, *profiles) for _, name in assigned.sides):
            return {}
        chosen = {arm: profiles.get(name or DEFAULT) for arm, name in assigned.sides}
        return {
            arm: Side(None, query.constraints.max_relevance_loss)
            if profile is None
            else Side(profile.weights, profile.max_relevance_loss)
            for arm, profile in chosen.items()
        }

    def _decided(
        self, engine: Engine, query: Query, pace: Deadline, sides: Mapping[str, Side] | None = None
    ) -> tuple[ScoredCandidates, Slate]:
        watch = Stopwatch()
        query = self._with_recent(query, pace, watch)
        scored = self._scored(engine, query, watch, pace)
        if sides:
            return scored, interleave(engine, query, sides, scored, watch=watch, pace=pace)
        return scored, engine.choose(query, scored, watch, pace)

    def _with_recent(self, query: Query, pace: Deadline, watch: Stopwatch) -> Query:
        """The query with what its user did lately, if there is a user, the time to ask and somebody to tell."""
        if query.user_id is None or LIVE_FEATURES in pace.before("live"):
            return query
        recent = self._recent_events.of(query.user_id)
        watch.lap("live")
        if recent is None:
            pace.skip(LIVE_FEATURES)
        return replace(query, recent=recent) if recent else query

    def _scored(self, engine: Engine, query: Query, watch: Stopwatch, pace: Pace) -> ScoredCandidates:
        key = self._cache.key(engine, query)
        scored = self._cache.get(key)
        if scored is None:
            scored = engine.score(query, watch, pace)
            self._cache.put(key, scored)
        else:
            watch.lap("cache")
        return scored
