"""The order that changes to a catalogue get, and who gives it: the file log of one machine, or what machines share.

Whoever changes a catalogue holds the lock of its machine's log. Between `catch_up` and `append` another machine may
change it too; `append` then does nothing, and the caller looks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from trimtab.catalog.live.change_lines import reaches
from trimtab.catalog.live.change_log import ChangeLog
from trimtab.catalog.live.changes import Change, Item
from trimtab.core.errors import Unavailable


class ChangeOrder(Protocol):
    """Gives changes their place. Where not said otherwise, the log that it is given is being written to."""

    def reach_back(self, log: ChangeLog, moment: datetime) -> None:
        """See that the log has every change after a moment, or none yet; it is not being written to.

        Raises:
            Unavailable: older changes are missing and cannot be had now.
        """

    def catch_up(self, log: ChangeLog) -> Sequence[Change]:
        """Write what the log lacks of the order.

        Returns:
            what was written.

        Raises:
            Unavailable: the order cannot be reached, or this log must be mended first.
            OSError: the log cannot be written.
        """

    def append(self, log: ChangeLog, put: Sequence[Item], delete: Sequence[str], *, after: datetime) -> Change | None:
        """Give a change the next place, and write it.

        Args:
            after: its time is later than this, whatever the clock says.

        Returns:
            the change; None where another one has got the place.

        Raises:
            Unavailable: the order cannot be reached; the change may have got its place all the same.
            OSError: the log cannot be written.
        """

    def confirm(self) -> None:
        """Return once the changes of the log are as safe as one that `append` returns.

        Raises:
            Unavailable: they are not.
        """


class OwnOrder:
    """The order of one machine, which its log of changes gives by itself."""

    def reach_back(self, log: ChangeLog, moment: datetime) -> None:
        first = log.first_line()
        if first is not None and not reaches(first, moment):
            raise Unavailable(
                f"the bundle needs changes from before {first.change.version}, which were removed from the log: serve "
                "a newer bundle, or build one from a feed of today"
            )

    def catch_up(self, log: ChangeLog) -> Sequence[Change]:  # noqa: ARG002  # nobody else writes
        return ()

    def append(self, log: ChangeLog, put: Sequence[Item], delete: Sequence[str], *, after: datetime) -> Change | None:
        return log.append(put, delete, after=after)

    def confirm(self) -> None:
        """They are on the disk."""


OWN_ORDER = OwnOrder()
