"""Which variant stands for a product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.groups import Alternatives
from trimtab.catalog.store import ItemStore
from trimtab.core.compiled import KernelPart, kernel, read_only
from trimtab.core.records import Filter, FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.retrieval.retriever import Retriever


def standing_variants(
    query: Understood,
    rows: IntArray,
    groups: Alternatives,
    *,
    store: ItemStore,
    retriever: Retriever,
    filters: Sequence[Filter],
) -> IntArray:
    """The variants that stand for products which a query with words found.

    Each has the words of the query that the one that was found has, and as many others as may be; of those, what is in
    stock comes first. Variants with all words meet the query equally, and the most popular one stands, of equal ones
    the earlier row. Where a word is left open, the one that was found is the nearest by meaning.

    Args:
        rows: of each product the variant that was found.
    """
    variants, products = groups.with_others(rows)
    if len(variants) == len(rows):
        return rows
    order = np.argsort(variants)
    variants, products = variants[order], products[order]
    met = retriever.lexical.words_met(query, variants)
    may = retriever.may_be_found(query, filters, variants)
    some = Variants(*map(read_only, (variants, products, met.bits, may)))
    places = np.empty(len(rows), dtype=np.int64)
    _stand(some, rows, store.in_stock, store.popularity, met.finding, met.every, places)
    best: IntArray = variants[places]
    return best


class Variants(NamedTuple):
    """Variants of some products, ascending.

    Attributes:
        rows: [n] of the store.
        products: [n] which product each is a variant of.
        bits: [n] the words that each has.
        may: [n] which may stand.
    """

    rows: IntArray
    products: IntArray
    bits: IntArray
    may: NDArray[np.bool_]


VARIANTS = (Variants, "i8[:]", "i8[:]", "i8[:]", "b1[:]")


@KernelPart
def _count(bits: int) -> int:
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


@kernel(VARIANTS, "i8[:]", "b1[:]", "f4[:]", "i8", "i8", "out i8[:]")
def _stand(
    some: Variants,
    found: IntArray,
    in_stock: NDArray[np.bool_],
    popularity: FloatArray,
    finding: int,
    every: int,
    best: IntArray,
) -> None:
    """Write the place of the variant that stands for each product.

    Args:
        found: [n] the row that was found of each.
        in_stock, popularity: [n_items].
        finding, every: the words that find, and all.
    """
    for place in range(len(some.rows)):
        if some.rows[place] == found[some.products[place]]:
            best[some.products[place]] = place
    has = some.bits[best]
    for place in range(len(some.rows)):
        product, bits = some.products[place], some.bits[place]
        if some.may[place] and has[product] & finding and not has[product] & ~bits:
            at = best[product]
            row, other = some.rows[place], some.rows[at]
            more = _count(bits) - _count(some.bits[at])
            if more == 0:
                more = int(in_stock[row]) - int(in_stock[other])
            if more == 0 and bits == every:
                more = int(popularity[row] > popularity[other]) - int(popularity[row] < popularity[other])
                more = int(row < other) if more == 0 else more
            if more > 0:
                best[product] = place
