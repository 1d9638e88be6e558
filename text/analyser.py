"""The one analyser: what a word is, for index, speller, features, filters, facets, rules, synonyms and suggestions.

A text becomes tokens: words, numbers, quantities and codes. How text is normalised is said by `trimtab.text.normal`,
what a word is found by in `trimtab.text.words.forms`, what an amount is in `trimtab.text.amounts.quantities`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Final

import regex

from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.text.amounts.quantities import Amount, AmountReader
from trimtab.text.kept import Kept
from trimtab.text.normal import aligned, fold_accents, fold_case, folded, normalised
from trimtab.text.tokens import Token
from trimtab.text.words.chunks import LONGEST, ChunkReader
from trimtab.text.words.forms import LANGUAGES, WordForms
from trimtab.text.words.segmentation import package_of

__all__ = ["Analyser", "Token", "analyser_of"]

VERSION: Final = 3
VERSIONS: Final = {
    **dict.fromkeys(
        ("ca", "da", "de", "es", "et", "eu", "fa", "fr", "ga", "hi", "hr", "hy", "it", "ka", "km", "ko"), 4
    ),
    **dict.fromkeys(("lo", "lt", "my", "nb", "ne", "no", "pt", "ru", "sk", "sr", "th"), 4),
    **dict.fromkeys(("ar", "bg", "bn", "el", "ja", "lv", "sl", "ta", "uk", "yi", "zh"), 5),
    "he": 6,
}
"""Raised, for one language or all, whenever another index term comes out of some text, or some text has any for the
first time: an index and its queries have the same."""

TURKIC: Final = ("az", "tr")
"""Languages in which İ and I are the capitals of i and ı."""

Tokens = tuple[Token, ...]
Texts = tuple[str, ...]

_CHUNK = regex.compile(r"\S+")
OUTER: Final = ".,;:!?()[]{}\"'<>*|/•_~"
"""Signs that belong to no token where a text without spaces begins or ends with them."""


class Analyser:
    """What the words of a catalogue in some languages are.

    Attributes:
        languages: codes of ISO 639-1, the most important first.
        name: of what it does, for the manifest.
        read: `tokens` of a text that comes again, such as a query that is understood in steps.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        package = package_of(languages)
        version = max(VERSIONS.get(language, VERSION) for language in languages)
        self.name = f"trimtab {version} {'+'.join(self.languages)}" + (f" {package}" if package else "")
        self._reader = AmountReader(languages)
        self._fold_case = partial(fold_case, turkic=any(language in TURKIC for language in languages))
        self._forms = WordForms(languages)
        chunks = ChunkReader(self._forms, self._reader, self._fold_case, package)
        self._tokens_of_chunk = Kept[str, Tokens](lambda chunk: tuple(chunks.tokens(chunk)))
        self._terms_of_chunk = Kept[str, Texts](self._read_terms)
        self._keys_of_chunk = Kept[str, Texts](self._read_keys)
        self._accented_of_chunk = Kept[str, Texts](lambda chunk: _accented_of(self._tokens_of_chunk[chunk]))
        self.read = Kept[str, Tokens](self.tokens).__getitem__
        self._token_of_amount = Kept[Amount, Token](self._of_amount)
        self._terms_of_amount = Kept[Amount, Texts](lambda amount: self._token_of_amount[amount].indexed)

    def __reduce__(self) -> tuple[Any, ...]:
        return analyser_of, (self.languages,)

    def key(self, value: str) -> str:
        """What two values have in common that are the same: without case, accents, apostrophes and more than one space.

        Never stemmed, split or converted: `Pants` and `Pant` are two.
        """
        return folded(value)

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The tokens of a text, in order."""
        whole, places = aligned(text)
        return _placed(text, places, self._pieces(whole))

    def words(self, text: str) -> tuple[Token, ...]:
        """The same without amounts: the words, numbers and codes whose keys are `keys`."""
        whole, places = aligned(text)
        return _placed(text, places, self._chunks(whole, 0, len(whole)))

    def keys(self, text: str) -> list[str]:
        """The words, numbers and codes of a text without case and accents, in order; no amounts."""
        return [key for chunk in normalised(text).split() for key in self._keys_of_chunk[chunk]]

    def term_of_key(self, key: str) -> str | None:
        """The index term of a word as it is compared; None where it is none or several."""
        if key.isascii() and key.isalnum():
            if key.isalpha():
                return self._forms.terms(key)[0][:LONGEST]
            if not self._reader.is_amount(key):
                return key[:LONGEST]
        tokens = self.read(key)
        return tokens[0].term if len(tokens) == 1 else None

    def keys_of_chunk(self, chunk: str) -> Texts:
        """The same of a normalised text without spaces."""
        return self._keys_of_chunk[chunk]

    def accented(self, chunks: Iterable[str]) -> list[str]:
        """The words that have accents, with them, of a normalised text in its chunks, which have no spaces."""
        return [word for chunk in chunks if not chunk.isascii() for word in self._accented_of_chunk[chunk]]

    def terms(self, text: str) -> list[str]:
        """The index terms of a text, in order, each as often as it is there."""
        return self.terms_of_normalised(normalised(text))

    def terms_of_normalised(self, text: str) -> list[str]:
        """`terms` of a text that is normalised."""
        found: list[Texts] = []
        of_chunk = self._terms_of_chunk.__getitem__
        at = 0
        for start, amount in self._reader.amounts(text):
            found += map(of_chunk, text[at:start].split())
            found.append(self._terms_of_amount[amount])
            at = start + amount.length
        found += map(of_chunk, text[at:].split())
        return list(chain.from_iterable(found))

    def _read_terms(self, chunk: str) -> Texts:
        inside = chunk.strip(OUTER)
        if inside != chunk:
            return self._terms_of_chunk[inside]
        if chunk.isascii() and chunk.isalpha():
            return tuple(term[:LONGEST] for term in self._forms.terms(self._fold_case(chunk)))
        return _terms_of(self._tokens_of_chunk[chunk])

    def _read_keys(self, chunk: str) -> Texts:
        inside = chunk.strip(OUTER)
        if inside != chunk:
            return self._keys_of_chunk[inside]
        if chunk.isascii() and chunk.isalpha():
            return (fold_accents(self._fold_case(chunk)),)
        return tuple(token.key for token in self._tokens_of_chunk[chunk])

    def _pieces(self, text: str) -> Iterator[tuple[int, Sequence[Token]]]:
        """Where in a normalised text some tokens are found, which count their places from there."""
        at = 0
        for start, amount in self._reader.amounts(text):
            yield from self._chunks(text, at, start)
            yield start, (self._token_of_amount[amount],)
            at = start + amount.length
        yield from self._chunks(text, at, len(text))

    def _chunks(self, text: str, start: int, end: int) -> Iterator[tuple[int, Sequence[Token]]]:
        for match in _CHUNK.finditer(text, start, end):
            yield match.start(), self._tokens_of_chunk[match[0]]

    def _of_amount(self, amount: Amount) -> Token:
        if amount.measure is None:
            return Token("", amount.number, amount.number, "number", 0, amount.length)
        also = tuple(measure.term for measure in amount.also)
        unit = (token.term for word in amount.unit.split() for token in self._tokens_of_chunk[word])
        term = amount.measure.term
        return Token("", term, term, "measure", 0, amount.length, also=also, parts=(amount.number, *unit))


def _placed(text: str, places: Sequence[int], pieces: Iterable[tuple[int, Sequence[Token]]]) -> tuple[Token, ...]:
    """The tokens of a text with their places in it.

    Args:
        places: of each character of the normalised text.
        pieces: where in that some tokens are found, which count their places from there.
    """
    found = []
    for at, tokens in pieces:
        for _, key, term, kind, start, end, *others in tokens:
            first, last = places[at + start], places[at + end]
            found.append(Token(text[first:last], key, term, kind, first, last, *others))
    return tuple(found)


def _terms_of(tokens: Iterable[Token]) -> tuple[str, ...]:
    return tuple(term for token in tokens for term in token.indexed)


def _accented_of(tokens: Iterable[Token]) -> tuple[str, ...]:
    return tuple(token.accented for token in tokens if token.accented is not None)


def analyser_of(languages: Sequence[str]) -> Analyser:
    """The analyser of a catalogue in these languages, the most important first; made once.

    Raises:
        BadParameter: one of them is not a language that can be read.
    """
    return _made(tuple(dict.fromkeys(map(language_code, languages))) or ("en",))


@lru_cache(maxsize=32)
def _made(languages: tuple[str, ...]) -> Analyser:
    return Analyser(languages)


def language_code(name: str) -> str:
    """The language that a code names: `de` of `de-AT`.

    Raises:
        BadParameter: it is not one that can be read.
    """
    code = name.strip().lower().replace("_", "-").partition("-")[0]
    if code not in LANGUAGES:
        raise BadParameter("language", f"{name!r} cannot be read" + did_you_mean(code, LANGUAGES), ", ".join(LANGUAGES))
    return code
