"""Both sides of a search in a collection, as `trimtab.retrieval.protocol` has them.

Words are known, and result sets are made, by the lexical index that the bundle has beside it: Milvus is asked for the
best items alone. The same index finds candidates where Milvus does not answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.errors import Unavailable
from trimtab.core.records import FloatArray
from trimtab.core.understood import Understood
from trimtab.retrieval.filters import Condition
from trimtab.retrieval.first_allowed import first_allowed
from trimtab.retrieval.lexical.index import LexicalIndex
from trimtab.retrieval.lexical.postings import FIELDS, NO_TERMS, Having, ItemTerms, Key, Postings
from trimtab.retrieval.lexical.wanted import Wanted
from trimtab.retrieval.milvus.collection import MAX_DEPTH, Collection
from trimtab.retrieval.milvus.layout import K1, REPEATS, ROW, B, Lookup, all_of, lookup
from trimtab.retrieval.protocol import NOTHING, Found, Indices, One, Other, Unsearched
from trimtab.text.query import QueryWord
from trimtab.text.words.lexicon import Lexicon

FEW = 1000
"""Rows that are named one by one where a filter leaves no more: nothing is found in vain, and no filter is too hard."""
MOST_NEAR = 1000
"""The most items that are looked for above a floor."""
N_THREADS = 16


class MilvusLexical(LexicalIndex):
    """The lexical index of a bundle whose candidates Milvus finds."""

    collection: Collection

    def filters_on(self, field: str) -> bool:
        """Whether Milvus can meet conditions on an attribute."""
        return self.collection.layout.filters_on(field)

    def search(
        self,
        query: str | Understood,
        depth: int,
        conditions: Sequence[Condition] = (),
        allowed: Mask | None = None,
        groups: Alternatives | None = None,
    ) -> Found:
        """The best items that have any of the rare words, or a synonym, and meet all conditions, best first.

        Raises:
            Unavailable: Milvus does not answer.
        """
        sought = self.sought(self.wanted(query))
        if depth <= 0 or not sought.terms:
            return NOTHING
        layout = self.collection.layout
        few = _named(allowed)
        known = [one for one in conditions if layout.filters_on(one.field)]
        narrowed = all_of([sought.finding, few or all_of(map(layout.expression, known))])

        def find(n: int) -> Found:
            return self.collection.with_terms(sought.terms, n, narrowed)

        if groups is None and (few or len(known) == len(conditions)):
            return find(depth)
        return first_allowed(find, depth, allowed, min(self.n_docs, MAX_DEPTH), exact=False, groups=groups)

    def sought(self, wanted: Wanted) -> Lookup:
        """What is looked for among the terms of items."""
        return lookup(wanted, self.rare_or_all, self.knows_term)

    def n_items_with(self, term: str) -> int:
        """The number of items that have an index term in whatever field."""
        return len(self._term_rows.having_word(QueryWord(((term,),))))


@dataclass(frozen=True, slots=True)
class RemoteSelection:
    """What a search for near items may find.

    Attributes:
        rows: [n_items] which.
        expression: them, or more, as a filter.
        is_met: whether the filter lets nothing else through.
        n_allowed: how many.
    """

    rows: Mask
    expression: str
    is_met: bool
    n_allowed: int


class MilvusDense:
    """The nearest items of a collection."""

    rounded = 1e-5

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def select(self, rows: Mask, conditions: Sequence[Condition] = ()) -> RemoteSelection:
        """Some of the items; those that meet the conditions, or fewer."""
        layout = self._collection.layout
        few = _named(rows)
        known = [layout.expression(one) for one in conditions if layout.filters_on(one.field)]
        return RemoteSelection(rows, few or all_of(known), few is not None, int(np.count_nonzero(rows)))

    def search(
        self,
        query: FloatArray,
        depth: int,
        selection: RemoteSelection | None = None,
        floor: float = -1.0,  # noqa: ARG002  # finding more costs nothing here
        groups: Alternatives | None = None,
    ) -> Found:
        """The items nearest to `query`, nearest first, and their cosines.

        Raises:
            Unavailable: Milvus does not answer.
        """
        if selection is None:
            n_rows = min(self._collection.n_items, MAX_DEPTH)
            find_any = partial(self._collection.nearest, query)
            return first_allowed(find_any, depth, None, n_rows, exact=True, groups=groups)
        if selection.n_allowed == 0:
            return NOTHING

        def find(n: int) -> Found:
            return self._collection.nearest(query, n, selection.expression, n_allowed=selection.n_allowed)

        if selection.is_met:
            n = selection.n_allowed
            return first_allowed(find, min(depth, n), None, n, exact=True, groups=groups)
        n_rows = min(len(selection.rows), MAX_DEPTH)
        return first_allowed(find, depth, selection.rows, n_rows, exact=True, groups=groups)

    def within(self, query: FloatArray, floor: float) -> Found | None:
        """The rows whose cosine with `query` reaches a floor; None where they are too many, or Milvus does not answer:
        then all vectors are looked at here."""
        try:
            found = self._collection.within(query, floor - self.rounded, min(MOST_NEAR, self._collection.n_items))
        except Unavailable:
            return None
        return None if len(found[0]) == MOST_NEAR < self._collection.n_items else found


class MilvusPostings(Postings):
    """BM25 of a few items in memory, by the statistics of the whole catalogue and as Milvus calculates it."""

    def __init__(
        self, lexical: LexicalIndex, items: Sequence[ItemTerms], found: Mapping[Key, Having] = NO_TERMS, first: int = 0
    ) -> None:
        super().__init__(lexical, items, found, first)
        assert isinstance(lexical, MilvusLexical)
        self._index = lexical
        repeats = np.array([REPEATS[field] for field in FIELDS])
        lengths = np.array([item.lengths for item in items], dtype=np.float64).reshape(-1, len(FIELDS)) @ repeats
        self._norms = K1 * (1 - B + B * lengths / lexical.collection.average_length)

    def scores_of(self, wanted: Wanted) -> FloatArray:
        """[n_items] as `MilvusLexical.search` has them: the terms of all words add up."""
        total = np.zeros(len(self))
        for term in self._index.sought(wanted).terms:
            frequencies = self._frequencies(term)
            n = self._index.n_items_with(term) or int(np.count_nonzero(frequencies))
            n_docs = max(self._index.n_docs, n)
            rarity = log(1 + (n_docs - n + 0.5) / (n + 0.5))
            total += rarity * frequencies * (K1 + 1) / (frequencies + self._norms)
        return total.astype(np.float32)

    def _frequencies(self, term: str) -> NDArray[np.float64]:
        frequencies = np.zeros(len(self))
        for field, name in enumerate(FIELDS):
            places, counts = self._found.get((term, field), ([], []))
            frequencies[places] += REPEATS[name] * np.array(counts)
        return frequencies


def postings_of(lexical: LexicalIndex) -> Postings:
    """Postings of no items yet beside a lexical index, with the scores that they would have in it."""
    return MilvusPostings(lexical, ()) if isinstance(lexical, MilvusLexical) else Postings(lexical, ())


def open_indices(folder: Path, lexicon: Lexicon, collection: Collection) -> Indices:
    """The indices of a bundle's retrieval folder whose candidates a collection finds.

    Raises:
        BundleDamaged: see `LexicalIndex.load`.
    """
    lexical = MilvusLexical.load(folder, lexicon)
    assert isinstance(lexical, MilvusLexical)
    lexical.collection = collection
    here = Indices(LexicalIndex.load(folder, lexicon), Unsearched())
    return Indices(lexical, MilvusDense(collection), side_by_side, fallback=here)


def side_by_side(one: Callable[[], One], other: Callable[[], Other], /) -> tuple[One, Other]:
    """Both at once: while one waits for an answer, so does the other."""
    later = _threads(os.getpid()).submit(other)
    return one(), later.result()


@lru_cache(1)
def _threads(process_id: int) -> ThreadPoolExecutor:  # noqa: ARG001  # a forked process has no threads
    return ThreadPoolExecutor(N_THREADS, thread_name_prefix="milvus")


def _named(allowed: Mask | None) -> str | None:
    """The rows that are allowed as a filter, where they are few."""
    if allowed is None or np.count_nonzero(allowed) > FEW:
        return None
    return f"{ROW} in {np.flatnonzero(allowed).tolist()}"
