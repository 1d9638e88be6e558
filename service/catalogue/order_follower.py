"""Keeps the log of one machine in step with the order that several machines share; one worker of a machine does it.

What is mended, each time by comparing where log and stream end:

- the stream is longer: its lines are written to the log; what has left it comes from the archive, or else from a
  machine that has it and is asked to put it there;
- the log is longer (Redis was emptied, or restored from an older file): its lines go back into the stream;
- they differ (others went on while this machine was away from a Redis that lost something): lines here that are not in
  the order are cut off, kept in `lost/`, and made again as the newest, but for what was changed later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from trimtab.catalog.live.change_lines import START, ChangeLine, LogPlace, put_again, read_line
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.core.atomic import new_file
from trimtab.core.errors import TrimtabError
from trimtab.service.catalogue.change_stream import BATCH
from trimtab.service.catalogue.shared_order import LATEST, OutOfStep, SharedOrder, is_chain, write_all
from trimtab.service.observability.order_metrics import OrderMetrics
from trimtab.service.one_worker import one_worker

LOCK = "follower.lock"
LOST = "lost"
MADE_AGAIN = ".made"
"""Ends the name of a file in `lost/` whose changes were made again."""
MOST_KEPT = 20
"""Files of changes that were made again."""
WAIT_SECONDS = 0.5
AFTER_FAILURE_SECONDS = 1.0
STREAM_BYTES = 64_000_000
"""A longer stream is shortened to an eighth, once the archive has it."""
SIZE_SECONDS = 60.0
"""Between two looks at the stream's size."""

_log = structlog.get_logger()


class OrderFollower:
    """Follows the order for one machine."""

    def __init__(self, folder: Path, order: SharedOrder, metrics: OrderMetrics) -> None:
        """
        Args:
            folder: of the log of changes.
        """
        self._folder, self._order, self._metrics = folder, order, metrics
        self._log = ChangeLog(folder)
        self._stream, self._archive = order.stream, order.archive
        self._problem: str | None = ""
        self._size_known_at = -SIZE_SECONDS
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trimtab-order", daemon=True)

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._stream.close()

    def turn(self) -> bool:
        """Take one step towards the order; returns whether the log is in step with it.

        Raises:
            Unavailable: Redis or the shared folder cannot be reached, or other machines must help first.
            BadFile: a line is not a change.
            OSError: the log cannot be written.
        """
        for _ in self._log.segments_since(LATEST):
            pass
        place, end = self._log.place, self._stream.end()
        self._metrics.behind.set(max(0, end.version - place.version))
        if place == START:
            self._begin()
        elif end.version > place.version:
            self._take_in(place)
        elif end == START:
            self._begin_stream(place)
        elif end.version < place.version:
            self._give_back(end)
        elif end != place:
            self._cut_to_common()
        else:
            self._make_lost_again()
            self._help_others(place)
            self._shorten_stream(place)
        return end == place

    def _run(self) -> None:
        while not self._stopping.is_set():
            with one_worker(self._folder / LOCK) as is_ours:
                while is_ours and not self._stopping.is_set():
                    self._turn_or_wait()
            self._stopping.wait(AFTER_FAILURE_SECONDS)

    def _turn_or_wait(self) -> None:
        try:
            is_in_step = self.turn()
            if self._problem is not None:
                self._say_what_is_promised()
                self._problem = None
            if is_in_step:
                self._stream.wait_for_lines(self._log.place.version, WAIT_SECONDS)
        except (TrimtabError, OSError) as error:
            if str(error) != self._problem:
                _log.warning("changes are not in step with those of the other machines", problem=str(error))
            self._problem = str(error)
            self._metrics.up.set(0)
            self._stopping.wait(AFTER_FAILURE_SECONDS)

    def _say_what_is_promised(self) -> None:
        promises = self._stream.promises_durability()
        self._metrics.up.set(1)
        self._metrics.durable.set(promises is not False)
        if promises is None:
            _log.warning("the Redis of the catalogue does not say whether it has appendonly yes, appendfsync always")
        elif promises:
            _log.info("changes are in step with those of the other machines, and durable")
        else:
            _log.error("the Redis of the catalogue may lose changes: set appendonly yes and appendfsync always")

    def _begin(self) -> None:
        self._order.join(self._log)

    def _take_in(self, place: LogPlace) -> None:
        lines = self._stream.lines_after(place.version - 1)
        if lines:  # else it was emptied at this moment
            self._follow_to(place, lines)

    def _follow_to(self, place: LogPlace, lines: list[ChangeLine]) -> None:
        """Write lines of the order to the log that ends at the place, after what is between."""
        lines = [*self._older(place.version, lines[0]), *lines]
        is_known = lines[0].change.version == place.version
        if not is_known and (lines[0].change.version > place.version + 1 or lines[0].previous is None):
            self._stream.want(place.version)
            raise OutOfStep
        later = lines[1:] if is_known else lines
        if (is_known and lines[0].place != place) or not is_chain(place, later):
            self._cut_to_common()
            return
        with self._log.writing():
            if self._log.place == place:  # else a change that came meanwhile has brought some of them
                write_all(self._log, later)

    def _older(self, version: int, line: ChangeLine) -> list[ChangeLine]:
        """The archived lines before one, from a version on as far as they are there and needed."""
        older = list[ChangeLine]()
        if line.change.version > version + 1 or (line.change.version > version and line.previous is None):
            for one in self._archive.before(line):
                older.append(one)
                if one.change.version == version:
                    break
        return older[::-1]

    def _begin_stream(self, place: LogPlace) -> None:
        """Redis is new or was emptied: the archive gets what it lacks, the stream the last line."""
        archived = self._archive.last_line()
        if archived is not None and archived.change.version > place.version:
            self._follow_to(place, [archived])
            return
        lines = list(self._log.lines_from(place.version))
        has_older = archived is not None and next(self._log.lines_from(archived.change.version)).place == archived.place
        first = archived.change.version + 1 if archived is not None and has_older else 1
        self._archive.add(self._log.lines_from(first))
        if lines and lines[-1].place == place:
            self._stream.extend(START, lines[-1:])

    def _give_back(self, end: LogPlace) -> None:
        """Redis was restored from an older file: it gets what it lacks."""
        lines = list(self._log.lines_from(end.version))
        lines = [*self._older(end.version, lines[0]), *lines]
        if lines[0].place != end:
            self._cut_to_common()
            return
        _log.warning("redis had lost changes that are put back now", n_changes=len(lines) - 1)
        for first in range(1, len(lines), BATCH):
            if not self._stream.extend(end, lines[first : first + BATCH]):
                return  # another machine does it
            end = lines[min(first + BATCH, len(lines)) - 1].place

    def _cut_to_common(self) -> None:
        """Keep the lines that the order has too, and put the others aside."""
        place = self._log.place
        own = {line.change.version: line.place for line in self._log.lines_from(0)}
        common, oldest = 0, None
        for line in self._order_backwards():
            if own.get(line.change.version) == line.place:
                common = line.change.version
                break
            oldest = line
        else:
            common = self._common_before(oldest, own)
        lost = list(self._log.lines_from(common + 1))
        with self._log.writing():
            if self._log.place != place or not lost:
                return
            with new_file(self._folder / LOST / f"{common:012d}-{place.version:012d}-{place.digest}.jsonl") as file:
                file.writelines(line.raw for line in lost)
            self._log.cut(common)
        _log.error("changes here have lost their place in the order, and are made again", n_changes=len(lost))

    def _common_before(self, oldest: ChangeLine | None, own: dict[int, LogPlace]) -> int:
        """The last common version where the order is known from one line on only."""
        if oldest is None:
            raise OutOfStep
        version = oldest.change.version - 1
        if version and (version not in own or not oldest.follows(own[version])):
            self._stream.want(max(1, version - BATCH))
            raise OutOfStep
        return version

    def _order_backwards(self) -> Iterator[ChangeLine]:
        """All lines of the order that can be had, the newest first; the archive's where the stream is empty."""
        lines, version = list[ChangeLine](), 0
        while found := self._stream.lines_after(version):
            lines += found
            version = found[-1].change.version
        archived = None if lines else self._archive.last_line()
        if archived is not None:
            lines = [archived]
        yield from reversed(lines)
        if lines:
            yield from self._archive.before(lines[0])

    def _make_lost_again(self) -> None:
        for file in sorted((self._folder / LOST).glob("*.jsonl")):
            common = int(file.name.partition("-")[0])
            lost = [read_line(raw, file.name).as_first_made for raw in file.read_bytes().splitlines(keepends=True)]
            kept = [line.as_first_made for line in self._log.lines_from(common + 1)]
            for change in put_again(lost, kept):
                with self._log.writing():
                    made = None
                    while made is None:
                        self._order.catch_up(self._log)
                        made = self._order.append(
                            self._log, change.put, change.delete, after=change.timestamp, made=change.timestamp
                        )
            file.rename(file.with_name(file.name + MADE_AGAIN))
        for file in sorted((self._folder / LOST).glob(f"*{MADE_AGAIN}"))[:-MOST_KEPT]:
            file.unlink(missing_ok=True)

    def _help_others(self, place: LogPlace) -> None:
        """Put into the archive what a machine has asked for, if it is here."""
        wanted = self._stream.wanted()
        if wanted is not None and wanted <= place.version:
            first = next(self._log.lines_from(wanted), None)
            if first is not None and first.change.version == wanted:
                self._archive.add(self._log.lines_from(wanted))
                self._stream.found()

    def _shorten_stream(self, place: LogPlace) -> None:
        if time.monotonic() - self._size_known_at < SIZE_SECONDS:
            return
        self._size_known_at = time.monotonic()
        if self._stream.n_bytes() > STREAM_BYTES:
            first = self._stream.first_version()
            self._archive.add(self._log.lines_from(first))
            self._stream.trim(place.version - (place.version - first) // 8)
