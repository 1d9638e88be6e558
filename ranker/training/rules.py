"""The rules by which a catalogue is ranked where nothing was learned, and which networks lean on where little was.

People judge a few of the candidates of a few queries. What networks say of the others is what they happen to say; with
a share of the rules added to it, it is what the rules say.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trimtab.ranker.features import AT, FEATURES
from trimtab.ranker.model import Heads
from trimtab.ranker.objectives import RELEVANCE
from trimtab.ranker.training.lists import RankingLists

RULES = {
    "dense": 4.0,
    "lexical_of_best": 2.0,
    "title_coverage": 2.0,
    "title_phrase": 0.5,
    "type_coverage": 1.5,
    "type_precision": 0.5,
    "type_vote": 1.0,
    "brand_coverage": 0.5,
    "all_in_names": 0.5,
    "all_in_item": 1.0,
    "excluded_in_names": -2.0,
    "excluded_in_body": -0.5,
    "excluded_absent": 3.0,
    "brand_met": 0.5,
    "brand_contradicted": -1.0,
    "attributes_met": 0.5,
    "attributes_contradicted": -1.0,
    "amount_contradicted": -1.0,
    "goes_without": -2.0,
    "only_for": -1.0,
    "popularity_in_list": 0.1,
    "in_stock": 1.0,
}
"""Feature -> weight in the raw score."""

RULES_SHARE = 0.25
"""How much of the rules there is beside one of what a shop's network has learned from judgments."""


def rule_weights() -> Tensor:
    """[F] the weights of the features."""
    weights = torch.zeros(len(FEATURES))
    weights[[AT[name] for name in RULES]] = torch.tensor(list(RULES.values()))
    return weights


@torch.no_grad()
def lean_on_rules(heads: Heads, lists: RankingLists, share: float) -> None:
    """Add a share of the rules to a network's score of relevance, both by their spread over all candidates.

    The rules become a part of its linear path, and so of features within its limits.
    """
    if share == 0:
        return
    head, weights = lists.heads.index(RELEVANCE.head), rule_weights()
    features = torch.from_numpy(lists.features[lists.rows >= 0])
    spread = (features @ weights).std().clamp(min=1e-6)
    weights *= share * heads(features)[:, head].std() / spread
    heads.linear.weight[head] += weights * heads.scale
    heads.linear.bias[head] += weights @ heads.mean
