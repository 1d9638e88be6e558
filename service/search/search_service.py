"""Answers searches: a plan, the engine, the answer, and the record that subscribers are given."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from time import perf_counter

import orjson
import structlog

from trimtab.core.courtesy import answering
from trimtab.core.errors import BadInput, NotFound
from trimtab.core.records import Slate
from trimtab.engine import Engine
from trimtab.engine.plan.search_plan import Hooks
from trimtab.engine.response import response_of
from trimtab.ranker.features import USER_FEATURES
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.search.planner import Circumstances, SearchPlanner
from trimtab.service.search.records import SHOPPER, Caller, PlannedSearch, SearchCompleted, Subscriber
from trimtab.service.search.request import SearchRequest

REDIS = "redis"

_log = structlog.get_logger()


class SearchService:
    """Runs on the event loop's thread: a search is a millisecond or two of computing, and a hop to another thread costs
    more than it frees; more cores are more workers."""

    def __init__(
        self,
        planner: SearchPlanner,
        hooks: Hooks,
        redis: RedisGateway,
        *,
        log: Subscriber,
        subscribers: Sequence[Subscriber],
        on_failure: Callable[[PlannedSearch], object],
    ) -> None:
        """
        Args:
            log: given each search before it is answered; it must not block.
            subscribers: called after the log, in this order and before the answer is sent. One that fails is written
                to the process log and stops neither the others nor the answer.
            on_failure: given a search that the engine could not make, though nothing was wrong with the request.
        """
        self._planner = planner
        self._hooks = hooks
        self._redis = redis
        self._log_impression = log
        self._subscribers = tuple(subscribers)
        self._on_failure = on_failure

    @property
    def engine(self) -> Engine:
        """The engine that answers from now on."""
        return self._planner.engine

    @property
    def known_weights(self) -> tuple[str, ...]:
        """What the engine that answers can weigh."""
        return self._planner.engine.known_weights

    @answering()
    def answer(
        self,
        request: SearchRequest,
        *,
        arrived: float,
        traceparent: str | None = None,
        may_see_users: bool = False,
        may_see_values: bool = False,
        caller: Caller = SHOPPER,
    ) -> bytes:
        """The JSON of the slate, which is logged.

        Args:
            arrived: of `time.perf_counter`; the time to answer runs from there.
            traceparent: the header of that name, for the trace that this search is part of.
            may_see_users: whether `explain` may say what the user bought.
            may_see_values: whether the answer may have values of objectives that read what no shopper is shown.
            caller: who asks, which is logged.

        Raises:
            BadParameter: a weight, profile, filter, facet or offset that does not exist here.
        """
        search = self._planner.plan(request, arrived=arrived, traceparent=traceparent, caller=caller)
        engine = search.engine
        try:
            found = engine.search(search.plan, self._hooks)
        except Exception as error:
            if not isinstance(error, BadInput | NotFound):  # what a caller got wrong is not a failure of an arm
                self._on_failure(search)
            raise
        chosen_at = perf_counter()
        slate, arm = found.slate, search.arm
        degraded = slate.degraded if self._redis.is_up else (*slate.degraded, REDIS)
        private = _private(engine, may_see_values)
        response = response_of(slate, engine.store, arm=arm, hidden=_hidden(may_see_users), private=private)
        answer = orjson.dumps({**response, "degraded": degraded})
        impression = engine.impression(slate, search.timestamp, arm=arm)
        if caller is not SHOPPER:
            impression = replace(impression, channel=caller.channel, agent=caller.agent)
        self._publish(SearchCompleted(search, found.scored, slate, impression, degraded, chosen_at))
        return answer

    def look(self, request: SearchRequest, circumstances: Circumstances | None = None) -> tuple[Slate, Engine]:
        """The slate as `answer` would give it, and the engine that made it, for those who tune and define.

        No shopper sees it, so it is neither logged nor counted.

        Raises:
            BadParameter: as `answer`, or there is no such bundle.
        """
        engine, plan = self._planner.plan_preview(request, circumstances)
        return engine.search(plan, self._hooks).slate, engine

    def preview(self, request: SearchRequest, *, may_see_users: bool = False, may_see_values: bool = False) -> bytes:
        """The JSON of `look`, and of the rules that the slate obeys.

        Raises:
            BadParameter: as `answer`.
        """
        slate, engine = self.look(request)
        rules = slate.query.constraints
        obeyed = {
            "pins": {str(position): item_id for position, item_id in rules.pins.items()},
            "boosts": rules.boosts,
            "hidden": sorted(rules.exclusions),
        }
        private = _private(engine, may_see_values)
        response = response_of(slate, engine.store, hidden=_hidden(may_see_users), private=private)
        return orjson.dumps({**response, "rules": obeyed})

    async def frontier(self, request: SearchRequest, *, may_see_values: bool = False) -> bytes:
        """The JSON of the trade-offs that the request's words and filters allow.

        The batch takes as long as many searches, so it runs in a thread of its own and they go on.
        """
        engine, plan = self._planner.plan_preview(request)
        found = engine.candidates(plan, self._hooks)
        frontier = await to_thread(engine.frontier, found)
        found.watch.lap("frontier")
        private = _private(engine, may_see_values)
        took_ms = {stage: round(seconds * 1e3, 3) for stage, seconds in found.watch.total().items()}
        return orjson.dumps(
            {
                "query": found.query.text,
                "n_candidates": len(found.scored),
                "points": frontier.as_dicts(private),
                "baseline": frontier.baseline_as_dict(private),
                "bundle": engine.bundle_id,
                "took_ms": took_ms,
            }
        )

    def _publish(self, completed: SearchCompleted) -> None:
        self._log_impression(completed)
        for subscriber in self._subscribers:
            try:
                subscriber(completed)
            except Exception:  # noqa: BLE001  # the shopper's answer does not depend on those who count it
                _log.exception("a subscriber to searches failed", subscriber=getattr(subscriber, "__qualname__", "?"))


def _hidden(may_see_users: bool) -> tuple[str, ...]:
    """The features that an answer leaves out."""
    return () if may_see_users else USER_FEATURES


def _private(engine: Engine, may_see_values: bool) -> Collection[str]:
    """The objectives whose values an answer leaves out."""
    return () if may_see_values else engine.private_objectives
