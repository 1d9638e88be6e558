"""Building the first stage: words and meaning side by side, since encoders and FAISS let other threads run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, overload

import numpy as np

from trimtab.catalog.arrow import TextColumn
from trimtab.core.records import IntArray
from trimtab.core.work.collector import collector_paused
from trimtab.core.work.parts import Parts
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks
from trimtab.retrieval.dense.building import EncodedItems, build_meaning
from trimtab.retrieval.encoders.registry import load_item_encoder
from trimtab.retrieval.lexical.field_terms import FieldTerms
from trimtab.retrieval.lexical.index import LexicalIndex, OnItem, ignored
from trimtab.retrieval.lexical.spelling import Speller
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.milvus.connection import BUILD_SECONDS
from trimtab.retrieval.retriever import LEXICAL, REPORT, Retriever
from trimtab.retrieval.understanding.cue_names import names_with_cues
from trimtab.retrieval.understanding.negation import grammar_of
from trimtab.retrieval.understanding.shop_wording import ShopWording
from trimtab.text.analyser import analyser_of
from trimtab.text.language import AUTO, languages_of
from trimtab.text.words.lexicon import Lexicon

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore
    from trimtab.retrieval.milvus.building import NewCollection

SPELLED_FIELDS = ("title", "product_type", "brand", "category")
"""Fields to whose words, and to those of attributes, misspelt words are corrected."""

INDEXING = "lexical index"
REPORTED = 8192
"""Items after which it is said how many have been read."""

UNFINISHED = "parts"
"""The folder of what is kept while an index is built, where nobody says another."""


def build_retriever(  # noqa: PLR0913  # keyword-only options
    store: ItemStore,
    encoder_name: str,
    folder: Path,
    progress: Progress = silent,
    *,
    encoded: EncodedItems | None = None,
    languages: Sequence[str] = AUTO,
    wording: ShopWording | None = None,
    earlier: Path | None = None,
    collection: NewCollection | None = None,
    on_item: OnItem = ignored,
    parts: Parts | None = None,
    tasks: Tasks | None = None,
) -> Retriever:
    """Write the indices of a store into `folder` and open them.

    Args:
        encoded: what need not be made again.
        languages: of the catalogue, the most important first; `auto` finds them in its texts.
        wording: what the shop says of understanding queries.
        earlier: the folder of the indices that these replace, whose vectors are taken for texts that stayed.
        collection: where candidates are looked up, instead of an index of vectors in the folder.
        on_item: is given the index terms of each item.
        parts: where what takes long is kept meanwhile, and looked for first; in the folder by default.
        tasks: where texts are encoded; here by default.

    Raises:
        BadParameter: there is no such encoder, or it is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns: dict[str, TextColumn] = {name: store.text_column(name) for name in BOOSTS if name != "attributes"}
    columns["attributes"] = store.searched_attributes()
    priority = _priority(store)

    if encoded is None:
        load_item_encoder(encoder_name)  # one that is not installed is named before anything else is done
    with ThreadPoolExecutor(1) as beside:
        meaning = beside.submit(
            build_meaning,
            folder,
            columns,
            priority,
            encoder_name,
            encoded,
            earlier,
            progress,
            has_index=not collection,
            parts=parts or Parts(folder / UNFINISHED),
            tasks=tasks,
        )
        lexicon = _build_words(columns, priority, languages, folder, progress, on_item)
        near = meaning.result()
    report = near.report
    if collection is not None:
        filtered = [store.attributes[name] for name, one in store.attributes.definitions.items() if one.filter]
        report |= collection.fill(
            store, columns, filtered, near.vectors[:], near.vector_of, lexicon, near.queries, progress
        )
    report |= {"n_items": len(store), "languages": lexicon.analyser.languages, "analyser": lexicon.analyser.name}
    (wording or ShopWording()).save(folder)
    rmtree(folder / UNFINISHED, ignore_errors=True)
    (folder / REPORT).write_text(json.dumps(report, indent=2))
    return Retriever.load(folder, store, remote_seconds=BUILD_SECONDS)


def _build_words(
    columns: Mapping[str, TextColumn],
    priority: IntArray,
    languages: Sequence[str],
    folder: Path,
    progress: Progress,
    on_item: OnItem,
) -> Lexicon:
    """Write the lexical index and the speller; returns what a word is."""
    n_items = len(priority)
    progress(INDEXING, 0, n_items)
    names = _Names([columns[field] for field in SPELLED_FIELDS])
    analyser = analyser_of(languages_of(names) if tuple(languages) == AUTO else languages)
    known = Counter(word for text in chain(names, columns["attributes"]) for word in set(analyser.keys(text)))
    grammar = grammar_of(analyser)
    names_of_cues = names_with_cues(grammar, analyser, names, columns["brand"])
    lexicon = Lexicon.of_texts(analyser, names, known, grammar.says_absent, names_of_cues)
    lexicon.save(folder)
    n_read = count(1)

    def on_each(row: int, terms: Mapping[str, FieldTerms]) -> None:
        on_item(row, terms)
        if (n := next(n_read)) % REPORTED == 0:
            progress(INDEXING, n, n_items)

    with collector_paused():  # a quarter of the time
        LexicalIndex.build(columns, priority, folder / LEXICAL, lexicon, on_each)
    Speller.build(known, folder / "spelling")
    progress(INDEXING, n_items, n_items)
    return lexicon


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


def _priority(store: ItemStore) -> IntArray:
    """[n_items] place of each row in the order of popularity, the most popular first: who wins a tie."""
    return np.argsort(np.argsort(-store.popularity, kind="stable"), kind="stable").astype(np.int64)
