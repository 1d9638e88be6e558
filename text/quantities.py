"""Numbers and amounts in a text: where they stand and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import regex
from babel.numbers import get_decimal_symbol

from trimtab.text.units import Measure, Unit, unit_key, units_of

_LETTERS: Final = r"\p{L}\p{M}"
_IN_WORD: Final = rf"{_LETTERS}\p{{N}}"
_NUMBER: Final = r"(?:\d{1,3}[ -])?\d{1,3}/\d{1,3}|\d+(?:[.,]\d+)*"
_AMOUNT = regex.compile(
    rf"(?<![{_IN_WORD}])(?<![{_IN_WORD}][-._])(?:(?P<times>{_NUMBER})[ ]?[x×*][ ]?)*(?P<number>{_NUMBER})"
    rf"(?:(?P<space>[ -]?)(?P<unit>''|['\"%]|°[ ]?[CF]?|[{_LETTERS}]+[23]?)(?P<second>\.?[ -]?[{_LETTERS}]+)?)?",
    regex.IGNORECASE,
)
_ENDS = regex.compile(rf"(?![{_IN_WORD}])")
_ENDS_NUMBER = regex.compile(rf"(?![{_IN_WORD}])(?![-./_][{_IN_WORD}])(?!,\d)")
_PACK_OF = regex.compile(
    r"(?:pack|box|set|case|lot|bundle|paquete|confezione|packung|pak) (?:of|de|da|di|mit|von|van|met|à) $",
    regex.IGNORECASE,
)
_LONGEST_BEFORE: Final = 20
_DENOMINATORS: Final = (2, 3, 4, 5, 6, 8, 10, 16, 32, 64)
_LONGEST_NUMBER: Final = 15
"""Characters beyond which a number is a name: nothing is counted so far."""

_CAPITAL: Final = ("a", "c", "f", "go")
"""Units that are written in capitals where a space is before them; else they are words."""


class Amount(NamedTuple):
    """A number, and what it counts where a unit stands beside it.

    Attributes:
        number: as an index has it: `1000`, `0.5`.
        measure: None for a bare number.
        also: the same amount read in another way.
        unit: the unit as it stands in the text, empty for a bare number.
        start, end: where it stands in the text.
    """

    number: str
    measure: Measure | None
    also: Measure | None
    unit: str
    start: int
    end: int


class AmountReader:
    """The reader of amounts in a catalogue of some languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._units: Mapping[str, Unit] = units_of(tuple(languages))
        self._decimal = get_decimal_symbol(languages[0]) if languages else "."
        self._pieces, self._ounce = self._units["ct"], self._units["oz"]

    def amounts(self, text: str) -> Iterator[Amount]:
        """The amounts in a normalised text, in order."""
        for match in _AMOUNT.finditer(text):
            number = self._number(match["number"])
            if number is None:
                continue
            unit, end = self._unit(text, match)
            if unit is None and not _ENDS_NUMBER.match(text, end):
                continue
            of_length = unit if unit and unit.base == "mm" else None
            for times, start in zip(match.captures("times"), match.starts("times"), strict=True):
                if (side := self._number(times)) is not None:
                    yield self._amount(text, side, of_length, start, start + len(times), start + len(times))
            yield self._amount(text, number, unit, match.start("number"), match.end("number"), end)

    def _amount(self, text: str, number: str, unit: Unit | None, start: int, number_end: int, end: int) -> Amount:
        if unit is None and _PACK_OF.search(text, max(0, start - _LONGEST_BEFORE), start):
            unit = self._pieces
        name = text[number_end:end].strip(" -")
        also = self._ounce.of(float(number)) if unit == self._units["floz"] else None
        return Amount(number, unit.of(float(number)) if unit else None, also, name, start, end)

    def _unit(self, text: str, match: regex.Match[str]) -> tuple[Unit | None, int]:
        """The unit behind a number and where it ends; the end of the number where there is none."""
        for name, end in self._names(match):
            key = unit_key(name)
            found = self._units.get(key)
            if found is None or not _ENDS.match(text, end):
                continue
            if match["space"] == " " and key in _CAPITAL and name.islower():
                continue
            if key == "in" and text[end : end + 2].strip(" -")[:1].isdigit():
                continue  # 2 in 1
            return found, end
        return None, match.end("number")

    @staticmethod
    def _names(match: regex.Match[str]) -> Iterator[tuple[str, int]]:
        if match["second"]:
            yield match["unit"] + match["second"], match.end("second")
        if match["unit"]:
            yield match["unit"], match.end("unit")

    def _number(self, text: str) -> str | None:
        """A number as an index has it; None for what is another thing."""
        if len(text) > _LONGEST_NUMBER:
            return None
        if "/" in text:
            return _fraction(text)
        if text.isdigit():
            return text
        return self._with_decimals(text)

    def _with_decimals(self, text: str) -> str | None:
        points, commas = text.count("."), text.count(",")
        if points and commas:
            decimal = max(".,", key=text.rfind)
            if text.count(decimal) > 1:
                return None
        else:
            mark = "." if points else ","
            whole, _, behind = text.rpartition(mark)
            groups = points + commas > 1 or (len(behind) == 3 and mark != self._decimal and len(whole) <= 3)
            if points > 1 and any(len(group) != 3 for group in text.split(mark)[1:]):
                return None  # a version, an address
            decimal = "" if groups and not whole.startswith("0") else mark
        digits = "".join(
            "." if character == decimal else character
            for character in text
            if character.isdigit() or character == decimal
        )
        return plain(float(digits)) if "." in digits else digits


def _fraction(text: str) -> str | None:
    whole, _, fraction = text.replace("-", " ").rpartition(" ")
    over, under = map(int, fraction.split("/"))
    return plain(int(whole or 0) + over / under) if under in _DENOMINATORS and over < under else None


def plain(number: float) -> str:
    """A number without an exponent and without zeros at its end."""
    return f"{number:.6f}".rstrip("0").rstrip(".")
