"""Lists as they would be seen were their users unknown: without what a user bought.

Purchases come from shoppers who are known, and many searches from others. Heads that have seen no list of theirs rank
for them by what they have made of zeros that never were, and expect of them whatever those come to.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.ranker.features import AT, USER_FEATURES
from trimtab.ranker.training.lists import RankingLists

UNKNOWN_SHARE = 0.2
"""The share of the lists that a shop's ranker learns from, and is calibrated on, which are seen so."""


def some_of_strangers(lists: RankingLists, share: float = UNKNOWN_SHARE, *, seed: int = 0) -> RankingLists:
    """The lists, a share of them as they would be of users who are unknown."""
    which = np.random.Generator(np.random.PCG64(seed)).random(len(lists)) < share
    features = lists.features.copy()
    features[which, :, AT[USER_FEATURES[0]] : AT[USER_FEATURES[-1]] + 1] = 0.0
    return replace(lists, features=features)
