"""Moments as people write them: a date, a date and a time, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

AGO = r"[0-9]{1,6}[hdw]"
"""How long ago, as in `12h`, `7d`, `4w`."""
EXAMPLES = "a moment as in 2026-11-01 or 2026-11-01T12:00 (UTC where it names no offset), or 12h, 7d, 4w ago"

_AGO = re.compile(AGO)
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def moment_of(text: str, now: datetime) -> datetime:
    """A moment, in UTC where it names no offset; or so long before now.

    Raises:
        ValueError: it is neither, or not in the years 1 to 9999 of UTC.
    """
    try:
        if _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"cannot read {text!r}") from None
