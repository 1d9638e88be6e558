"""The order of changes that several machines share: a stream in Redis, and an archive of what has left it.

Each machine keeps the same numbered lines in a log of its own, from which alone it serves. A change is acknowledged
when the stream has it and the log of the machine that was asked; `OrderFollower` writes it to the logs of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import structlog

from trimtab.catalog.live.change_lines import START, ChangeLine, LogPlace, reaches, shared_line
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.live.changes import Change, Item
from trimtab.core.errors import TrimtabError, Unavailable
from trimtab.service.catalogue.change_archive import ChangeArchive
from trimtab.service.catalogue.change_stream import BATCH, ChangeStream
from trimtab.service.settings import Settings
from trimtab.service.shared_folder import SharedFolder

LATEST = datetime.max.replace(tzinfo=UTC)

_log = structlog.get_logger()


class OutOfStep(Unavailable):
    """The log of this machine and the shared order do not go on from one another yet."""

    def __init__(self) -> None:
        super().__init__("the changes here are being brought in line with those of the other machines; send it again")


class SharedOrder:
    """A `ChangeOrder`.

    Attributes:
        since: the earliest moment after which a loaded bundle needs all changes.
    """

    def __init__(self, stream: ChangeStream, archive: ChangeArchive) -> None:
        self.stream, self.archive = stream, archive
        self.since = LATEST

    def reach_back(self, log: ChangeLog, moment: datetime) -> None:
        """See that the log has every change after a moment, or none yet: then it begins as soon as Redis answers.

        Raises:
            Unavailable: older changes are missing and cannot be had now.
        """
        self.since = min(self.since, moment)
        first = log.first_line()
        if first is not None and not reaches(first, moment):
            older = [*self._back_to(moment, first)]
            if not older or not reaches(older[-1], moment):
                self.stream.want(1)
                raise Unavailable(
                    f"the bundle needs changes from before {first.change.version}, which neither this machine nor the "
                    "shared folder has"
                )
            with log.writing():
                log.put_in_front(older[::-1])
        elif first is None:
            try:
                self.join(log)
            except TrimtabError as error:
                _log.warning("changes of other machines are not here yet", problem=str(error))

    def join(self, log: ChangeLog) -> None:
        """Begin the empty log of a machine that is new, with what the bundles here lack.

        Raises:
            Unavailable: something of it cannot be had now.
        """
        lines = self.stream.lines_after(0, count=1)
        newest = lines[0] if lines else self.archive.last_line()
        if newest is None:
            return  # nobody has changed anything
        older = [newest, *self._back_to(self.since, newest)]
        if not reaches(older[-1], self.since):
            self.stream.want(1)
            raise OutOfStep
        with log.writing():
            if log.place == START:
                write_all(log, older[::-1])

    def catch_up(self, log: ChangeLog) -> Sequence[Change]:
        """Write to the log what it lacks of the stream.

        Raises:
            Unavailable: Redis does not answer, or the follower must mend the log first.
        """
        end, taken = self.stream.end(), list[Change]()
        while log.place.version < end.version:
            lines = self.stream.lines_after(log.place.version)
            # The follower compares what was written by one machine alone and does not say what it follows.
            if not lines or lines[0].previous is None or not is_chain(log.place, lines):
                raise OutOfStep
            log.write(lines)
            taken += [line.change for line in lines]
            end = self.stream.end()
        if log.place != end or (end == START and self.archive.end() != START):
            raise OutOfStep
        return taken

    def append(
        self,
        log: ChangeLog,
        put: Sequence[Item],
        delete: Sequence[str],
        *,
        after: datetime,
        made: datetime | None = None,
    ) -> Change | None:
        """Put a change behind the last one, in the stream and then in the log.

        Args:
            made: when it was first made, where it is made again.

        Raises:
            Unavailable: Redis does not answer; it may have the change all the same.
            OSError: the log cannot be written; the stream has the change.
        """
        change = log.next_change(put, delete, after=after)
        line = shared_line(change, log.place, made=made)
        if not self.stream.extend(log.place, [line]):
            return None
        log.write([line])
        return change

    def confirm(self) -> None:
        """Return once the replicas have what is in the stream.

        Raises:
            Unavailable: they do not.
        """
        self.stream.confirm()

    def _back_to(self, moment: datetime, line: ChangeLine) -> Iterator[ChangeLine]:
        """The lines before one, backwards to the one from which on all changes after the moment are there."""
        if reaches(line, moment):
            return
        for older in self.archive.before(line):
            yield older
            if reaches(older, moment):
                return


def shared_order_of(settings: Settings) -> SharedOrder | None:
    """The order that the machines share; None where this one has an order of its own."""
    if settings.catalogue_redis_url is None or settings.shared_folder_url is None:
        return None
    stream = ChangeStream(
        settings.catalogue_redis_url,
        replicas=settings.catalogue_replicas,
        timeout_seconds=settings.catalogue_timeout_seconds,
    )
    return SharedOrder(stream, ChangeArchive(SharedFolder(settings.shared_folder_url)))


def is_chain(place: LogPlace, lines: Sequence[ChangeLine]) -> bool:
    """Whether lines go on from a place, each from the one before."""
    for line in lines:
        if not line.follows(place):
            return False
        place = line.place
    return True


def write_all(log: ChangeLog, lines: Sequence[ChangeLine]) -> None:
    """Write lines to a log that is being written to, some at a time."""
    for first in range(0, len(lines), BATCH):
        log.write(lines[first : first + BATCH])
