"""What can be suggested, in files that are mapped: written with a bundle or aside of searches, read by every worker.

entries.arrow                                a row an entry
text.npy starts.npy tails.npy places.npy letters.txt    their texts by prefixes
names.npy entry_of_name.npy                  digests of the names that entries are, in their order
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trimtab.catalog.arrow import MappedText, chunk_of, numbers_of
from trimtab.core.records import FloatArray
from trimtab.retrieval.suggestions.entries import Entry, Kind, Name
from trimtab.retrieval.suggestions.prefixes import Prefixes
from trimtab.text.analyser import Analyser

FOLDER = "suggestions"
ENTRIES, LETTERS = "entries.arrow", "letters.txt"
TEXTS = ("text", "field", "value", "item_id", "url")
KINDS: tuple[Kind, ...] = get_args(Kind)
SHARE_OF_KIND: Mapping[Kind, float] = {"query": 1.0, "category": 0.9, "brand": 0.85, "attribute": 0.6, "item": 0.5}
"""What the best entry of each kind scores: what shoppers typed and found before what the catalogue has."""


class SuggestionIndex:
    """Entries by their beginnings and by their names.

    Attributes:
        prefixes: of the entries' texts.
        kinds: [n] the place of each entry's kind in `KINDS`.
        scores: [n] its weight on the scale of its kind, by the logarithm.
    """

    def __init__(
        self, table: Any, prefixes: Prefixes, names: NDArray[np.uint64], entry_of_name: NDArray[np.int32]
    ) -> None:
        """
        Args:
            table: a row an entry.
            names: [m] digests of names in their order.
            entry_of_name: [m] the row of each.
        """
        self._table, self._names, self._entry_of_name = table, names, entry_of_name
        self._texts = {name: MappedText(chunk_of(table, name)) for name in TEXTS}
        self._weights, self._counts = numbers_of(table, "weight"), chunk_of(table, "n")
        self.prefixes = prefixes
        self.kinds: NDArray[np.uint8] = numbers_of(table, "kind")
        self.scores = _scores(self.kinds, self._weights)

    @classmethod
    def of(cls, entries: Iterable[Entry], analyser: Analyser) -> Self:
        """The index of some entries."""
        rows = list(entries)
        table = pa.table(
            {
                **{name: pa.array([getattr(entry, name) for entry in rows], pa.large_string()) for name in TEXTS},
                "kind": pa.array([KINDS.index(entry.kind) for entry in rows], pa.uint8()),
                "weight": pa.array([entry.weight for entry in rows], pa.float64()),
                "n": pa.array([entry.n for entry in rows], pa.int64()),
            }
        )
        places = {_digest(entry.name): place for place, entry in enumerate(rows) if entry.name is not None}
        names = sorted(places)
        return cls(
            table,
            Prefixes.of([" ".join(analyser.keys(entry.text)) for entry in rows]),
            np.array(names, dtype=np.uint64),
            np.array([places[name] for name in names], dtype=np.int32),
        )

    def save(self, folder: Path) -> None:
        """Write the files into a new folder."""
        folder.mkdir()
        with pa.OSFile(str(folder / ENTRIES), "wb") as sink, pa.ipc.new_file(sink, self._table.schema) as writer:
            writer.write_table(self._table)
        prefixes = self.prefixes
        arrays: dict[str, NDArray[Any]] = {"names": self._names, "entry_of_name": self._entry_of_name}
        arrays |= {"text": prefixes.text, "starts": prefixes.starts, "tails": prefixes.tails, "places": prefixes.places}
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        (folder / LETTERS).write_text(self.prefixes.letters, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map the files that `save` wrote.

        Raises:
            OSError, ValueError: they are not there, or are others.
        """
        with pa.memory_map(str(folder / ENTRIES)) as source:
            table = pa.ipc.open_file(source).read_all()
        letters = (folder / LETTERS).read_text(encoding="utf-8")
        text, starts, tails, places = (_mapped(folder, name) for name in ("text", "starts", "tails", "places"))
        prefixes = Prefixes(text, starts, tails, places, letters)
        return cls(table, prefixes, _mapped(folder, "names"), _mapped(folder, "entry_of_name"))

    def __len__(self) -> int:
        return len(self.scores)

    def entry(self, place: int) -> Entry:
        """One entry."""
        texts = {name: column[place] for name, column in self._texts.items()}
        return Entry(KINDS[self.kinds[place]], weight=self._weights.item(place), n=self._counts[place].as_py(), **texts)

    def of_names(self, names: Collection[Name]) -> dict[int, Name]:
        """The places of entries by their names, of those names that entries have."""
        digests = np.array([_digest(name) for name in names], dtype=np.uint64)
        at = np.minimum(np.searchsorted(self._names, digests), max(len(self._names) - 1, 0))
        if len(self._names) == 0:
            return {}
        found = self._names[at] == digests
        return {
            place: name
            for place, name, is_found in zip(self._entry_of_name[at].tolist(), names, found.tolist(), strict=True)
            if is_found
        }


def _mapped(folder: Path, name: str) -> NDArray[Any]:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))


def _digest(name: Name) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(name).encode(), digest_size=8).digest())


def _scores(kinds: NDArray[np.uint8], weights: NDArray[np.float64]) -> FloatArray:
    """[n] the weight of each entry on the scale of its kind."""
    logarithms = np.log1p(weights)
    scores = np.zeros(len(weights), dtype=np.float32)
    for kind, share in SHARE_OF_KIND.items():
        of_kind = kinds == KINDS.index(kind)
        if of_kind.any():
            scores[of_kind] = share * logarithms[of_kind] / max(logarithms[of_kind].max(), 1e-9)
    return scores
