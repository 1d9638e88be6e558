"""Other stems of a word, in languages whose stemmers leave forms of one word apart.

An item that has one of these is meant as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from trimtab.text.analyser import Analyser

ADJECTIVES: Final = dict.fromkeys(("bg", "ru", "uk"), "ск") | dict.fromkeys(("cs", "hr", "pl", "sk", "sl", "sr"), "sk")
"""Language -> what makes the adjective of a noun: `дети`, `детский`."""

GRADES: Final = (
    ("nk", "ng"), ("nt", "n"), ("lt", "l"), ("rt", "r"), ("mp", "m"), ("mm", "mp"), ("t", "d"), ("p", "v"), ("k", ""),
)  # fmt: skip
"""What ends a Finnish stem in its strong grade and in its weak one (`pöytä`, `pöydät`); the stemmer leaves one of two
equal consonants."""
VOWELS: Final = ("", "a", "e", "i", "o", "u", "y", "as")
"""What the Finnish stemmer leaves behind these in one form or another: `sukka`, `sukat`; `saapas`, `saappaat`."""
SHORTEST: Final = 3
"""Letters of a stem."""

FLEETING: Final = {
    "cs": ("e",), "hr": ("a",), "pl": ("e", "ie"), "ru": ("е", "о"), "sk": ("e", "ie"), "sl": ("e",), "sr": ("a", "а"),
    "uk": ("о", "е"),
}  # fmt: skip
"""Slavic language -> the vowels that stand between the last two consonants of a word where no ending follows:
`doniczka`, `doniczek`."""
_LAST: Final = "cklnrклнрц"
_VOWELS: Final = "aeiouyаеиіоуыэюяєїё"


def fleeting_vowels(term: str, analyser: Analyser) -> Iterator[str]:
    """The stems of a word with such a vowel or without; of whatever word, known or not."""
    front, last = term[:-1], term[-1:]
    if len(term) < SHORTEST or last not in _LAST:
        return
    for vowel in (one for language in analyser.languages for one in FLEETING.get(language, ())):
        shorter = front.removesuffix(vowel)
        if front[-1] not in _VOWELS:
            yield front + vowel + last
        elif SHORTEST - 1 <= len(shorter) < len(front) and shorter[-1] not in _VOWELS:
            yield shorter + last


def other_stems(key: str, term: str, analyser: Analyser) -> Iterator[str]:
    """Index terms that forms of a word that no item has may have.

    Args:
        key: the word, as it is compared.
        term: its own.
    """
    for ending in {ADJECTIVES[language] for language in analyser.languages if language in ADJECTIVES}:
        noun = term.removesuffix(ending)
        if len(noun) >= SHORTEST:
            yield noun if noun != term else term + ending
    if "fi" in analyser.languages and key.isascii() and key.isalpha():
        yield from _finnish(key, term, analyser)


def _finnish(key: str, term: str, analyser: Analyser) -> Iterator[str]:
    if key.endswith("nen"):
        yield from analyser.terms(key.removesuffix("nen") + "set")
    if term.endswith("s"):
        yield from analyser.terms(term.removesuffix("s") + "nen")
    stem = next((term.removesuffix(vowel) for vowel in reversed(VOWELS) if vowel and term.endswith(vowel)), term)
    stems = [stem] + [
        stem.removesuffix(grade) + other
        for pair in GRADES
        for grade, other in (pair, pair[::-1])
        if stem.endswith(grade)
    ]
    yield from (one + vowel for one, vowel in product(stems, VOWELS) if len(one) >= SHORTEST)
