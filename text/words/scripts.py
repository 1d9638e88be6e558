"""A word in another script than its own: by the Latin letters that sound like it, and by the keys of another keyboard.

`krossovki` is кроссовки, `papoutsia` παπούτσια and `lego` לגו, for who has no such keyboard at hand; `rhjccjdrb` is
кроссовки again, for who forgot to switch it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from trimtab.text.normal import fold_accents, fold_case

_CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "ie", "ж": "zh", "з": "z",
    "и": "i", "і": "i", "ї": "i", "й": "i", "ј": "j", "к": "k", "л": "l", "љ": "lj", "м": "m", "н": "n", "њ": "nj",
    "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "ћ": "c", "ђ": "dj", "у": "u", "ў": "u", "ф": "f", "х": "h",
    "ц": "ts", "ч": "ch", "џ": "dz", "ш": "sh", "щ": "sch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip
_GREEK: Final = {
    "ου": "ou", "αυ": "av", "ευ": "ev", "μπ": "b", "ντ": "nt", "γκ": "gk", "γγ": "gg", "τσ": "ts", "τζ": "tz",
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f",
    "χ": "x", "ψ": "ps", "ω": "o",
}  # fmt: skip
_HEBREW: Final = {
    "א": "a", "ב": "b", "ג": "g", "ד": "d", "ה": "a", "ו": "o", "ז": "z", "ח": "ch", "ט": "t", "י": "i", "כ": "k",
    "ך": "k", "ל": "l", "מ": "m", "ם": "m", "נ": "n", "ן": "n", "ס": "s", "ע": "a", "פ": "p", "ף": "f", "צ": "ts",
    "ץ": "ts", "ק": "k", "ר": "r", "ש": "sh", "ת": "t",
}  # fmt: skip
_ARABIC: Final = {
    "ا": "a", "ب": "b", "ت": "t", "ث": "th", "ج": "j", "ح": "h", "خ": "kh", "د": "d", "ذ": "z", "ر": "r", "ز": "z",
    "س": "s", "ش": "sh", "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "ع": "a", "غ": "g", "ف": "f", "ق": "q", "ك": "k",
    "ل": "l", "م": "m", "ن": "n", "ه": "h", "و": "o", "ي": "i", "ء": "", "پ": "p", "چ": "ch", "ژ": "zh", "گ": "g",
}  # fmt: skip
"""Both write few vowels: the edits that correction allows add the others."""
_SOUNDS: Final = {**_CYRILLIC, **_GREEK, **_HEBREW, **_ARABIC}
_LONGEST: Final = max(map(len, _SOUNDS))

_KEYS: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_LAYOUTS: Final = {
    "bg": "явертъуиопшщасдфгхйкл;'зьцжбнм,.ч",
    "el": ";ςερτυθιοπ[]ασδφγηξκλ΄'ζχψωβνμ,.`",
    "he": "/'קראטוןםפ][שדגכעיחלךף,זסבהנמצתץ;",
    "ru": "йцукенгшщзхъфывапролджэячсмитьбюё",
    "uk": "йцукенгшщзхїфівапролджєячсмитьбю'",
}
"""Language -> what its keyboard writes by the keys of `_KEYS`."""


def in_latin_letters(word: str) -> str | None:
    """A word, as it is compared, in the Latin letters that sound like it; None where one of its letters has none."""
    written, at = [], 0
    while at < len(word):
        for length in range(_LONGEST, 0, -1):
            sound = _SOUNDS.get(word[at : at + length])
            if sound is not None:
                written.append(sound)
                at += length
                break
        else:
            return None
    return "".join(written)


def by_other_keys(text: str, languages: Sequence[str]) -> Iterator[str]:
    """What a text would be, had the keyboard been switched from or to that of one of some languages."""
    for layout in (_LAYOUTS[language] for language in languages if language in _LAYOUTS):
        text = fold_case(text)
        for typed, meant in ((_KEYS, layout), (layout, _KEYS)):
            table = str.maketrans(typed, meant)
            if any(letter.isalpha() and ord(letter) in table for letter in text):
                yield text.translate(table)


def is_in_syllables(word: str) -> bool:
    """Whether each letter of a word is a Korean syllable."""
    return all("가" <= letter <= "힣" for letter in word)


def sounds_of(word: str) -> str | None:
    """A word in Latin letters that sound like it, or in those of its Korean syllables; None for one that is in them."""
    if word.isascii():
        return None
    return unicodedata.normalize("NFD", word) if is_in_syllables(word) else in_latin_letters(fold_accents(word))
