"""Words that are right whatever a catalogue has: the whole words of the vocabularies that encoders come with.

A tokenizer has a word as one piece that its training texts had often. MiniLM's are English. Of `wordllama`'s pieces,
which stand in for them where it is not installed, some are only beginnings of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from trimtab.core.errors import BadParameter
from trimtab.retrieval.encoders.protocol import package_folder
from trimtab.retrieval.encoders.registry import MINILM_PACKAGE
from trimtab.retrieval.encoders.wordllama import WordLlama

SHORTEST: Final = 4
"""Letters of a word that may be misspelt at all."""
BEGINS_WORD: Final = "▁"
ENGLISH: Final = "en"


@lru_cache(maxsize=8)
def right_words(languages: Sequence[str]) -> frozenset[str]:
    """The right words of some languages, in lower case; none of languages that no vocabulary is known to fit."""
    if ENGLISH not in languages:
        return frozenset()
    try:
        file = package_folder(MINILM_PACKAGE, install="") / "model" / "vocab.txt"
    except BadParameter:
        pieces = [one[1:] for one in WordLlama.tokenizer().get_vocab() if one.startswith(BEGINS_WORD)]
    else:
        pieces = file.read_text(encoding="utf-8").split()
    return frozenset(one for one in pieces if len(one) >= SHORTEST and one.isalpha() and one.islower())
