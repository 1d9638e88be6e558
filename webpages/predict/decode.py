"""From scored candidates to one answer: candidates that mean the same vote together, and the best group is chosen.

The same price shown twice and stated once is three witnesses of one value. A group's logit is that of its best
candidate plus a share of its next ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.image import image_key
from trimtab.webpages.features.levels import feature_names
from trimtab.webpages.features.prices.price_rivals import are_taxed
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import plain_words

WITNESS_SHARE = 0.15
MAX_WITNESSES = 3
PENALTIES = {
    "in_struck": 8.0, "css_struck": 8.0, "box_struck": 8.0, "is_unclean": 6.0, "hidden": 6.0, "css_hidden": 6.0,
    "own_threshold": 12.0, "own_lowest": 12.0, "stated_otherwise": 4.0, "is_disqualified": 3.0, "is_doubtful": 3.0,
}  # fmt: skip
"""By what the score of a price is lowered that is by its meaning not the current one. The largest counts."""
OUTRIGHT = ("own_opening", "own_lowest", "own_deposit")
"""What an amount is not taken for by mistake where its own text says so, whatever other products cost."""
BY_SHEET = ("css_struck", "css_hidden", "box_struck", "box_hidden")
"""What a sheet does to an amount wherever it is shown."""
OF_OTHER_COST = 2.0
"""The same of an amount that stands with other products only, and is not stated."""
RULED_OUT, RULED_OUT_UNSTATED = 6.0, 3.0
"""Penalty from which on leading over others says nothing: they are no prices either. The words beside an amount rule it
out where the page does not state it as its price."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Index of the best candidate of the best group, the group's logit and its lead over the next group.

    `dissent` is 1 where the page states another value than the chosen one, or states this one and shows others; of a
    picture, where the page does not state it.
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
    if kind != "price":
        decision = decide(meanings(kind, candidates), logits, shown)
        if decision is None or kind != "image":
            return decision
        return replace(decision, dissent=_is_not_stated(level, rows[decision.index]))
    taxed = amounts_with_tax(level, candidates, rows)
    amounts = [candidate.money.amount if candidate.money else Decimal(0) for candidate in candidates]
    stands = [is_shown and amount not in taxed for is_shown, amount in zip(shown, amounts, strict=True)]
    decision = decide([taxed.get(amount, amount) for amount in amounts], logits, stands)
    if decision is None:
        return None
    names = feature_names("price", level)
    stated_otherwise = (
        rows[decision.index, names.index("n_stated")] > 0 >= rows[decision.index, names.index("agrees_any")]
    )
    shown_otherwise = not shown[decision.index] and any(shown)
    is_stated = rows[decision.index, names.index("agrees_any")] > 0
    is_ruled_out = penalties[decision.index] >= (RULED_OUT if is_stated else RULED_OUT_UNSTATED)
    lead = 0.0 if is_ruled_out else decision.lead
    return replace(decision, lead=lead, dissent=float(stated_otherwise or shown_otherwise))


def amounts_with_tax(level: str, candidates: Sequence[Candidate], rows: NDArray[np.float32]) -> dict[Decimal, Decimal]:
    """The amount with tax of each amount that is called one without, where a page shows both and states neither or the
    larger one: they are one price said twice."""
    names = feature_names("price", level)
    net, gross = rows[:, names.index("taxed_beside")] > 0, rows[:, names.index("untaxed_beside")] > 0
    if not net.any():
        return {}
    stated = rows[:, names.index("agrees_any")] > 0
    smaller = _amounts(candidates, net & ~stated)
    larger = _amounts(candidates, gross)
    return {
        one: other
        for one in smaller
        for other in larger
        if are_taxed(np.asarray([float(one)]), np.asarray([float(other)]))[0]
    }


def _amounts(candidates: Sequence[Candidate], are_asked: NDArray[np.bool_]) -> set[Decimal]:
    asked = (candidates[index].money for index in np.flatnonzero(are_asked).tolist())
    return {money.amount for money in asked if money is not None}


def meanings(kind: str, candidates: Sequence[Candidate]) -> list[Hashable]:
    """What each candidate but a price means: the picture, the words; each control is its own."""
    if kind == "image":
        return [image_key(candidate.text) for candidate in candidates]
    if kind == "name":
        return [plain_words(candidate.text) for candidate in candidates]
    return [candidate.element for candidate in candidates]


def _is_not_stated(level: str, row: NDArray[np.float32]) -> float:
    """1 of a picture that the page does not state, 0 of one that it states."""
    names = feature_names("image", level)
    return float(not any(row[names.index(name)] > 0 for name in ("is_og_image", "is_stated")))


def _penalties(level: str, candidates: Sequence[Candidate], rows: NDArray[np.float32]) -> NDArray[np.float64]:
    names = feature_names("price", level)
    shown = np.asarray([candidate.source == "text" for candidate in candidates], dtype=bool)
    found = np.zeros(len(rows))
    for name, penalty in PENALTIES.items():
        if name in names:
            applies = rows[:, names.index(name)] > 0
            # What is stated in the head is not meant to be seen.
            found = np.maximum(found, penalty * (applies & shown if name in ("hidden", "css_hidden") else applies))
    with_other = rows[:, names.index("is_with_other_product")] > 0
    own = shown & ~with_other
    by_sheet, outright = _any_of(rows, names, BY_SHEET) & shown, _any_of(rows, names, OUTRIGHT) & own
    for taken, among, cost in ((by_sheet, shown, "css_struck"), (outright, own, "is_unclean")):
        # Whoever states such an amount is wrong too, where the page shows another price of its own.
        gone = _amounts(candidates, taken) - _amounts(candidates, among & ~taken)
        if gone and (own & ~taken & (found == 0)).any():
            is_gone = np.asarray([one.money is not None and one.money.amount in gone for one in candidates], dtype=bool)
            found = np.where(is_gone, np.maximum(found, PENALTIES[cost]), found)
    clean = _amounts(candidates, ~with_other) | _amounts(candidates, rows[:, names.index("agrees_any")] > 0)
    only_there = np.asarray([one.money is not None and one.money.amount not in clean for one in candidates], dtype=bool)
    return np.asarray(np.maximum(found, OF_OTHER_COST * (with_other & only_there)))


def _any_of(rows: NDArray[np.float32], names: Sequence[str], columns: Sequence[str]) -> NDArray[np.bool_]:
    """[n] whether one of the columns that a level has holds."""
    return np.asarray((rows[:, [names.index(name) for name in columns if name in names]] > 0).any(axis=1))
