"""What searching needs of the texts of new items, computed here or in a process of its own.

Reading a thousand items takes as long as some hundred searches, and a network that encodes them takes seconds and
hundreds of megabytes: who serves shoppers leaves that to a process of low priority, which has the same code and gives
the same results.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from trimtab.core.errors import BadParameter, TrimtabError
from trimtab.core.work.processes import KeptWorker
from trimtab.engine.bundle.manifest import read_manifest
from trimtab.engine.bundle.verification import RETRIEVAL
from trimtab.engine.stages.pipeline import words_of_item
from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.registry import OF_ITEMS, load_item_encoder, load_query_encoder
from trimtab.retrieval.lexical.field_terms import item_terms
from trimtab.retrieval.live_retrieval import NewItem, new_item
from trimtab.text.words.lexicon import Lexicon

FEW = 8
"""Items that are prepared here, unless a network encodes them."""
NICENESS = 10

Texts = Mapping[str, str]
"""The texts of an item by column of the schema, what is searched of its attributes among them."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is computed of the texts of an item.

    Attributes:
        found_by: for the indices.
        words: for features, by field.
    """

    found_by: NewItem
    words: Mapping[str, Sequence[str]]


Prepare = Callable[[Sequence[Texts]], list[Prepared]]


def prepared_by(lexicon: Lexicon, encoder: Encoder, texts: Sequence[Texts]) -> list[Prepared]:
    """Some items, prepared in this process."""
    terms = [item_terms(lexicon, one) for one in texts]
    return [Prepared(new_item(encoder, one, its), words_of_item(its)) for one, its in zip(texts, terms, strict=True)]


class Aside:
    """Prepares the items of a bundle in a process of its own, which is started when there is enough to do."""

    def __init__(self, bundle: Path, encoder: str, here: Prepare) -> None:
        """
        Args:
            encoder: the name of the bundle's.
            here: prepares in this process.
        """
        self._here = here
        self._few = 0 if encoder in OF_ITEMS else FEW
        self._worker = KeptWorker(_prepared_aside, bundle)

    def __call__(self, texts: Sequence[Texts]) -> list[Prepared]:
        if len(texts) <= self._few:
            return self._here(texts)
        try:
            found: list[Prepared] = self._worker.computed(texts)
        except TrimtabError:  # it was ended: what was acknowledged must be found all the same
            self.stop()
            return self._here(texts)
        return found

    def rest(self) -> None:
        """End the process where it has had nothing to do for a while."""
        self._worker.rest()

    def stop(self) -> None:
        """End the process."""
        self._worker.stop()


def _prepared_aside(bundle: Path, texts: Sequence[Texts]) -> list[Prepared]:
    return prepared_by(*_parts_of(bundle), texts)


@lru_cache(maxsize=1)
def _parts_of(bundle: Path) -> tuple[Lexicon, Encoder]:
    """The lexicon and the encoder of a bundle's items; called once in a process of this alone."""
    os.nice(NICENESS)
    name = read_manifest(bundle)["retrieval"]["encoder"]
    lexicon = Lexicon.load(bundle / RETRIEVAL)
    with suppress(BadParameter):
        return lexicon, load_item_encoder(name)
    return lexicon, load_query_encoder(name, bundle / RETRIEVAL)
