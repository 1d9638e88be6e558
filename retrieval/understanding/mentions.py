"""Mentions: words of a query that are values of the catalogue's own attributes: a brand, a colour, a size, an amount.

A name is compared as filters compare it, and else by its stems, brands excepted; an amount is met by the number
attribute whose unit measures the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import SEPARATOR
from trimtab.core.understood import Mention
from trimtab.retrieval.understanding.size_names import size_names
from trimtab.text.analyser import Analyser
from trimtab.text.tokens import Token
from trimtab.text.units import measure, measure_of_term

MAX_WORDS = 5
"""The most words of a value that is looked for."""
SHORTEST = 2
"""Letters of a value that says something by itself: the sizes `M` and `10` need the attribute's name beside them."""
TOLERANCE_RATIO = 0.005
"""How far an amount may be off: it was converted."""
UNSTEMMED = ("brand",)

Phrase = tuple[str, ...]


class Value(NamedTuple):
    """A value of an attribute, and how many items have it."""

    field: str
    name: str
    n_items: int


NO_SIZES: Mapping[str, bool] = {}


class Values:
    """The names that the attributes of a catalogue have, as queries spell them."""

    def __init__(
        self,
        by_key: Mapping[Phrase, Value],
        by_stem: Mapping[Phrase, Value],
        words_of: Mapping[str, frozenset[str]],
        units: Mapping[str, tuple[str, float]],
        sizes: Mapping[str, bool] = NO_SIZES,
    ) -> None:
        """
        Args:
            words_of: words of the name and label of each attribute; of a size, whatever it is called.
            units: by number attribute the unit that its kind is measured in, and how many of these its own unit is.
            sizes: the attributes that are sizes, and whether they are numbers.
        """
        self._sizes = sizes
        self._size_words = frozenset(word for name in sizes for word in words_of[name])
        self._by_key, self._by_stem, self._words_of, self._units = by_key, by_stem, words_of, units
        self._firsts = frozenset(phrase[0] for table in (by_key, by_stem) for phrase in table)

    @classmethod
    def of(cls, columns: Iterable[AttributeColumn], analyser: Analyser) -> Self:
        """The values of columns; of several that are spelt alike, that of most items."""
        by_key: dict[Phrase, Value] = {}
        by_stem: dict[Phrase, Value] = {}
        words_of: dict[str, frozenset[str]] = {}
        units: dict[str, tuple[str, float]] = {}
        sizes: dict[str, bool] = {}
        names = size_names(analyser)
        for column in columns:
            attribute = column.attribute
            words = _words(f"{attribute.name.replace('_', ' ')} {attribute.label}", analyser)
            if words & names and attribute.unit is None:
                words |= names
                sizes[attribute.name] = attribute.kind == "number"
            words_of[attribute.name] = words
            if attribute.kind in ("text", "path"):
                for value in _values_of(column):
                    _add(by_key, by_stem, value, analyser)
            elif attribute.kind == "number" and attribute.unit is not None:
                one = measure(1.0, attribute.unit, analyser.languages)
                if one is not None and one.value > 0:
                    units[attribute.name] = one.unit, one.value
        return cls(by_key, by_stem, words_of, units, sizes)

    def with_names(self, names: Mapping[str, Sequence[str]], analyser: Analyser) -> Values:
        """These values and names that came since, by attribute; a name that was known stays what it was."""
        by_key, by_stem = dict[Phrase, Value](), dict[Phrase, Value]()
        for field, new in names.items():
            for name in new:
                _add(by_key, by_stem, Value(field, name, 1), analyser)
        if not by_key:
            return self
        return Values(
            {**by_key, **self._by_key}, {**by_stem, **self._by_stem}, self._words_of, self._units, self._sizes
        )

    def mentions(self, text: str, analyser: Analyser) -> list[Mention]:
        """The values that words of a text are, the longest first where some overlap."""
        tokens = analyser.read(text)
        words = frozenset(token.key for token in tokens)
        found: list[Mention] = []
        at = 0
        while at < len(tokens):
            mention, length = self._at(text, tokens, at, words)
            if mention is not None:
                found.append(mention)
            at += length
        return list(dict.fromkeys(found))

    def without_size_names(self, text: str, analyser: Analyser) -> str:
        """A text without what says that a size follows: `dress size M`."""
        tokens = analyser.read(text)
        words = frozenset(token.key for token in tokens)
        parts, end = [], 0
        for at, token in enumerate(tokens[:-1]):
            if token.key in self._size_words and self._size(text, tokens, at + 1, words)[0] is not None:
                parts.append(text[end : token.start].rstrip())
                end = tokens[at + 1].start
        return " ".join(filter(None, [*parts, text[end:]])) if parts else text

    def _size(self, text: str, tokens: Sequence[Token], at: int, words: frozenset[str]) -> tuple[Mention | None, int]:
        """The size that begins at a token."""
        mention, length = self._name(text, tokens, at, words)
        if mention is None and tokens[at].kind == "number":
            field = next((name for name, is_number in self._sizes.items() if is_number), None)
            mention = None if field is None else Mention(tokens[at].text, field, tokens[at].term)
        return (mention, length) if mention is not None and mention.field in self._sizes else (None, 1)

    def is_name(self, word: str) -> bool:
        """Whether a word, as values are compared, is a whole value."""
        return (word,) in self._by_key

    def _at(self, text: str, tokens: Sequence[Token], at: int, words: frozenset[str]) -> tuple[Mention | None, int]:
        """The mention that begins at a token, and how many tokens it takes."""
        token = tokens[at]
        if token.kind == "measure":
            return self._amount(token, words), 1
        if at > 0 and self._sizes and tokens[at - 1].key in self._size_words:
            mention, length = self._size(text, tokens, at, words)
            if mention is not None:
                return mention, length
        return self._name(text, tokens, at, words)

    def _name(self, text: str, tokens: Sequence[Token], at: int, words: frozenset[str]) -> tuple[Mention | None, int]:
        """The value of a text attribute that begins at a token, and how many tokens it takes."""
        token = tokens[at]
        if token.key in self._firsts or token.term in self._firsts:
            for n in range(min(MAX_WORDS, len(tokens) - at), 0, -1):
                some = tokens[at : at + n]
                value = self._by_key.get(tuple(one.key for one in some)) or self._by_stem.get(
                    tuple(one.term for one in some)
                )
                if value is not None and self._says_something(some, value, words):
                    return Mention(text[some[0].start : some[-1].end], value.field, value.name), n
        return None, 1

    def _says_something(self, tokens: Sequence[Token], value: Value, words: frozenset[str]) -> bool:
        if len(tokens) > 1 or (tokens[0].kind == "word" and len(tokens[0].key) >= SHORTEST):
            return True
        return bool(self._words_of[value.field] & words)

    def _amount(self, token: Token, words: frozenset[str]) -> Mention | None:
        amount = measure_of_term(token.term)
        fields = [name for name, (unit, _) in self._units.items() if amount is not None and unit == amount.unit]
        if len(fields) > 1:
            fields = [name for name in fields if self._words_of[name] & words]
        if amount is None or len(fields) != 1:
            return None
        number = float(f"{amount.value / self._units[fields[0]][1]:.3g}")  # as exact as an amount's term is
        low, high = (f"{number * (1 + sign * TOLERANCE_RATIO):.6g}" for sign in (-1, 1))
        return Mention(token.text, fields[0], f"{low}..{high}")


NO_VALUES = Values({}, {}, {}, {})


def applied(mentions: Iterable[Mention], fields: Collection[str]) -> tuple[Mention, ...]:
    """Mentions, of which those of some fields filter."""
    return tuple(replace(one, applied=one.field in fields) for one in mentions)


def _values_of(column: AttributeColumn) -> Iterator[Value]:
    counts = np.bincount(column.codes, minlength=len(column.names)).tolist()
    for name, n_items in zip(column.names, counts, strict=True):
        if n_items:
            yield Value(column.attribute.name, name, n_items)


def _add(by_key: dict[Phrase, Value], by_stem: dict[Phrase, Value], value: Value, analyser: Analyser) -> None:
    tokens = analyser.read(value.name.rpartition(SEPARATOR)[2])
    if 0 < len(tokens) <= MAX_WORDS:
        _keep(by_key, tuple(token.key for token in tokens), value)
        if value.field not in UNSTEMMED:
            _keep(by_stem, tuple(token.term for token in tokens), value)


def _keep(table: dict[Phrase, Value], phrase: Phrase, value: Value) -> None:
    known = table.get(phrase)
    if known is None or known.n_items < value.n_items:
        table[phrase] = value


def _words(text: str, analyser: Analyser) -> frozenset[str]:
    return frozenset(Counter(token.key for token in analyser.read(text)))
