"""Marks in Redis by which workers agree on who writes an event: claimed by one, then written.

A claim is made before an event goes to the disk and lasts for seconds, so that what a killed worker had claimed and not
written is claimed again by who is sent it next; that an event is written is known for a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from redis import Redis

from trimtab.service.redis.gateway import RedisGateway

KEY = b"trimtab:event:"
CLAIM_SECONDS = 5
"""Longer than a write to the disk takes."""
WRITTEN_SECONDS = 24 * 3600
WRITTEN = b"1"


@dataclass(frozen=True)
class Claims:
    """What became of names that were claimed; the others are being written by another worker.

    Attributes:
        ours: to be written here.
        written: by another worker, on its disk.
    """

    ours: frozenset[bytes]
    written: frozenset[bytes] = frozenset()


class EventMarks:
    """Call `claim`, write what is ours, then `confirm`, or `release` what could not be written."""

    def __init__(self, redis: RedisGateway) -> None:
        self._redis = redis
        self._token = uuid4().hex.encode()

    async def claim(self, names: Collection[bytes]) -> Claims:
        """Claim events by their names; while Redis does not answer all are ours."""
        claims = await self._redis.run_aside(lambda redis: _claimed(redis, self._token, list(names)))
        return Claims(frozenset(names)) if claims is None else claims

    async def confirm(self, names: Iterable[bytes]) -> None:
        """Let others know that these are on the disk."""
        await self._redis.run_aside(lambda redis: _set_written(redis, names))

    async def release(self, names: Iterable[bytes]) -> None:
        """Let others write what could not be written here."""
        await self._redis.run_aside(lambda redis: _released(redis, self._token, list(names)))


def _claimed(redis: Redis, token: bytes, names: Sequence[bytes]) -> Claims:
    # One command an event: in a Cluster they are on several servers.
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.set(KEY + name, token, nx=True, ex=CLAIM_SECONDS)
    answers = dict(zip(names, pipeline.execute(raise_on_error=False), strict=True))
    ours = {name for name, answer in answers.items() if answer is True}
    rest = [name for name in names if name not in ours]
    marks = _marks(redis, rest)
    # Where Redis takes no writes a claim cannot be made, and nobody else can have made one.
    ours |= {name for name in rest if isinstance(answers[name], Exception) and marks[name] is None}
    return Claims(frozenset(ours), frozenset(name for name in rest if marks[name] == WRITTEN))


def _marks(redis: Redis, names: Sequence[bytes]) -> dict[bytes, object]:
    """The mark of each; None where there is none that can be read."""
    if not names:
        return {}
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.get(KEY + name)
    marks = pipeline.execute(raise_on_error=False)
    return {name: mark if isinstance(mark, bytes) else None for name, mark in zip(names, marks, strict=True)}


def _set_written(redis: Redis, names: Iterable[bytes]) -> bool:
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.set(KEY + name, WRITTEN, ex=WRITTEN_SECONDS)
    pipeline.execute(raise_on_error=False)
    return True


def _released(redis: Redis, token: bytes, names: Sequence[bytes]) -> bool:
    claimed = [name for name, mark in _marks(redis, names).items() if mark == token]
    pipeline = redis.pipeline(transaction=False)
    for name in claimed:
        pipeline.delete(KEY + name)
    pipeline.execute(raise_on_error=False)
    return True
