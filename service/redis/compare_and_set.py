"""A field of a hash, written only over the value that the writer has read."""

from __future__ import annotations

from redis import Redis

SCRIPT = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


def compare_and_set(redis: Redis, key: str, field: str, *, expected: bytes | None, new: bytes | str) -> bool:
    """Write `new` and return True, unless the field no longer holds `expected`; None stands for no value."""
    return bool(redis.eval(SCRIPT, 1, key, field, expected or b"", new))
