"""Currency symbols where they stand in a text, and which currency they mean there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from trimtab.text.amounts.currencies import (
    codes,
    currencies_of_territory,
    is_weak,
    lengths_by_first,
    lengths_by_last,
    symbols,
    territory_of_language,
)

_BARE_SIGNS = frozenset("$£¥")
"""Signs of many currencies, which letters beside them tell apart."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of the text's source, to read symbols and signs by."""

    currency: str | None
    territory: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol and where it stands."""

    written: str
    start: int
    end: int


def meaning_before(text: str, symbol: Symbol, source: Source) -> str | None:
    """The currency of a symbol that stands before a number, with what letters before it say."""
    return _qualified_before(text, symbol) or meaning_of(symbol.written, source)


def meaning_after(text: str, symbol: Symbol, source: Source) -> str | None:
    """The same for one that stands behind a number."""
    return _qualified_after(text, symbol) or meaning_of(symbol.written, source)


@lru_cache(maxsize=8192)
def meaning_of(written: str, source: Source) -> str | None:
    """The currency that a written form means in a source."""
    meant = symbols().get(written)
    if meant is None:
        return None
    if source.currency in meant:
        return source.currency
    at_home = currencies_of_territory(source.territory or territory_of_language(source.language))
    local = next((code for code in at_home if code in meant), None)
    return local or (None if is_weak(written) else meant[0])


def symbol_before(text: str, start: int) -> Symbol | None:
    """The longest symbol that ends right before a number, blanks and a colon between."""
    stop = start
    while stop and text[stop - 1] in " :":
        stop -= 1
    for end in (stop, stop - 1) if text[stop - 1 : stop] == "." else (stop,):
        for length in lengths_by_last().get(text[end - 1 : end], ()):
            first = end - length
            if first >= 0 and text[first:end] in symbols() and not _cuts_word(text, first, text[first], -1):
                return Symbol(text[first:end], first, end)
    return None


def own_symbol(text: str, end: int) -> Symbol | None:
    """The symbol right behind a number, unless it belongs to the next one (`30 $20`)."""
    start = end
    while text[start : start + 1] == " ":
        start += 1
    symbol = symbol_after(text, start)
    if symbol is None:
        return None
    touches_next = text[symbol.end : symbol.end + 1].isdigit()
    return None if start > end and touches_next else symbol


def symbol_after(text: str, start: int) -> Symbol | None:
    """The longest symbol that begins at a place and is not a part of a longer word."""
    for length in lengths_by_first().get(text[start : start + 1], ()):
        end = start + length
        written = text[start:end]
        if (
            len(written) == length
            and written in symbols()
            and not (_cuts_word(text, end, written[-1], 1) or _cuts_word(text, start, written[0], -1))
        ):
            return Symbol(written, start, end)
    return None


def _cuts_word(text: str, at: int, edge: str, side: int) -> bool:
    """Whether a symbol with a letter at its edge stands beside another letter of a script that has words."""
    beside = text[at : at + 1] if side > 0 else text[at - 1 : at]
    return edge.isalpha() and beside.isalpha() and not (is_unspaced(edge) or is_unspaced(beside))


def is_unspaced(letter: str) -> bool:
    """Whether the letter's script is written without spaces between words (Chinese, Japanese, Thai), or is Korean."""
    return "\u0e00" <= letter <= "\u0eff" or "\u3040" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af"


def _qualified_before(text: str, symbol: Symbol) -> str | None:
    """What the letters before a bare sign make of it: `NZD $`, `AU $`, `CDN$`."""
    if symbol.written not in _BARE_SIGNS:
        return None
    letters = re.search(r"(?<![^\W\d_])([A-Za-z]{1,3}) ?$", text[: symbol.start])
    return _qualified(letters[1], symbol.written) if letters else None


def _qualified_after(text: str, symbol: Symbol) -> str | None:
    """The same for what follows: `1,190.00 $ CAD`."""
    if symbol.written not in _BARE_SIGNS:
        return None
    letters = re.match(r" ?\(?([A-Za-z]{2,3})(?![^\W\d_])", text[symbol.end :])
    return _qualified(letters[1], symbol.written) if letters else None


def _qualified(letters: str, sign: str) -> str | None:
    if letters.upper() in codes():
        return letters.upper()
    meant = symbols().get(f"{letters}{sign}") or symbols().get(f"{letters.upper()}{sign}")
    return meant[0] if meant else None
