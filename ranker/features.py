"""The features of a candidate: one function, used in training, serving and replay.

`FEATURES` is the schema: its hash is in every bundle and every impression, and a reader refuses a mismatch.
List-relative features compare a candidate with the other candidates of its query, so a candidate's features depend on
the whole list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.core.compiled import kernel, read_only
from trimtab.core.extended_array import RowArray, located
from trimtab.core.records import Candidates, FloatArray, IntArray
from trimtab.core.understood import Understood
from trimtab.ranker.mention_features import MENTIONED, Column, mention_features
from trimtab.ranker.users import History
from trimtab.ranker.word_features import EXCLUDED, WANTED, word_features
from trimtab.ranker.words import ItemWords

FEATURES = (
    # scores of the first stage
    "dense",
    "dense_below_best",
    "lexical",
    "lexical_of_best",
    "reciprocal_rank",
    # words of the query in the fields of the item, and the values of attributes it mentions
    *WANTED,
    *EXCLUDED,
    *MENTIONED,
    # meaning
    "type_dense",
    "type_vote",
    "near_top",
    # the query
    "query_words",
    # the item
    "title_length",
    "price",
    "price_known",
    "price_in_type",
    "price_in_list",
    "popularity",
    "popularity_in_list",
    "purchase_rate",
    "discount",
    "in_stock",
    # the user; zero for an anonymous user, who gets the population values in the item's own features
    "user_known",
    "user_bought",
    "user_share_of_type",
    "user_share_of_brand",
    "user_price_level_gap",
)

USER_FEATURES = tuple(name for name in FEATURES if name.startswith("user_"))
"""Those that say what a user bought."""

AT = {name: place for place, name in enumerate(FEATURES)}
"""The column of each feature."""

N_TOP = 10
"""The number of first retrieved candidates that vote for a type and whose centre `near_top` measures from."""


def schema_hash() -> str:
    """16 hex digits that change when a feature is added, taken away or moved."""
    return hashlib.sha256("\n".join(FEATURES).encode()).hexdigest()[:16]


class Numbers(NamedTuple):
    """Columns of `ItemColumns`, contiguous; prices with those of their types where they are not known."""

    prices: FloatArray
    price_levels: FloatArray
    popularity: FloatArray
    purchase_rates: FloatArray
    discounts: FloatArray
    are_priced: NDArray[np.bool_]
    in_stock: NDArray[np.bool_]


NUMBERS = (Numbers, *["f4[:]"] * 5, *["b1[:]"] * 2)
N_NUMBERS = 7


@dataclass(frozen=True)
class ItemColumns:
    """The columns of the items that features are computed from, by row.

    Attributes:
        prices: [n] float32, nan unknown.
        popularity, purchase_rates, discounts: [n] float32.
        in_stock: [n] bool.
        type_codes, brand_codes: [n] int32, -1 unknown.
        vectors: [n, dim] float32 unit rows.
        type_vectors: [n_types, dim] float32 unit rows.
        attributes: by name, what mentions in a query are compared with.
        type_prices: [n_types + 1] float32, median price of each type; the last is the catalogue's, for code -1.
    """

    prices: FloatArray
    popularity: FloatArray
    purchase_rates: FloatArray
    discounts: FloatArray
    in_stock: NDArray[np.bool_]
    type_codes: NDArray[np.int32]
    brand_codes: NDArray[np.int32]
    vectors: RowArray[np.float32]
    type_vectors: FloatArray
    type_prices: FloatArray
    words: ItemWords
    attributes: Mapping[str, AttributeColumn]

    @cached_property
    def numbers(self) -> FloatArray:
        """[n, N_NUMBERS] what features have of each item whatever is searched, in one place."""
        are_priced = np.isfinite(self.prices)
        prices = np.where(are_priced, self.prices, self.type_prices[self.type_codes])
        columns = (prices, self.price_levels, self.popularity, self.purchase_rates, self.discounts)
        floats = (np.ascontiguousarray(column, dtype=np.float32) for column in columns)
        flags = are_priced, np.ascontiguousarray(self.in_stock)
        numbers = np.empty((len(self.prices), N_NUMBERS), dtype=np.float32)
        _numbers(Numbers(*map(read_only, (*floats, *flags))), numbers)
        return numbers

    @cached_property
    def price_levels(self) -> FloatArray:
        """[n] log-price above the median of the item's type; nan where the price is unknown."""
        return np.asarray(np.log1p(self.prices) - np.log1p(self.type_prices[self.type_codes]), dtype=np.float32)


def median_prices(prices: FloatArray, type_codes: NDArray[np.int32], n_types: int) -> FloatArray:
    """[n_types + 1] median price by type; the last, and any without a price, is the catalogue's (1 if it has none)."""
    known = np.isfinite(prices)
    overall = float(np.median(prices[known])) if known.any() else 1.0
    medians = np.full(n_types + 1, overall, dtype=np.float32)
    usable = known & (type_codes >= 0)
    order = np.argsort(type_codes[usable], kind="stable")
    codes, values = type_codes[usable][order], prices[usable][order]
    if len(codes):
        starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
        for start, stop in zip(starts, np.r_[starts[1:], len(codes)], strict=True):
            medians[codes[start]] = np.median(values[start:stop])
    return medians


def build_features(
    query: Understood, candidates: Candidates, items: ItemColumns, history: History | None
) -> FloatArray:
    """Features of one query's candidates.

    Args:
        query: as it is searched.
        candidates: in retrieval order.
        history: what the user bought, None for an anonymous user.

    Returns:
        [n, len(FEATURES)] float32, finite.
    """
    features: FloatArray = build_features_for_users(query, candidates, items, [history])[0]
    return features


def build_features_for_users(
    query: Understood, candidates: Candidates, items: ItemColumns, histories: Sequence[History | None]
) -> FloatArray:
    """[n_users, n, len(FEATURES)] float32: `build_features` for many users, the common part built once."""
    rows = candidates.rows
    features = np.zeros((len(histories), len(rows), len(FEATURES)), dtype=np.float32)
    if len(rows) == 0 or len(histories) == 0:
        return features
    common = features[0]
    _retrieval(candidates.dense, candidates.lexical, common, AT["dense"])
    words = items.words.of_query(query.words, query.excluded, query.synonyms, query.linking)
    word_features(words, items.words, rows, common, AT[WANTED[0]])
    if query.attributes:
        for position, column in enumerate(mention_features(query.attributes, items.attributes, rows)):
            common[:, AT[MENTIONED[0]] + position] = column
    vectors, places = located(items.vectors, rows)
    codes = items.type_codes.take(rows)
    _meaning(vectors, places, items.type_vectors, codes, candidates.query_vectors, common, AT["type_dense"])
    common[:, AT["query_words"]] = min(len(query.words.split()), 16) / 4.0
    titles, places = located(items.words.fields["title"], rows)
    _item(titles, places, rows, items.numbers, common, AT["title_length"])
    features[1:] = common
    known = [user for user, history in enumerate(histories) if history is not None and len(history.rows)]
    if known:
        of_users = _users(rows, items, [history for history in histories if history is not None and len(history.rows)])
        for position, column in enumerate(of_users, start=AT[USER_FEATURES[0]]):
            features[known, :, position] = column
    return features


@kernel("f4[:]", "f4[:]", "out f4[:,:]", "i8")
def _retrieval(dense: FloatArray, lexical: FloatArray, features: FloatArray, first: int) -> None:
    nearest = dense.max()
    best = np.float32(np.log1p(lexical.max()))
    for item in range(len(dense)):
        row = features[item, first:]
        score = np.float32(np.log1p(lexical[item]))
        row[0] = dense[item]
        row[1] = dense[item] - nearest
        row[2] = score
        row[3] = score / best if best > 0 else score
        row[4] = 10.0 / (10.0 + item)


@kernel("f4[:,:]", "i8[:]", "f4[:,:]", "i4[:]", "f4[:,:]", "out f4[:,:]", "i8", adds_in_any_order=True)
def _meaning(
    vectors: FloatArray,
    places: IntArray,
    type_vectors: FloatArray,
    codes: NDArray[np.int32],
    queries: FloatArray,
    features: FloatArray,
    first: int,
) -> None:
    n, n_top = len(places), min(N_TOP, len(places))
    centre = np.zeros(vectors.shape[1], dtype=np.float32)
    for item in range(n_top):
        for place in range(len(centre)):
            centre[place] += vectors[places[item], place]
    centre /= np.float32(n_top)
    for item in range(n):
        row = features[item, first:]
        nearness = np.float32(0)
        for place in range(len(centre)):
            nearness += vectors[places[item], place] * centre[place]
        row[2] = nearness
        code = codes[item]
        if code < 0:
            continue
        nearest = np.float32(-np.inf)
        for number in range(len(queries)):
            cosine = np.float32(0)
            for place in range(queries.shape[1]):
                cosine += type_vectors[code, place] * queries[number, place]
            nearest = max(nearest, cosine)
        row[0] = nearest
        votes = 0
        for other in range(n_top):
            votes += codes[other] == code
        row[1] = votes / n_top


@kernel(NUMBERS, "out f4[:,:]")
def _numbers(items: Numbers, numbers: FloatArray) -> None:
    for item in range(len(numbers)):
        row, level = numbers[item], items.price_levels[item]
        row[0] = np.float32(np.log1p(items.prices[item]))
        row[1] = items.are_priced[item]
        row[2] = level if np.isfinite(level) else 0.0
        row[3] = np.float32(np.log1p(items.popularity[item]))
        row[4] = np.sqrt(items.purchase_rates[item])
        row[5] = items.discounts[item]
        row[6] = items.in_stock[item]


@kernel("i4[:,:]", "i8[:]", "i8[:]", "f4[:,:]", "out f4[:,:]", "i8")
def _item(
    titles: NDArray[np.int32],
    places: IntArray,
    rows: IntArray,
    numbers: FloatArray,
    features: FloatArray,
    first: int,
) -> None:
    total, most_popular = 0.0, -np.inf
    # In a loop of their own, so that the processor waits for many of them at once.
    for item in range(len(rows)):
        row, at = features[item, first:], rows[item]
        row[1], row[2], row[3] = numbers[at, 0], numbers[at, 1], numbers[at, 2]
        row[5] = numbers[at, 3]
        row[7], row[8], row[9] = numbers[at, 4], numbers[at, 5], numbers[at, 6]
    for item in range(len(rows)):
        row = features[item, first:]
        length = 0
        for word in titles[places[item]]:
            length += word >= 0
        row[0] = np.log1p(length)
        total += float(row[1])
        most_popular = max(most_popular, float(row[5]))
    for item in range(len(rows)):
        row = features[item, first:]
        row[4] = row[1] - total / len(rows)
        row[6] = row[5] - most_popular


def _users(rows: IntArray, items: ItemColumns, histories: Sequence[History]) -> tuple[Column, ...]:
    """Columns [n_users, n] for users who have bought something."""
    n_users = len(histories)
    users = np.repeat(np.arange(n_users), [len(history.rows) for history in histories])
    bought = np.concatenate([history.rows for history in histories])
    units = np.concatenate([history.units for history in histories])
    total = np.bincount(users, weights=units)[:, None]
    of_item = _units_of_items(users, bought, units, rows, n_users)
    of_type = _units_by_code(users, items.type_codes[bought], units, items.type_codes[rows], n_users)
    of_brand = _units_by_code(users, items.brand_codes[bought], units, items.brand_codes[rows], n_users)
    above_usual = items.price_levels[bought]
    priced = np.isfinite(above_usual)
    # One purchase at the usual price is added, so that a first purchase is not a level yet.
    level = np.bincount(users, weights=np.where(priced, above_usual, 0.0)) / (np.bincount(users, weights=priced) + 1)
    gap = np.nan_to_num(items.price_levels[rows]) - level[:, None]
    return 1.0, np.log1p(of_item), of_item / np.maximum(of_type, 1.0), of_brand / total, np.abs(gap)


def _units_of_items(
    users: IntArray, bought: IntArray, units: FloatArray, wanted: IntArray, n_users: int
) -> NDArray[np.float64]:
    """[n_users, n] units each user bought of each wanted item; no item is wanted twice."""
    order = np.argsort(wanted)
    at = np.searchsorted(wanted, bought, sorter=order)
    at = order[np.minimum(at, len(order) - 1)]
    hits = np.flatnonzero(wanted[at] == bought)
    sums = np.zeros((n_users, len(wanted)))
    sums[users[hits], at[hits]] = units[hits]
    return sums


def _units_by_code(
    users: IntArray, codes: NDArray[np.int32], units: FloatArray, wanted: NDArray[np.int32], n_users: int
) -> NDArray[np.float64]:
    """[n_users, n] units each user bought of each wanted code; 0 for -1."""
    width = int(max(codes.max(), wanted.max())) + 2
    sums = np.bincount(users * width + codes + 1, weights=units, minlength=n_users * width).reshape(n_users, width)
    sums[:, 0] = 0.0
    return np.asarray(sums[:, wanted + 1], dtype=np.float64)
