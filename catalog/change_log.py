"""The changes of a catalogue on the disk, in the one order that every process of the machine sees them in.

    <folder>/000000000001.jsonl      changes from version 1 on, a line each
    <folder>/lock                    held while somebody writes (exclusive) or reads (shared)

A change is on the disk when `append` returns. What a killed process left half written is cut off by the next writer.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from trimtab.catalog.changes import Change, Item
from trimtab.core.atomic import sync_folder
from trimtab.core.errors import BadFile

SUFFIX = ".jsonl"
SEGMENT_BYTES = 16_000_000
"""A segment longer than this is followed by a new one."""
LOCK = "lock"
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class ChangeLog:
    """A reader and writer of the log with its place in it, for one thread at a time.

    Attributes:
        last: of the changes read, None before the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segment: Path | None = None
        self._offset = 0
        self.last: Change | None = None

    def has_more(self) -> bool:
        """Whether there may be something new to read; costs one or two looks at the folder."""
        if self._segment is None:
            return bool(_segments(self._folder))
        return self._segment.stat().st_size > self._offset or _segments(self._folder)[-1] != self._segment

    def read(self) -> list[Change]:
        """The changes since the last time, once they are on the disk.

        Raises:
            BadFile: a line is not a change.
        """
        return [change for changes in self.segments_since(datetime.min.replace(tzinfo=UTC)) for change in changes]

    def segments_since(self, moment: datetime) -> Iterator[list[Change]]:
        """The changes since the last time, a segment at a time, without the segments that end before a moment.

        Raises:
            BadFile: a line is not a change.
        """
        if self.has_more():
            with _locked(self._folder, fcntl.LOCK_SH):
                yield from self._segments_read(moment)

    def bytes_after(self, moment: datetime) -> int:
        """The size of the segments with changes after a moment."""
        return sum(_size(segment) for segment in _reaching(_segments(self._folder), moment))

    @contextmanager
    def writing(self) -> Iterator[list[Change]]:
        """Keep others from writing while the block appends; gives what they have written since the last time.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with _locked(self._folder, fcntl.LOCK_EX):
            yield [change for changes in self._segments_read(datetime.min.replace(tzinfo=UTC)) for change in changes]

    def append(self, put: Sequence[Item], delete: Sequence[str], *, after: datetime) -> Change:
        """Write the change that follows. It is on the disk afterwards, or the log is as it was.

        Args:
            after: its time is later than this, whatever the clock says.

        Raises:
            OSError: the disk refuses it.
        """
        last = self.last
        tick = timedelta(microseconds=1)
        times = [datetime.now(UTC), after + tick, *([] if last is None else [last.timestamp + tick])]
        change = Change(
            version=1 if last is None else last.version + 1,
            timestamp=max(times),
            put=put,
            delete=delete,
        )
        if self._segment is None or self._offset >= SEGMENT_BYTES:
            self._segment, self._offset = self._folder / f"{change.version:012d}{SUFFIX}", 0
        self._offset = _write(self._segment, self._offset, orjson.dumps(change, option=LINE))
        self.last = change
        return change

    def _segments_read(self, moment: datetime) -> Iterator[list[Change]]:
        for segment in _reaching(_segments(self._folder), moment):
            if self._segment is not None and segment < self._segment:
                continue
            if segment != self._segment:
                self._segment, self._offset = segment, 0
            changes: list[Change] = []
            with segment.open("rb") as file:
                file.seek(self._offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # a killed process left it; the next writer cuts it off
                    changes.append(_change(line, segment))
                    self._offset += len(line)
            if changes:
                self.last = changes[-1]
            yield changes


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


def _reaching(segments: list[Path], moment: datetime) -> list[Path]:
    """The segments that may have changes after a moment: those before one that begins by then do not."""
    for place in range(len(segments) - 1, 0, -1):
        with segments[place].open("rb") as file:
            first = file.readline()
        if first.endswith(b"\n") and _change(first, segments[place]).timestamp <= moment:
            return segments[place:]
    return segments


def _size(segment: Path) -> int:
    return segment.stat().st_size


def _change(line: bytes, segment: Path) -> Change:
    try:
        values = orjson.loads(line)
        return Change(values["version"], datetime.fromisoformat(values["timestamp"]), values["put"], values["delete"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise BadFile(segment.name, f"has a line that is not a change of a catalogue: {line[:80]!r}") from None


def _write(segment: Path, offset: int, line: bytes) -> int:
    """Write at `offset`, behind which is nothing worth keeping; returns where the next line begins."""
    is_new = not segment.exists()
    with segment.open("ab", buffering=0) as file:
        file.truncate(offset)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(offset)
            raise
    if is_new:
        sync_folder(segment.parent)
    return offset + len(line)


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    with (folder / LOCK).open("ab" if kind == fcntl.LOCK_EX else "rb") as file:
        fcntl.flock(file, kind)
        yield
