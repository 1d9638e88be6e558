"""From scored candidates to one answer: candidates that mean the same vote together, and the best group is chosen.

The same price shown twice and stated once is three witnesses of one value. A group's logit is that of its best
candidate plus a share of its next ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WITNESS_SHARE = 0.15
MAX_WITNESSES = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """Index of the best candidate of the best group, the group's logit and its lead over the next group."""

    index: int
    logit: float
    lead: float


def decide(groups: Sequence[Hashable], logits: NDArray[np.float64], preferred: Sequence[bool]) -> Decision | None:
    """The best group and the candidate that stands for it.

    Args:
        groups: [n] what each candidate means.
        logits: [n] scores.
        preferred: [n] candidates that should stand for their group where it has any (those a shopper sees).
    """
    if len(logits) == 0:
        return None
    members: dict[Hashable, list[int]] = {}
    for index in np.argsort(-logits, kind="stable").tolist():
        members.setdefault(groups[index], []).append(index)
    # Witnesses add their probability, so that unlikely ones add nothing.
    chances = (1 / (1 + np.exp(-logits))).tolist()
    totals = {
        group: float(logits[first]) + WITNESS_SHARE * 4 * sum(chances[index] for index in others[:MAX_WITNESSES])
        for group, (first, *others) in members.items()
    }
    order = sorted(totals, key=lambda group: -totals[group])
    best = order[0]
    lead = totals[best] - totals[order[1]] if len(order) > 1 else 6.0
    standing = next((index for index in members[best] if preferred[index]), members[best][0])
    return Decision(standing, totals[best], lead)
