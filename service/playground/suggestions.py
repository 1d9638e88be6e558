"""What the search box proposes: names of the catalogue's product types, categories and brands."""

from __future__ import annotations

from itertools import islice

import numpy as np

from trimtab.catalog.store import ItemStore

N_SHOWN = 8


class Suggestions:
    """The names, those that shoppers buy most of first."""

    def __init__(self, store: ItemStore) -> None:
        weight_of: dict[str, float] = {}
        fields = ((store.type_codes, store.types), (store.category_codes, store.categories))
        for codes, names in (*fields, (store.brand_codes, store.brands)):
            known = codes >= 0
            # One more an item, so that a catalogue without popularity is ordered by its counts.
            weights = np.bincount(codes[known], weights=store.popularity[known] + 1.0, minlength=len(names))
            for name, weight in zip(names, weights.tolist(), strict=True):
                weight_of[name.lower()] = max(weight, weight_of.get(name.lower(), 0.0))
        # A space in front, so that the start of every word is found in the same way.
        self._names = [" " + name for name in sorted(weight_of, key=lambda name: (-weight_of[name], name))]
        self._brands = {" " + name.lower() for name in store.brands}

    def of(self, text: str) -> list[str]:
        """The names in which a word starts with the text; none for no text."""
        start = " ".join(text.lower().split())
        if not start:
            return []
        return [name[1:] for name in islice((name for name in self._names if " " + start in name), N_SHOWN)]

    def examples(self, n: int) -> list[str]:
        """Kinds of thing to start with."""
        return [name[1:] for name in islice((name for name in self._names if name not in self._brands), n)]
