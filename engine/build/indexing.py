"""Indexing: from a catalogue's items to the pipeline that finds and featurises them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadInput
from trimtab.core.work.parts import Parts
from trimtab.core.work.progress import Progress, silent
from trimtab.core.work.tasks import Tasks
from trimtab.engine.bundle.verification import RETRIEVAL
from trimtab.engine.stages.pipeline import Pipeline, item_columns, words_of_item
from trimtab.ranker.users import UserHistories
from trimtab.ranker.words import FIELDS, ItemWords
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.encoders.registry import encoder_for
from trimtab.retrieval.lexical.item_reading import Also
from trimtab.retrieval.milvus.building import NewCollection
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.shop_wording import ShopWording
from trimtab.text.language import AUTO
from trimtab.text.words.numbered import WordsByRow


def store_of(items: pl.DataFrame, attributes: Iterable[Attribute] = ()) -> ItemStore:
    """The items of a catalogue frame.

    Args:
        attributes: what the columns `attr_*` are; the others are what the types of their columns say.

    Raises:
        BadInput: there is none.
    """
    if len(items) == 0:
        raise BadInput("the catalogue has no item")
    return ItemStore.from_frame(items, attributes)


def build_pipeline(  # noqa: PLR0913  # keyword-only options
    store: ItemStore,
    staging: Path,
    *,
    encoder: str,
    languages: Sequence[str] = AUTO,
    wording: ShopWording | None = None,
    earlier: Path | None = None,
    collection: NewCollection | None = None,
    parts: Parts | None = None,
    tasks: Tasks | None = None,
    progress: Progress = silent,
) -> Pipeline:
    """Index a catalogue's items into `staging`.

    Args:
        languages: of the catalogue, the most important first; `auto` finds them in its texts.
        wording: what the shop says of understanding queries.
        encoder: its name; `auto` chooses by the number of items.
        earlier: the bundle that is replaced, from which texts that stayed need not be encoded again.
        collection: where candidates are looked up, if not in this process.
        parts: where what takes long is kept meanwhile, and looked for first.
        tasks: where texts are encoded and words are read; here by default.
    """
    words, also = kept_for_features()
    retriever = build_retriever(
        store,
        encoder_for(encoder, len(store)),
        staging / RETRIEVAL,
        progress,
        languages=languages,
        wording=wording,
        earlier=None if earlier is None else earlier / RETRIEVAL,
        also=also,
        collection=collection,
        parts=parts,
        tasks=tasks,
    )
    return pipeline_of(store, retriever, words, UserHistories.none())


def kept_for_features() -> tuple[WordsByRow, Also]:
    """What features know of words, and what keeps it while the lexical index reads them."""
    words = WordsByRow(len(FIELDS))
    return words, Also(words_of_item, words.add)


def pipeline_of(store: ItemStore, retriever: Retriever, words: WordsByRow, histories: UserHistories) -> Pipeline:
    """A store and its indices with what features need besides."""
    type_vectors = retriever.encoder.encode(list(store.types))
    columns = item_columns(store, retriever, ItemWords.of(words, retriever.lexicon), type_vectors)
    return Pipeline(store, retriever, columns, histories)
