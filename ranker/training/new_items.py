"""Candidates as they would be seen were they new: without what a shop and time add to an item later.

A new item often has no type, category and brand yet, and nobody has bought it. Heads that have seen no such candidate
rank it anywhere, also for the words of its own title.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trimtab.ranker.features import AT

NEW_SHARE = 0.1
"""The share of the candidates that are seen so while a shop's ranker is trained."""

LATER = (
    "type_coverage",
    "type_precision",
    "category_coverage",
    "brand_coverage",
    "last_word_in_category",
    "last_word_ends_type",
    "brand_met",
    "brand_contradicted",
    "type_dense",
    "type_vote",
    "popularity",
    "purchase_rate",
    "discount",
    "user_bought",
    "user_share_of_type",
    "user_share_of_brand",
)
"""Features that are 0 of an item without type, category, brand and past."""


def some_as_new(features: Tensor, share: float, generator: torch.Generator | None = None) -> Tensor:
    """[..., F] features, those of a share of the candidates, drawn anew, as they would be of new items."""
    if share == 0:
        return features
    return as_new(features, (torch.rand(features.shape[:-1], generator=generator) < share).to(features.device))


def as_new(features: Tensor, which: Tensor) -> Tensor:
    """[..., F] features, those of some candidates as they would be of new items.

    Which words of the query an item has in its title and its body is known by their shares alone: the larger share is
    taken to be that of both.

    Args:
        which: [...] bool, the candidates.
    """
    seen = features[which]
    title = seen[:, AT["title_coverage"]]
    anywhere = title.maximum(seen[:, AT["body_coverage"]])
    seen[:, AT["popularity_in_list"]] -= seen[:, AT["popularity"]]
    seen[:, [AT[name] for name in LATER]] = 0.0
    seen[:, AT["names_coverage"]], seen[:, AT["all_in_names"]] = title, (title >= 1).float()
    seen[:, AT["any_coverage"]], seen[:, AT["all_in_item"]] = anywhere, (anywhere >= 1).float()
    others = features.clone()
    others[which] = seen
    return others
