"""What a catalogue's texts say of its words: how many have each, and its lexicon; read in blocks, by tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, overload

from trimtab.catalog.arrow import TextColumn
from trimtab.core.work.collector import collector_paused
from trimtab.core.work.progress import Progress
from trimtab.core.work.tasks import Tasks, blocks_of
from trimtab.retrieval.lexical.item_reading import ITEMS_AT_ONCE
from trimtab.retrieval.understanding.cue_names import names_with_cues, with_property_words
from trimtab.retrieval.understanding.negation import grammar_of
from trimtab.text.analyser import Analyser, analyser_of
from trimtab.text.language import AUTO, languages_of
from trimtab.text.words.lexicon import Lexicon, made_of_two, pairs_in

SPELLED_FIELDS = ("title", "product_type", "brand", "category")
"""Fields to whose words, and to those of attributes, misspelt words are corrected: what names have."""
READING = "words"


class Vocabulary(NamedTuple):
    """The words of a catalogue.

    Attributes:
        counts: how many texts have each, as it is compared.
    """

    lexicon: Lexicon
    counts: Mapping[str, int]


def vocabulary_of(
    columns: Mapping[str, TextColumn], languages: Sequence[str], tasks: Tasks, progress: Progress
) -> Vocabulary:
    """Learn the words of a catalogue.

    Args:
        languages: `auto` finds them in the names.
    """
    names = _Names([columns[field] for field in SPELLED_FIELDS])
    analyser = analyser_of(languages_of(names) if tuple(languages) == AUTO else languages)
    counts, words, with_cues = Counter[str](), dict[str, None](), list[str]()
    n_items, n_read = len(columns["attributes"]), 0
    progress(READING, 0, n_items)
    names_at_once = ITEMS_AT_ONCE * len(SPELLED_FIELDS)
    items = zip(blocks_of(names, names_at_once), blocks_of(columns["attributes"], ITEMS_AT_ONCE), strict=True)
    for block in tasks.map(_read, analyser, items):
        counts.update(block.counts)
        words |= dict.fromkeys(block.of_names)
        with_cues += block.with_cues
        n_read = min(n_read + ITEMS_AT_ONCE, n_items)
        progress(READING, n_read, n_items)
    pairs = Counter[tuple[str, str]]()
    for some in tasks.map(_pairs, (analyser, made_of_two(words)), blocks_of(_each_once(names), names_at_once)):
        pairs.update(some)
    grammar = grammar_of(analyser)
    names_of_cues = names_with_cues(grammar, analyser, with_cues, columns["brand"])
    return Vocabulary(Lexicon.of_words(analyser, words, pairs, counts, grammar.says_absent, names_of_cues), counts)


class _Block(NamedTuple):
    """What some items have.

    Attributes:
        counts: how many of their texts have each word.
        of_names: the words of names, in the order in which they first come.
        with_cues: the names that may hold a word of negation.
    """

    counts: Counter[str]
    of_names: Sequence[str]
    with_cues: Sequence[str]


def _read(analyser: Analyser, texts: tuple[Sequence[str], Sequence[str]]) -> _Block:
    with collector_paused():
        names, attributes = texts
        counts = _counts(analyser, names)
        of_names = list(counts)
        counts.update(_counts(analyser, attributes))
        return _Block(counts, of_names, list(with_property_words(grammar_of(analyser), names)))


def _counts(analyser: Analyser, texts: Sequence[str]) -> Counter[str]:
    """How many texts have each word, in the order in which these first come."""
    words = {text: tuple(dict.fromkeys(analyser.keys(text))) for text in dict.fromkeys(texts)}
    return Counter(chain.from_iterable(map(words.__getitem__, texts)))


def _pairs(shared: tuple[Analyser, frozenset[str]], texts: Sequence[str]) -> Counter[tuple[str, str]]:
    return pairs_in(*shared, texts)


def _each_once(texts: Iterable[str]) -> Iterator[str]:
    """The texts that differ. Not they are remembered but their hashes: there may be millions."""
    known = set[int]()
    for text in texts:
        if (key := hash(text)) not in known:
            known.add(key)
            yield text


class _Names(Sequence[str]):
    """The texts of some columns, those of an item beside each other, each made when it is asked for."""

    def __init__(self, columns: Sequence[TextColumn]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return sum(map(len, self._columns))

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        row, column = divmod(at, len(self._columns))
        return self._columns[column][row]

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(zip(*self._columns, strict=True))
