"""How long the data folder keeps what was logged, and how much of it: the oldest finished files go first.

Only files that a journal finished are ever removed. What still spools (events that are acknowledged and not compacted
among it) and what bears another name is counted for the quota, and stays. Each file removed is counted.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from trimtab.engine.log.impressions import FOLDER as IMPRESSIONS
from trimtab.engine.log.interactions import INTERACTIONS, SPOOL, UNMATCHED
from trimtab.service.bundles.shadow import FOLDER as SHADOW
from trimtab.service.logs.journal import begun_on
from trimtab.service.one_worker import one_worker

KEPT = (IMPRESSIONS, INTERACTIONS, UNMATCHED, "tracked", "pages", f"{SHADOW}/{IMPRESSIONS}")
"""The folders of finished files in the data folder; what `log` is called in the metric."""
LOOK_SECONDS = 60.0
LOCK = "retention.lock"

Observe = Callable[[str, str], None]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Part:
    log: str
    path: Path
    begun: date
    n_bytes: int


class Retention:
    """Looks in every worker now and then; one at a time removes."""

    def __init__(self, data_folder: Path, observe: Observe, *, keep_days: float, max_bytes: int) -> None:
        """
        Args:
            observe: is given the log and the reason (`age` or `quota`) of each file removed.
            keep_days: how old a file may be by the day it was begun; 0 for any age.
            max_bytes: the most for the files of all logs together; 0 for any size.
        """
        self._folder = data_folder
        self._observe = observe
        self._keep_days = keep_days
        self._max_bytes = max_bytes
        # A clock that is set ahead while this runs makes nothing old.
        self._started, self._started_monotonic = datetime.now(UTC), time.monotonic()

    def look(self) -> None:
        """Enforce what is kept, or say why that cannot be; to be called every `LOOK_SECONDS`."""
        try:
            self.enforce()
        except OSError as error:
            _log.error("old logs cannot be removed", problem=error.strerror)

    def enforce(self, today: date | None = None) -> None:
        """Remove what is too old, then the oldest until the rest fits."""
        if not self._folder.is_dir():
            return
        with one_worker(self._folder / LOCK) as is_ours:
            if is_ours:
                now = self._started + timedelta(seconds=time.monotonic() - self._started_monotonic)
                self._remove(today or now.date())

    def _remove(self, today: date) -> None:
        parts = sorted(self._parts(), key=lambda part: (part.begun, part.path.name))
        total = sum(part.n_bytes for part in parts) + _size_below(self._folder / SPOOL)
        for part in parts:
            is_old = self._keep_days > 0 and today - part.begun > timedelta(days=self._keep_days)
            is_too_much = 0 < self._max_bytes < total
            if (is_old or is_too_much) and _remove_finished(part.path):
                total -= part.n_bytes
                self._observe(part.log, "age" if is_old else "quota")

    def _parts(self) -> Iterator[_Part]:
        for log in KEPT:
            folder = self._folder / log
            for path in [*folder.glob("*.jsonl"), *folder.glob("*.parquet"), *folder.glob("date=*/*.parquet")]:
                begun = begun_on(path)
                if begun is not None:
                    yield _Part(log, path, begun, path.lstat().st_size)


def _remove_finished(path: Path) -> bool:
    """Remove a file that no journal writes to; its folder, too, where it was the last of its day."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        path.unlink()
    if path.parent.name.startswith("date=") and not any(path.parent.iterdir()):
        path.parent.rmdir()
    return True


def _size_below(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*.jsonl"))
