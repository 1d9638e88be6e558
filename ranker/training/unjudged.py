"""Candidates that nobody judged, of which some are learned from as irrelevant.

People judge what somebody chose to show them, most of which is plausible. Heads that have learned from that alone rank
everything else anywhere, and it is most of what a search finds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.ranker.objectives import RELEVANCE
from trimtab.ranker.training.lists import RankingLists

IRRELEVANT_SHARE = 0.25
"""The share of the candidates without a label that a network of a shop's ranker learns from so, drawn for each."""


def some_as_irrelevant(lists: RankingLists, share: float, *, seed: int = 0) -> RankingLists:
    """The lists with a share of the candidates that have no label as irrelevant."""
    if share == 0:
        return lists
    drawn = np.random.Generator(np.random.PCG64(seed)).random(lists.rows.shape) < share
    unjudged = np.isnan(lists.labels).all(axis=2) & (lists.rows >= 0)
    labels = lists.labels.copy()
    labels[drawn & unjudged, lists.heads.index(RELEVANCE.head)] = 0.0
    return replace(lists, labels=labels)
