"""Amounts of a choice that is made on the page: sizes, conditions and numbers of pieces, each with a price of its own.

The price is that of what is chosen: what is checked, or what the page shows again by itself. What a range begins with
(`from`, `as low as`) is the price of another choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.choices import labels_chosen
from trimtab.webpages.features.levels import feature_names
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.dom import Dom

CHOSEN_GAIN, FROM_COST, BULK_COST, FROM_BULK_COST = 1.5, 3.0, 3.0, 6.0
"""What the score of a price is raised or lowered by in log-odds."""
MIN_OPTIONS, MAX_HEIGHT = 2, 4
_NO_OPTION = (
    "is_elsewhere",
    "is_with_other_product",
    "is_aside",
    "is_disqualified",
    "is_unclean",
    "hidden",
    "in_struck",
)


def price_choices(
    dom: Dom, candidates: Sequence[Candidate], rows: NDArray[np.float32], level: str
) -> NDArray[np.float64]:
    """[n] what is added to the score of each price: more for that of what is chosen, less for what a range of choices
    begins with where another amount is chosen, and for what holds for more pieces only."""
    names = feature_names("price", level)

    def has(*columns: str) -> NDArray[np.bool_]:
        return np.asarray((rows[:, [names.index(name) for name in columns]] > 0).any(axis=1))

    found = np.zeros(len(candidates))
    amounts = np.asarray([float(one.money.amount) if one.money else 0.0 for one in candidates])
    shown = np.asarray([one.source == "text" for one in candidates], dtype=bool)
    starts_range = shown & has("own_from", "before_from")
    chosen = _checked(dom, candidates, amounts, shown) or _shown_again(
        dom, candidates, amounts, shown & ~has(*_NO_OPTION) & ~starts_range
    )
    if chosen:
        is_chosen = np.isin(amounts, list(chosen))
        found[shown & is_chosen & ~starts_range] += CHOSEN_GAIN
        found[starts_range & ~is_chosen] -= FROM_COST
    of_more = has("is_bulk")
    found[of_more] -= BULK_COST
    found[starts_range & np.isin(amounts, amounts[of_more])] -= FROM_BULK_COST
    return found


def _checked(
    dom: Dom, candidates: Sequence[Candidate], amounts: NDArray[np.float64], shown: NDArray[np.bool_]
) -> set[float]:
    """The amount in the label of the radio button that is checked, where there is one such amount."""
    labels = labels_chosen(dom)
    if not labels:
        return set()
    inside = {
        float(amounts[index])
        for index in np.flatnonzero(shown).tolist()
        if any(label <= candidates[index].element < dom.ends[label] for label in labels)
    }
    return inside if len(inside) == 1 else set()


def _shown_again(
    dom: Dom, candidates: Sequence[Candidate], amounts: NDArray[np.float64], plain: NDArray[np.bool_]
) -> set[float]:
    """The amount of one of several blocks side by side that stands outside of them too, where that is one amount."""
    groups: dict[tuple[int, str], set[int]] = {}
    for index in np.flatnonzero(plain).tolist():
        for place in _places(dom, candidates[index].element):
            groups.setdefault(place, set()).add(index)
    everywhere = Counter(amounts[plain].tolist())
    again: set[float] = set()
    for members in groups.values():
        inside = Counter(amounts[sorted(members)].tolist())
        if len(inside) >= MIN_OPTIONS:
            again |= {amount for amount, n in inside.items() if everywhere[amount] > n}
    return again if len(again) == 1 else set()


def _places(dom: Dom, element: int) -> list[tuple[int, str]]:
    """Each block that the amount's own may be one of several in, with the tags from there down to it."""
    found, way = [], ""
    for _ in range(MAX_HEIGHT):
        way, parent = f"{way} {dom.tags[element]}", dom.parents[element]
        if parent < 0 or dom.tags[element] == "body":
            break
        found.append((parent, way))
        element = parent
    return found
