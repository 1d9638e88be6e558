"""Building the first stage: words and meaning side by side, since encoders and FAISS let other threads run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

import numpy as np

from trimtab.catalog.arrow import TextColumn
from trimtab.core.records import IntArray
from trimtab.core.work.parts import Parts
from trimtab.core.work.processes import Processes
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks
from trimtab.retrieval.dense.building import EncodedItems, build_meaning
from trimtab.retrieval.encoders.registry import load_item_encoder
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.item_reading import NOTHING_ELSE, Also
from trimtab.retrieval.lexical.spelling import Speller
from trimtab.retrieval.lexical.term_scores import BOOSTS
from trimtab.retrieval.milvus.connection import BUILD_SECONDS
from trimtab.retrieval.retriever import LEXICAL, REPORT, Retriever
from trimtab.retrieval.understanding.shop_wording import ShopWording
from trimtab.retrieval.vocabulary import vocabulary_of
from trimtab.text.language import AUTO
from trimtab.text.words.lexicon import Lexicon
from trimtab.text.words.numbered import NumberedWords

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore
    from trimtab.retrieval.milvus.building import NewCollection

INDEXING = "lexical index"
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
    also: Also = NOTHING_ELSE,
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
        also: what else is made of the words of items.
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
        with Processes() as processes:
            lexicon = _build_words(columns, priority, languages, folder, progress, also, tasks or processes)
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
    also: Also,
    tasks: Tasks,
) -> Lexicon:
    """Write the lexical index and the speller; returns what a word is."""
    lexicon, counts = vocabulary_of(columns, languages, tasks, progress)
    lexicon.save(folder)
    n_items, n_read = len(priority), 0

    def add(rows: IntArray, words: NumberedWords) -> None:
        nonlocal n_read
        also.add(rows, words)
        n_read += len(rows)
        progress(INDEXING, n_read, n_items)

    progress(INDEXING, 0, n_items)
    LexicalIndex.build(columns, priority, folder / LEXICAL, lexicon, Also(also.of_item, add), tasks)
    Speller.build(counts, folder / "spelling")
    return lexicon


def _priority(store: ItemStore) -> IntArray:
    """[n_items] place of each row in the order of popularity, the most popular first: who wins a tie."""
    return np.argsort(np.argsort(-store.popularity, kind="stable"), kind="stable").astype(np.int64)
