"""The stream in Redis by which several machines agree on the order of changes to one catalogue.

An entry's id is the version of the change (`57-0`), so that Redis itself refuses a second change of a version, and its
fields are the line of the log and that line's digest. It holds the newest changes; older ones are in the archive.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from redis import Redis

from trimtab.catalog.live.change_lines import START, ChangeLine, LogPlace, read_line
from trimtab.core.errors import BadFile, Unavailable
from trimtab.service.redis.clients import LOST, connect, is_refusal

KEY = "trimtab:catalogue:changes"
WANTED = "trimtab:catalogue:wanted"
"""The first version that a machine lacks and found neither in the stream nor in the archive."""
WANTED_SECONDS = 60
CONFIRMED = "trimtab:catalogue:confirmed"
EXTEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local version, digest = '0', ''
if #last > 0 then
  version = string.match(last[1][1], '^%d+')
  digest = last[1][2][2]
end
if version ~= ARGV[1] or digest ~= ARGV[2] then return 0 end
if #last == 0 then redis.call('DEL', KEYS[1]) end
for i = 3, #ARGV, 3 do
  redis.call('XADD', KEYS[1], ARGV[i] .. '-0', 'digest', ARGV[i + 1], 'line', ARGV[i + 2])
end
return 1
"""
"""Adds lines behind the place where the stream must end. One that lost its entries begins anew."""
BATCH = 256
PAUSE_SECONDS = 1.0
"""How long nobody asks a server again that did not answer."""
DURABLE = {"appendonly": "yes", "appendfsync": "always"}

Value = TypeVar("Value")


class ChangeStream:
    """The stream of one catalogue; every method raises Unavailable where Redis does not answer or refuses."""

    def __init__(self, url: str, *, replicas: int, timeout_seconds: float) -> None:
        """
        Args:
            replicas: how many of the server's replicas must have a change as well.
        """
        self._url, self._replicas, self._timeout_seconds = url, replicas, timeout_seconds
        self._client: Redis | None = None
        self._lost, self._lost_until = Unavailable(""), 0.0

    def end(self) -> LogPlace:
        """The place behind the last line; START where there is none."""
        last = _lines(self._ask(lambda redis: redis.xrevrange(KEY, count=1)))
        return last[0].place if last else START

    def first_version(self) -> int:
        """The version of the oldest line; 0 where there is none."""
        first = _lines(self._ask(lambda redis: redis.xrange(KEY, count=1)))
        return first[0].change.version if first else 0

    def lines_after(self, version: int, *, count: int = BATCH) -> list[ChangeLine]:
        """The lines after a version, the oldest first; the first one may be of a later version than the next."""
        return _lines(self._ask(lambda redis: redis.xrange(KEY, min=f"{version + 1}-0", count=count)))

    def wait_for_lines(self, version: int, seconds: float) -> None:
        """Return when there is a line after a version, or the time is over."""
        block = min(seconds, self._timeout_seconds / 2)
        self._ask(lambda redis: redis.xread({KEY: f"{version}-0"}, count=1, block=max(1, round(1e3 * block))))

    def extend(self, expected: LogPlace, lines: Sequence[ChangeLine]) -> bool:
        """Add lines and return True, unless the stream does not end at the expected place.

        Raises:
            Unavailable: Redis does not answer, or too few replicas have the lines in time; it may have them all the
                same.
        """
        arguments: list[int | str | bytes] = [expected.version, expected.digest]
        for line in lines:
            arguments += [line.change.version, line.place.digest, line.raw]
        if not self._replicas:
            return bool(self._ask(lambda redis: redis.eval(EXTEND, 1, KEY, *arguments)))
        added, n_replicas = self._on_one_connection("EVAL", EXTEND, 1, KEY, *arguments)
        if added:
            self._require_replicas(n_replicas)
        return bool(added)

    def confirm(self) -> None:
        """Return when the replicas have everything that was written so far."""
        if self._replicas:
            _, n_replicas = self._on_one_connection("SET", CONFIRMED, 1)
            self._require_replicas(n_replicas)

    def n_bytes(self) -> int:
        """About the memory that the stream takes."""
        return int(self._ask(lambda redis: redis.memory_usage(KEY)) or 0)

    def trim(self, first_kept: int) -> None:
        """Drop the lines before a version; never the last one."""
        first_kept = min(first_kept, self.end().version)
        self._ask(lambda redis: redis.xtrim(KEY, minid=f"{first_kept}-0", approximate=False))

    def want(self, version: int) -> None:
        """Ask other machines to put lines from a version on into the archive."""
        self._ask(lambda redis: redis.set(WANTED, version, ex=WANTED_SECONDS))

    def wanted(self) -> int | None:
        """The version that a machine has asked for."""
        found = self._ask(lambda redis: redis.get(WANTED))
        return int(found) if found is not None and found.isdigit() and len(found) < 20 else None

    def found(self) -> None:
        """Withdraw what was asked for."""
        self._ask(lambda redis: redis.delete(WANTED))

    def promises_durability(self) -> bool | None:
        """Whether Redis has a change on its disk when it answers; None where it does not say."""
        try:
            found = self._ask(lambda redis: redis.config_get("append*"))
        except Unavailable:
            return None
        return {name: found.get(name) for name in DURABLE} == DURABLE

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _on_one_connection(self, *command: int | str | bytes) -> list[int]:
        """The answers to a command that writes, and how many replicas have what it wrote."""
        milliseconds = round(1e3 * self._timeout_seconds / 2)

        def run(redis: Redis) -> list[int]:
            pipeline = redis.pipeline(transaction=False)
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            pipeline.execute_command("WAIT", self._replicas, milliseconds)  # type: ignore[no-untyped-call]
            return [int(answer) if isinstance(answer, int) else 1 for answer in pipeline.execute()]

        return self._ask(run)

    def _require_replicas(self, n_replicas: int) -> None:
        if n_replicas < self._replicas:
            raise Unavailable(
                f"the change has reached {n_replicas} of {self._replicas} replicas so far; send it again",
                retry_after_seconds=5,
            )

    def _ask(self, command: Callable[[Redis], Value]) -> Value:
        if time.monotonic() < self._lost_until:
            raise self._lost
        try:
            if self._client is None:
                self._client = connect(self._url, self._timeout_seconds)
            return command(self._client)
        except LOST as error:
            if not is_refusal(error):
                self._lost_until = time.monotonic() + PAUSE_SECONDS
            self._lost = Unavailable(
                f"the Redis that gives changes of the catalogue their order does not take them now "
                f"({type(error).__name__}); send the change again",
                retry_after_seconds=5,
            )
            raise self._lost from error


def _lines(entries: Any) -> list[ChangeLine]:
    try:
        return [_line(entry_id, fields) for entry_id, fields in entries]
    except BadFile as error:
        raise Unavailable(f"{error}; somebody else has written to it", retry_after_seconds=60) from None


def _line(entry_id: bytes, fields: Mapping[bytes, bytes]) -> ChangeLine:
    """The line of an entry that is as `EXTEND` makes it; by any other one nothing would ever go on.

    Raises:
        BadFile: it is not.
    """
    line = read_line(fields.get(b"line", b""), KEY)
    made = [(b"digest", line.place.digest.encode()), (b"line", line.raw)]
    if entry_id != b"%d-0" % line.change.version or list(fields.items()) != made:
        raise BadFile(KEY, f"has an entry {entry_id!r} that is not of the line it has")
    return line
