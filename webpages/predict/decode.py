"""From scored candidates to one answer: candidates that mean the same vote together, and the best group is chosen.

The same price shown twice and stated once is three witnesses of one value. A group's logit is that of its best
candidate plus a share of its next ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.image import image_key
from trimtab.webpages.features.levels import feature_names
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import plain_words

WITNESS_SHARE = 0.15
MAX_WITNESSES = 3
PENALTIES = {
    "in_struck": 8.0, "css_struck": 8.0, "box_struck": 8.0, "is_unclean": 6.0, "hidden": 6.0, "css_hidden": 6.0,
    "own_threshold": 12.0, "own_lowest": 12.0, "stated_otherwise": 4.0, "is_disqualified": 3.0, "is_doubtful": 3.0,
}  # fmt: skip
"""By what the score of a price is lowered that is by its meaning not the current one. The largest counts."""
RULED_OUT, RULED_OUT_UNSTATED = 6.0, 3.0
"""Penalty from which on leading over others says nothing: they are no prices either. The words beside an amount rule it
out where the page does not state it as its price."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Index of the best candidate of the best group, the group's logit and its lead over the next group.

    `dissent` is 1 where the page states another value than the chosen one, or states this one and shows others.
    """

    index: int
    logit: float
    lead: float
    dissent: float = 0.0


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
    # What stands alone leads over nothing being right, and that is little where it is unlikely itself.
    lead = totals[best] - totals[order[1]] if len(order) > 1 else max(0.0, totals[best])
    standing = next((index for index in members[best] if preferred[index]), members[best][0])
    return Decision(standing, totals[best], lead)


def decide_candidates(
    kind: str, level: str, candidates: Sequence[Candidate], rows: NDArray[np.float32], logits: NDArray[np.float64]
) -> Decision | None:
    """The choice among a page's candidates of one kind; None where it has none.

    A price that is struck, hidden or called something else is by its meaning not the current one, whoever states it:
    its score is lowered, and the same value shown clean elsewhere keeps its own.
    """
    penalties = _penalties(level, candidates, rows) if kind == "price" else np.zeros(len(rows))
    logits = logits - penalties
    shown = [candidate.source == "text" for candidate in candidates]
    decision = decide(meanings(kind, candidates), logits, shown)
    if decision is None or kind != "price":
        return decision
    names = feature_names("price", level)
    stated_otherwise = (
        rows[decision.index, names.index("n_stated")] > 0 >= rows[decision.index, names.index("agrees_any")]
    )
    shown_otherwise = not shown[decision.index] and any(shown)
    is_stated = rows[decision.index, names.index("agrees_any")] > 0
    is_ruled_out = penalties[decision.index] >= (RULED_OUT if is_stated else RULED_OUT_UNSTATED)
    lead = 0.0 if is_ruled_out else decision.lead
    return replace(decision, lead=lead, dissent=float(stated_otherwise or shown_otherwise))


def meanings(kind: str, candidates: Sequence[Candidate]) -> list[Hashable]:
    """What each candidate means: the amount, the picture, the words; each control is its own."""
    if kind == "price":
        return [candidate.money.amount if candidate.money else None for candidate in candidates]
    if kind == "image":
        return [image_key(candidate.text) for candidate in candidates]
    if kind == "name":
        return [plain_words(candidate.text) for candidate in candidates]
    return [candidate.element for candidate in candidates]


def _penalties(level: str, candidates: Sequence[Candidate], rows: NDArray[np.float32]) -> NDArray[np.float64]:
    names = feature_names("price", level)
    shown = np.asarray([candidate.source == "text" for candidate in candidates], dtype=bool)
    found = np.zeros(len(rows))
    for name, penalty in PENALTIES.items():
        if name in names:
            applies = rows[:, names.index(name)] > 0
            # What is stated in the head is not meant to be seen.
            found = np.maximum(found, penalty * (applies & shown if name in ("hidden", "css_hidden") else applies))
    return found
