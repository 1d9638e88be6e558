"""Named definitions in Redis, changed by one worker while others and its own polls read them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from tests.support.redis_servers import RedisProcess
from trimtab.core.errors import NotFound
from trimtab.service.experiments.definition import Experiment
from trimtab.service.experiments.running import Experiments
from trimtab.service.observability.metrics import Metrics
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.search.profiles import Profile, Profiles

MARGIN = Profile(weights={"revenue": 1.0})
HALVES = Experiment.model_validate({"arms": {"control": {"share": 0.5}, "margin": {"share": 0.5}}})


@contextmanager
def worker(redis: RedisProcess, *, poll_seconds: float) -> Iterator[RedisGateway]:
    state = RedisGateway(redis.url, timeout_seconds=2, poll_seconds=poll_seconds)
    try:
        yield state
    finally:
        state.stop()


class Slow:
    """A client whose answers are a while on their way."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.has_asked = threading.Event()
        self.go_on = threading.Event()

    def hgetall(self, key: str) -> object:
        found = self._redis.hgetall(key)
        self.has_asked.set()
        self.go_on.wait(0.5)  # the change cannot be answered before it where changes wait for the poll
        return found


def test_a_change_is_not_undone_by_a_poll_that_asked_before_it(module_redis: RedisProcess) -> None:
    with worker(module_redis, poll_seconds=60) as state, module_redis.client() as redis:
        profiles = Profiles(state)
        state.start()
        asyncio.run(profiles.put("margin", MARGIN))
        asyncio.run(profiles.put("other", MARGIN))
        redis.hdel("trimtab:profiles", "other")
        slow = Slow(redis)
        poll = threading.Thread(target=profiles._refresh, args=(slow,))  # noqa: SLF001  # a poll that has read and not yet taken effect
        poll.start()
        slow.has_asked.wait()
        asyncio.run(profiles.delete("margin"))
        slow.go_on.set()
        poll.join()
        assert not profiles.all()


def test_what_another_worker_defined_or_forgot_a_moment_ago(module_redis: RedisProcess) -> None:
    with worker(module_redis, poll_seconds=60) as one, worker(module_redis, poll_seconds=60) as two:
        here, there = Profiles(one), Profiles(two)
        one.start()
        two.start()
        asyncio.run(there.put("margin", MARGIN))
        asyncio.run(here.delete("margin"))
        with pytest.raises(NotFound, match="there is no profile 'margin'"):
            asyncio.run(there.delete("margin"))


def test_an_experiment_ends_while_its_searches_are_answered(module_redis: RedisProcess) -> None:
    with worker(module_redis, poll_seconds=60) as state:
        experiments = Experiments(state, Metrics())
        state.start()
        asyncio.run(experiments.put("halves", HALVES))
        assigned = experiments.assign(user_id=None, session_id="visit")
        asyncio.run(experiments.delete("halves"))
        assert not experiments.assign(user_id=None, session_id="visit").arms
        experiments.count(assigned)
        experiments.searched(assigned, "d", seconds=0.001, is_empty=False)
        experiments.failed(assigned)
        assert assigned.label in {"halves/control", "halves/margin"}
