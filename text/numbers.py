"""Numbers as people write them: `1.299,50`, `1'299.50`, `1,29,999`, `٩٩٫٩`, and how a file writes its numbers.

A point or comma with three digits behind it groups thousands in one place and is the decimal sign in another. Which
it is, is decided by evidence: `number_format_of` counts what numbers of the same source show beyond doubt.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from trimtab.text.kept import kept

Sign = Literal[".", ","]

MAX_CHARACTERS = 64
"""Longer texts are not one number."""

_SPACES = "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\n\r\f\v"
_APOSTROPHES = "’‘ʼʹʻ′´`＇‛\u066c"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufeff\u00ad\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_PLAIN = str.maketrans(
    {
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_APOSTROPHES, "'"),
        **dict.fromkeys(_INVISIBLE, ""),
        "．": ".",
        "，": ",",
        "\u066b": "٫",
        "−": "-",
        "﹣": "-",
        "－": "-",
        "＋": "+",
        "％": "%",
        "٪": "%",
    }
)

_GROUPED = re.compile(r"\d{1,3}(?:(?P<sign>[.,' ])\d{3})(?:(?P=sign)\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}")
"""Groups of three; or of two before the last three, as in India."""
_SHAPE = re.compile(r"(?P<digits>[\d.,' ]*\d)(?P<last>[.,٫])(?P<behind>\d+)")
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?e[+-]?\d{1,3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How numbers of one source are written.

    Attributes:
        decimal: the decimal sign, `.` or `,`; None where nothing says, and three digits behind an only sign are a
            group of thousands.
        n_for: numbers that show it beyond doubt.
        n_against: numbers that show the other one.
    """

    decimal: Sign | None = None
    n_for: int = 0
    n_against: int = 0


_ROMAN = {2: "ii", 3: "iii", 4: "iv", 6: "vi", 7: "vii", 8: "viii", 9: "ix", 11: "xi", 12: "xii", 13: "xiii", 14: "xiv"}
"""Those of one letter are letters more often."""
OTHER_NUMERAL = {str(number): roman for number, roman in _ROMAN.items()}
OTHER_NUMERAL |= {roman: number for number, roman in OTHER_NUMERAL.items()}
"""The number of a version, class or part -> how others write it: `2` of `Type II`, and back."""

UNDECIDED = NumberFormat()
POINT = NumberFormat(".")


def plain_text(text: str) -> str:
    """Digits of any script as 0 to 9, any space as a blank, any apostrophe as `'`; signs nobody sees left out."""
    if text.isascii() and text.isprintable() and "`" not in text:  # nearly all: nothing of it changes
        return text
    text = text.translate(_PLAIN)
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign)) if not sign.isascii() and sign.isdecimal() else sign for sign in text)


def parse_number(text: str, number_format: NumberFormat = POINT) -> Decimal | None:
    """The number that the whole text is, None where it is none.

    Args:
        text: digits of any script with group and decimal signs, and a sign before or behind.
        number_format: decides what a lone point or comma before three digits is. A number whose form leaves no doubt
            is read by its form.
    """
    return _number(text, number_format) if len(text) <= MAX_CHARACTERS else None


@kept
def _number(text: str, number_format: NumberFormat) -> Decimal | None:
    written = plain_text(text).strip()
    is_negative = written.startswith("-") or (written.endswith("-") and len(written) > 1)
    written = written.strip("+-").strip() if written[:1] in "+-" or is_negative else written
    value = _unsigned(written, number_format)
    return value if value is None or not is_negative else -value


def number_format_of(texts: Iterable[str]) -> NumberFormat:
    """What the decimal sign of a source is, by all its numbers. Texts may hold more than a number (`19,99 €`)."""
    return number_format_by(Counter(filter(None, map(decimal_sign_shown, texts))))


def number_format_by(shown: Mapping[Sign, int]) -> NumberFormat:
    """The sign that more numbers show; undecided where none does or both do alike."""
    point, comma = shown.get(".", 0), shown.get(",", 0)
    if point == comma:
        return UNDECIDED
    return NumberFormat(".", point, comma) if point > comma else NumberFormat(",", comma, point)


_FIRST_NUMBER = re.compile(r"\d(?:[\d.,' ]*\d)?")


@kept
def decimal_sign_shown(text: str) -> Sign | None:
    """The decimal sign that the first number of a text shows beyond doubt; None for `1.299`, `1299` and no number."""
    found = _FIRST_NUMBER.search(plain_text(text[:MAX_CHARACTERS]))
    if found is None:
        return None
    number = found.group()
    signs = [sign for sign in number if sign in ".,"]
    if not signs:
        return None
    last: Sign = "." if signs[-1] == "." else ","
    other: Sign = "," if last == "." else "."
    if len(set(signs)) == 2:
        return last if signs.count(last) == 1 and _unsigned(number, UNDECIDED) is not None else None
    if len(signs) > 1:  # `1.299.000`
        return other if _GROUPED.fullmatch(number) else None
    return None if _is_ambiguous(number) else last


def _is_ambiguous(number: str) -> bool:
    """Whether a number with one sign could be grouped or decimal: `1.299`, unlike `0.299`, `1299.000` or `1.29`."""
    return bool(re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", number))


def _unsigned(number: str, number_format: NumberFormat) -> Decimal | None:
    if number.isdecimal():
        return Decimal(number)
    if _SCIENTIFIC.fullmatch(number):
        return Decimal(number)
    if number[:1] in ".,٫" and number[1:].isdecimal():
        return Decimal(f"0.{number[1:]}")
    if number[-1:] in (".", ",") and number[:-1].isdecimal():
        return Decimal(number[:-1])
    whole, behind = _split(number, number_format)
    if whole.isdecimal() or _GROUPED.fullmatch(whole):
        digits = re.sub(r"\D", "", whole)
        return Decimal(f"{digits}.{behind}" if behind else digits)
    return None


def _split(number: str, number_format: NumberFormat) -> tuple[str, str]:
    """The part before the decimal sign and the digits behind it; the whole and nothing where there is no such sign."""
    shape = _SHAPE.fullmatch(number)
    if shape is None:
        return number, ""
    digits, last, behind = shape["digits"], shape["last"], shape["behind"]
    if last in digits:  # a sign that repeats groups
        return number, ""
    if _is_ambiguous(number) and last != number_format.decimal:
        return number, ""
    return digits, behind
