"""What people write in front of a size: `str. 80`, `Gr. 38`, `rozm. M`, `talla 42`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from trimtab.text.analyser import Analyser

NAMES: Final[Mapping[str, str]] = {
    "ar": "مقاس المقاس", "bg": "размер р-р", "ca": "talla t", "cs": "velikost vel", "da": "størrelse str",
    "de": "größe gr", "el": "μέγεθος νούμερο μεγ νο", "en": "size sz", "es": "talla t tall", "et": "suurus",
    "fi": "koko", "fr": "taille pointure t", "he": "מידה", "hi": "साइज आकार", "hr": "veličina vel", "hu": "méret",
    "id": "ukuran uk", "it": "taglia misura tg tgl", "ja": "サイズ", "ko": "사이즈", "lt": "dydis", "lv": "izmērs",
    "nb": "størrelse str", "nl": "maat mt", "no": "størrelse str", "pl": "rozmiar rozm roz", "pt": "tamanho tam",
    "ro": "mărime mărimea măr", "ru": "размер р разм", "sk": "veľkosť veľ", "sl": "velikost vel", "sr": "veličina vel",
    "sv": "storlek strl stl", "tr": "beden numara no", "uk": "розмір розм р", "vi": "cỡ size", "zh": "尺码 尺寸",
}  # fmt: skip
"""By language: the word, and what it is shortened to."""


@lru_cache(maxsize=128)
def size_names(analyser: Analyser) -> frozenset[str]:
    """The names of sizes in the languages of a catalogue and in English, as words are compared."""
    texts = " ".join(NAMES[language] for language in (*analyser.languages, "en") if language in NAMES)
    return frozenset(analyser.keys(texts))
