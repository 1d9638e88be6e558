"""How large the log of changes may become, whoever writes to it: requests, pages and feeds."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.errors import Unavailable


class LogIsFull(Unavailable):
    """No change is taken until some are built into a bundle, or older bundles are unloaded."""

    def __init__(self) -> None:
        super().__init__(
            "the log of changes has reached its limit, until they are built into a bundle and older bundles are "
            "unloaded",
            retry_after_seconds=60,
        )


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Sizes of the log in bytes.

    Attributes:
        unbuilt: of changes that the bundle does not have; no more are taken above it.
        kept: of all changes; above it the oldest ones that every loaded bundle has are removed, and where that is
            not enough no more are taken than those that are unbuilt may be.
    """

    unbuilt: int
    kept: int

    def require_room(self, *, unbuilt: int, total: int) -> None:
        """Check the size of a log that is to be written to.

        Raises:
            LogIsFull: it has reached a limit.
        """
        if unbuilt > self.unbuilt or total > self.kept + self.unbuilt:
            raise LogIsFull
