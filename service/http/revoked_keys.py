"""The digests of keys that are revoked, for good: whatever copy of the keys comes back, these are not valid.

They are on the disk, one a line, before a revocation is answered, and in Redis for other machines. Every worker reads
both at each poll, the file also while Redis does not answer.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog
from redis import Redis

from trimtab.core.atomic import sync_folder
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.persistent_hash import FOLDER

KEY = "trimtab:revoked_keys"
DIGEST = re.compile(rb"^[0-9a-f]{64}$")

_log = structlog.get_logger()


class RevokedKeys:
    """Call `add` when a key is revoked; `in` says whether a digest was."""

    def __init__(self, redis: RedisGateway, data_folder: Path | None, on_change: Callable[[], object]) -> None:
        """Read the file, and follow it and Redis from now on.

        Args:
            data_folder: None keeps them in this process and in Redis alone.
            on_change: called when there are more.
        """
        self._file = None if data_folder is None else data_folder / FOLDER / "revoked_keys.txt"
        self._digests: set[str] = set()
        self._on_disk: set[str] = set()
        self._n_read = 0
        self._is_refused = False
        self._lock = threading.Lock()
        self._on_change: Callable[[], object] = lambda: None
        self._read_file()
        self._on_change = on_change
        redis.on_local_poll(self._read_file)
        redis.on_poll(self._follow)

    def __contains__(self, digest: str) -> bool:
        return digest in self._digests

    def add(self, digests: Iterable[str]) -> bool:
        """Revoke keys; returns whether that is on the disk now. Here they are revoked in any case."""
        new = set(digests) - self._digests
        if new:
            self._digests |= new
            self._on_change()
        return self._are_written()

    def _are_written(self) -> bool:
        """Write what is not on the disk yet; returns whether all is."""
        if self._file is None:
            return False
        with self._lock:
            missing = sorted(self._digests - self._on_disk)
            if not missing:
                return True
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._file.open("ab") as file:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    # A line of its own also after one that a kill left half written.
                    file.write("".join(f"\n{digest}\n" for digest in missing).encode())
                    file.flush()
                    os.fsync(file.fileno())
                sync_folder(self._file.parent)
            except OSError as error:
                if not self._is_refused:
                    _log.error("a revocation cannot be written to the disk", problem=error.strerror)
                self._is_refused = True
                return False
            self._is_refused = False
            self._on_disk.update(missing)
        return True

    def _read_file(self) -> None:
        """Read what other workers have added, and add what the disk has refused so far."""
        try:
            if self._file is not None and self._file.exists() and self._file.stat().st_size != self._n_read:
                written = self._file.read_bytes()
                self._n_read = len(written)
                self._learn(written.splitlines())
        except OSError:
            pass  # what was read counts on
        self._are_written()

    def _learn(self, lines: Iterable[bytes]) -> None:
        found = {line.decode() for line in lines if DIGEST.match(line)}
        self._on_disk |= found
        if found - self._digests:
            self._digests |= found
            self._on_change()

    def _follow(self, redis: Redis) -> None:
        stored = {
            digest.decode() for digest in redis.smembers(KEY) if isinstance(digest, bytes) and DIGEST.match(digest)
        }
        self.add(stored)
        missing = self._digests - stored
        if missing:
            redis.sadd(KEY, *missing)
