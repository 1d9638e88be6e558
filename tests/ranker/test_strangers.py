"""A list that is seen without its user has the features that somebody unknown would see."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from tests.ranker.test_features import some_items, some_query, some_words
from trimtab.core.records import Candidates
from trimtab.core.understood import Understood
from trimtab.ranker.features import build_features
from trimtab.ranker.training.lists import RankedList, pad_lists
from trimtab.ranker.training.strangers import some_of_strangers
from trimtab.ranker.users import History

N_LISTS = 200


def test_a_share_of_the_lists_is_seen_as_by_somebody_unknown() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    n = 12
    words = some_words(rng, n, is_live=False)
    words.asked = some_query(rng, words)
    items = some_items(rng, n, words, is_live=False)
    dense, lexical, query = (rng.random(size).astype(np.float32) for size in (n, n, (1, 20)))
    candidates = Candidates(rng.permutation(n), dense, lexical, dense, query)
    known, unknown = (
        build_features(Understood.as_typed("any words"), candidates, items, history)
        for history in (History(np.arange(4), np.ones(4, dtype=np.float32)), None)
    )
    assert (known != unknown).any()
    prices = np.ones(n, dtype=np.float32)
    one = RankedList(known, prices, {"relevance": prices}, "ann", candidates.rows)
    lists = pad_lists([one] * N_LISTS, ("relevance",))
    seen = some_of_strangers(lists, 0.25)
    is_unknown = (seen.features == unknown).all(axis=(1, 2))
    assert 0.15 < is_unknown.mean() < 0.35
    assert_array_equal(seen.features[~is_unknown], lists.features[~is_unknown])
    assert_array_equal(seen.labels, lists.labels)
    assert_array_equal(some_of_strangers(seen, 1.0).features, np.repeat(unknown[None], N_LISTS, axis=0))
    assert_array_equal(some_of_strangers(lists, 0.0).features, lists.features)
