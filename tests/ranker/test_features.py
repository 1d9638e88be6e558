"""The kernels of the features give what the plain features give, for whatever items and words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.ranker.plain_features import plain_item_features, plain_word_features
from trimtab.core.compiled import KERNELS, Kernel
from trimtab.core.extended_array import ExtendedArray
from trimtab.core.records import Candidates
from trimtab.core.understood import Understood
from trimtab.ranker.features import AT, FEATURES, ItemColumns, build_features, median_prices
from trimtab.ranker.word_features import EXCLUDED, WANTED
from trimtab.ranker.words import FIELDS, UNKNOWN, ItemWords, QueryWords, Terms
from trimtab.text.analyser import analyser_of
from trimtab.text.words.lexicon import Lexicon

WORD_COLUMNS = slice(AT[WANTED[0]], AT[EXCLUDED[-1]] + 1)
N_WORDS = 12


class AskedFor(ItemWords):
    """Words of items that are asked for words of a query that are given as numbers."""

    asked: QueryWords

    def of_query(self, text: str, excluded: object = (), synonyms: object = (), linking: object = ()) -> QueryWords:
        return self.asked


def some_words(rng: np.random.Generator, n: int, *, is_live: bool) -> AskedFor:
    fields = {}
    for name, width in FIELDS.items():
        matrix = rng.integers(0, N_WORDS, (n, max(width // 4, 2)), dtype=np.int32)
        lengths = rng.integers(0, matrix.shape[1] + 1, n)
        matrix[np.arange(matrix.shape[1]) >= lengths[:, None]] = -1
        half = (n + 1) // 2
        fields[name] = ExtendedArray(matrix[:half], matrix[half:]) if is_live else matrix
    lexicon = Lexicon.of_texts(analyser_of(("en",)), [])
    vocabulary = [f"word{number}" for number in range(N_WORDS - 4)] + ["for", "12g", "40g", "3ml"]
    known = {word: number for number, word in enumerate(vocabulary)}
    return AskedFor(known, rng.random(N_WORDS).astype(np.float32), fields, lexicon)


def some_query(rng: np.random.Generator, words: ItemWords) -> QueryWords:
    q, n_excluded = rng.integers(0, 5), rng.integers(0, 3)
    ids = [one if one >= 0 else UNKNOWN for one in rng.integers(-1, N_WORDS, q).tolist()]
    readings = [(word, (one,)) for word, one in enumerate(ids)]
    if q:
        readings += [(int(rng.integers(q)), tuple(rng.integers(0, N_WORDS, rng.integers(1, 4)).tolist()))]
    units = [(word, words.units[one]) for word, one in enumerate(ids) if one >= 0 and words.units[one] >= 0]
    weights = rng.random(q).astype(np.float32) + np.float32(0.1)
    weights[: rng.integers(0, q) if q else 0] = 0.0
    return QueryWords(
        rng.permutation(weights),
        Terms.of(readings),
        int(rng.integers(0, 1 << q)),
        np.array(units, dtype=np.int32).reshape(-1, 2),
        int(n_excluded),
        Terms.of([(word, (int(one),)) for word, one in enumerate(rng.integers(0, N_WORDS, n_excluded))]),
        is_for=bool(rng.integers(2)),
    )


def some_items(rng: np.random.Generator, n: int, words: ItemWords, *, is_live: bool) -> ItemColumns:
    vectors = rng.normal(size=(n, 20)).astype(np.float32)
    prices, codes = rng.random(n).astype(np.float32) * 30, rng.integers(-1, 4, n, dtype=np.int32)
    prices[rng.random(n) < 0.2] = np.nan
    return ItemColumns(
        prices=prices,
        popularity=rng.random(n).astype(np.float32) * 100,
        purchase_rates=rng.random(n).astype(np.float32),
        discounts=rng.random(n).astype(np.float32),
        in_stock=rng.random(n) < 0.5,
        type_codes=codes,
        brand_codes=codes,
        vectors=ExtendedArray(vectors[: (n + 1) // 2], vectors[(n + 1) // 2 :]) if is_live else vectors,
        type_vectors=rng.normal(size=(4, 20)).astype(np.float32),
        type_prices=median_prices(prices, codes, 4),
        words=words,
        attributes={},
    )


@given(st.integers(1, 30), st.integers(0, 10_000), st.booleans())
def test_features_are_the_plain_ones(n: int, seed: int, is_live: bool) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    words = some_words(rng, n, is_live=is_live)
    words.asked = some_query(rng, words)
    items = some_items(rng, n, words, is_live=is_live)
    rows = rng.permutation(n)[: rng.integers(1, n + 1)]
    dense, lexical = rng.random((2, len(rows))).astype(np.float32)
    queries = rng.random((rng.integers(1, 4), 20)).astype(np.float32)
    candidates = Candidates(rows, dense, lexical * (seed % 3 > 0), dense, queries)
    features = build_features(Understood.as_typed("any words"), candidates, items, None)
    assert_allclose(features[:, WORD_COLUMNS], plain_word_features(words.asked, words, rows), atol=1e-6)
    for name, column in plain_item_features(candidates, items).items():
        assert_allclose(features[:, AT[name]], column, atol=2e-6, err_msg=name)
    assert np.isfinite(features).all()
    assert set(FEATURES) == set(AT)


@pytest.mark.parametrize("compiled", KERNELS, ids=lambda one: one.function.__name__)
def test_every_kernel_is_compiled_for_its_types(compiled: Kernel) -> None:
    assert callable(compiled.compiled)
