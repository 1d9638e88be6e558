"""Dates as feeds write them: `31.12.2024`, `12/31/24, 1:10 PM`, `2024年12月31日`, `31. Dezember 2024`, `04/2019`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from babel import Locale

from trimtab.text.kept import kept
from trimtab.text.normal import folded
from trimtab.text.words.forms import LANGUAGES

_CLOCK: Final = r"(?:,? |,|T)(?P<time>\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?) ?(?P<half>[AaPp]\.?[Mm]\.?)?"
_TIME: Final = rf"(?:{_CLOCK})?(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{{2}}:?\d{{2}}))?"
_DAY: Final = r"(?P<day>\d{1,2})"
_NAME: Final = r"(?P<name>[^\W\d_]{3,12})"
_YEAR: Final = r"(?P<year>\d{4}|\d{2})"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})(?P<sign>[-/.年])(?P<month>\d{{1,2}})(?:(?P=sign)|月){_DAY}日?{_TIME}")
_YEAR_LAST = re.compile(rf"(?P<first>\d{{1,2}})(?P<sign>[./-]) ?(?P<second>\d{{1,2}})(?P=sign) ?{_YEAR}{_TIME}")
_DAY_NAMED = re.compile(
    rf"{_DAY}(?:st|nd|rd|th|er|º|\.)?[ -]?(?:(?:de|of) )?{_NAME}\.?,?[ -]?(?:(?:de|del) )?{_YEAR}{_TIME}"
)
_MONTH_NAMED = re.compile(rf"{_NAME}\.? {_DAY}(?:st|nd|rd|th)?,? (?P<year>\d{{4}}){_TIME}")
_MONTH_ONLY = re.compile(r"(?P<month>\d{1,2})[./-](?P<year>(?:19|20)\d{2})")
_NAMED = (_DAY_NAMED, _MONTH_NAMED)
_PIVOT: Final = 70
"""Years of two digits from here on are of the last century."""


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as it is written.

    Attributes:
        year: with its century.
        first, second: day and month, in the order in which they stand; `first` is the day where `is_day_first`.
        is_day_first: what the text shows of the order; None where it could be either.
        is_numeric: whether day and month are numbers before the year, so that others of the source have its order.
        time: in ISO's form behind the date, empty where there is none.
    """

    year: int
    first: int
    second: int
    is_day_first: bool | None
    time: str = ""
    is_numeric: bool = False

    def iso(self, *, is_day_first: bool) -> str:
        """The date as ISO writes it.

        Args:
            is_day_first: holds where the text itself does not show it.
        """
        days_first = is_day_first if self.is_day_first is None else self.is_day_first
        day, month = (self.first, self.second) if days_first else (self.second, self.first)
        return f"{self.year:04d}-{month:02d}-{day:02d}{self.time}"


@kept
def written_date(text: str) -> WrittenDate | None:
    """The date that the whole text is; None where it is none."""
    text = " ".join(text.split())
    if found := _YEAR_FIRST.fullmatch(text):
        return _date(found, int(found["day"]), int(found["month"]), is_day_first=True)
    if found := _YEAR_LAST.fullmatch(text):
        first, second = int(found["first"]), int(found["second"])
        return _date(found, first, second, is_day_first=True if first > 12 else False if second > 12 else None)
    if (found := _MONTH_ONLY.fullmatch(text)) and 1 <= int(found["month"]) <= 12:
        return WrittenDate(int(found["year"]), 1, int(found["month"]), is_day_first=True)
    for form in _NAMED:
        found = form.fullmatch(text)
        month = _months().get(folded(found["name"])) if found else None
        if found and month is not None:
            return _date(found, int(found["day"]), month, is_day_first=True)
    return None


def _date(found: re.Match[str], first: int, second: int, *, is_day_first: bool | None) -> WrittenDate | None:
    if not (1 <= min(first, second) <= 12 and max(first, second) <= 31):
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    return WrittenDate(year, first, second, is_day_first, _time(found), found.re is _YEAR_LAST)


def _time(found: re.Match[str]) -> str:
    if not found["time"]:
        return ""
    hour, _, rest = found["time"].partition(":")
    hours = int(hour)
    if found["half"]:
        hours = hours % 12 + 12 * (found["half"][:1].lower() == "p")
    zone = (found["zone"] or "").strip()
    return f"T{hours:02d}:{rest}{'Z' if zone in ('UTC', 'GMT') else zone}"


@lru_cache(maxsize=1)
def _months() -> Mapping[str, int]:
    """Names of months, long and short, in all languages; English ones first, then those that mean one month alone."""
    named: dict[str, set[int]] = {}
    for language in LANGUAGES:
        for name, month in _names(language):
            named.setdefault(name, set()).add(month)
    sure = {name: next(iter(months)) for name, months in named.items() if len(months) == 1}
    return sure | dict(_names("en"))


def _names(language: str) -> list[tuple[str, int]]:
    months = Locale.parse(language).months
    return [
        (folded(name).strip(". "), month)
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for month, name in months[context][width].items()
        if not name[:1].isdigit()
    ]
