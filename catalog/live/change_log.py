"""The changes of a catalogue on the disk, in the one order that every process of the machine sees them in.

    <folder>/000000000001.jsonl      changes from version 1 on, a line each
    <folder>/lock                    held while somebody writes (exclusive) or reads (shared)

A change is on the disk when `append` returns. What a killed process left half written is cut off by the next writer.

The oldest segments may be removed once every bundle has what is in them.

Where several machines share one order (`trimtab.engine.live.order`) lines may also be cut off the end, and older ones
put in front. Files are then named `000000000001.2.jsonl` after the second cut: no name is used twice, so that readers
notice, and begin again.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from trimtab.catalog.live.change_lines import LINE, START, ChangeLine, LogPlace, read_line
from trimtab.catalog.live.changes import Change, Item
from trimtab.core.atomic import new_file, sync_folder
from trimtab.core.errors import BadFile

SUFFIX = ".jsonl"
SEGMENT = re.compile(r"\d{12,}(?:\.[1-9]\d*)?\.jsonl", re.ASCII)
"""Names of its files; others in the folder are not the log's."""
SEGMENT_BYTES = 16_000_000
"""A segment longer than this is followed by a new one."""
LOCK = "lock"
REMEDY = (
    "the changes before and behind it are kept: stop trimtab, take this line out of the file, start it, and send again "
    "what the line was, if it was a change"
)


class ChangeLog:
    """A reader and writer of the log with its place in it, for one thread at a time.

    Attributes:
        last: of the changes read, None before the first.
        n_restarts: how often it has begun again with the first change, because lines it had read were cut off.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segment: Path | None = None
        self._offset = 0
        self._last_line = b""
        self.last: Change | None = None
        self.n_restarts = 0

    @property
    def place(self) -> LogPlace:
        """Where the changes read end."""
        return START if self.last is None else ChangeLine(self.last, self._last_line).place

    def has_more(self) -> bool:
        """Whether there may be something new to read; costs one or two looks at the folder."""
        if self._segment is None:
            return bool(_segments(self._folder))
        try:
            return self._segment.stat().st_size > self._offset or _segments(self._folder)[-1] != self._segment
        except FileNotFoundError:
            return True  # it was cut

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
        if not _segments(self._folder):
            return 0
        with _locked(self._folder, fcntl.LOCK_SH):
            return sum(segment.stat().st_size for segment in _reaching(_segments(self._folder), moment))

    @property
    def n_bytes(self) -> int:
        """The size of all of it."""
        return sum(segment.stat().st_size for segment in _segments(self._folder))

    def first_line(self) -> ChangeLine | None:
        """The first line that is there.

        Raises:
            BadFile: it is not a change.
        """
        return next((line for segment in _segments(self._folder)[:1] for line in _lines(segment, 0)), None)

    def forget(self, moment: datetime, *, above_bytes: int) -> int:
        """Remove the oldest segments that end by a moment while all of it is larger, while writing; returns how many.

        Raises:
            OSError: the disk refuses it.
        """
        segments = _segments(self._folder)
        ending, size = segments[: -len(_reaching(segments, moment))], self.n_bytes
        n_gone = 0
        while n_gone < len(ending) and size > above_bytes:
            size -= ending[n_gone].stat().st_size
            ending[n_gone].unlink()
            n_gone += 1
        return n_gone

    def lines_from(self, version: int) -> Iterator[ChangeLine]:
        """The lines on the disk from a version on, without moving the reader's place.

        Raises:
            BadFile: a line is not a change.
        """
        segments = _segments(self._folder)
        first = max((n for n, segment in enumerate(segments) if _first_version(segment) <= version), default=0)
        for segment in segments[first:]:
            with _locked(self._folder, fcntl.LOCK_SH):  # not while the caller does something with them
                lines = list(_lines(segment, 0))
            yield from (line for line in lines if line.change.version >= version)

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
        change = self.next_change(put, delete, after=after)
        self.write([ChangeLine(change, orjson.dumps(change, option=LINE))])
        return change

    def next_change(self, put: Sequence[Item], delete: Sequence[str], *, after: datetime) -> Change:
        """The change that would follow, with its version and time."""
        last = self.last
        tick = timedelta(microseconds=1)
        times = [datetime.now(UTC), after + tick, *([] if last is None else [last.timestamp + tick])]
        return Change(
            version=1 if last is None else last.version + 1,
            timestamp=max(times),
            put=put,
            delete=delete,
        )

    def write(self, lines: Sequence[ChangeLine]) -> None:
        """Write the lines that follow, while writing. They are on the disk afterwards, or the log is as it was.

        Raises:
            OSError: the disk refuses it.
        """
        if self._segment is None or self._offset >= SEGMENT_BYTES:
            n_cuts = max(map(_n_cuts, _segments(self._folder)), default=0)
            self._segment, self._offset = self._folder / _name(lines[0].change.version, n_cuts=n_cuts), 0
        self._offset = _write(self._segment, self._offset, b"".join(line.raw for line in lines))
        self.last, self._last_line = lines[-1].change, lines[-1].raw

    def put_in_front(self, lines: Sequence[ChangeLine]) -> None:
        """Write lines that come before the first one, while writing.

        Raises:
            OSError: the disk refuses it.
        """
        _write_segment(self._folder / _name(lines[0].change.version, n_cuts=0), lines)

    def cut(self, after_version: int) -> None:
        """Cut the lines after a version off, while writing; every reader then begins again.

        Raises:
            OSError: the disk refuses it.
        """
        segments = _segments(self._folder)
        kept = [segment for segment in segments if _first_version(segment) <= after_version]
        lines = (line for line in _lines(kept[-1], 0) if line.change.version <= after_version) if kept else ()
        first = _first_version(kept[-1]) if kept else after_version + 1
        # From here on the other files are none of the log's, see `_segments`.
        _write_segment(self._folder / _name(first, n_cuts=max(map(_n_cuts, segments), default=0) + 1), lines)
        for segment in segments[max(len(kept) - 1, 0) :]:
            segment.unlink()

    def _segments_read(self, moment: datetime) -> Iterator[list[Change]]:
        segments = _segments(self._folder)
        if self._segment is not None and self._segment not in segments:
            self._segment, self._offset, self._last_line, self.last = None, 0, b"", None
            self.n_restarts += 1
        for segment in _reaching(segments, moment):
            if self._segment is not None and segment < self._segment:
                continue
            if segment != self._segment:
                self._segment, self._offset = segment, 0
            changes: list[Change] = []
            for line in _lines(segment, self._offset):
                changes.append(line.change)
                self._offset += len(line.raw)
                self._last_line = line.raw
            if changes:
                self.last = changes[-1]
            yield changes


def _segments(folder: Path) -> list[Path]:
    """The files of the log in order, without those that a cut has replaced, which a kill may have left."""
    found: dict[int, Path] = {}
    files = (path for path in folder.glob(f"*{SUFFIX}") if SEGMENT.fullmatch(path.name))
    for segment in sorted(files, key=_n_cuts):
        found[_first_version(segment)] = segment
    segments, n_cuts = list[Path](), 0
    for _, segment in sorted(found.items()):
        if _n_cuts(segment) >= n_cuts:
            segments.append(segment)
            n_cuts = _n_cuts(segment)
    return segments


def _name(first_version: int, *, n_cuts: int) -> str:
    return f"{first_version:012d}{f'.{n_cuts}' if n_cuts else ''}{SUFFIX}"


def _first_version(segment: Path) -> int:
    return int(segment.name.partition(".")[0])


def _n_cuts(segment: Path) -> int:
    return int(segment.name.split(".")[1]) if segment.name.count(".") > 1 else 0


def _reaching(segments: list[Path], moment: datetime) -> list[Path]:
    """The segments that may have changes after a moment: those before one that begins by then do not."""
    for place in range(len(segments) - 1, 0, -1):
        with segments[place].open("rb") as file:
            first = file.readline()
        if first.endswith(b"\n") and _line(first, segments[place], 0).change.timestamp <= moment:
            return segments[place:]
    return segments


def _lines(segment: Path, offset: int) -> Iterator[ChangeLine]:
    """The whole lines behind an offset."""
    with segment.open("rb") as file:
        file.seek(offset)
        for raw in file:
            if not raw.endswith(b"\n"):
                return  # a killed process left it; the next writer cuts it off
            yield _line(raw, segment, offset)
            offset += len(raw)


def _line(raw: bytes, segment: Path, offset: int) -> ChangeLine:
    """The line at an offset.

    Raises:
        BadFile: it is not a change; says what can be done about it.
    """
    try:
        return read_line(raw, str(segment))
    except BadFile as error:
        with segment.open("rb") as file:
            row = 1 + file.read(offset).count(b"\n")
        raise BadFile(segment, f"{error.problem}; {REMEDY}", row=row) from None


def _write(segment: Path, offset: int, lines: bytes) -> int:
    """Write at `offset`, behind which is nothing worth keeping; returns where the next line begins."""
    is_new = not segment.exists()
    with segment.open("ab", buffering=0) as file:
        file.truncate(offset)
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(offset)
            raise
    if is_new:
        sync_folder(segment.parent)
    return offset + len(lines)


def _write_segment(path: Path, lines: Iterable[ChangeLine]) -> None:
    with new_file(path) as file:
        file.writelines(line.raw for line in lines)
    sync_folder(path.parent)


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    with (folder / LOCK).open("ab" if kind == fcntl.LOCK_EX else "rb") as file:
        fcntl.flock(file, kind)
        yield
