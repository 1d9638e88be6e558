"""Moments that callers send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime
from pydantic_core import PydanticCustomError


def _within_time(moment: datetime) -> datetime:
    """The moment, if it is in the years 1 to 9999 in UTC too: at both ends an offset leads out of them."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("moment", "a moment in the years 1 to 9999 of UTC") from None
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_time)]
"""A date and a time with its offset from UTC."""
