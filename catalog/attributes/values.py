"""Single values of attributes: read from what a file or a request gives, and written for people and programs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from trimtab.catalog.attributes.definition import SEPARATOR, Attribute
from trimtab.text.normal import folded

Raw = str | float
"""A value as a column keeps it: a name, or a number (dates: seconds since 1970 in UTC)."""

EXACT = 2**53
"""From here on floats do not hold every whole number."""
FLAGS = ("false", "true")
TRUE = {"true", "t", "yes", "y", "1", "1.0"}
FALSE = {"false", "f", "no", "n", "0", "0.0"}
ALLOWED: Mapping[str, str] = {
    "text": "some text",
    "path": "a path such as Shoes > Boots",
    "number": "a number",
    "flag": "true or false",
    "date": "a date such as 2024-05-31 or 2024-05-31T08:00:00Z",
}
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_SEPARATORS = re.compile(r"[-./_ ]")
_TYPED = re.compile(
    r"\d{8,14}[Xx]?"
    r"|(?=.{5,20}$)(?=.*\d)(?=.*[A-Za-z])(?:[A-Za-z]{0,2}(?:\d+[A-Za-z]{1,2})*\d*|[A-Za-z]{1,4}\d{4,}[A-Za-z]?)"
)
"""Numbers of articles and books, and codes of which no short number is a piece by itself."""
PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


class Unreadable(ValueError):
    """A value that is not one of its attribute's kind."""


def read_values(attribute: Attribute, given: object) -> list[Raw]:
    """The distinct values that a cell or a JSON value gives; none where it is empty.

    Raises:
        Unreadable: one of them is not of the attribute's kind.
    """
    found: dict[object, Raw] = {}
    for one in given if isinstance(given, list | tuple) else (given,):
        if one is None or (isinstance(one, str) and not one.strip()) or (isinstance(one, float) and math.isnan(one)):
            continue
        value = _READERS[attribute.kind](one)
        found.setdefault(folded(value) if isinstance(value, str) else value, value)
    return list(found.values())


def plain_values(attribute: Attribute, values: Sequence[Raw]) -> Any:
    """Values as JSON has them: a list where there are several, None where there is none."""
    plain = [plain_value(attribute, value) for value in values]
    return plain if len(plain) > 1 else plain[0] if plain else None


def plain_value(attribute: Attribute, value: Raw) -> str | float | bool:
    """The value as JSON has it."""
    if isinstance(value, str):
        return value == "true" if attribute.kind == "flag" else value
    if attribute.kind == "date":
        return date_text(value)
    return int(value) if value.is_integer() and abs(value) < EXACT else value


def searched_text(own: str, values: Iterable[tuple[Attribute, Sequence[Raw]]]) -> str:
    """What is searched of an item's attributes: a text of its own, then the values of those that are searched."""
    texts = (_as_text(attribute, one) for attribute, several in values if attribute.search for one in several)
    return ", ".join(filter(None, (own, *texts)))


def typed_code(item_id: str) -> str:
    """An item's id without separators where it is a number that people type: of an article, a book, a part; else empty.

    No short number is, nor one beside a word (`shirt-12`): what they are made of would be found in all items.
    """
    code = _SEPARATORS.sub("", item_id)
    return code if _TYPED.fullmatch(code) else ""


def _as_text(attribute: Attribute, value: Raw) -> str:
    if isinstance(value, str):
        return value.replace(SEPARATOR, " ") if attribute.kind == "path" else value
    text = str(plain_value(attribute, value))
    return f"{text} {attribute.unit}" if attribute.unit else text


def flattened(name: str, value: object) -> Iterable[tuple[str, object]]:
    """Names and values of a JSON value, where an object's members are named by their path: `size.width`."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from flattened(f"{name}.{key}" if name else str(key), one)
    else:
        yield name, value


def date_text(seconds: float) -> str:
    """The moment in ISO 8601, as a date where it is midnight."""
    moment = datetime.fromtimestamp(seconds, UTC)
    if (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0):
        return moment.date().isoformat()
    return moment.isoformat().replace("+00:00", "Z")


def date_interval(text: str) -> tuple[float, float]:
    """The first and the last moment of a year, a month, a day, or of a moment.

    Raises:
        Unreadable: it is none of these.
    """
    partial = PARTIAL_DATE.fullmatch(text.strip())
    try:
        if partial is None:
            start = _seconds(text)
            return start, start
        year, month, day = (None if part is None else int(part) for part in partial.groups())
        first = datetime(year or 1, month or 1, day or 1, tzinfo=UTC)
        if month is None:
            after = first.replace(year=first.year + 1)
        elif day is None:
            after = first.replace(year=first.year + month // 12, month=month % 12 + 1)
        else:
            return first.timestamp(), math.nextafter(first.timestamp() + 86_400, 0)
    except (ValueError, OverflowError):
        raise Unreadable(ALLOWED["date"]) from None
    return first.timestamp(), math.nextafter(after.timestamp(), 0)


def path_of(text: str) -> str:
    """The path in its one spelling: steps without spaces around them."""
    return SEPARATOR.join(step for step in map(str.strip, text.split(">")) if step)


def _text(value: object) -> Raw:
    if isinstance(value, bool):
        return FLAGS[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    text = " ".join(str(value).split())
    if not text:
        raise Unreadable(ALLOWED["text"])
    return text


def _path(value: object) -> Raw:
    path = path_of(str(_text(value)))
    if not path:
        raise Unreadable(ALLOWED["path"])
    return path


def number_of(value: object) -> float:
    """The number that a value of JSON or a text with a decimal point is.

    Raises:
        Unreadable: it is none, or a whole one that a float does not hold.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unreadable(ALLOWED["number"])
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Unreadable(ALLOWED["number"])
    if abs(number) >= EXACT and not isinstance(value, float) and _WHOLE.fullmatch(str(value)) and int(value) != number:
        raise Unreadable(f"a number whose digits are all kept: whole ones up to {EXACT}; codes are attributes of text")
    return number + 0.0  # -0.0 is 0.0


def _flag(value: object) -> Raw:
    word = str(value).strip().lower()
    if word in TRUE:
        return "true"
    if word in FALSE:
        return "false"
    raise Unreadable(ALLOWED["flag"])


def _date(value: object) -> Raw:
    try:
        seconds = _seconds(value)
        date_text(seconds)
        return seconds
    except (ValueError, OverflowError, OSError):
        raise Unreadable(ALLOWED["date"]) from None


def _seconds(value: object) -> float:
    """The moment as seconds since 1970; without a zone it is UTC."""
    match value:
        case datetime():
            moment = value
        case date():
            moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001  the zone follows
        case int() | float():
            return float(value)
        case _:
            text = str(value).strip()
            partial = PARTIAL_DATE.fullmatch(text)
            if partial is not None:
                year, month, day = (int(part or 1) for part in partial.groups())
                moment = datetime(year, month, day)  # noqa: DTZ001  the zone follows
            else:
                moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


_READERS: Mapping[str, Any] = {"text": _text, "path": _path, "number": number_of, "flag": _flag, "date": _date}
