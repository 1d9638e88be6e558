"""The words of a query as an index is asked for them: each with all that an item may have instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import regex

from trimtab.text.lexicon import SHORTEST_PART, Lexicon, Terms
from trimtab.text.tokens import Token

MAX_JOINED: Final = 3
"""The most words of a query that are tried as one."""

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


def query_words(text: str, lexicon: Lexicon, knows: Callable[[str], bool]) -> list[QueryWord]:
    """The words of a query, in order.

    Args:
        knows: whether any item has an index term.
    """
    tokens = lexicon.read(text)
    joined = _joined(tokens, lexicon, knows)
    return [
        QueryWord(tuple(dict.fromkeys(((token.term,), *_others(token, lexicon, knows), *also))), token.accented)
        for token, also in zip(tokens, joined, strict=True)
    ]


def _others(token: Token, lexicon: Lexicon, knows: Callable[[str], bool]) -> Iterator[Terms]:
    """What an item may have instead of one token."""
    yield from ((term,) for term in token.also if knows(term))
    is_known = knows(token.term)
    for parts in (token.parts, lexicon.splits.get(token.term, ()), lexicon.compounds.get(token.term, ())):
        if len(parts) > 1 and all(map(knows, parts)):
            yield parts
    if is_known:
        return
    yield from ((term,) for term in token.joined if knows(term))
    if token.kind == "code" and not token.parts:
        runs = tuple(_RUN.findall(token.term))
        if len(runs) > 1 and all(map(knows, runs)):
            yield runs
    if token.kind == "word" and len(token.term) >= SHORTEST_PART:
        yield from ((term,) for term in lexicon.containing(token.term))
        yield from lexicon.taken_apart(token.key, knows)


def _joined(tokens: Sequence[Token], lexicon: Lexicon, knows: Callable[[str], bool]) -> list[list[Terms]]:
    """For each token, the known words that it makes with its neighbours."""
    found: list[list[Terms]] = [[] for _ in tokens]
    for start in range(len(tokens)):
        for stop in range(start + 2, min(start + MAX_JOINED, len(tokens)) + 1):
            keys = [token.key for token in tokens[start:stop]]
            if not _may_be_one(keys, tokens[start:stop]):
                continue
            one = lexicon.read("".join(keys))
            if len(one) == 1 and knows(one[0].term):
                for place in range(start, stop):
                    found[place].append((one[0].term,))
    return found


def as_written(text: str, lexicon: Lexicon, knows: Callable[[str], bool]) -> str:
    """A query with two words in one where the catalogue's names have them as one word and never as two."""
    tokens = lexicon.read(text)
    parts, end, place = [], 0, 0
    while place < len(tokens) - 1:
        pair = tokens[place : place + 2]
        one = "".join(token.key for token in pair)
        if _may_be_one([token.key for token in pair], pair) and one.isalpha() and lexicon.is_never_two(one, knows):
            parts += [text[end : pair[0].start], pair[0].text + pair[1].text]
            end = pair[1].end
            place += 1
        place += 1
    return "".join([*parts, text[end:]])


def _may_be_one(keys: Sequence[str], tokens: Sequence[Token]) -> bool:
    """Whether somebody may write the tokens as one word: two words, or a code in up to three pieces."""
    if any(token.kind == "measure" for token in tokens) or all(map(str.isdigit, keys)):
        return False
    return len(keys) == 2 or any(not key.isalpha() or len(key) == 1 for key in keys)
