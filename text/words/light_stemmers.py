"""Stemmers of languages that Snowball has none for: the endings of nouns and adjectives are cut off.

After the light stemmers of Savoy and of Dolamic & Savoy (2009): the longest ending that leaves enough of the word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SHORTEST_STEM: Final = 3
"""Letters that an ending leaves."""

_ENDINGS: Final = {
    "bg": "ищата ията иите ата ята ето ото ите ове еве та то те ът ят ия ии а я е о и ъ",
    "he": "יות יים ות ים ית ה ת י",
    "hr": "ovima evima ama ima omu emu oga ega ovi evi om em og eg oj ih im a e i o u",
    "lv": "ajiem iem ajam ajai ām ēm as ās es ēs is īs us os ai ei am im um ā ē ī ū a e i u o s š",
    "sk": "ového ovému ami ými ách och ého ému ych ých ova ove ovi ova om ou ov ým ej mi ia ie iu y ý á é í a e i o u",
    "sl": "ovega ega emu ami ovi ova om em oma ema ih im ah eh a e i o u",
    "uk": "ування ового овому ами ями ові еві ого ому ими іми ого ої ою ею єю ій їй их їх им їм ам ям ах ях ів їв "
          "ові ова ове и і ї а я у ю е є о ь й ий ій ей",
}  # fmt: skip
LANGUAGES: Final = tuple(_ENDINGS)

_FINAL: Final = str.maketrans("ךםןףץ", "כמנפצ")
"""Letters that Hebrew writes in another way at the end of a word."""


class LightStemmer:
    """The stemmer of one language."""

    def __init__(self, language: str) -> None:
        self._endings: Sequence[str] = sorted(_ENDINGS[language].split(), key=len, reverse=True)

    def stemWord(self, word: str) -> str:  # noqa: N802  # as PyStemmer calls it
        """The stem of a case-folded word."""
        for ending in self._endings:
            if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
                return word.removesuffix(ending).translate(_FINAL)
        return word.translate(_FINAL)
