"""Training data of a ranker: lists of candidates with features and labels, padded to one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RankedList:
    """One query's candidates and labels.

    Attributes:
        features: [n, F] float32.
        prices: [n] float32, nan unknown.
        relevance: [n] float32 in 0..1, gain of the grade over the largest gain; nan without a judgment.
        purchase: [n] float32, 0/1; nan where it is not known.
        group: lists of one group never stand on both sides of a split.
        rows: [n] int64, rows of the candidates in the item store.
    """

    features: FloatArray
    prices: FloatArray
    relevance: FloatArray
    purchase: FloatArray
    group: str
    rows: IntArray


@dataclass(frozen=True)
class RankingLists:
    """Many lists, padded to one length.

    Attributes:
        features: [L, n, F] float32, 0 in the padding.
        prices: [L, n] float32, nan unknown or padding.
        labels: [L, n, H] float32, nan unknown or padding.
        groups: [L].
        rows: [L, n] int64 rows in the item store, -1 padding.
    """

    features: FloatArray
    prices: FloatArray
    labels: FloatArray
    groups: NDArray[np.str_]
    rows: IntArray

    def __len__(self) -> int:
        return len(self.features)

    def take(self, which: NDArray[np.integer] | NDArray[np.bool_]) -> RankingLists:
        return RankingLists(
            self.features[which], self.prices[which], self.labels[which], self.groups[which], self.rows[which]
        )

    def labelled(self) -> RankingLists:
        """The same lists without unlabelled candidates, which add nothing to a loss."""
        known = ~np.isnan(self.labels).all(axis=2)
        longest = max(int(known.sum(axis=1).max()), 1)
        # A stable sort brings the labelled to the front in their order.
        front = np.argsort(~known, axis=1, kind="stable")[:, :longest]
        lists = np.arange(len(self))[:, None]
        return RankingLists(
            self.features[lists, front],
            self.prices[lists, front],
            self.labels[lists, front],
            self.groups,
            self.rows[lists, front],
        )


def pad_lists(lists: Sequence[RankedList]) -> RankingLists:
    """Stack lists of different lengths."""
    n_lists, longest = len(lists), max(len(one.features) for one in lists)
    n_features = lists[0].features.shape[1]
    features = np.zeros((n_lists, longest, n_features), dtype=np.float32)
    prices = np.full((n_lists, longest), np.nan, dtype=np.float32)
    labels = np.full((n_lists, longest, 2), np.nan, dtype=np.float32)
    rows = np.full((n_lists, longest), -1, dtype=np.int64)
    for number, one in enumerate(lists):
        n = len(one.features)
        features[number, :n] = one.features
        prices[number, :n] = one.prices
        labels[number, :n, 0] = one.relevance
        labels[number, :n, 1] = one.purchase
        rows[number, :n] = one.rows
    return RankingLists(features, prices, labels, np.array([one.group for one in lists]), rows)
