"""The words of a query as an index is asked for them: each with all that an item may have instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import regex

from trimtab.text.kept import Kept
from trimtab.text.numbers import OTHER_NUMERAL
from trimtab.text.tokens import Token
from trimtab.text.words.lexicon import SHORTEST_PART, SIDES, Lexicon, Terms
from trimtab.text.words.other_stems import fleeting_vowels, other_stems
from trimtab.text.words.segmentation import HANGUL_RUN

MAX_JOINED: Final = 3
"""The most words of a query that are tried as one."""
MAX_GROUPS: Final = 5
"""The most groups in which the digits of an article's number are typed: `2 608 585 032`."""

ARTICLE_NUMBERS: Final = (8, 12, 13, 14)
"""Digits of the numbers of articles (GTIN), which some write with zeros in front and some without."""
SHORTEST_NUMBER: Final = 7
MAX_PIECES: Final = 4
"""The most pieces of a code that some write with spaces: `06019H8000`, `0 601 9H8 000`."""
LONGEST_IN_PIECES: Final = 20

_RUN = regex.compile(r"\p{N}+|[^\p{N}]+")


class QueryWord(NamedTuple):
    """A word of a query.

    Attributes:
        readings: an item meets the word if it has all terms of any of these; the first is the word as it was typed.
        accented: the term of the word with its accents, a tie-breaker; None where it has none.
    """

    readings: tuple[Terms, ...]
    accented: str | None = None

    @property
    def term(self) -> str:
        """The index term of the word as it was typed."""
        return self.readings[0][0]


class QueryReading(NamedTuple):
    """The words of a query, read once for all that ask about them.

    Attributes:
        tokens: of the text, in order.
        words: [n_tokens] what an item may have of each.
        distinct: the words, each once.
    """

    tokens: tuple[Token, ...]
    words: tuple[QueryWord, ...]
    distinct: tuple[QueryWord, ...]


class QueryReader:
    """The reader of queries by the words of one catalogue.

    Attributes:
        lexicon: what a word is.
        read: the reading of a text.
    """

    def __init__(
        self, lexicon: Lexicon, knows: Callable[[str], bool], absent: Callable[[str], Mapping[str, str]] = lambda _: {}
    ) -> None:
        """
        Args:
            knows: whether any item has an index term.
            absent: the terms of the words of a text that it says are not there, and what items have instead.
        """
        self.lexicon, self._knows, self._absent = lexicon, knows, absent
        self._word = Kept[tuple[Any, ...], QueryWord](self._read_word).__getitem__
        self.read = Kept[str, QueryReading](self._read).__getitem__

    def knows_word(self, word: str) -> bool:
        """Whether items have every token of a word, in whatever spelling, or as the second part of another."""
        return all(
            any(map(self._knows, (token.term, *token.also, *self._other_stems(token))))
            or self._knows_all(token.parts)
            or self.lexicon.is_head(token.key, token.term, self._knows)
            for token in self.lexicon.read(word)
        )

    def as_written(self, text: str) -> str:
        """A text with two words in one where the catalogue's names have them as one word and never as two."""
        tokens = self.lexicon.read(text)
        parts, end, place = [], 0, 0
        while place < len(tokens) - 1:
            pair = tokens[place : place + 2]
            one = pair[0].key + pair[1].key
            if one.isalpha() and _may_be_one(pair) and self.lexicon.is_never_two(one, self._knows):
                parts += [text[end : pair[0].start], pair[0].text + pair[1].text]
                end = pair[1].end
                place += 1
            place += 1
        return "".join([*parts, text[end:]])

    def _read(self, text: str) -> QueryReading:
        tokens = self.lexicon.read(text)
        alone = [self._word(token[:4] + token[6:]) for token in tokens]
        others = self._joined(tokens)
        if absent := self._absent(text):
            for token, also in zip(tokens, others, strict=True):
                also += [(term,) for term in (absent.get(token.term),) if term is not None and self._knows(term)]
        words = tuple(
            word._replace(readings=_distinct((*word.readings, *also))) if also else word
            for word, also in zip(alone, others, strict=True)
        )
        return QueryReading(tokens, words, tuple(dict.fromkeys(words)))

    def _read_word(self, unplaced: tuple[Any, ...]) -> QueryWord:
        """A token by itself, given without its place in the text."""
        token = Token._make((*unplaced[:4], 0, 0, *unplaced[4:]))
        return QueryWord(_distinct(((token.term,), *self._others(token))), token.accented)

    def _others(self, token: Token) -> Iterator[Terms]:
        """What an item may have instead of one token."""
        lexicon, knows = self.lexicon, self._knows
        yield from ((term,) for term in token.also if knows(term))
        if (numeral := OTHER_NUMERAL.get(token.key)) is not None and knows(numeral):
            yield (numeral,)
        is_known = knows(token.term)
        for parts in (token.parts, lexicon.splits.get(token.term, ()), lexicon.compounds.get(token.term, ())):
            if self._knows_all(parts):
                yield parts
        if token.kind == "word":
            yield from ((term,) for term in fleeting_vowels(token.term, lexicon.analyser) if knows(term))
        if is_known:
            if token.kind == "code":
                yield from ((code,) for code in lexicon.with_more_sides(token.term))
            return
        yield from ((term,) for term in token.joined if knows(term))
        if token.kind == "measure" and len(token.parts) == 1 and knows(token.parts[0]):
            yield token.parts  # pieces that items count without a word for them
        if token.kind in ("code", "number"):
            yield from self._codes(token)
        if HANGUL_RUN.fullmatch(token.key) and len(pieces := self._pieces(token.key, MAX_PIECES)) > 1:
            yield pieces
        yield from ((term,) for term in self._other_stems(token))
        if token.kind == "word" and len(token.term) >= SHORTEST_PART:
            found: list[Terms] = [(term,) for term in lexicon.containing(token.key, token.term, knows) if knows(term)]
            found += lexicon.taken_apart(token.key, knows)
            head = None if found else lexicon.head(token.key, knows)
            yield from found if head is None else [(head,)]

    def _other_stems(self, token: Token) -> list[str]:
        """The known terms of other forms of a word."""
        if token.kind != "word":
            return []
        return list(filter(self._knows, other_stems(token.key, token.term, self.lexicon.analyser)))

    def _codes(self, token: Token) -> Iterator[Terms]:
        """What an item may have instead of a code or number that nobody has."""
        runs = tuple(_RUN.findall(token.term))
        if not token.parts and self._knows_all(runs):
            yield runs
        if token.term.isdigit():
            digits = token.term.lstrip("0")
            padded = dict.fromkeys(
                digits.zfill(length) for length in (0, *ARTICLE_NUMBERS) if len(digits) >= SHORTEST_NUMBER
            )
            yield from ((number,) for number in padded if self._knows(number))
        found = list(filter(self._knows, self.lexicon.codes_with(token.term)))
        yield from ((code,) for code in found)
        if not found and (pieces := self._pieces(token.term, MAX_PIECES)):
            yield pieces

    def _pieces(self, code: str, most: int) -> Terms:
        """The fewest known terms that make a code or a word, without an x between two sides; none if there are none."""
        if self._knows(code):
            return (code,)
        ways = (
            (code[:at], *rest)
            for at in range(len(code) - 1, 0, -1)
            if most > 1
            and len(code) <= LONGEST_IN_PIECES
            and self._knows(code[:at])
            and (rest := self._pieces(code[at:].removeprefix(SIDES) or code[at:], most - 1))
        )
        return min(ways, key=len, default=())

    def _joined(self, tokens: Sequence[Token]) -> list[list[Terms]]:
        """For each token, the known words that it makes with its neighbours."""
        found: list[list[Terms]] = [[] for _ in tokens]
        for start in range(len(tokens) - 1):
            most = MAX_GROUPS if tokens[start].kind == "number" else MAX_JOINED
            for stop in range(start + 2, min(start + most, len(tokens)) + 1):
                some = tokens[start:stop]
                if not _may_be_one(some):
                    continue
                term = self.lexicon.analyser.term_of_key("".join([token.key for token in some]))
                if term is not None and self._knows(term):
                    for place in range(start, stop):
                        found[place].append((term,))
        return found

    def _knows_all(self, parts: Terms) -> bool:
        return len(parts) > 1 and all(map(self._knows, parts))


def _distinct(readings: Iterable[Terms]) -> tuple[Terms, ...]:
    """Readings each once, without those that only ask for more than another."""
    of_terms: dict[frozenset[str], Terms] = {}
    for terms in readings:
        of_terms.setdefault(frozenset(terms), terms)
    return tuple(terms for asked, terms in of_terms.items() if not any(other < asked for other in of_terms))


def _may_be_one(tokens: Sequence[Token]) -> bool:
    """Whether somebody may write the tokens as one word: two words, a code in up to three pieces, a long number."""
    are_digits = True
    for token in tokens:
        if token.kind == "measure":
            return False
        are_digits = are_digits and token.key.isdigit()
    if are_digits:
        return sum(len(token.key) for token in tokens) >= SHORTEST_NUMBER
    if len(tokens) == 2:
        return True
    return len(tokens) <= MAX_JOINED and any(len(token.key) == 1 or not token.key.isalpha() for token in tokens)
