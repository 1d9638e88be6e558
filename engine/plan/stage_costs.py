"""What the stages of a search take on this machine now: a running upper quantile of each.

A quantile and not a mean, because a deadline is missed by the slow ones; and one that a single slow run hardly moves,
because one pause of the machine is no reason to degrade what comes after it. Each observation above the estimate
raises it by `STEP`, each below lowers it by so much less that `SHARE` of them are below in the long run (frugal
streaming, Ma, Muthukrishnan & Sandler 2013, with steps in proportion).
"""

from __future__ import annotations

SHARE = 0.95
STEP = 1.1
_STEP_DOWN = STEP ** -((1 - SHARE) / SHARE)
DOUBT = 0.995
"""What an estimate is multiplied by each time it keeps a stage from being run: it is tried again after some twenty."""


class StageCosts:
    """Seconds by way of doing a stage. For one thread."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def of(self, way: str | None) -> float:
        """The estimate; 0 for what was never seen, which is tried to see, and for None, which is not done."""
        return 0.0 if way is None else self._seconds.get(way, 0.0)

    def observe(self, way: str, seconds: float) -> None:
        """One run."""
        known = self._seconds.get(way)
        if known is None:
            self._seconds[way] = seconds
        else:
            self._seconds[way] = known * (STEP if seconds > known else _STEP_DOWN)

    def doubt(self, way: str | None) -> None:
        """Believe a little less that it is dear."""
        if way in self._seconds:
            self._seconds[way] *= DOUBT
