"""Moments as logs and files of other systems write them: ISO 8601, numbers since 1970, dates in digits."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_DATE = re.compile(r"(19|20)\d{6}(\d{6})?", re.ASCII)
_UNITS = (1.0, 1e3, 1e6, 1e9)
_FIRST, _END = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1990, 2100))


def moment(value: object) -> datetime | None:
    """ISO 8601 text, a number since 1970 or a datetime as UTC; without a zone it is taken to be UTC.

    A number is of seconds, milliseconds, microseconds or nanoseconds: the unit in which it is a time from 1990 to 2100;
    eight or fourteen digits that begin with 19 or 20 are a date, or a date and a time. Any other number is not a time.
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        text = str(value).strip()
        if isinstance(value, datetime):
            found = value
        elif _DATE.fullmatch(text):
            found = datetime.fromisoformat(text[:8] + (f"T{text[8:]}" if len(text) > 8 else ""))
        elif isinstance(value, int | float) or _NUMBER.fullmatch(text):
            return _since_1970(float(text))
        else:
            found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _since_1970(number: float) -> datetime | None:
    for unit in _UNITS:
        at = number / unit
        if _FIRST <= at < _END:
            return datetime.fromtimestamp(at, UTC)
    return None
