"""What each user did lately, in Redis: the part of a user's history that is younger than the bundle.

A list of a user's last events, the newest first, each `action:item_id`. It is fed by `POST /events` and read by each
search that names a user; both go by Redis, so all workers know the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller

from redis.client import Pipeline

from trimtab.core.records import Interaction
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.scripts import evaluate

KEY = "trimtab:recent:"
PUSH = """
for place = 3, #ARGV do
  redis.call('LPUSH', KEYS[1], ARGV[place])
end
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
MOST_EVENTS = 50
KEPT_SECONDS = 14 * 24 * 3600
EVENT_BYTES = 1000
"""About what an event takes in memory until Redis has it."""


class RecentEvents:
    """Call `follow` with what was accepted, and `of` for each search."""

    def __init__(self, redis: RedisGateway) -> None:
        self._redis = redis

    def follow(self, interactions: Sequence[Interaction]) -> None:
        """Remember new events of users, soon."""
        of_users = [one for one in interactions if one.user_id is not None]
        if of_users:
            n_bytes = EVENT_BYTES * len(of_users)
            self._redis.write_later(lambda pipeline: _push(pipeline, of_users), n_bytes=n_bytes)

    def of(self, user_id: str) -> tuple[str, ...] | None:
        """`action:item_id`, the newest first; None where Redis does not say."""
        events = self._redis.run(methodcaller("lrange", KEY + user_id, 0, MOST_EVENTS - 1))
        if not isinstance(events, list):
            return None
        return tuple(event if isinstance(event, str) else event.decode(errors="replace") for event in events)


def _push(pipeline: Pipeline, interactions: Sequence[Interaction]) -> None:
    by_key: dict[str, list[str]] = {}
    for one in interactions:
        by_key.setdefault(f"{KEY}{one.user_id}", []).append(f"{one.action}:{one.item_id}")
    for key, events in by_key.items():
        evaluate(pipeline, PUSH, [key], MOST_EVENTS, KEPT_SECONDS, *events[-MOST_EVENTS:])
