"""The one analyser: what a word is, for index, speller, features, filters, facets, rules, synonyms and suggestions.

A text becomes tokens: words, numbers, quantities and codes. How text is normalised is said by `trimtab.text.normal`,
what a word is found by in `trimtab.text.forms`, what an amount is in `trimtab.text.quantities`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Final, TypeVar

import regex

from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.text.chunks import ChunkReader
from trimtab.text.forms import LANGUAGES, WordForms
from trimtab.text.normal import aligned, fold_case, folded, normalised
from trimtab.text.quantities import Amount, AmountReader
from trimtab.text.segmentation import package_of
from trimtab.text.tokens import Token

__all__ = ["Analyser", "Token", "analyser_of"]

VERSION: Final = 1
"""Raised whenever another index term comes out of some text: an index and its queries have the same."""

TURKIC: Final = ("az", "tr")
"""Languages in which İ and I are the capitals of i and ı."""

KEPT: Final = 1 << 18
"""Texts without spaces whose tokens are kept: a catalogue's words come again and again."""

K = TypeVar("K")
V = TypeVar("V")
Tokens = tuple[Token, ...]
Texts = tuple[str, ...]

_CHUNK = regex.compile(r"\S+")


class _Kept(dict[K, V]):
    """What a function says of what it was asked, for as long as there is room; quicker than `lru_cache`."""

    def __init__(self, function: Callable[[K], V]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, asked: K) -> V:
        if len(self) >= KEPT:
            self.clear()
        self[asked] = self._function(asked)
        return self[asked]


class Analyser:
    """What the words of a catalogue in some languages are.

    Attributes:
        languages: codes of ISO 639-1, the most important first.
        name: of what it does, for the manifest.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        package = package_of(languages)
        self.name = f"trimtab {VERSION} {'+'.join(self.languages)}" + (f" {package}" if package else "")
        self._reader = AmountReader(languages)
        fold = partial(fold_case, turkic=any(language in TURKIC for language in languages))
        chunks = ChunkReader(WordForms(languages), self._reader, fold, package)
        self._tokens_of_chunk = _Kept[str, Tokens](lambda chunk: tuple(chunks.tokens(chunk)))
        self._terms_of_chunk = _Kept[str, Texts](lambda chunk: _terms_of(self._tokens_of_chunk[chunk]))
        self._keys_of_chunk = _Kept[str, Texts](
            lambda chunk: tuple(token.key for token in self._tokens_of_chunk[chunk])
        )
        self._accented_of_chunk = _Kept[str, Texts](lambda chunk: _accented_of(self._tokens_of_chunk[chunk]))
        self._token_of_amount = _Kept[Amount, Token](self._of_amount)
        self._terms_of_amount = _Kept[Amount, Texts](lambda amount: self._token_of_amount[amount].indexed)

    def key(self, value: str) -> str:
        """What two values have in common that are the same: without case, accents, apostrophes and more than one space.

        Never stemmed, split or converted: `Pants` and `Pant` are two.
        """
        return folded(value)

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The tokens of a text, in order."""
        whole, places = aligned(text)
        return tuple(
            token._replace(text=text[places[start] : places[stop]], start=places[start], end=places[stop])
            for at, tokens in self._pieces(whole)
            for token in tokens
            for start, stop in [(at + token.start, at + token.end)]
        )

    def keys(self, text: str) -> list[str]:
        """The words, numbers and codes of a text without case and accents, in order; no amounts."""
        return [key for chunk in normalised(text).split() for key in self._keys_of_chunk[chunk]]

    def accented(self, text: str) -> list[str]:
        """The words of a text that have accents, with them."""
        if text.isascii():
            return []
        return [word for chunk in normalised(text).split() for word in self._accented_of_chunk[chunk]]

    def terms(self, text: str) -> list[str]:
        """The index terms of a text, in order, each as often as it is there."""
        found: list[str] = []
        terms_of = self._terms_of_chunk
        text = normalised(text)
        at = 0
        for amount in self._reader.amounts(text):
            for chunk in text[at : amount.start].split():
                found += terms_of[chunk]
            found += self._terms_of_amount[amount.moved(-amount.start)]
            at = amount.end
        for chunk in text[at:].split():
            found += terms_of[chunk]
        return found

    def _pieces(self, text: str) -> Iterator[tuple[int, Sequence[Token]]]:
        """Where in a normalised text some tokens are found, which count their places from there."""
        at = 0
        for amount in self._reader.amounts(text):
            yield from self._chunks(text, at, amount.start)
            yield amount.start, (self._token_of_amount[amount.moved(-amount.start)],)
            at = amount.end
        yield from self._chunks(text, at, len(text))

    def _chunks(self, text: str, start: int, end: int) -> Iterator[tuple[int, Sequence[Token]]]:
        for match in _CHUNK.finditer(text, start, end):
            yield match.start(), self._tokens_of_chunk[match[0]]

    def _of_amount(self, amount: Amount) -> Token:
        length = amount.end - amount.start
        if amount.measure is None:
            return Token("", amount.number, amount.number, "number", 0, length)
        also = (amount.also.term,) if amount.also else ()
        unit = (token.term for word in amount.unit.split() for token in self._tokens_of_chunk[word])
        term = amount.measure.term
        return Token("", term, term, "measure", 0, length, also=also, parts=(amount.number, *unit))


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
