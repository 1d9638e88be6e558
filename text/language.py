"""The languages of a catalogue, by its own texts where nobody says them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

from trimtab.text.words.forms import LANGUAGES

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

AUTO: Final = ("auto",)
"""What a shop says to have its languages found."""

PASSAGE_LETTERS: Final = 100
"""A title alone says too little; so much text is read at once."""
FEWEST_LETTERS: Final = 8
MAX_PASSAGES: Final = 500
SMALLEST_SHARE: Final = 0.15
"""The least share of the passages; a language with less is a matter of names."""
FEWEST_PASSAGES: Final = 3
OTHERWISE: Final = "en"
CLOSE: Final = 15.0
"""Log likelihood by which a passage differs from an expected language: names of products look like those of many."""
CLOSE_TO_SAID: Final = 25.0
"""The same for the language of what stands beside the texts."""
RARE: Final = ("eu", "ga", "yi")
"""Languages that are taken for others more often than met in a shop: who sells in them says so."""


def languages_of(texts: Sequence[str], beside: str = "") -> tuple[str, ...]:
    """The languages of texts, the most frequent first; English where they say nothing.

    Args:
        beside: what stands beside the texts in a language of the shop, such as the names of its columns: decides, and
            else English does, where a passage could be of several languages.
    """
    expected = {OTHERWISE: CLOSE} | dict.fromkeys(_said_surely(beside), CLOSE_TO_SAID)
    step = max(1, len(texts) // (MAX_PASSAGES * 4))
    found = Counter(_language(passage, expected) for passage in islice(_passages(texts[::step]), MAX_PASSAGES))
    if not found:
        return (OTHERWISE,)
    total = found.total()
    often = [
        language
        for language, n_passages in found.most_common()
        if n_passages >= SMALLEST_SHARE * total and n_passages >= FEWEST_PASSAGES
    ]
    return tuple(often or [found.most_common(1)[0][0]])


def _passages(texts: Iterable[str]) -> Iterator[str]:
    passage: list[str] = []
    length = 0
    for text in texts:
        passage.append(text)
        length += sum(map(str.isalpha, text))
        if length >= PASSAGE_LETTERS:
            yield " ".join(passage)
            passage, length = [], 0
    if length >= FEWEST_LETTERS:
        yield " ".join(passage)


def _language(passage: str, expected: Mapping[str, float]) -> str:
    ranked = {str(language): float(score) for language, score in _identifier().rank(passage.lower())}
    best = max(ranked, key=ranked.__getitem__)
    close = [one for one, by in expected.items() if one in ranked and ranked[best] - ranked[one] <= by]
    return max(close, key=lambda one: expected[one], default=best)


def _said_surely(text: str) -> tuple[str, ...]:
    """The language of a text that could be of no other one; none where it could."""
    if sum(map(str.isalpha, text)) < FEWEST_LETTERS:
        return ()
    (first, best), (_, second) = _identifier().rank(text.lower())[:2]
    return (str(first),) if best - second > CLOSE else ()


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  # only builds find languages

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([code for code in LANGUAGES if code in identifier.labels and code not in RARE])
    return identifier
