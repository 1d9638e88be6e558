"""A dozen is twelve: synonyms that every catalogue has, one way, as items say how many pieces they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from trimtab.retrieval.understanding.synonyms import SynonymSet
from trimtab.text.analyser import Analyser

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


def dozens(analyser: Analyser) -> Iterator[SynonymSet]:
    """What an analyser's languages call a dozen, and how many pieces it is."""
    for dozen, halves in (DOZENS[language] for language in analyser.languages if language in DOZENS):
        yield SynonymSet((dozen,), ("12 ct",))
        yield SynonymSet(tuple(halves.split(";")), ("6 ct",))
        for n in range(1, MOST + 1):
            yield SynonymSet((f"{n} {dozen}",), (f"{12 * n} ct",))
