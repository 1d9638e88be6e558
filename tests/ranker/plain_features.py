"""Features in the words of numpy, a column at a time: what the kernels of `trimtab.ranker` are compared with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trimtab.core.extended_array import nearest_products
from trimtab.core.records import Candidates, IntArray
from trimtab.ranker.features import N_TOP, ItemColumns
from trimtab.ranker.word_features import NAMES
from trimtab.ranker.words import ABSENT, BODY, ItemWords, QueryWords, Terms

Columns = tuple[np.ndarray, ...]


def plain_word_features(query: QueryWords, words: ItemWords, rows: IntArray) -> np.ndarray:
    """[n, columns] of `WANTED` and `EXCLUDED`."""
    texts = {name: np.asarray(words.fields[name][rows]) for name in (*NAMES, BODY, ABSENT)}
    columns = (*_wanted(query, words, texts), *_excluded(query, texts))
    return np.stack([np.broadcast_to(one, len(rows)) for one in columns], axis=1)


def _wanted(query: QueryWords, words: ItemWords, texts: Mapping[str, np.ndarray]) -> Columns:
    q = len(query.weights)
    if q == 0:
        return (np.zeros(1),) * 21
    hits = {name: _hits(texts[name], query.wanted, q) for name in (*NAMES, BODY)}
    met = {name: one.any(axis=1) for name, one in hits.items()}
    named = np.logical_or.reduce([met[name] for name in NAMES])
    anywhere = named | met[BODY]
    title, kinds = texts["title"], texts["product_type"]
    matched = hits["title"].any(axis=2)
    first = np.where(matched.any(axis=1), matched.argmax(axis=1), title.shape[1])
    kind_lengths = (kinds >= 0).sum(axis=1)
    share = (query.weights / query.weights.sum()).astype(np.float64)
    numbers = np.array([query.numbers >> word & 1 for word in range(q)], dtype=bool)
    needed = query.weights > 0
    last = np.flatnonzero(needed)[-1]
    ends = hits["product_type"][np.arange(len(kinds)), np.maximum(kind_lengths - 1, 0), last]
    return (
        met["title"] @ share,
        matched.sum(axis=1) / np.maximum((title >= 0).sum(axis=1), 1),
        _phrase(hits["title"]),
        1.0 / (1.0 + first),
        met["product_type"] @ share,
        hits["product_type"].any(axis=2).sum(axis=1) / np.maximum(kind_lengths, 1),
        met["category"] @ share,
        met["brand"] @ share,
        met[BODY] @ share,
        named @ share,
        anywhere @ share,
        named[:, needed].all(axis=1),
        anywhere[:, needed].all(axis=1),
        met["title"][:, last],
        met["category"][:, last] | met["product_type"][:, last],
        ends,
        anywhere[:, numbers].mean(axis=1) if numbers.any() else np.zeros(1),
        1.0 - named[:, numbers].mean(axis=1) if numbers.any() else np.zeros(1),
        _contradicted(query, words, title, met["title"]),
        np.zeros(1) if query.n_excluded else _hits(texts[ABSENT], query.wanted, q).any(axis=1) @ share,
        np.zeros(1) if query.is_for else _only_for(hits["title"], np.isin(title, words.words_for)),
    )


def _only_for(title: np.ndarray, words_for: np.ndarray) -> np.ndarray:
    met = title.any(axis=2) & ~words_for
    behind = np.cumsum(words_for, axis=1) - words_for > 0
    return np.asarray((met & behind).any(axis=1) & ~(met & ~behind).any(axis=1))


def _excluded(query: QueryWords, texts: Mapping[str, np.ndarray]) -> Columns:
    if query.n_excluded == 0:
        return (np.zeros(1),) * 5
    there = {name: _hits(text, query.unwanted, query.n_excluded).any(axis=1) for name, text in texts.items()}
    absent, named = there[ABSENT], np.logical_or.reduce([there[name] for name in NAMES])
    return (
        np.ones(1),
        (there["title"] & ~absent).any(axis=1),
        (named & ~absent).mean(axis=1),
        (there[BODY] & ~absent).mean(axis=1),
        absent.mean(axis=1),
    )


def _hits(text: np.ndarray, wanted: Terms, q: int) -> np.ndarray:
    """[n, width, q] where the words of some items are the query's."""
    hits = np.zeros((*text.shape, q), dtype=bool)
    words_of = [(bits, [term]) for term, bits in zip(wanted.terms, wanted.bits, strict=True)]
    starts = np.r_[0, wanted.compound_ends][:-1]
    for bits, start, end in zip(wanted.compound_bits, starts, wanted.compound_ends, strict=True):
        words_of.append((bits, wanted.parts[start:end].tolist()))
    for bits, terms in words_of:
        has_all = np.all([(text == term).any(axis=1) for term in terms], axis=0)
        is_one = np.isin(text, terms) & has_all[:, None]
        for word in range(q):
            if bits >> word & 1:
                hits[:, :, word] |= is_one
    return hits


def _phrase(title: np.ndarray) -> np.ndarray:
    if title.shape[2] == 1:
        return np.asarray(title.any(axis=(1, 2)))
    pairs = (title[:, :-1, :-1] & title[:, 1:, 1:]).any(axis=1) | (title[:, :, :-1] & title[:, :, 1:]).any(axis=1)
    return np.asarray(pairs.mean(axis=1))


def _contradicted(query: QueryWords, words: ItemWords, title: np.ndarray, in_title: np.ndarray) -> np.ndarray:
    if len(query.amounts) == 0:
        return np.zeros(1)
    units = words.units[title]
    return np.mean([(units == unit).any(axis=1) & ~in_title[:, word] for word, unit in query.amounts], axis=0)


def plain_item_features(candidates: Candidates, items: ItemColumns) -> dict[str, np.ndarray]:
    """The features that neither the words of a query nor a user has a part in, by name."""
    rows, dense, lexical = candidates.rows, candidates.dense, np.log1p(candidates.lexical)
    codes, vectors = items.type_codes[rows], np.asarray(items.vectors[rows])
    typed = codes >= 0
    prices = items.prices[rows]
    log_price = np.log1p(np.where(np.isfinite(prices), prices, items.type_prices[codes]))
    popularity = np.log1p(items.popularity[rows])
    nearest_type = np.where(
        typed, nearest_products(items.type_vectors[np.maximum(codes, 0)], candidates.query_vectors), 0.0
    )
    return {
        "dense": dense,
        "dense_below_best": dense - dense.max(),
        "lexical": lexical,
        "lexical_of_best": lexical / lexical.max() if lexical.max() > 0 else lexical,
        "reciprocal_rank": 10.0 / (10.0 + np.arange(len(rows))),
        "type_dense": nearest_type,
        "type_vote": np.where(typed, (codes[:, None] == codes[:N_TOP]).mean(axis=1), 0.0),
        "near_top": vectors @ vectors[:N_TOP].mean(axis=0),
        "title_length": np.log1p((items.words.fields["title"][rows] >= 0).sum(axis=1)),
        "price": log_price,
        "price_known": np.isfinite(prices),
        "price_in_type": np.nan_to_num(items.price_levels[rows]),
        "price_in_list": log_price - log_price.mean(),
        "popularity": popularity,
        "popularity_in_list": popularity - popularity.max(),
        "purchase_rate": np.sqrt(items.purchase_rates[rows]),
        "discount": items.discounts[rows],
        "in_stock": items.in_stock[rows],
    }
