"""A hash in Redis with many fields, each copied to the disk as it is written, from where it comes back when it is lost.

`PersistentHash` writes its copy whole and is read at every poll; this is for fields that are looked up one at a time.
The same mark says that nothing was lost, and nothing that is in Redis is overwritten. The copy is a file of JSON lines
that is appended to, the last line of a field counts, and a field without a value is gone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import orjson
import structlog
from redis import Redis

from trimtab.core.atomic import new_file
from trimtab.service.redis.persistent_hash import FOLDER, MARK, locked, texts

AT_ONCE = 500
LEAST_REWRITTEN_BYTES = 1_000_000

_log = structlog.get_logger()


class CopiedHash:
    """The copy of one hash of texts; who changes a field in Redis calls `put` or `delete` afterwards."""

    def __init__(self, key: str, data_folder: Path) -> None:
        self._key = key
        self._file = data_folder / FOLDER / f"{key.removeprefix('trimtab:')}.jsonl"
        self._rewritten_at = LEAST_REWRITTEN_BYTES

    def put(self, field: str, value: str) -> None:
        """Copy a field. A disk that refuses costs the copy alone."""
        self._add({field: value})

    def delete(self, field: str) -> None:
        """Forget a field's copy."""
        self._add({field: None})

    def restore(self, redis: Redis) -> None:
        """Put back what Redis has lost, and copy what it has and the disk has not; a reader for `on_poll`."""
        if redis.hexists(self._key, MARK.decode()):
            return
        n_before, copied = redis.hlen(self._key), self._copied()
        if n_before == 0 and not copied:
            return
        fields = list(copied)
        for start in range(0, len(fields), AT_ONCE):
            pipeline = redis.pipeline(transaction=False)
            for field in fields[start : start + AT_ONCE]:
                pipeline.hsetnx(self._key, field, copied[field])
            pipeline.execute()
        there = texts(dict(redis.hscan_iter(self._key, count=AT_ONCE)))
        self._add({field: value for field, value in there.items() if copied.get(field) != value})
        redis.hset(self._key, MARK, b"1")
        if len(there) > n_before:
            _log.warning("redis had lost what is put back now", key=self._key, n_fields=len(there) - n_before)

    def _add(self, changes: Mapping[str, str | None]) -> None:
        try:
            with locked(self._file), self._file.open("ab") as file:
                # After what a killed process may have left half written.
                lines = (b"\n" + orjson.dumps(change, option=orjson.OPT_APPEND_NEWLINE) for change in changes.items())
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
                if self._file.stat().st_size > self._rewritten_at:
                    self._rewrite()
        except OSError as error:
            _log.error("fields cannot be copied to the disk", key=self._key, problem=error.strerror)

    def _rewrite(self) -> None:
        """Leave out what no longer counts."""
        copied = self._copied()
        with new_file(self._file) as file:
            file.writelines(orjson.dumps(field, option=orjson.OPT_APPEND_NEWLINE) for field in copied.items())
        self._rewritten_at = max(2 * self._file.stat().st_size, LEAST_REWRITTEN_BYTES)

    def _copied(self) -> dict[str, str]:
        """The fields of the copy."""
        found: dict[str, str | None] = {}
        if self._file.exists():
            with self._file.open("rb") as lines:
                for line in lines:
                    try:
                        field, value = orjson.loads(line)
                    except ValueError:
                        continue  # empty, or half written
                    found[field] = value
        return {field: value for field, value in found.items() if value is not None}
