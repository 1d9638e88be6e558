"""What a retriever searches in, wherever it is kept.

`lexical.LexicalIndex` and `dense.DenseIndex` keep it in this process; `live_retrieval` stands in front of either with
what was written since. Both sides are asked for one query at the same depth and under the same conditions, which are
met while searching; fusing what they find, with the scores of both as features, is the retriever's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from trimtab.catalog.attributes.column import Mask
from trimtab.catalog.groups import Alternatives
from trimtab.core.records import FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.retrieval.filters import Condition
from trimtab.retrieval.lexical.wanted import WordsMet
from trimtab.text.query import QueryReader, QueryWord

Found = tuple[IntArray, FloatArray]
"""Rows, best first, and scores."""

NO_ROWS: IntArray = np.empty(0, dtype=np.int64)
NOTHING: Found = NO_ROWS, np.empty(0, dtype=np.float32)

One = TypeVar("One")
Other = TypeVar("Other")


class Vocabulary(Protocol):
    """What is known of the words of a catalogue."""

    @property
    def reader(self) -> QueryReader:
        """What reads the words of a query."""

    def n_having(self, words: Sequence[QueryWord]) -> int: ...

    def has_all(self, words: Sequence[QueryWord]) -> bool: ...

    def best_covered(self, words: Sequence[QueryWord]) -> Sequence[QueryWord]: ...


class Lexical(Vocabulary, Protocol):
    """Search by words."""

    def search(
        self,
        query: str | Understood,
        depth: int,
        conditions: Sequence[Condition] = (),
        allowed: Mask | None = None,
        groups: Alternatives | None = None,
    ) -> Found:
        """The best items that have a word of the query and meet all conditions, with scores that are not negative.

        Args:
            allowed: [n_items] which items meet the conditions, for one that cannot meet them while searching.
            groups: of each of which the best item alone is found.
        """

    def matches(self, query: str | Understood) -> IntArray:
        """Rows of all items that `search` would find without conditions at any depth."""

    def words_met(self, query: str | Understood, rows: IntArray) -> WordsMet:
        """Which words of a query some items, each once and ascending, have."""

    def forbidden_rows(self, query: Understood) -> IntArray:
        """Rows of the items that have words that no item may have."""


class Dense(Protocol):
    """Search by meaning."""

    @property
    def rounded(self) -> float:
        """By how much the cosines of `within` may be off."""

    def select(self, rows: Mask, conditions: Sequence[Condition] = ()) -> Any:
        """What `search` takes to find no other items than these, which are those that meet the conditions."""

    def search(
        self,
        query: FloatArray,
        depth: int,
        selection: Any = None,
        floor: float = -1.0,
        groups: Alternatives | None = None,
    ) -> Found:
        """The items nearest to a unit vector, and the cosines of the nearest, of which there may be more.

        Args:
            floor: a cosine below which those of a selection, or of groups, need not be found.
            groups: of each of which the nearest item alone is found.
        """

    def within(self, query: FloatArray, floor: float) -> Found | None:
        """The rows whose cosine may reach a floor, and the cosines; None where there are too many to tell."""


class Together(Protocol):
    """How the two sides of a search are asked."""

    def __call__(self, one: Callable[[], One], other: Callable[[], Other], /) -> tuple[One, Other]: ...


def in_turn(one: Callable[[], One], other: Callable[[], Other], /) -> tuple[One, Other]:
    """One after the other: what both compute is computed here, on one thread."""
    return one(), other()


class Unsearched:
    """The dense side of a search that goes by words alone; result sets look at every vector."""

    rounded = 0.0

    def select(self, rows: Mask, conditions: Sequence[Condition] = ()) -> Any:
        """Nothing."""

    def search(
        self,
        query: FloatArray,  # noqa: ARG002  # nothing is looked for
        depth: int,  # noqa: ARG002  # nothing is looked for
        selection: Any = None,  # noqa: ARG002  # nothing is looked for
        floor: float = -1.0,  # noqa: ARG002  # nothing is looked for
        groups: Alternatives | None = None,  # noqa: ARG002  # nothing is looked for
    ) -> Found:
        """Nothing."""
        return NOTHING

    def within(self, query: FloatArray, floor: float) -> Found | None:
        """Nothing is known."""


@dataclass(frozen=True)
class Indices:
    """Both sides of a search, and how they are asked.

    Attributes:
        stale: attributes whose numbers are other ones now than when the dense side was built: it is not asked to meet
            conditions on them.
        fallback: what is searched in this process where these are elsewhere and do not answer.
    """

    lexical: Lexical
    dense: Dense
    together: Together = in_turn
    stale: frozenset[str] = frozenset()
    fallback: Indices | None = None
