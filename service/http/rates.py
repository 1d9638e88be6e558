"""Requests a minute of one name, counted by all workers together; where Redis does not count, by each its part."""

from __future__ import annotations

import time
from collections import Counter

from redis import Redis

from trimtab.core.errors import TooMany
from trimtab.service.redis.gateway import RedisGateway

WINDOW_SECONDS = 60


class Rates:
    """Counts requests in windows of a minute."""

    def __init__(self, redis: RedisGateway, *, workers: int = 1) -> None:
        """
        Args:
            workers: how many share the limits where Redis does not count.
        """
        self._redis = redis
        self._workers = workers
        self._window = 0
        self._requests: Counter[str] = Counter()

    def count(self, name: str, per_minute: int, *, what: str) -> None:
        """Count a request of this name.

        Args:
            what: the subject of the sentence where it is refused, as in "this key may ask".

        Raises:
            TooMany: it was one too many in this minute.
        """
        window, elapsed = divmod(time.time(), WINDOW_SECONDS)
        n_here = self._n_here(name, int(window))
        counter = f"trimtab:requests:{name}:{int(window)}"
        n_requests = self._redis.run(lambda redis: _counted(redis, counter))
        if isinstance(n_requests, int):
            is_too_many = max(n_requests, n_here) > per_minute
        else:
            is_too_many = n_here > max(1, per_minute // self._workers)
        if is_too_many:
            raise TooMany(f"{what} {per_minute} times a minute", retry_after_seconds=WINDOW_SECONDS - elapsed)

    def _n_here(self, name: str, window: int) -> int:
        """This worker's requests of a name in this minute, with this one."""
        if window != self._window:
            self._window, self._requests = window, Counter()
        self._requests[name] += 1
        return self._requests[name]


def _counted(redis: Redis, counter: str) -> int:
    """The counter after one more request; it is made with its time to live, so that none outlives its window."""
    pipeline = redis.pipeline(transaction=True)
    pipeline.set(counter, 0, ex=2 * WINDOW_SECONDS, nx=True)
    pipeline.incr(counter)
    return int(pipeline.execute()[-1])
