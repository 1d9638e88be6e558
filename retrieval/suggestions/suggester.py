"""What is suggested for the beginning of a query, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trimtab.retrieval.suggestions.entries import Entry, Kind, Name
from trimtab.retrieval.suggestions.index import KINDS, SuggestionIndex
from trimtab.text.analyser import Analyser

LIKED = 0.5
"""What is added to the score of an entry that is all that a user has bought."""
FIRST_WORD = 0.1
"""What is added to the score of an entry that begins with the words, rather than has them further behind."""
N_LOOKED_AT = 64
"""The entries by score among which those that begin with the words come first."""
WORDS = 3
"""How often a text may be found by different words of it, about."""
N_TEXTS_KEPT = 4096
"""Texts of entries whose words are kept, some 8 MB: few entries are suggested over and over."""

Liked = Mapping[Name, float]
"""Shares of a user's purchases."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line under a search box.

    Attributes:
        highlights: where the words that were typed stand in the text.
        filter: the condition that a name is, as in `filter=`.
        count: items with the name; of a query the number of searches.
    """

    kind: Kind
    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    filter: str | None = None
    item_id: str | None = None
    url: str | None = None
    count: int | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain values, as `GET /suggest` has them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "highlights": [list(one) for one in self.highlights]}


class Suggester:
    """Suggests entries of an index."""

    def __init__(self, index: SuggestionIndex, analyser: Analyser) -> None:
        """
        Args:
            analyser: by which the index was made.
        """
        self._index, self._analyser = index, analyser
        self._words = lru_cache(maxsize=N_TEXTS_KEPT)(analyser.words)

    def suggest(self, text: str, k: int, liked: Liked | None = None) -> list[Suggestion]:
        """At most k, no two of one text; none for a text without words."""
        typed = self._analyser.keys(text)
        start = " ".join(typed)
        if not start:
            return []
        prefixes = self._index.prefixes
        found = prefixes.beginning(start)
        if len(found) == 0:
            found = prefixes.nearly_beginning(start)
        best = self._best(found, start, k, liked or {})
        return [self._suggestion(self._index.entry(place), typed) for place in best]

    def examples(self, n: int) -> list[str]:
        """Categories to start with, the most wanted first."""
        of_kind = np.flatnonzero(self._index.kinds == KINDS.index("category"))
        texts = dict[str, None]()
        for place in of_kind[np.argsort(-self._index.scores[of_kind], kind="stable")].tolist():
            texts[self._index.entry(place).text.lower()] = None
            if len(texts) >= n:
                break
        return list(texts)

    def _best(self, found: NDArray[np.int32], start: str, k: int, liked: Liked) -> list[int]:
        """The best of some places, each text once.

        Args:
            found: may have a place more than once.
        """
        all_scores, prefixes = self._index.scores, self._index.prefixes
        n = min(len(found), max(N_LOOKED_AT, 2 * k) * WORDS)
        first = set(found[np.argpartition(-all_scores[found], n - 1)[:n]].tolist()) if n else set()
        of_liked = {
            place: LIKED * liked[name]
            for place, name in self._index.of_names(liked).items()
            if place in first or prefixes.has(place, start)
        }
        places = np.unique(np.array([*first, *of_liked], dtype=np.int32))
        scores = all_scores[places] + FIRST_WORD * prefixes.are_begun_by(places, start)
        scores[np.searchsorted(places, [*of_liked])] += [*of_liked.values()]
        by_text: dict[str, int] = {}
        for place in places[np.argsort(-scores, kind="stable")].tolist():
            by_text.setdefault(prefixes.key(place), place)
            if len(by_text) == k:
                break
        return list(by_text.values())

    def _suggestion(self, entry: Entry, typed: Sequence[str]) -> Suggestion:
        return Suggestion(
            entry.kind,
            entry.text,
            self._highlights(entry.text, typed),
            f"{entry.field}:{entry.value}" if entry.field else None,
            entry.item_id or None,
            entry.url or None,
            entry.n,
        )

    def _highlights(self, text: str, typed: Sequence[str]) -> tuple[tuple[int, int], ...]:
        """Where the typed words stand in a text, the last as far as it was typed; nowhere where one was mistyped."""
        tokens = self._words(text)
        keys = [token.key for token in tokens]
        n = len(typed)
        for at in range(len(keys) - n + 1):
            if keys[at : at + n - 1] == typed[:-1] and keys[at + n - 1].startswith(typed[-1]):
                last = tokens[at + n - 1]
                whole = [(token.start, token.end) for token in tokens[at : at + n - 1]]
                return (*whole, (last.start, min(last.start + len(typed[-1]), last.end)))
        return ()
