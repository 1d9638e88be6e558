"""Lines appended to segment files by one background thread, without making a request wait for the disk.

`put` is for what may not hold up an answer: lines wait in memory until the next flush, and while the disk refuses them.
`append` is for what is acknowledged: its future is done when the line is on the disk (one fsync for all that wait).
A segment is sealed when it is full, old, or the journal closes; segments that a killed process left are sealed by the
next one. An advisory lock on each open segment says whose it is.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import uuid4

import structlog

from trimtab.core.atomic import sync_folder
from trimtab.service.settings import Settings

MAX_WAITING_LINES = 50_000
RETRY_SECONDS = 1.0
SUFFIX = ".jsonl"
SEGMENT_NAME = re.compile(r"\d{8}T\d{6}-.+\.(jsonl|parquet)")

Seal = Callable[[Path], None]
Observe = Callable[[Literal["written", "lost", "refused"], int], None]

_log = structlog.get_logger()


class Journal:
    """One process's writer to a folder of segments."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        observe: Observe,
        seal: Seal | None = None,
        max_waiting: int = MAX_WAITING_LINES,
    ) -> None:
        """Prepare a journal, which opens its first segment when it is written to.

        Args:
            seal: called with a finished segment; it takes the file away. Without it segments stay as they are.
            observe: is given the number of lines that were `written` or `lost` (the disk refused them for too long),
                and the number of times that the disk `refused`.
        """
        self._folder = folder
        self._seal = seal
        self._observe = observe
        self._flush_seconds = settings.log_flush_seconds
        self._segment_rows = settings.log_segment_rows
        self._segment_seconds = settings.log_segment_seconds
        self._max_waiting = max_waiting
        self._lines: deque[bytes] = deque()
        self._appends: deque[tuple[Sequence[bytes], Future[None]]] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._segment: _Segment | None = None
        self._thread = threading.Thread(target=self._run, name=f"trimtab-journal-{folder.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Write a line (ending in a newline) soon. Never blocks, never fails."""
        if len(self._lines) >= self._max_waiting:
            self._observe("lost", 1)
            return
        self._lines.append(line)

    def append(self, lines: Sequence[bytes]) -> Future[None]:
        """Write lines now; the future ends when they are on the disk, with OSError where they are not."""
        future: Future[None] = Future()
        self._appends.append((lines, future))
        self._wake.set()
        return future

    def close(self) -> None:
        """Write what waits and seal."""
        self._closing = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        self._attempt(self._seal_finished)
        pause = self._flush_seconds
        while not self._closing:
            self._wake.wait(pause)
            self._wake.clear()
            pause = self._flush_seconds if self._attempt(self._flush) else RETRY_SECONDS
        self._attempt(self._flush)
        self._observe("lost", len(self._lines))
        self._attempt(self._finish_segment)

    def _attempt(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except OSError as error:
            self._observe("refused", 1)
            _log.error("log cannot be written", log=self._folder.name, problem=error.strerror)
            return False
        except Exception:  # noqa: BLE001  # the lines that follow are written
            self._observe("refused", 1)
            _log.exception("log cannot be written", log=self._folder.name)
            return False
        return True

    def _flush(self) -> None:
        self._write_appends()
        self._write_lines()
        segment = self._segment
        if segment is not None and (segment.n_lines >= self._segment_rows or segment.age > self._segment_seconds):
            self._finish_segment()

    def _write_appends(self) -> None:
        waiting = [self._appends.popleft() for _ in range(len(self._appends))]
        if not waiting:
            return
        lines = [line for lines, _ in waiting for line in lines]
        try:
            self._current().write(lines, durable=True)
        except OSError as error:
            for _, future in waiting:
                future.set_exception(error)
            raise
        for _, future in waiting:
            future.set_result(None)
        self._observe("written", len(lines))

    def _write_lines(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if not lines:
            return
        try:
            self._current().write(lines, durable=False)
        except OSError:
            self._lines.extendleft(reversed(lines))
            raise
        self._observe("written", len(lines))

    def _current(self) -> _Segment:
        if self._segment is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._segment = _Segment(self._folder)
        return self._segment

    def _finish_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()
        self._seal_finished()

    def _seal_finished(self) -> None:
        """Seal what no living writer holds: our last segment, and those of processes that were killed."""
        if self._seal is None or not self._folder.is_dir():
            return
        for path in segments(self._folder):
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                if path.exists():
                    self._attempt(partial(self._seal, path))


def begun_on(segment: Path) -> date | None:
    """The day on which a segment, or what was made of it, was begun, by its name; None for a name of others."""
    if SEGMENT_NAME.fullmatch(segment.name) is None or segment.is_symlink():
        return None
    try:
        return datetime.strptime(segment.stem[:8], "%Y%m%d").date()  # noqa: DTZ007  a day alone
    except ValueError:
        return None


def segments(folder: Path) -> list[Path]:
    """The segments in a folder, the oldest first; files that no journal made are left alone."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if begun_on(path) is not None)


def dated(folder: Path, segment: Path) -> Path:
    """The Parquet file of a segment: partitioned by the day on which it was begun."""
    return folder / f"date={begun_on(segment)}" / f"{segment.stem}.parquet"


class _Segment:
    """One open file. A write that fails leaves the file as it was."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}{SUFFIX}"
        self._file = self.path.open("xb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        sync_folder(folder)
        self._size = 0
        self._opened = time.monotonic()
        self.n_lines = 0

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return time.monotonic() - self._opened

    def write(self, lines: Sequence[bytes], *, durable: bool) -> None:
        data = b"".join(lines)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            if durable:
                os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(self._size)
            self._file.seek(self._size)
            raise
        self._size += len(data)
        self.n_lines += len(lines)

    def close(self) -> None:
        self._file.close()
