"""Numbers with a word that multiplies them, in full: `600k`, `3만 5천`, `1,5 triệu`, `2 mil`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import regex
from babel import Locale, UnknownLocaleError

from trimtab.text.amounts.symbols import is_unspaced
from trimtab.text.numbers import parse_number, plain_text

_BY_LANGUAGE: Final[Mapping[str, Mapping[str, int]]] = {
    "ar": {"الف": 1000}, "hi": {"हज़ार": 1000, "लाख": 10**5},
    "id": {"k": 1000}, "ja": {"千": 1000}, "sr": {"hiljada": 1000, "hiljade": 1000, "milion": 10**6, "miliona": 10**6},
    "vi": {"k": 1000, "ngàn": 1000, "nghin": 1000, "ngan": 1000, "trieu": 10**6},
    "zh": {"千": 1000, "萬": 10**4},
}  # fmt: skip
"""Language -> what shoppers write behind a number that is multiplied, beside what CLDR has."""

_SHORTEST_ABBREVIATION: Final = 2
"""Letters of a word of CLDR's; fewer are units as well (`m`, `t`). In Chinese, Japanese and Korean one is enough."""

_THOUSANDS: Final = regex.compile(r"(?<=[$€£] ?)\d[\d.,]*(?=[kK](?!\p{L}))|(?<!\S)\d[\d.,]*(?=[kK] ?[$€£])")
"""What is multiplied by the k behind it in every language, since a currency is beside it."""


class InFull(NamedTuple):
    """A text with numbers written as digits that words multiply.

    Attributes:
        places: [n + 1] where in the text as it was each character comes from.
        factors: where such a number stands -> what its first word multiplies by.
    """

    text: str
    places: Sequence[int]
    factors: Mapping[int, int]


def in_full(text: str, languages: Sequence[str]) -> InFull:
    """A text with such numbers written as digits."""
    parts: list[str] = []
    places: list[int] = []
    factors: dict[int, int] = {}
    at = 0
    for match in sorted(_found(text, languages), key=lambda match: match.start()):
        terms = [(number, _factor(word, languages)) for number, word in _terms(match)]
        amount = sum(float(parse_number(number) or 0) * factor for number, factor in terms)
        if match.start() < at or amount == 0:
            continue
        digits = f"{amount:.0f}"
        parts += [text[at : match.start()], digits]
        places += range(at, match.start())
        factors[len(places)] = terms[0][1]
        places += [match.start()] * len(digits)
        at = match.end() + int(match.re is _THOUSANDS)
    if not parts:
        return InFull(text, range(len(text) + 1), {})
    return InFull("".join([*parts, text[at:]]), [*places, *range(at, len(text) + 1)], factors)


def _found(text: str, languages: Sequence[str]) -> list[regex.Match[str]]:
    pattern = _pattern(tuple(languages))
    return [*_THOUSANDS.finditer(text), *(pattern.finditer(text) if pattern else ())]


def _terms(match: regex.Match[str]) -> list[tuple[str, str]]:
    """The numbers of a match, and what each is multiplied by."""
    if match.re is _THOUSANDS:
        return [(match[0], "k")]
    return [*zip(match.captures("number"), match.captures("word"), strict=True), (match["rest"] or "0", "")]


def _factor(word: str, languages: Sequence[str]) -> int:
    """What a word multiplies by; a k that a currency is beside by a thousand, no word by one."""
    said = (table[word.lower()] for table in _tables(languages) if word.lower() in table)
    return next(said, 1000 if word else 1)


def _tables(languages: Sequence[str]) -> list[Mapping[str, int]]:
    return list(map(_multiples, languages))


@lru_cache(maxsize=64)
def _multiples(language: str) -> Mapping[str, int]:
    """The words of a language behind a number that multiply it, in lower case: CLDR's of short numbers, and others."""
    try:
        formats = Locale.parse(language).compact_decimal_formats
    except (UnknownLocaleError, ValueError):
        return _BY_LANGUAGE.get(language, {})
    found: dict[str, int] = {}
    for length in ("long", "short"):
        for by_magnitude in formats.get(length, {}).values():
            for magnitude, pattern in by_magnitude.items():
                zeros = pattern.pattern.count("0")
                word = plain_text(pattern.pattern.replace("0", "").replace("'", "")).strip(" .").lower()
                if zeros and word and (len(word) >= _SHORTEST_ABBREVIATION or is_unspaced(word)):
                    found.setdefault(word, int(magnitude) // 10 ** (zeros - 1))
    return {**found, **_BY_LANGUAGE.get(language, {})}


@lru_cache(maxsize=128)
def _pattern(languages: tuple[str, ...]) -> regex.Pattern[str] | None:
    """What is multiplied by words of some languages; none where they have none."""
    words = sorted((word for table in _tables(languages) for word in table), key=len, reverse=True)
    if not words:
        return None
    # Behind a word of a script with spaces another one begins; 만 and 万 are followed by the currency.
    ends = r"(?:(?<=[\p{Han}\p{Hangul}])|(?![\p{L}\p{M}\p{N}])\.?)"
    return regex.compile(
        rf"(?<![\p{{L}}\p{{N}}.,])(?:(?P<number>\d[\d.,]*)[ ]?(?P<word>{'|'.join(words)}){ends}(?:(?=[ ]?\d)[ ]?)?)+"
        r"(?<rest>(?<=[\p{Han}\p{Hangul}])\d+)?",
        regex.IGNORECASE,
    )
