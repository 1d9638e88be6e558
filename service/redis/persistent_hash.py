"""A hash in Redis with a copy on the disk, from which it comes back where Redis has lost it (`FLUSHALL`, a new server).

A field of its own marks a hash whose contents are those that were left there: where the mark is missing the copy is put
back, and nothing that is in Redis is overwritten; where it is there, an empty hash is one that somebody has emptied.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import structlog
from redis import Redis

from trimtab.core.atomic import new_file
from trimtab.core.errors import Conflict
from trimtab.service.redis.clients import LOST, is_refusal

FOLDER = "definitions"
"""Folder of the copies in the data folder."""
MARK = b""
"""The field that says that nothing was lost; no name is empty."""
MAX_CHARACTERS = 4_000_000
"""What the fields of one hash may have: whoever reads it reads all of it, each worker at each poll."""
RESTORE = """
if redis.call('HEXISTS', KEYS[1], '') == 1 then return 0 end
for i = 1, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
return redis.call('HSET', KEYS[1], '', '1')
"""

_log = structlog.get_logger()


class PersistentHash:
    """The fields of one hash, all of them text."""

    def __init__(self, key: str, data_folder: Path | None) -> None:
        """Read the copy.

        Args:
            data_folder: where the copy is kept; None keeps none.
        """
        self._key = key
        self._file = None if data_folder is None else data_folder / FOLDER / f"{key.removeprefix('trimtab:')}.json"
        self._fields: Mapping[str, str] = self._copy()
        self._is_copied = True

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields as last read, from the copy where Redis was never there."""
        return self._fields

    def read(self, redis: Redis) -> Mapping[str, str]:
        """The fields in Redis; what it has lost is put back, and what is new is copied."""
        stored = redis.hgetall(self._key)
        fields: Mapping[str, str] = texts(stored)
        if MARK not in stored and (fields or self._fields):
            fields = self._restored(redis, fields)
        if fields != self._fields or not self._is_copied:
            self._fields = fields
            self._write_copy()
        return fields

    def _restored(self, redis: Redis, fields: Mapping[str, str]) -> Mapping[str, str]:
        lost = self._fields.keys() - fields.keys()
        try:
            redis.eval(RESTORE, 1, self._key, *(text for field in self._fields.items() for text in field))
        except LOST as error:
            if not is_refusal(error):
                raise
            return {**self._fields, **fields}  # it takes no writes: what was there is known here
        if lost:
            _log.warning("redis had lost what is put back now", key=self._key, n_fields=len(lost))
        return texts(redis.hgetall(self._key))

    def _copy(self) -> Mapping[str, str]:
        if self._file is None or not self._file.exists():
            return {}
        try:
            copy: dict[str, str] = orjson.loads(self._file.read_bytes())
            if all(isinstance(text, str) for text in copy.values()):
                return copy
        except (OSError, ValueError, AttributeError):
            pass
        _log.error("the copy of definitions cannot be read", file=self._file.name)
        return {}

    def _write_copy(self) -> None:
        if self._file is None:
            return
        try:
            with locked(self._file), new_file(self._file) as file:
                file.write(orjson.dumps(self._fields, option=orjson.OPT_SORT_KEYS))
            self._is_copied = True
        except OSError as error:
            if self._is_copied:
                _log.error("definitions cannot be copied to the disk", file=self._file.name, problem=error.strerror)
            self._is_copied = False


def require_room(fields: Mapping[str, str], field: str, text: str, *, what: str) -> None:
    """Check that a hash stays small with a field that is to be written.

    Args:
        what: the hash, for a reader.

    Raises:
        Conflict: it would be too large.
    """
    others = sum(len(name) + len(value) for name, value in fields.items() if name != field)
    if others + len(field) + len(text) > MAX_CHARACTERS:
        raise Conflict(f"{what} would have more than {MAX_CHARACTERS:,} characters: delete some first")


@contextmanager
def locked(copy: Path) -> Iterator[None]:
    """While one worker alone writes a copy: those of one machine have one. Makes its folder."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with copy.with_suffix(".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def texts(stored: Mapping[Any, Any]) -> dict[str, str]:
    """The fields that are text, without the mark; others were written by somebody else."""
    fields = {}
    for field, value in stored.items():
        try:
            name, text = field.decode(), value.decode()
        except UnicodeDecodeError:
            continue
        if field != MARK:
            fields[name] = text
    return fields
