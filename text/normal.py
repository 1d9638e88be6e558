"""One form for text that means the same: normalisation, case folding and accent folding.

`normalised` is what every text goes through first: NFKC, one apostrophe, one hyphen, ASCII digits, no characters that
only shape what is seen. It keeps case and accents. `fold_case` and `fold_accents` take those away.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import regex

from trimtab.text.kept import Kept

APOSTROPHES: Final = "'’‘‛ʼʹʻʽ′‵`´＇ˈ՚׳"
QUOTES: Final = '"“”„‟″‶〃＂ˮ״'
HYPHENS: Final = "-‐‑‒–—―−﹘﹣－⁃"
TIMES: Final = "×✕⨯"
SPACES: Final = "\u200b\u00a0\u202f\u2007\u2009\u3000\t\n\r\f\v"
"""Characters that part words; the zero-width space does in Thai and Khmer."""

_SHAPING: Final = "\u00ad\u0640\u200c\u200d\u200e\u200f\u2060\u2061\ufeff™℠®©" + "".join(
    map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xFE00, 0xFE10)))
)
"""Characters that are part of no word: soft hyphens, joiners, tatweel, directions, variation selectors, trade marks."""

_FOLDED_LETTERS: Final = {
    "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h",
    "ŧ": "t", "ŋ": "n", "ĸ": "k", "ŀ": "l", "ə": "e",
    "ё": "е", "ѐ": "е", "ѝ": "и",
    "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي", "ے": "ي", "ہ": "ه", "ھ": "ه",
}  # fmt: skip
"""Letters that Unicode does not take apart and that people type without what marks them."""

_ACCENTED: Final = ("LATIN", "GREEK", "ARABIC", "HEBREW")
"""Scripts whose marks are left out in searching. Elsewhere a mark makes another letter: й, が, हि."""

_DIGRAPHS: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "a", "œ": "o"}
"""The other way in which a letter is written where it is not on the keyboard."""

UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}ー々\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that are written without spaces between words, for a set in a regular expression."""

_ENTITY = regex.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_VULGAR_FRACTION = regex.compile(r"(?<=\d)(?=[¼-¾⅐-⅞↉])")
_THREAD = regex.compile(r"(?<![\p{L}\p{M}\p{N}])(?<!\p{N} )([A-Z]{1,3})(?=(?:\d )?\d{1,2}/(?:2|4|8|16)(?!\d))")
"""The letters in front of the inches of a pipe: `G1/2`."""
_MAY_BE_THREAD = re.compile(r"[A-Z]\d{1,2}[ /]\d")
_MAY_BE_SIGN = re.compile(r"[ØøΦφхХ] ?\d")
"""Quick looks before these."""
_CYRILLIC_TIMES = regex.compile(r"(?<=\p{N} ?)[хХ](?= ?\p{N})")
_DIAMETER = regex.compile(r"(?<![\p{L}\p{M}\p{N}])[ØøΦφ](?=( ?)\d)")
"""A letter in the place of the sign for a diameter: `Ø12mm`."""
_OTHER_SCRIPT = regex.compile(
    rf"(?<=[{UNSPACED}]\p{{M}}*)(?=[\p{{L}}\p{{N}}--{UNSPACED}])|(?<=[\p{{L}}\p{{M}}\p{{N}}--{UNSPACED}])(?=[{UNSPACED}])"
    rf"|(?<=\p{{Hangul}})(?=[\p{{L}}\p{{N}}--\p{{Hangul}}])|(?<=[\p{{L}}\p{{N}}--\p{{Hangul}}])(?=\p{{Hangul}})",
    regex.VERSION1,
)
"""Where one word ends and another begins although no space is between them."""

_GERSHAYIM = regex.compile(r'(?<=\p{Hebrew})"(?=\p{Hebrew}(?!\p{Hebrew}))')
"""The sign in front of the last letter of a Hebrew abbreviation, which many leave out: `ס"מ`."""
_MAY_BE_GERSHAYIM = re.compile('[א-ת]"[א-ת]')

_MAY_BE_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
"""A quick look before `_OTHER_SCRIPT`, which takes ten times as long."""

_FOREIGN = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
"""What Unicode normalisation may change: other characters, and the one that a mark may belong to."""

_PART = regex.compile(rf"{_ENTITY.pattern}|\X")


def _same_character() -> dict[int, str | None]:
    table: dict[int, str | None] = dict.fromkeys(map(ord, _SHAPING))
    for characters, one in ((APOSTROPHES, "'"), (QUOTES, '"'), (HYPHENS, "-"), (TIMES, "x"), (SPACES, " ")):
        table.update(dict.fromkeys(map(ord, characters), one))
    return table


_SAME_CHARACTER = _same_character()


class _Digits(dict[int, str]):
    """The digits of all scripts as ASCII digits, for `str.translate`; other characters as they are."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = str(unicodedata.decimal(character)) if character.isdecimal() else character
        return self[code]


class _Unaccented(dict[int, str]):
    """Characters without their accents, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = _unaccented(chr(code))
        return self[code]


def _unaccented(character: str) -> str:
    if character in _FOLDED_LETTERS:
        return _FOLDED_LETTERS[character]
    category = unicodedata.category(character)
    name = unicodedata.name(character, "")
    if category == "Mn":
        return "" if name.startswith(("COMBINING", "ARABIC", "HEBREW")) else character
    if not name.startswith(_ACCENTED):
        return character
    letters = [part for part in unicodedata.normalize("NFD", character) if unicodedata.category(part) != "Mn"]
    return "".join(_FOLDED_LETTERS.get(letter, letter) for letter in letters)


_DIGITS: Final = _Digits()
_UNACCENTED: Final = _Unaccented()
_BY_DIGRAPH: Final = str.maketrans(_DIGRAPHS)


def normalised(text: str) -> str:
    """The text in the one form that words are read from; case and accents are kept."""
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if "/" in text and _MAY_BE_THREAD.search(text):
        text = _THREAD.sub(r"\1 ", text)
    if text.isascii():
        return text.replace("`", "'")
    return _normalised_text[text]


def _read_normalised(text: str) -> str:
    text = _FOREIGN.sub(_normalised_run, text.replace("`", "'"))
    if _MAY_BE_SIGN.search(text):
        text = _CYRILLIC_TIMES.sub("x", text)
        text = _DIAMETER.sub(lambda match: "⌀" if match[1] else "⌀ ", text)
    if _MAY_BE_GERSHAYIM.search(text):
        text = _GERSHAYIM.sub("", text)
    return _apart(text)


def _apart(text: str) -> str:
    """Words of different scripts with a space between them."""
    return str(_OTHER_SCRIPT.sub(" ", text)) if _MAY_BE_UNSPACED.search(text) else text


def _normalised_run(match: re.Match[str]) -> str:
    return _normalised_characters[match[0]]


def _read_characters(text: str) -> str:
    text = _VULGAR_FRACTION.sub(" ", text).translate(_SAME_CHARACTER)
    return unicodedata.normalize("NFKC", text).translate(_SAME_CHARACTER).translate(_DIGITS).replace("\u2044", "/")


_normalised_text = Kept[str, str](_read_normalised)
_normalised_characters = Kept[str, str](_read_characters)


def aligned(text: str) -> tuple[str, Sequence[int]]:
    """The normalised text, and [n + 1] where in the text each of its characters comes from."""
    whole = normalised(text)
    if text.isascii() and len(whole) == len(text):
        return whole, range(len(text) + 1)
    places: list[int] = []
    for part in _PART.finditer(text):
        of_part = normalised(part[0])
        while (
            len(places) < len(whole)
            and whole[len(places)] == " "
            and not whole.startswith(of_part or " \0", len(places))
        ):
            places.append(part.start())  # a space between two scripts
        if of_part == '"' and not whole.startswith(of_part, len(places)):
            continue  # the sign of an abbreviation
        places += [part.start()] * len(of_part)
    del places[len(whole) :]
    places += [len(text)] * (len(whole) + 1 - len(places))
    return whole, places


def fold_case(text: str, *, turkic: bool = False) -> str:
    """The text in the case that differences of case are folded into.

    Args:
        turkic: İ and I are the capitals of i and ı.
    """
    if turkic:
        text = text.replace("I", "ı").replace("İ", "i")
    folded = text.casefold()
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded.replace("i̇", "i"))


def fold_accents(text: str) -> str:
    """A case-folded text without the accents that people leave out."""
    return text if text.isascii() else text.translate(_UNACCENTED)


def written_out(text: str) -> str:
    """A case-folded text with ä, ö, ü, å, ø as they are written where they are not on the keyboard, accents folded."""
    return fold_accents(text.translate(_BY_DIGRAPH))


def folded(text: str) -> str:
    """A text as it is compared: normalised, without case, accents and apostrophes, one space between words."""
    return _folded[text]


def _read_folded(text: str) -> str:
    return " ".join(_apart(fold_accents(fold_case(normalised(text))).replace("'", "")).split())


_folded = Kept[str, str](_read_folded)
