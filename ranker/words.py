"""Words of items as integer matrices, so that matching a query against 200 candidates is one comparison of arrays."""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, islice, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.core.compiled import kernel, read_only
from trimtab.core.extended_array import ExtendedArray, RowArray
from trimtab.core.records import FloatArray, IntArray
from trimtab.text.query import QueryReader, QueryWord
from trimtab.text.units import measure_of_term
from trimtab.text.words.function_words import words_for
from trimtab.text.words.lexicon import Lexicon
from trimtab.text.words.numbered import NumberedWords, WordsByRow, places_of_lines

BODY, ABSENT = "body", "absent"
FIELDS = {"title": 32, "product_type": 8, "category": 8, "brand": 4, BODY: 128, ABSENT: 16}
"""Field -> most words kept of it. `body` is attributes and description, `absent` what the item by its own texts goes
without; in both each word stands once."""

MAX_QUERY_WORDS = 16
MAX_EXCLUDED = 60
"""The most words that are not wanted; a set of words is a number of 64 bits."""
MAX_WAYS = 16
"""The most ways in which an item may have a synonym that are looked for."""
UNKNOWN = -2
"""The id of a word that no item has; -1 is the padding of the matrices."""

Matrix = NDArray[np.int32]


def kept_words(field: str, terms: Sequence[str]) -> list[str]:
    """The index terms that are kept of a field's, in order."""
    return (list(dict.fromkeys(terms)) if field in {BODY, ABSENT} else list(terms))[: FIELDS[field]]


class Terms(NamedTuple):
    """What texts are searched for, for words that are numbered: a set of words is a number of bits, one a word.

    Attributes:
        terms, bits: [t] ids of single terms, and the words that a text has which has one.
        compound_bits, compound_ends: [c] the words that a text has which has all of some terms, and where these end
            in `parts`.
        parts: ids of the terms of all of them.
    """

    terms: Matrix
    bits: IntArray
    compound_bits: IntArray
    compound_ends: IntArray
    parts: Matrix

    @classmethod
    def of(cls, readings: Sequence[tuple[int, Sequence[int]]]) -> Terms:
        """From the number of a word and the ids of terms which all together are that word."""
        bits: dict[int, int] = {}
        for word, ids in readings:
            if len(ids) == 1:
                bits[ids[0]] = bits.get(ids[0], 0) | 1 << word
        compounds = [(word, ids) for word, ids in readings if len(ids) > 1]
        single = np.array(list(bits), dtype=np.int32), np.array(list(bits.values()), dtype=np.int64)
        if not compounds:
            return cls(*single, NO_BITS, NO_BITS, NO_PARTS)
        return cls(
            *single,
            np.array([1 << word for word, _ in compounds], dtype=np.int64),
            np.array(list(accumulate(len(ids) for _, ids in compounds)), dtype=np.int64),
            np.array([part for _, ids in compounds for part in ids], dtype=np.int32),
        )


NO_BITS: IntArray = np.empty(0, dtype=np.int64)
NO_PARTS: Matrix = np.empty(0, dtype=np.int32)
NO_TERMS = Terms.of([])


@dataclass(frozen=True, slots=True)
class QueryWords:
    """The distinct words of a query, numbered as they were typed, and those that are not wanted.

    Attributes:
        weights: [q] their idf.
        wanted: what a text may have of each.
        numbers: the words that are numbers, amounts or codes, as bits.
        amounts: [a, 2] word and unit of those that are amounts.
        n_excluded: how many words are not wanted.
        unwanted: what a text may have of each of these.
        is_for: whether the query begins with what things are for: `for cats`.
    """

    weights: FloatArray
    wanted: Terms
    numbers: int
    amounts: Matrix
    n_excluded: int
    unwanted: Terms
    is_for: bool = False


class ItemWords:
    """Word ids of every item by field.

    Args:
        known: word -> id.
        idf: [n_words] `log(1 + n / df)` over all fields.
        fields: field -> [n_items, width] int32, -1 padded.
        lexicon: what a word is.
    """

    def __init__(
        self, known: dict[str, int], idf: FloatArray, fields: dict[str, RowArray[np.int32]], lexicon: Lexicon
    ) -> None:
        self.lexicon = lexicon
        self._known = known
        self._ids: MutableMapping[str, int] = known
        self._built: ItemWords | None = None
        """The words of the catalogue as it was built, which these extend."""
        self._new, self._counts = dict[str, int](), np.empty(0, dtype=np.int64)
        """Words that it does not have, and how many of the other items have each."""
        self._reader = QueryReader(lexicon, self._ids.__contains__)
        self.idf = idf
        self.fields = {
            name: read_only(field) if isinstance(field, np.ndarray) else field for name, field in fields.items()
        }

    @classmethod
    def build(cls, items: Sequence[Mapping[str, Sequence[str]]], lexicon: Lexicon) -> ItemWords:
        """Index items by their `kept_words` of each field of `FIELDS`."""
        words = WordsByRow(len(FIELDS))
        words.add(np.arange(len(items)), NumberedWords.of(item[field] for item in items for field in FIELDS))
        return cls.of(words, lexicon)

    @classmethod
    def of(cls, words: WordsByRow, lexicon: Lexicon) -> ItemWords:
        """Index the `kept_words` of each field of `FIELDS` of a catalogue's items; no row may be lacking."""
        rows, lengths = words.rows, words.lengths
        counts = np.zeros(len(words.places), dtype=np.int64)
        fields: dict[str, RowArray[np.int32]] = {}
        for place, field in enumerate(FIELDS):
            width = max(1, lengths[:, place].max(initial=1))
            fields[field] = matrix = np.full((len(rows), width), -1, dtype=np.int32)
            latest = np.full(len(words.places), -1, dtype=np.int64)
            _fill(rows, lengths, words.numbers, place, latest, matrix, counts)
        idf = np.log1p(len(rows) / np.maximum(counts, 1)).astype(np.float32)
        return cls(words.places, idf, fields, lexicon)

    def read_by(self, reader: QueryReader) -> ItemWords:
        """These words, of which queries are read by another reader: one that has read them already."""
        other = copy(self)
        other._reader = reader  # noqa: SLF001  # the same class
        return other

    def with_items(self, items: Sequence[Mapping[str, Sequence[str]]]) -> ItemWords:
        """These items and more behind them, by their `kept_words` of each field; words of a catalogue that was built
        keep their weights."""
        return copy(self)._extend(items, self._built or self)  # noqa: SLF001  # the same class

    def _extend(self, items: Sequence[Mapping[str, Sequence[str]]], built: ItemWords) -> ItemWords:
        known, new, counts = self._known, dict(self._new), Counter[int]()
        fields: dict[str, RowArray[np.int32]] = {}
        for field, earlier in self.fields.items():
            base, more = earlier.parts if isinstance(earlier, ExtendedArray) else (np.asarray(earlier), None)
            matrix = np.full((len(items), base.shape[1]), -1, dtype=np.int32)
            for row, words in enumerate(item[field] for item in items):
                numbers = [
                    known[word] if word in known else new.setdefault(word, len(known) + len(new))
                    for word in words[: base.shape[1]]
                ]
                counts.update({number for number in numbers if number >= len(known)})
                matrix[row, : len(numbers)] = numbers
            fields[field] = ExtendedArray(base, matrix if more is None else np.concatenate([more, matrix]))
        came = np.array([counts[number] for number in range(len(known), len(known) + len(new))], dtype=np.int64)
        came[: len(self._counts)] += self._counts
        self._built, self._new, self._counts, self.fields = built, new, came, fields
        self._ids = ChainMap(new, known)
        self._reader = QueryReader(self.lexicon, self._ids.__contains__)
        rarity = np.log1p(len(fields["title"]) / np.maximum(came, 1).astype(np.float32))
        self.idf = np.concatenate([built.idf, rarity])
        for name in ("units", "units_by_name", "words_for", "_rarest"):
            self.__dict__.pop(name, None)
        return self

    def of_query(
        self,
        text: str,
        excluded: Sequence[str] = (),
        synonyms: Iterable[tuple[str, str]] = (),
        linking: Iterable[str] = (),
    ) -> QueryWords:
        """The words of a query, as the lexical index reads them, and those that are not wanted.

        Args:
            synonyms: words of the text, and words of which an item may have all instead.
            linking: words of the text that weigh nothing.
        """
        words = self._reader.read(text).distinct[:MAX_QUERY_WORDS]
        ids = [self._ids.get(word.term, UNKNOWN) for word in words]
        also = [
            (place, tuple(self._ids[term] for term in terms))
            for place, word in enumerate(words)
            for terms in word.readings[1:]
            if all(map(self._ids.__contains__, terms))
        ]
        also += [
            (place, ids)
            for typed, meant in synonyms
            for ids in self._ids_of(meant)
            for place in _places_of(self._reader.read(typed).distinct, words)
        ]
        n_excluded, unwanted = self._unwanted(excluded)
        units = [(place, self.units.item(one)) for place, one in enumerate(ids) if one >= 0]
        weights = self._weights(ids, also)
        weightless = [place for typed in linking for place in _places_of(self._reader.read(typed).distinct, words)]
        if len(set(weightless)) < len(words):
            weights[weightless] = 0.0
        return QueryWords(
            _with_light_amounts(weights, [place for place, unit in units if unit >= 0]),
            Terms.of([*((place, (one,)) for place, one in enumerate(ids)), *also]),
            sum(1 << place for place, word in enumerate(words) if any(map(str.isdigit, word.term))),
            np.array([one for one in units if one[1] >= 0], dtype=np.int32).reshape(-1, 2),
            n_excluded,
            unwanted,
            is_for=bool(words) and words[0].term in words_for(self.lexicon.analyser),
        )

    def _unwanted(self, excluded: Sequence[str]) -> tuple[int, Terms]:
        """How many terms are not wanted, and what a text may have of each: of one that no item has, another reading of
        its word (`filt`, `filtsåle`)."""
        if not excluded:
            return 0, NO_TERMS
        terms = list(dict.fromkeys(term for text in excluded for term in self.lexicon.terms(text)))[:MAX_EXCLUDED]
        readings = {word.term: word.readings[1:] for text in excluded for word in self._reader.read(text).distinct}
        ids = [
            (place, tuple(self._ids.get(one, UNKNOWN) for one in reading))
            for place, term in enumerate(terms)
            for reading in ((term,), *(() if term in self._ids else readings.get(term, ())))
        ]
        return len(terms), Terms.of(ids)

    def _ids_of(self, text: str) -> Iterator[tuple[int, ...]]:
        """The known terms that all together are a text, in each way in which they may be."""
        ways = product(*(word.readings for word in self._reader.read(text).distinct))
        for way in islice(ways, MAX_WAYS):
            terms = list(dict.fromkeys(chain.from_iterable(way)))
            if terms and all(map(self._ids.__contains__, terms)):
                yield tuple(self._ids[term] for term in terms)

    @cached_property
    def units(self) -> NDArray[np.int16]:
        """[n_words + 1] which unit a word is an amount of, -1 for none; the last is the padding's."""
        return self.units_by_name[0]

    @cached_property
    def units_by_name(self) -> tuple[NDArray[np.int16], Mapping[str, int]]:
        """`units`, and their numbers."""
        own, before, names = self._ids, np.empty(0, dtype=np.int16), dict[str, int]()
        if self._built is not None:
            known, known_names = self._built.units_by_name
            own, before, names = self._new, known[:-1], dict(known_names)
        units = np.full(len(own) + 1, -1, dtype=np.int16)
        for place, word in enumerate(own):
            if word[:1].isdigit() and (amount := measure_of_term(word)) is not None:
                units[place] = names.setdefault(amount.unit, len(names))
        return np.concatenate([before, units]), names

    def _weights(self, ids: Sequence[int], readings: Iterable[tuple[int, tuple[int, ...]]]) -> FloatArray:
        """The idf of each word, or of its best known reading.

        A word the catalogue has never seen weighs as much as its rarest word: not matching it should cost.
        """
        known: dict[int, float] = {}
        for place, terms in readings:
            known[place] = max(known.get(place, 0.0), *(float(self.idf[term]) for term in terms))
        weights = [self.idf[term] if term >= 0 else known.get(place, self._rarest) for place, term in enumerate(ids)]
        return np.array(weights, dtype=np.float32)

    @cached_property
    def words_for(self) -> Matrix:
        """The words behind which a text says what a thing is for."""
        ids = [self._ids[term] for term in words_for(self.lexicon.analyser) if term in self._ids]
        return np.array(sorted(ids), dtype=np.int32)

    @cached_property
    def _rarest(self) -> float:
        return float(self.idf.max()) if len(self.idf) else 1.0

    def save(self, folder: Path) -> None:
        (folder / "words.txt").write_text("\n".join(self._ids))
        np.save(folder / "words_idf.npy", self.idf, allow_pickle=False)
        for field, matrix in self.fields.items():
            np.save(folder / f"words_{field}.npy", np.asarray(matrix), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon) -> ItemWords:
        return cls(
            places_of_lines((folder / "words.txt").read_text()),
            np.load(folder / "words_idf.npy", allow_pickle=False),
            {field: _mapped(folder / f"words_{field}.npy") for field in FIELDS},
            lexicon,
        )


@kernel("i4[:]", "i4[:,:]", "i4[:]", "i8", "out i8[:]", "out i4[:,:]", "out i8[:]")
def _fill(
    rows: Matrix, lengths: Matrix, ids: Matrix, field: int, latest: IntArray, matrix: Matrix, counts: IntArray
) -> None:
    """Write the words of a field of each row, and count the rows of each word.

    Args:
        latest: [n_words] the row that last had it, -1 at first.
    """
    n = 0
    for place in range(len(rows)):
        row = rows[place]
        for other in range(field):
            n += lengths[place, other]
        for at in range(lengths[place, field]):
            word = ids[n]
            n += 1
            matrix[row, at] = word
            if latest[word] != row:
                latest[word] = row
                counts[word] += 1
        for other in range(field + 1, lengths.shape[1]):
            n += lengths[place, other]


def _with_light_amounts(weights: FloatArray, amounts: Sequence[int]) -> FloatArray:
    """Weights of which an amount has no more than any other word: it says how much of a thing, not of what."""
    others = np.delete(weights, amounts)
    others = others[others > 0]
    if len(others):
        weights[amounts] = np.minimum(weights[amounts], others.min())
    return weights


def _places_of(some: Iterable[QueryWord], words: Iterable[QueryWord]) -> list[int]:
    terms = {word.term for word in some}
    return [place for place, word in enumerate(words) if word.term in terms]


def _mapped(path: Path) -> Matrix:
    """A memory-mapped matrix as a plain array: indexing numpy's memmap class costs several times more."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
