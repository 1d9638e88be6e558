"""What is related to an item: similar to it, or had together with it. It stands where a query's words find candidates.

The relevance of a related item is how closely it is related, 0 to 1; where baskets are known, the chances of a click, a
cart and a purchase are those of the item being in a basket with the other. All else of a search is as it is: weights,
filters, facets, variants, receipts, draws, and what is logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import CODED
from trimtab.core.records import SIMILAR, Candidates, FloatArray, IntArray, Related
from trimtab.core.understood import Understood

if TYPE_CHECKING:
    from trimtab.engine.stages.pipeline import Pipeline

MOST_RELATED = 1000
"""The most items that are related to one: the result set of such a search, before filters."""
ATTRIBUTES_SHARE = 0.4
"""What having the same attributes counts of being similar; the rest is what titles and descriptions say."""
MOST_ATTRIBUTES = 40
PREDICTED = ("click", "cart", "purchase")
"""Heads that the chance of being in a basket stands for."""


@dataclass(frozen=True, eq=False)
class RelatedItems:
    """The items that are related to one.

    Attributes:
        wording: the other item's title, by which features look at them.
        vector: the other item's.
        rows: [n], the closest first, without the item itself.
        strengths: [n] 0 to 1, how closely each is related.
        chances: [n] of being had with the item; None where nobody's baskets say so.
        note: one sentence where nothing is known.
    """

    wording: Understood
    vector: FloatArray
    rows: IntArray
    strengths: FloatArray
    chances: FloatArray | None = None
    note: str | None = None
    _places: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {row: place for place, row in enumerate(self.rows.tolist())})

    def candidates(self, rows: IntArray, pipeline: Pipeline) -> Candidates:
        """Items as candidates, by how closely they are related; pins may be of any."""
        nothing = np.zeros(len(rows), dtype=np.float32)
        cosines = np.vecdot(pipeline.items.vectors[rows], self.vector).astype(np.float32)
        return Candidates(rows, cosines, nothing, self._at(self.strengths, rows), self.vector[None])

    def predictions(self, rows: IntArray) -> Mapping[str, FloatArray]:
        """What relations say in the place of the ranker's heads, by head."""
        known = {"relevance": self._at(self.strengths, rows)}
        if self.chances is not None:
            known |= dict.fromkeys(PREDICTED, self._at(self.chances, rows))
        return known

    def _at(self, values: FloatArray, rows: IntArray) -> FloatArray:
        places = np.array([self._places.get(row, -1) for row in rows.tolist()], dtype=np.int64)
        return np.where(places >= 0, np.append(values, np.float32(0))[places], 0).astype(np.float32)


def related_items(pipeline: Pipeline, related: Related, *, grouped: bool) -> RelatedItems:
    """What is related to an item.

    Args:
        grouped: its variants are the same product: what is known of them counts. They are never related to it.

    Raises:
        NotFound: there is no such item.
    """
    store = pipeline.store
    row = store.row_of(related.item_id)
    product = [row] if pipeline.groups is None else [row, *pipeline.groups.others(row).tolist()]
    find = _similar if related.kind == SIMILAR else _together
    rows, strengths, chances, note = find(pipeline, product if grouped or related.kind == SIMILAR else [row])
    there = ~np.isin(rows, product)
    if store.gone is not None:
        there &= ~store.gone[rows]
    return RelatedItems(
        Understood.as_typed(store.titles([row])[0]),
        np.asarray(pipeline.items.vectors[np.array([row])])[0],
        rows[there],
        strengths[there].astype(np.float32),
        None if chances is None else chances[there].astype(np.float32),
        note,
    )


Found = tuple[IntArray, NDArray[np.float64], NDArray[np.float64] | None, str | None]


def _similar(pipeline: Pipeline, own: Sequence[int]) -> Found:
    vector = np.asarray(pipeline.items.vectors[np.array(own[:1])])[0]
    rows, _ = pipeline.in_process.retriever.dense.search(vector, MOST_RELATED + len(own))
    cosines = np.clip(np.vecdot(pipeline.items.vectors[rows], vector), 0, 1)
    strengths = cosines + ATTRIBUTES_SHARE * (_agreement(pipeline, own[0], rows) - cosines)
    order = np.lexsort((rows, -strengths))[: MOST_RELATED + len(own)]
    note = None if len(rows) > len(own) else "nothing else is in the catalogue"
    return rows[order], strengths[order], None, note


def _together(pipeline: Pipeline, own: Sequence[int]) -> Found:
    companions = pipeline.companions
    if companions is None:
        nothing = np.empty(0)
        return nothing.astype(np.int64), nothing, nothing, "nobody's baskets are known: build the bundle with a log"
    rows, strengths, chances = companions.of(own)
    about = companions.evidence
    note = None if len(rows) else f"none of {about.n_baskets:,} visits with {about.of} has this item beside another one"
    return rows, strengths / strengths.max(initial=1e-9), chances, note


def _agreement(pipeline: Pipeline, row: int, rows: IntArray) -> NDArray[np.float64]:
    """[n] the share of an item's named attributes that others have too; one that few of them have counts for more."""
    store = pipeline.store
    names = [name for name in store.role_names if store.attributes.definitions[name].kind in CODED]
    own = (attribute for attribute, _ in store.attributes_at(row))
    names += [attribute.name for attribute in own if attribute.kind in CODED and attribute.facet]
    agreed, total = np.zeros(len(rows)), 0.0
    for name in names[:MOST_ATTRIBUTES]:
        for has_it in _having(store.attributes[name], row, rows):
            weight = float(np.log((1 + len(rows)) / (1 + np.count_nonzero(has_it))))
            agreed += weight * has_it
            total += weight
    return agreed / total if total else agreed


def _having(column: AttributeColumn, row: int, rows: IntArray) -> list[NDArray[np.bool_]]:
    """For each value of an item, [n] which others have it."""
    own, _ = column.codes_at(np.array([row]))
    codes, owners = column.codes_at(rows)
    found = []
    for code in own.tolist():
        has_it = np.zeros(len(rows), dtype=bool)
        has_it[owners[codes == code]] = True
        found.append(has_it)
    return found
