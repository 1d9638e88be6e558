"""Numbers with a word that multiplies them, in full: `600k`, `3만 5천`, `1,5 triệu`, `2 mil`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import regex

from trimtab.text.numbers import parse_number

MULTIPLES: Final[Mapping[str, Mapping[str, int]]] = {
    "ar": {"ألف": 1000, "الف": 1000, "آلاف": 1000, "مليون": 10**6}, "cs": {"tis": 1000}, "es": {"mil": 1000},
    "fa": {"هزار": 1000, "میلیون": 10**6}, "hi": {"हजार": 1000, "हज़ार": 1000, "लाख": 10**5},
    "id": {"rb": 1000, "ribu": 1000, "k": 1000, "jt": 10**6, "juta": 10**6}, "ja": {"千": 1000, "万": 10**4},
    "ko": {"천": 1000, "만": 10**4}, "pl": {"tys": 1000}, "pt": {"mil": 1000}, "ru": {"тыс": 1000, "тысяч": 1000},
    "sk": {"tis": 1000}, "tr": {"bin": 1000}, "uk": {"тис": 1000, "тисяч": 1000},
    "vi": {"k": 1000, "nghìn": 1000, "ngàn": 1000, "nghin": 1000, "ngan": 1000, "tr": 10**6, "triệu": 10**6,
           "trieu": 10**6},
    "zh": {"千": 1000, "万": 10**4, "萬": 10**4},
}  # fmt: skip
"""Language -> the words behind a number that multiply it."""

_THOUSANDS: Final = regex.compile(r"(?<=[$€£] ?)\d[\d.,]*(?=[kK](?!\p{L}))|(?<!\S)\d[\d.,]*(?=[kK] ?[$€£])")
"""What is multiplied by the k behind it in every language, since a currency is beside it."""


def in_full(text: str, languages: Sequence[str]) -> tuple[str, Sequence[int]]:
    """A text with such numbers written as digits, and [n + 1] where in the text each of its characters comes from."""
    parts: list[str] = []
    places: list[int] = []
    at = 0
    for match in sorted(_found(text, languages), key=lambda match: match.start()):
        amount = sum(_value(number, word, languages) for number, word in _terms(match))
        if match.start() < at or amount == 0:
            continue
        digits = f"{amount:.0f}"
        parts += [text[at : match.start()], digits]
        places += [*range(at, match.start()), *[match.start()] * len(digits)]
        at = match.end() + int(match.re is _THOUSANDS)
    if not parts:
        return text, range(len(text) + 1)
    return "".join([*parts, text[at:]]), [*places, *range(at, len(text) + 1)]


def _found(text: str, languages: Sequence[str]) -> list[regex.Match[str]]:
    pattern = _pattern(tuple(languages))
    return [*_THOUSANDS.finditer(text), *(pattern.finditer(text) if pattern else ())]


def _terms(match: regex.Match[str]) -> list[tuple[str, str]]:
    """The numbers of a match, and what each is multiplied by."""
    if match.re is _THOUSANDS:
        return [(match[0], "k")]
    return [*zip(match.captures("number"), match.captures("word"), strict=True), (match["rest"] or "0", "")]


def _value(number: str, word: str, languages: Sequence[str]) -> float:
    amount = parse_number(number)
    by = next((table[word.lower()] for table in _tables(languages) if word.lower() in table), 1000 if word else 1)
    return 0.0 if amount is None else float(amount) * by


def _tables(languages: Sequence[str]) -> list[Mapping[str, int]]:
    return [MULTIPLES[language] for language in languages if language in MULTIPLES]


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
