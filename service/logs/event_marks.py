"""Marks in Redis by which workers agree on who writes an event: claimed by one, then written.

A claim is made before an event goes to the disk and lasts for seconds, so that what a killed worker had claimed and not
written is claimed again by who is sent it next; that an event is written is known for a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from redis import Redis

from trimtab.service.redis.clients import LOST, is_refusal
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.scripts import evaluate

KEY = b"trimtab:event:"
OURS, IS_WRITTEN = 1, 2
CLAIM = """
local found = {}
for place, key in ipairs(KEYS) do
  if redis.call('SET', key, ARGV[1], 'NX', 'EX', ARGV[2]) then
    found[place] = 1
  else
    found[place] = redis.pcall('GET', key) == ARGV[3] and 2 or 0
  end
end
return found
"""
"""A script for many events: a command for each would cost this process as much as a search for two dozen of them."""
CONFIRM = """
for _, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[1], 'EX', ARGV[2])
end
"""
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
    ours, written = set[bytes](), set[bytes]()
    for some in _by_slot(names):
        answers = _claim(redis, token, some)
        ours |= {name for name, answer in zip(some, answers, strict=True) if answer == OURS}
        written |= {name for name, answer in zip(some, answers, strict=True) if answer == IS_WRITTEN}
    return Claims(frozenset(ours), frozenset(written))


def _claim(redis: Redis, token: bytes, names: Sequence[bytes]) -> Sequence[int]:
    try:
        answers: list[int] = redis.eval(CLAIM, len(names), *map(key_of, names), token, CLAIM_SECONDS, WRITTEN)
    except LOST as error:
        if not is_refusal(error):
            raise
        # Where Redis takes no writes a claim cannot be made, and nobody else can have made one.
        marks = _marks(redis, names)
        return [OURS if marks[name] is None else IS_WRITTEN * (marks[name] == WRITTEN) for name in names]
    return answers


def _marks(redis: Redis, names: Sequence[bytes]) -> dict[bytes, object]:
    """The mark of each; None where there is none that can be read."""
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.get(key_of(name))
    marks = pipeline.execute(raise_on_error=False)
    return {name: mark if isinstance(mark, bytes) else None for name, mark in zip(names, marks, strict=True)}


def _set_written(redis: Redis, names: Iterable[bytes]) -> bool:
    pipeline = redis.pipeline(transaction=False)
    for some in _by_slot(names):
        evaluate(pipeline, CONFIRM, [*map(key_of, some)], WRITTEN, WRITTEN_SECONDS)
    pipeline.execute(raise_on_error=False)
    return True


def _released(redis: Redis, token: bytes, names: Sequence[bytes]) -> bool:
    claimed = [name for name, mark in _marks(redis, names).items() if mark == token]
    pipeline = redis.pipeline(transaction=False)
    for name in claimed:
        pipeline.delete(key_of(name))
    pipeline.execute(raise_on_error=False)
    return True


def key_of(name: bytes) -> bytes:
    """The key of an event's mark."""
    return KEY + b"{" + name[:1] + b"}" + name


def _by_slot(names: Iterable[bytes]) -> Iterable[list[bytes]]:
    """The names whose keys are on one server of a Cluster, by the part of a key in braces."""
    found: dict[bytes, list[bytes]] = {}
    for name in names:
        found.setdefault(name[:1], []).append(name)
    return found.values()
