"""Reading the words of items for an index, a block of items at a time, in whatever process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from trimtab.catalog.arrow import Texts
from trimtab.core.records import IntArray
from trimtab.core.work.collector import collector_paused
from trimtab.core.work.tasks import Tasks
from trimtab.retrieval.lexical.field_terms import FieldTerms, terms_reader
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.text.words.lexicon import Lexicon
from trimtab.text.words.numbered import NumberedWords

ITEMS_AT_ONCE = 2048
"""Items that are read together."""
ROW = "row"
"""The field of a document that says which item it is."""

OfItem = Callable[[Mapping[str, FieldTerms]], Mapping[str, Sequence[str]]]
"""Words of an item in several texts, from its index terms by field of `BOOSTS`."""


class Also(NamedTuple):
    """What else is made of the words of items while they are read.

    Attributes:
        of_item: a function of a module, which is called where items are read.
        add: is given rows, and of each what `of_item` said, a block at a time.
    """

    of_item: OfItem
    add: Callable[[IntArray, NumberedWords], None]


def _no_words(_: Mapping[str, FieldTerms]) -> Mapping[str, Sequence[str]]:
    return {}


def _ignored(_: IntArray, __: NumberedWords) -> None:
    """Do nothing with a block."""


NOTHING_ELSE = Also(_no_words, _ignored)


class ReadItems(NamedTuple):
    """What was read of some items.

    Attributes:
        indexed: their index terms, by field of `BOOSTS`.
        documents: the same as tantivy takes them.
        also: see `Also`.
    """

    indexed: NumberedWords
    documents: Sequence[str]
    also: NumberedWords


class ItemReader:
    """A reader of items, which may be sent to another process."""

    def __init__(self, lexicon: Lexicon, of_item: OfItem) -> None:
        self._lexicon, self._of_item = lexicon, of_item
        self._terms_of = terms_reader(lexicon)

    def __reduce__(self) -> tuple[Any, ...]:
        return ItemReader, (self._lexicon.of_items(), self._of_item)

    def read(self, rows: Sequence[int], texts: Sequence[Sequence[str]]) -> ReadItems:
        """What some items have.

        Args:
            texts: of each field of `BOOSTS`, those of the items.
        """
        items = [dict(zip(BOOSTS, map(self._terms_of, item), strict=True)) for item in zip(*texts, strict=True)]
        return ReadItems(
            NumberedWords.of(terms.indexed for item in items for terms in item.values()),
            list(map(_document, rows, items)),
            NumberedWords.of(words for item in items for words in self._of_item(item).values()),
        )


def read_items(
    texts: Mapping[str, Texts], rows: IntArray, reader: ItemReader, tasks: Tasks
) -> Iterator[tuple[IntArray, ReadItems]]:
    """Rows, and what was read of them, in blocks in the order of `rows`.

    Args:
        texts: [n_items] by field of `BOOSTS`.
    """
    blocks = [rows[start : start + ITEMS_AT_ONCE] for start in range(0, len(rows), ITEMS_AT_ONCE)]
    items = (
        (some.tolist(), [list(map(texts[field].__getitem__, some.tolist())) for field in BOOSTS]) for some in blocks
    )
    return zip(blocks, tasks.map(_read, reader, items), strict=True)


def _read(reader: ItemReader, items: tuple[Sequence[int], Sequence[Sequence[str]]]) -> ReadItems:
    with collector_paused():  # a quarter of the time
        return reader.read(*items)


def _document(row: int, item: Mapping[str, FieldTerms]) -> str:
    words = {field: " ".join(terms.indexed) for field, terms in item.items() if terms.indexed}
    return json.dumps({ROW: row, **words}, ensure_ascii=False)
