"""What is kept of one user, to be exported or erased: logs, events, recent events, the feed, caches.

Rows that are being written are in segments that another thread or process has open: an export reads them, an erasure
leaves them out when they are sealed (`service.logs.erased_users`). Rows without a `user_id` name nobody and stay. What
a bundle's history holds is said, and ends with a bundle that is built without the user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from redis import Redis

from trimtab.engine import Engine
from trimtab.engine.log.impressions import FOLDER as IMPRESSIONS
from trimtab.engine.log.impressions import write_parquet
from trimtab.engine.log.interactions import INTERACTIONS, SPOOL, UNMATCHED
from trimtab.engine.log.rows import whole_lines
from trimtab.service.logs.erased_users import add_erased
from trimtab.service.logs.event_log import STREAM
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.search.candidate_cache import CandidateCache
from trimtab.service.search.recent_events import KEY as RECENT

SHADOW = "shadow"
"""The folder in the data folder that has the shadow's log."""
LOGS = (IMPRESSIONS, INTERACTIONS, UNMATCHED)
LINES_AT_ONCE = 2_000
ENTRIES_AT_ONCE = 1_000


class UserData:
    """Everything of a user that this machine keeps; other machines have data folders of their own."""

    def __init__(
        self,
        data_folder: Path,
        redis: RedisGateway,
        cache: CandidateCache,
        engines: Callable[[], Mapping[str, Engine]],
    ) -> None:
        """
        Args:
            engines: the loaded bundles by name.
        """
        self._folders = (data_folder, data_folder / SHADOW)
        self._redis = redis
        self._cache = cache
        self._engines = engines

    def export(self, user_id: str) -> dict[str, Any]:
        """All that is kept of a user, as JSON values. Reads the whole log; not for the event loop's thread."""
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in LOGS}
        for folder in self._folders:
            for name in LOGS:
                for frame in _frames(folder, name, user_id):
                    rows[name].extend(frame.iter_rows(named=True))
        recent = self._redis.run_patiently(lambda redis: redis.lrange(RECENT + user_id, 0, -1)) or []
        texts = [one.decode(errors="replace") for one in recent if isinstance(one, bytes)]
        return {**rows, "recent_events": texts, "bundles": self.bundles_with(user_id)}

    def erase(self, user_id: str) -> dict[str, int]:
        """Erase a user; returns how many rows and entries went, by where they were. Not for the event loop's thread.

        Raises:
            OSError: the disk refuses; erasing again is safe.
        """
        gone = dict.fromkeys(LOGS, 0)
        for folder in self._folders:
            if folder.is_dir():
                add_erased(folder, user_id)
            for name in LOGS:
                gone[name] += sum(_rewritten(part, user_id) for part in _parts(folder, name))
        gone["recent_events"] = self._redis.run_patiently(lambda redis: redis.delete(RECENT + user_id)) or 0
        gone["feed"] = self._redis.run_patiently(lambda redis: _taken_from_feed(redis, user_id)) or 0
        self._cache.clear()
        return gone

    def bundles_with(self, user_id: str) -> list[str]:
        """Names of the loaded bundles whose history has this user."""
        return [name for name, engine in self._engines().items() if user_id in engine.user_ids]


def _parts(folder: Path, log: str) -> Iterator[Path]:
    yield from sorted((folder / log).glob("date=*/*.parquet"))


def _frames(folder: Path, log: str, user_id: str) -> Iterator[pl.DataFrame]:
    for segment in sorted((folder / SPOOL / log).glob("*.jsonl")):
        mark = orjson.dumps(user_id)
        for lines in whole_lines(segment, LINES_AT_ONCE):
            found = [orjson.loads(line) for line in lines.splitlines() if mark in line]
            mine = [row for row in found if row.get("user_id") == user_id]
            if mine:
                yield pl.DataFrame(mine, infer_schema_length=None)
    for part in _parts(folder, log):
        if "user_id" in pl.read_parquet_schema(part):
            yield pl.scan_parquet(part).filter(pl.col("user_id") == user_id).collect()


def _rewritten(part: Path, user_id: str) -> int:
    """Write a part again without a user; returns how many rows that takes away."""
    try:
        if "user_id" not in pl.read_parquet_schema(part):
            return 0
        is_hers = pl.col("user_id").eq_missing(user_id)
        n = int(pl.scan_parquet(part).select(is_hers.sum()).collect().item())
        if n:
            write_parquet(pl.read_parquet(part).filter(~is_hers), part)
    except FileNotFoundError:
        return 0  # too old to be kept, since it was listed
    return n


def _taken_from_feed(redis: Redis, user_id: str) -> int:
    n, first = 0, "-"
    while True:
        entries: Any = redis.xrange(STREAM, first, "+", count=ENTRIES_AT_ONCE)
        if not entries:
            return n
        hers = _entries_of(entries, user_id)
        n += redis.xdel(STREAM, *hers) if hers else 0
        first = f"({entries[-1][0].decode()}"


def _entries_of(entries: Sequence[Any], user_id: str) -> list[bytes]:
    mark = b'"user_id":' + orjson.dumps(user_id)
    return [number for number, fields in entries if mark in fields.get(b"event", b"")]
