"""What is suggested for the beginning of a query, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import FloatArray
from trimtab.retrieval.suggestions.entries import Entry, Kind
from trimtab.retrieval.suggestions.prefixes import Prefixes
from trimtab.text.analyser import Analyser

SHARE_OF_KIND: Mapping[Kind, float] = {"query": 1.0, "category": 0.9, "brand": 0.85, "attribute": 0.6, "item": 0.5}
"""What the best entry of each kind scores: what shoppers typed and found before what the catalogue has."""
LIKED = 0.5
"""What is added to the score of an entry that is all that a user has bought."""
FIRST_WORD = 0.1
"""What is added to the score of an entry that begins with the words, rather than has them further behind."""
N_LOOKED_AT = 64
"""The entries by score among which those that begin with the words come first."""

WORDS = 3
"""How often a text may be found by different words of it, about."""

Liked = Mapping[tuple[str, str], float]
"""Shares of a user's purchases by field and value, and by `item_id` and its id."""


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
        return {**asdict(self), "highlights": [list(one) for one in self.highlights]}


class Suggester:
    """Entries of all kinds by their beginnings."""

    def __init__(self, entries: Sequence[Entry], analyser: Analyser) -> None:
        self._entries = entries
        self._analyser = analyser
        self._prefixes = Prefixes([entry.text for entry in entries], analyser)
        self._scores = _scores_of(entries)
        self._places = {(entry.field, entry.value): place for place, entry in enumerate(entries) if entry.field}
        self._places |= {("item_id", entry.item_id): place for place, entry in enumerate(entries) if entry.item_id}

    def suggest(self, text: str, k: int, liked: Liked | None = None) -> list[Suggestion]:
        """At most k, no two of one text; none for a text without words."""
        typed = [token.key for token in self._analyser.tokens(text)]
        start = " ".join(typed)
        if not start:
            return []
        found = self._prefixes.beginning(start)
        if len(found) == 0:
            found = self._prefixes.nearly_beginning(start)
        best = self._best(found, start, k, liked or {})
        return [self._suggestion(self._entries[place], typed) for place in best]

    def examples(self, n: int) -> list[str]:
        """Categories to start with, the most wanted first."""
        of_kind = [place for place, entry in enumerate(self._entries) if entry.kind == "category"]
        order = sorted(of_kind, key=lambda place: (-self._scores[place], self._entries[place].text))
        return list(dict.fromkeys(self._entries[place].text.lower() for place in order))[:n]

    def _best(self, found: NDArray[np.int32], start: str, k: int, liked: Liked) -> list[int]:
        """The best of some places, each text once.

        Args:
            found: may have a place more than once.
        """
        n = min(len(found), max(N_LOOKED_AT, 2 * k) * WORDS)
        first = found[np.argpartition(-self._scores[found], n - 1)[:n]].tolist() if n else []
        scores = dict(zip(first, self._scores[first].tolist(), strict=True))
        for name, share in liked.items():
            place = self._places.get(name)
            if place is not None and (place in scores or self._prefixes.has(place, start)):
                scores[place] = float(self._scores[place]) + LIKED * share
        for place in scores:
            scores[place] += FIRST_WORD * self._prefixes.keys[place].startswith(start)
        by_text: dict[str, int] = {}
        for place in sorted(scores, key=lambda place: (-scores[place], place)):
            by_text.setdefault(self._prefixes.keys[place], place)
        return list(by_text.values())[:k]

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
        tokens = self._analyser.tokens(text)
        keys = [token.key for token in tokens]
        n = len(typed)
        for at in range(len(keys) - n + 1):
            if keys[at : at + n - 1] == typed[:-1] and keys[at + n - 1].startswith(typed[-1]):
                last = tokens[at + n - 1]
                whole = [(token.start, token.end) for token in tokens[at : at + n - 1]]
                return (*whole, (last.start, min(last.start + len(typed[-1]), last.end)))
        return ()


def _scores_of(entries: Sequence[Entry]) -> FloatArray:
    """[n] the weight of each entry on the scale of its kind, by the logarithm."""
    weights = np.log1p(np.array([entry.weight for entry in entries], dtype=np.float64))
    scores = np.zeros(len(entries), dtype=np.float32)
    for kind, share in SHARE_OF_KIND.items():
        of_kind = np.array([entry.kind == kind for entry in entries], dtype=bool)
        if of_kind.any():
            scores[of_kind] = share * weights[of_kind] / max(weights[of_kind].max(), 1e-9)
    return scores
