"""A dozen is twelve, half a litre 0.5 l: synonyms that every catalogue has, one way, as items say how much they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from trimtab.retrieval.understanding.synonyms import SynonymSet
from trimtab.text.analyser import Analyser
from trimtab.text.units import names_of_unit

DOZENS: Final[Mapping[str, tuple[str, str]]] = {
    "bg": ("дузина", "половин дузина"), "ca": ("dotzena", "mitja dotzena"), "cs": ("tucet", "půl tuctu"),
    "da": ("dusin", "halvt dusin"), "de": ("Dutzend", "halbes Dutzend"), "el": ("ντουζίνα", "μισή ντουζίνα"),
    "en": ("dozen", "half dozen;half a dozen"), "es": ("docena", "media docena"), "fi": ("tusina", "puoli tusinaa"),
    "fr": ("douzaine", "demi-douzaine;demi douzaine"), "hu": ("tucat", "fél tucat"), "id": ("lusin", "setengah lusin"),
    "it": ("dozzina", "mezza dozzina"), "ja": ("ダース", "半ダース"), "nb": ("dusin", "halvt dusin"),
    "nl": ("dozijn", "half dozijn"), "no": ("dusin", "halvt dusin"), "pl": ("tuzin", "pół tuzina"),
    "pt": ("dúzia", "meia dúzia"), "ro": ("duzină", "jumătate de duzină"), "ru": ("дюжина", "полдюжины"),
    "sk": ("tucet", "pol tucta"), "sv": ("dussin", "halvt dussin"), "tr": ("düzine", "yarım düzine"),
    "uk": ("дюжина", "півдюжини"),
}  # fmt: skip
"""Language -> a dozen and half of one; several ways are separated by `;`."""
MOST: Final = 3
"""Dozens that are counted."""
HALVES: Final[Mapping[str, Sequence[str]]] = {
    "ar": ("نصف", "نص"), "ca": ("mig", "mitja"), "cs": ("půl",), "da": ("halv", "halvt"),
    "de": ("halber", "halbes", "halbe", "halben"), "el": ("μισό", "μισή"), "en": ("half", "half a", "1/2 a"),
    "es": ("medio", "media"), "fa": ("نیم",), "fi": ("puoli",), "fr": ("demi", "un demi", "une demi"), "he": ("חצי",),
    "hi": ("आधा",), "hr": ("pola",), "hu": ("fél",), "id": ("setengah",), "it": ("mezzo", "mezza"),
    "nb": ("halv",), "nl": ("half", "halve"), "no": ("halv",), "pl": ("pół",), "pt": ("meio", "meia"),
    "ro": ("jumătate de",), "ru": ("пол",), "sk": ("pol",), "sv": ("halv", "halvt", "en halv"), "tr": ("yarım",),
    "uk": ("пів",), "vi": ("nửa",),
}  # fmt: skip
"""Language -> half, in front of what is halved."""
HALVED: Final = {
    "liter": "l",
    "kilogram": "kg",
    "pound": "lb",
    "gallon": "gal",
    "inch": "in",
    "meter": "m",
    "pint": "pt",
}
"""What is sold by halves, and how its unit is written."""


def amounts_in_words(analyser: Analyser) -> Iterator[SynonymSet]:
    """What an analyser's languages call dozens and halves, and how much each is."""
    yield from _dozens(analyser)
    for language in analyser.languages:
        for name, unit in HALVED.items():
            names = [one for one in names_of_unit(language, name) if len(one) > 1]
            words = tuple(f"{half} {one}" for half in HALVES.get(language, ()) for one in names)
            if words:
                yield SynonymSet(words, (f"0.5 {unit}",))


def _dozens(analyser: Analyser) -> Iterator[SynonymSet]:
    for dozen, halves in (DOZENS[language] for language in analyser.languages if language in DOZENS):
        yield SynonymSet((dozen,), ("12 ct",))
        yield SynonymSet(tuple(halves.split(";")), ("6 ct",))
        for n in range(1, MOST + 1):
            yield SynonymSet((f"{n} {dozen}",), (f"{12 * n} ct",))
