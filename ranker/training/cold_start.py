"""The ranker of a catalogue without judgments and logs: fixed rules instead of learned heads.

It orders by how the words and the meaning of the query meet the item, whether the item has what the query excludes, or
another brand, price or other value than it names, goes without what is wanted or is only for it, with some weight on
whether the item can be bought and a little on popularity. It takes the chance of a purchase to be proportional to
relevance. Its gains are not calibrated on anything, and the manifest says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from trimtab.ranker.calibration import Calibration
from trimtab.ranker.features import FEATURES
from trimtab.ranker.model import Heads, ServedRanker
from trimtab.ranker.objectives import NO_HEAD, Objective
from trimtab.ranker.training.heads import assemble
from trimtab.ranker.training.rules import RULES, rule_weights

STATEMENT = "cold start: no judgments and no logs; fixed rules, gains are not calibrated on observed behaviour"

CEILING = sum(weight for weight in RULES.values() if weight > 0)


def cold_start_ranker(objectives: Sequence[Objective], ranges: Sequence[float]) -> ServedRanker:
    """The rule-based ranker, whose one head is relevance; objectives with another head borrow it."""
    heads = Heads(len(FEATURES), 1, hidden=())
    with torch.no_grad():
        heads.linear.weight.copy_(rule_weights()[None])
        heads.linear.bias.zero_()
    line = Calibration(np.linspace(0, CEILING, 32, dtype=np.float32), np.linspace(0, 1, 32, dtype=np.float32))
    head_of = [int(objective.head == NO_HEAD) for objective in objectives]
    return assemble(heads, [line], np.array(ranges, dtype=np.float32), head_of)
