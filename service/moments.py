"""Moments that callers send, and spans of time that are bounded by them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, LiteralString

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from trimtab.core.spoken_moments import AGO, EXAMPLES, moment_of


def _within_time(moment: datetime) -> datetime:
    """The moment, if it is in the years 1 to 9999 in UTC too: at both ends an offset leads out of them."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("moment", "a moment in the years 1 to 9999 of UTC") from None
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_time)]
"""A date and a time with its offset from UTC."""


def _spoken(value: object) -> object:
    if not isinstance(value, str):
        return value
    # To the minute, so that the same question is the same for a while.
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    try:
        return moment_of(value, now)
    except ValueError:
        raise PydanticCustomError("moment", EXAMPLES) from None


SpokenMoment = Annotated[
    Moment,
    BeforeValidator(_spoken),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": f"^{AGO}$"},
            ]
        }
    ),
]
"""A moment as people write it in an address: a date is enough, UTC is meant where no offset is named, `7d` is ago."""


def require_order(kind: LiteralString, starts: datetime | None, ends: datetime | None) -> None:
    """Refuse a definition of this kind that ends before it starts; None leaves a side open.

    Raises:
        PydanticCustomError: it does.
    """
    if starts is not None and ends is not None and starts >= ends:
        raise PydanticCustomError(kind, "starts before ends", {"problem": f"the {kind} ends before it starts"})


def is_within(now: datetime, starts: datetime | None, ends: datetime | None) -> bool:
    """Whether what starts and ends then holds now; None leaves a side open."""
    return (starts is None or starts <= now) and (ends is None or now < ends)
