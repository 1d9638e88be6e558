"""Stage costs: a running upper quantile of the seconds that each stage takes on this machine now.

A quantile and not a mean, because a deadline is missed by the slow ones; and one that a single slow run hardly moves,
because one pause of the machine is no reason to degrade what comes after it. Each observation above the estimate
raises it by `STEP`, each below lowers it by so much less that `SHARE` of them are below in the long run (frugal
streaming, Ma, Muthukrishnan & Sandler 2013, with steps in proportion).
"""

from __future__ import annotations

SHARE = 0.95
STEP = 1.1
_STEP_DOWN = STEP ** -((1 - SHARE) / SHARE)
DECAY = 0.995
"""Factor of an estimate each time it keeps a stage from being run, so that the stage is tried again some time."""


class StageCosts:
    """Seconds by stage and how it is done. For one thread."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def estimate(self, key: str | None) -> float:
        """The estimate; 0 for what was never observed, so that it is tried, and for None, which is not done."""
        return 0.0 if key is None else self._seconds.get(key, 0.0)

    def observe(self, key: str, seconds: float) -> None:
        """Take in one run."""
        known = self._seconds.get(key)
        if known is None:
            self._seconds[key] = seconds
        else:
            self._seconds[key] = known * (STEP if seconds > known else _STEP_DOWN)

    def decay(self, key: str | None) -> None:
        """Lower an estimate a little."""
        if key in self._seconds:
            self._seconds[key] *= DECAY
