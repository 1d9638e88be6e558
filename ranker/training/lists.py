"""Training data of a ranker: lists of candidates with features and labels, padded to one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimtab.core.records import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RankedList:
    """One query's candidates and labels.

    Attributes:
        features: [n, F] float32.
        prices: [n] float32, nan unknown.
        labels: by head [n] float32, nan unknown: for relevance the gain of the grade over the largest gain, for the
            others 0/1. A head that is not there is unknown of every candidate.
        group: lists of one group never stand on both sides of a split.
        rows: [n] int64, rows of the candidates in the item store.
    """

    features: FloatArray
    prices: FloatArray
    labels: Mapping[str, FloatArray]
    group: str
    rows: IntArray

    def take(self, which: NDArray[np.bool_]) -> RankedList:
        """Some of the candidates."""
        labels = {head: values[which] for head, values in self.labels.items()}
        return RankedList(self.features[which], self.prices[which], labels, self.group, self.rows[which])


@dataclass(frozen=True)
class RankingLists:
    """Many lists, padded to one length.

    Attributes:
        features: [L, n, F] float32, 0 in the padding.
        prices: [L, n] float32, nan unknown or padding.
        labels: [L, n, H] float32, nan unknown or padding.
        groups: [L].
        rows: [L, n] int64 rows in the item store, -1 padding.
        heads: names of the H labels.
    """

    features: FloatArray
    prices: FloatArray
    labels: FloatArray
    groups: NDArray[np.str_]
    rows: IntArray
    heads: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.features)

    def take(self, which: NDArray[np.integer] | NDArray[np.bool_]) -> RankingLists:
        return RankingLists(
            self.features[which],
            self.prices[which],
            self.labels[which],
            self.groups[which],
            self.rows[which],
            self.heads,
        )

    def labelled(self) -> RankingLists:
        """The same lists without unlabelled candidates, which add nothing to a loss."""
        known = ~np.isnan(self.labels).all(axis=2)
        longest = max(int(known.sum(axis=1).max()), 1)
        # A stable sort brings the labelled to the front in their order.
        front = np.argsort(~known, axis=1, kind="stable")[:, :longest]
        lists = np.arange(len(self))[:, None]
        return replace(
            self,
            features=self.features[lists, front],
            prices=self.prices[lists, front],
            labels=self.labels[lists, front],
            rows=self.rows[lists, front],
        )

    def for_heads(self, heads: Sequence[str]) -> RankingLists:
        """The same lists with the labels of some of the heads."""
        columns = [self.heads.index(head) for head in heads]
        return replace(self, labels=self.labels[..., columns], heads=tuple(heads))


def pad_lists(lists: Sequence[RankedList], heads: Sequence[str]) -> RankingLists:
    """Stack lists of different lengths, with the labels of these heads."""
    n_lists, longest = len(lists), max(len(one.features) for one in lists)
    n_features = lists[0].features.shape[1]
    features = np.zeros((n_lists, longest, n_features), dtype=np.float32)
    prices = np.full((n_lists, longest), np.nan, dtype=np.float32)
    labels = np.full((n_lists, longest, len(heads)), np.nan, dtype=np.float32)
    rows = np.full((n_lists, longest), -1, dtype=np.int64)
    for number, one in enumerate(lists):
        n = len(one.features)
        features[number, :n] = one.features
        prices[number, :n] = one.prices
        for column, head in enumerate(heads):
            labels[number, :n, column] = one.labels.get(head, np.nan)
        rows[number, :n] = one.rows
    return RankingLists(features, prices, labels, np.array([one.group for one in lists]), rows, tuple(heads))
