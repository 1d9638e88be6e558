"""A lease in Redis: one holder at a time, who may lose it without noticing.

Each holder has a token that is larger than those before, also behind a Redis that was emptied. What a holder changes
must refuse a smaller token than the largest it knows (fencing): a machine that was frozen goes on as if it held it.
"""

from __future__ import annotations

from trimtab.service.redis.gateway import RedisGateway

TAKE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local now = redis.call('TIME')
local token = math.max(now[1] * 1000 + math.floor(now[2] / 1000), (redis.call('GET', KEYS[2]) or 0) + 1)
local text = string.format('%.0f', token)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], text, 'PX', ARGV[1])
return token
"""
RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Lease:
    """One lease; any process may ask for it."""

    def __init__(self, redis: RedisGateway, name: str, *, seconds: float) -> None:
        """
        Args:
            seconds: how long a holder that is not heard of keeps it.
        """
        self._redis = redis
        self._keys = (f"trimtab:{{{name}}}:lease", f"trimtab:{{{name}}}:token")
        self._milliseconds = round(1e3 * seconds)

    def take(self) -> int | None:
        """The token of the new holder; None where somebody holds it, or Redis does not answer."""
        found = self._redis.run_patiently(lambda redis: redis.eval(TAKE, 2, *self._keys, self._milliseconds))
        return int(found) if found else None

    def renew(self, token: int) -> bool:
        """Keep it for the whole time again; False where it is not the holder's any more, or Redis does not answer."""
        milliseconds = self._milliseconds
        return bool(self._redis.run_patiently(lambda redis: redis.eval(RENEW, 1, self._keys[0], token, milliseconds)))

    def release(self, token: int) -> None:
        """Leave it to the next one."""
        self._redis.run_patiently(lambda redis: redis.eval(RELEASE, 1, self._keys[0], token))
