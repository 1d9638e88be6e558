"""Candidates seen as though they were new are what features say of an item that is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests.ranker.test_features import some_items, some_query, some_words
from trimtab.core.compiled import read_only
from trimtab.core.records import Candidates
from trimtab.core.understood import Understood
from trimtab.ranker.features import AT, ItemColumns, build_features
from trimtab.ranker.training.new_items import LATER, as_new

ASKED = Understood.as_typed("any words")


def made_new(items: ItemColumns, row: int) -> ItemColumns:
    """The same items, one of which has a title, a text, a price, and nothing else yet."""

    def without(column: np.ndarray, value: float) -> np.ndarray:
        changed = column.copy()
        changed[row] = value
        return changed

    for name in ("product_type", "category", "brand"):
        items.words.fields[name] = read_only(without(np.asarray(items.words.fields[name]), -1))
    none = {name: without(getattr(items, name), 0) for name in ("popularity", "purchase_rates", "discounts")}
    codes = {name: without(getattr(items, name), -1) for name in ("type_codes", "brand_codes")}
    return replace(items, **none, **codes)


@given(st.integers(2, 20), st.integers(0, 10_000))
def test_a_candidate_that_is_seen_as_new_has_the_features_of_a_new_item(n: int, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    words = some_words(rng, n, is_live=False)
    words.asked = some_query(rng, words)
    items = some_items(rng, n, words, is_live=False)
    rows = rng.permutation(n)
    dense, lexical, query = (rng.random(size).astype(np.float32) for size in (n, n, (1, 20)))
    candidates = Candidates(rows, dense, lexical, dense, query)
    features = build_features(ASKED, candidates, items, None)
    place = int(rng.integers(n))
    which = torch.arange(n) == place
    seen = as_new(torch.from_numpy(features), which).numpy()
    assert_allclose(np.delete(seen, place, axis=0), np.delete(features, place, axis=0))
    new = build_features(ASKED, candidates, made_new(items, int(rows[place])), None)[place]
    for name in (*LATER, "names_coverage", "all_in_names"):
        assert_allclose(seen[place, AT[name]], new[AT[name]], atol=1e-6, err_msg=name)
    for name in ("any_coverage", "all_in_item", "popularity_in_list"):
        assert seen[place, AT[name]] <= new[AT[name]] + 1e-6, name
