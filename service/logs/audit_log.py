"""The audit log: what admins did and who was refused, in `<data folder>/audit/`, apart from the process's own log.

One JSON object a line: `at`, `who` (the name of a key; null for nobody that is known), `did` (method and path),
`status`, and what it was about `before` and `after`. A line is on the disk before the request is answered. Of refusals
each worker writes a limited number a minute and counts the others (`omitted`), so that nobody fills the disk by
being refused.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import structlog

FOLDER, FILE = "audit", "audit.jsonl"
FILE_BYTES = 10_000_000
"""A file that is larger gets a number, and a new one is begun."""
N_FILES = 10
"""Files with a number that are kept."""
REFUSALS_PER_MINUTE = 60
MAX_PATH = 300

_log = structlog.get_logger()


class AuditLog:
    """The writer of one process; those of one machine share the file."""

    def __init__(self, data_folder: Path) -> None:
        self._folder = data_folder / FOLDER
        self._lock = threading.Lock()
        self._minute = 0
        self._n_refusals = 0
        self._n_omitted = 0

    def record(self, who: str | None, did: str, status: int, *, before: object = None, after: object = None) -> None:
        """Write down an action; one that cannot be written is in the process's log as an error.

        Args:
            before, after: what it was about, as JSON values; None where there was, or is, nothing.
        """
        line = {"at": datetime.now(UTC), "who": who, "did": did[:MAX_PATH], "status": status}
        self._append({**line, "before": before, "after": after})

    def refuse(self, who: str | None, did: str, status: int) -> None:
        """Write down a refusal, or count it where there are too many."""
        minute = int(time.time() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._n_refusals = minute, 0
            self._n_refusals += 1
            if self._n_refusals > REFUSALS_PER_MINUTE:
                self._n_omitted += 1
                return
            omitted, self._n_omitted = self._n_omitted, 0
        line: dict[str, object] = {"at": datetime.now(UTC), "who": who, "did": did[:MAX_PATH], "status": status}
        self._append({**line, "omitted": omitted} if omitted else line)

    def _append(self, line: dict[str, object]) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._lock, (self._folder / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                path = self._folder / FILE
                if path.exists() and path.stat().st_size > FILE_BYTES:
                    self._rotate()
                with path.open("ab") as file:
                    file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            _log.error("the audit log cannot be written", problem=error.strerror)

    def _rotate(self) -> None:
        for number in range(N_FILES - 1, 0, -1):
            earlier = self._folder / f"audit.{number}.jsonl"
            if earlier.exists():
                earlier.replace(self._folder / f"audit.{number + 1}.jsonl")
        (self._folder / FILE).replace(self._folder / "audit.1.jsonl")
