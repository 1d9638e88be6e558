"""Numbers and amounts in a text: where they stand and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import regex
from babel.numbers import get_decimal_symbol

from trimtab.text.kept import Kept
from trimtab.text.numbers import NumberFormat, parse_number
from trimtab.text.units import Measure, Unit, unit_key, units_of

_LETTERS: Final = r"\p{L}\p{M}"
_IN_WORD: Final = rf"{_LETTERS}\p{{N}}"
_NUMBER: Final = r"(?:\d{1,3}[ -])?\d{1,3}/\d{1,3}|\d+(?:[.,]\d+)*"
_DENOMINATORS: Final = (2, 3, 4, 5, 6, 8, 10, 16, 32, 64)
_TO: Final = rf"(?:-(?!\d+/)|/(?!(?:{'|'.join(map(str, _DENOMINATORS))})(?!\d)))"
"""What stands between two numbers with one unit: `18-55mm`, `12/24V`."""
_MOST_SIDES: Final = 3
"""Numbers in front of the last of what is measured by several: `2 x 40 x 60 cm`."""
_AMOUNT = regex.compile(
    rf"(?<![{_IN_WORD}])(?<![{_IN_WORD}][-._])(?:(?P<times>{_NUMBER})[ ]?[x*][ ]?){{0,{_MOST_SIDES}}}"
    rf"(?:(?P<least>\d+(?:[.,]\d+)?){_TO})?"
    rf"(?P<number>{_NUMBER})"
    rf"(?:(?P<space>[ -]?)(?P<unit>''|['\"%]|°[ ]?[CF]?|[{_LETTERS}]+[23]?)(?P<second>\.?[ -]?[{_LETTERS}]+)?)?",
    regex.IGNORECASE,
)
_LETTER: Final = r"[^\s\d!-/:-@\[-`{-~]"
_SIGNLESS: Final = r"[^\s!-/:-@\[-`{-~]"
_DIGITS: Final = r"\d[\d.,/]{0,30}"
_MOST_GROUPS: Final = 8
"""Numbers, and parts of mixed ones, in front of a unit; a long table of numbers is read piece by piece."""
_MAY_BE_AMOUNT = re.compile(
    rf"(?<![^\W_])(?<!{_SIGNLESS}[-._])(?<!\d[xX]\d,)(?<!\d[xX]\d\d,){_DIGITS}"
    rf"(?:(?:[ -]|[ ]?[x*X][ ]?){_DIGITS}){{0,{_MOST_GROUPS}}}"
    rf"(?:[ -]?(?:''|'\d{{0,3}}|[\"%]|°[ ]?[CFcf]?|{_LETTER}+[23]?)(?:\.?[ -]?{_LETTER}+)?)?"
)
"""What holds all that `_AMOUNT` may find where it begins, and says quickly where that may be."""
_ENDS = regex.compile(rf"(?![{_IN_WORD}])")
_ENDS_NUMBER = regex.compile(rf"(?![{_IN_WORD}])(?![-./_][{_IN_WORD}])(?!,\d)(?!'[{_LETTERS}])")
_PACK_OF = regex.compile(
    r"(?:pack|box|set|case|lot|bundle|paquete|confezione|packung|pak) (?:of|de|da|di|mit|von|van|met|à) $",
    regex.IGNORECASE,
)
_LONGEST_BEFORE: Final = 20
_LOOKED_AHEAD: Final = 2
"""Characters behind an amount that decide whether it is one."""
_LONGEST_AMOUNT: Final = 20
_GOES_ON = re.compile(r"(?<=[^\W\d_])-(?=\d)")
"""What stands between the amounts of a range, `500g-1kg`, or the pieces of a name, `10W-40`."""
_TIMES_BEHIND = re.compile(r" ?[xX*] ?(\d{1,3})(?![\w.,/])")
_FILLED: Final = ("g", "ml")
"""The kinds of amounts of which several are a pack: `6 x 1.5 l`; of lengths they are sides."""
_FEET = re.compile(r"'(?=\d{1,2}(?!\d))")
"""The sign behind feet, in front of inches."""

_LONGEST_NUMBER: Final = 15
"""Characters beyond which a number is a name: no shop counts as far as that."""

_GLUED: Final = ("a", "c", "f")
"""Units that are words or letters where a space is before them."""

_ALSO_IN: Final = ("in", "в")
"""Units that are the word between the numbers of `2 in 1`."""


class Amount(NamedTuple):
    """A number, and what it counts where a unit stands beside it.

    Attributes:
        number: as an index has it: `1000`, `0.5`.
        measure: None for a bare number.
        also: the same amount read in other ways.
        unit: the unit as it stands in the text, empty for a bare number.
        length: characters that it takes in the text.
    """

    number: str
    measure: Measure | None
    also: tuple[Measure, ...]
    unit: str
    length: int


Amounts = tuple[tuple[int, Amount], ...]
"""Amounts, in order, each behind where it begins."""


class AmountReader:
    """The reader of amounts in a catalogue of some languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._units: Mapping[str, Unit] = units_of(tuple(languages))
        self._format = NumberFormat("," if get_decimal_symbol(languages[0]) == "," else ".")
        self._read = Kept[tuple[str, bool], tuple[Amounts, int]](self._read_start)
        self._pieces, self._ounce = self._units["ct"], self._units["oz"]
        self._rounded = frozenset(self._units[name] for name in ("oz", "lb", "floz", "pt", "qt", "gal"))

    def amounts(self, text: str) -> Iterator[tuple[int, Amount]]:
        """The amounts in a normalised text, in order, each behind where it begins."""
        at = 0
        while found := _MAY_BE_AMOUNT.search(text, at):
            start, end = found.span()
            is_pack = text[start - 1 : start] == " " and bool(
                _PACK_OF.search(text, max(0, start - _LONGEST_BEFORE), start)
            )
            amounts, length = self._read[text[start : end + _LOOKED_AHEAD], is_pack]
            at = start + length
            others: Amounts = ()
            other = at + 1
            if amounts and _GOES_ON.match(text, at):
                others, length = self._measures(text[other : other + _LONGEST_AMOUNT])
                if not others:
                    continue
                at = other + length
            yield from ((start + place, amount) for place, amount in amounts)
            yield from ((other + place, amount) for place, amount in others)
            if amounts and (pack := self._pack_behind(text, start + amounts[-1][0], amounts[-1][1])):
                yield pack
                at = pack[0] + pack[1].length

    def _pack_behind(self, text: str, start: int, each: Amount) -> tuple[int, Amount] | None:
        """How many pieces of an amount, which begins there, a text counts behind it: `330 ml x 24`."""
        is_filled = each.measure is not None and each.measure.unit in _FILLED
        times = _TIMES_BEHIND.match(text, start + each.length) if is_filled else None
        if times is None or self._measures(text[times.start(1) : times.start(1) + _LONGEST_AMOUNT])[0]:
            return None
        return times.start(1), self._amount(times[1], self._pieces, "", len(times[1]))

    def is_amount(self, key: str) -> bool:
        """Whether a word without spaces, as it is compared, is digits and a unit."""
        return key.lstrip("0123456789") in self._units

    def _measures(self, text: str) -> tuple[Amounts, int]:
        """The amounts that a text begins with, and how long they are; none where no unit is beside them."""
        found = _MAY_BE_AMOUNT.match(text)
        amounts, length = self._read[text[: found.end() + _LOOKED_AHEAD], False] if found else ((), 0)
        return (amounts, length) if amounts and amounts[-1][1].measure is not None else ((), 0)

    def _read_start(self, given: tuple[str, bool]) -> tuple[Amounts, int]:
        """The amounts that a text begins with, given whether a pack is before it, and how long what was read is."""
        text, is_pack = given
        match = _AMOUNT.match(text)
        return (tuple(self._amounts_of(text, match, is_pack)), match.end()) if match else ((), 1)

    def _amounts_of(self, text: str, match: regex.Match[str], is_pack: bool) -> Iterator[tuple[int, Amount]]:
        """One amount, or the sides of what is measured by several."""
        number = self._number(match["number"])
        if number is None:
            return
        unit, end = self._unit(text, match)
        least = self._number(match["least"]) if match["least"] else None
        if unit is None and (least is not None or not _ENDS_NUMBER.match(text, end)):
            return
        if least is not None and float(least) >= float(number):
            return
        unit = self._pieces if unit is None and is_pack else unit
        of_times = unit if unit and unit.base == "mm" else self._pieces if unit and unit.base in _FILLED else None
        for times, start in zip(match.captures("times"), match.starts("times"), strict=True):
            if (side := self._number(times)) is not None:
                yield start, self._amount(side, of_times, "", len(times))
        if least is not None:
            yield match.start("least"), self._amount(least, unit, "", len(match["least"]))
        name = text[match.end("number") : end].strip(" -")
        start = match.start("number")
        yield start, self._amount(number, unit, name, end - start)

    def _amount(self, number: str, unit: Unit | None, name: str, length: int) -> Amount:
        if unit is None:
            return Amount(number, None, (), name, length)
        measure, also = unit.of(float(number)), []
        if unit == self._units["floz"]:
            also.append(self._ounce.of(float(number)))
        if unit in self._rounded and (label := measure.on_label):
            also.append(label)
        return Amount(number, measure, tuple(also), name, length)

    def _unit(self, text: str, match: regex.Match[str]) -> tuple[Unit | None, int]:
        """The unit behind a number and where it ends; the end of the number where there is none."""
        for name, end in self._names(match):
            key = unit_key(name)
            found = self._units.get(key)
            if found is None or not (_ENDS.match(text, end) or _FEET.match(text, end - 1)):
                continue
            if match["space"] == " " and key in _GLUED:
                continue
            if key in _ALSO_IN and text[end : end + 2].strip(" -")[:1].isdigit():
                continue
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
        value = parse_number(text, self._format)
        return None if value is None else plain(value)


def _fraction(text: str) -> str | None:
    whole, _, fraction = text.replace("-", " ").rpartition(" ")
    over, under = map(int, fraction.split("/"))
    return plain(int(whole or 0) + Decimal(over) / under) if under in _DENOMINATORS and over < under else None


def plain(number: Decimal) -> str:
    """A number without an exponent and without zeros at its end."""
    text = f"{number:.6f}"
    return text.rstrip("0").rstrip(".")
