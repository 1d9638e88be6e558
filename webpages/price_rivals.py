"""What the other amounts of a page say about a price: an amount that its own words disqualify is no rival.

Beside a price stand smaller amounts that are not the price: without tax, by instalments, by the kilo, for students,
saved. A price is the smallest of those that could be meant, and the larger one of a pair whose ratio is a tax.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from webpages.candidates import Candidate, mark
from webpages.common_features import STRUCK
from webpages.dom import Dom
from webpages.repetition import REPEAT_NAMES, repeats
from webpages.words import role_bit, roles_of, said_in

RIVAL_NAMES = [
    *REPEAT_NAMES, "is_aside", "smaller_rival", "larger_rival", "larger_old", "n_places", "untaxed_beside",
    "taxed_beside",
]  # fmt: skip
NEAR = 8
"""Text segments between amounts that are read together."""
TILES = 3
"""So many blocks of one make, with link and picture, are other products."""
MAX_WORDS = 50
TAX_RATES = (5, 5.5, 6, 7, 7.7, 8, 8.1, 9, 9.5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 25.5,
             27)  # fmt: skip
"""Per cent, standard and reduced, of countries whose shops show prices both ways."""
_ASIDE = frozenset({"net", "instalment", "unit", "shipping", "coupon", "used", "member"})
_CHANGE = re.compile(r"(?:^|[\s(])[+\-−]\s*\W?\d")
_ASIDE_ROLES = sum(role_bit(role) for role in ("net", "unit", "instalment", "save", "shipping", "points"))
_NET_ROLE, _OLD_ROLE = role_bit("net"), role_bit("old")


def rival_rows(dom: Dom, candidates: Sequence[Candidate]) -> list[list[float]]:
    """[n][len(RIVAL_NAMES)] columns."""
    starts = [dom.segment_starts[candidate.element] for candidate in candidates]
    shown = [index for index, candidate in enumerate(candidates) if candidate.source == "text"]
    repeated = np.zeros((len(candidates), len(REPEAT_NAMES)), dtype=np.float32)
    repeated[shown] = repeats(dom, [candidates[index].element for index in shown])
    places = [starts[index] for index in shown]
    values = [float(candidate.money.value) if candidate.money else 0.0 for candidate in candidates]
    own = [candidate.text if candidate.source == "text" else "" for candidate in candidates]
    words = [
        said_in(f"{candidate.text} {_beside(dom, candidate)}") if candidate.source == "text" else frozenset()
        for candidate in candidates
    ]
    roles = [_roles(dom, candidate.element) if candidate.source == "text" else 0 for candidate in candidates]
    aside = [
        bool(role & _ASIDE_ROLES or said & _ASIDE or _CHANGE.search(text)) or "save" in said_in(text)
        for text, said, role in zip(own, words, roles, strict=True)
    ]
    net = [bool(role & _NET_ROLE) or "net" in said for said, role in zip(words, roles, strict=True)]
    gross = ["gross" in said for said in words]
    old = [
        bool(role & _OLD_ROLE) or _struck(dom, candidate.element) or "old" in said
        for candidate, said, role in zip(candidates, words, roles, strict=True)
    ]
    tile = repeated[:, 2] >= TILES
    standing: dict[float, set[int]] = {}
    for index in shown:
        if not tile[index]:
            standing.setdefault(values[index], set()).add(starts[index])
    rows = []
    for index, value in enumerate(values):
        low, high = bisect_left(places, starts[index] - NEAR), bisect_right(places, starts[index] + NEAR)
        near = [shown[at] for at in range(low, high) if values[shown[at]] != value][:40]
        rows.append(
            [
                *repeated[index].tolist(),
                float(aside[index]),
                float(any(value / 4 < values[o] < value and not aside[o] and not old[o] for o in near)),
                float(any(value < values[o] < 4 * value and not aside[o] and not old[o] for o in near)),
                float(any(value < values[o] < 4 * value and old[o] for o in near)),
                float(min(len(standing.get(value, ())), 6)),
                float(any(_taxed(values[o], value) and (net[o] or gross[index]) for o in near)),
                float(any(_taxed(value, values[o]) and (net[index] or gross[o]) for o in near)),
            ]
        )
    return rows


def _beside(dom: Dom, candidate: Candidate) -> str:
    """The texts before and after, as far as they hold no amount of their own and do not announce the next one."""
    first, last = dom.segment_starts[candidate.element], dom.segment_ends[candidate.element]
    before = dom.segments[first - 1][-MAX_WORDS:] if first else ""
    inside = last < dom.segment_ends[max(dom.parents[candidate.element], 0)]
    after = dom.segments[last][:MAX_WORDS] if inside and not dom.segments[last].endswith((":", "：")) else ""
    return f"{_without_amount(before)} \x1f {_without_amount(after)}"


def _without_amount(text: str) -> str:
    return "" if any(character.isdigit() for character in text) else text


def _roles(dom: Dom, element: int) -> int:
    parent = dom.parents[element]
    return roles_of(mark(dom, element)) | (roles_of(mark(dom, parent)) if parent >= 0 else 0)


def _struck(dom: Dom, element: int) -> bool:
    return dom.tags[element] in STRUCK or any(dom.tags[above] in STRUCK for above in dom.ancestors(element, 3))


def _taxed(net: float, gross: float) -> bool:
    """Whether `gross` is `net` with a tax added, as rounded to cents or, of whole amounts, to units."""
    if not net * 1.04 < gross < net * 1.28:
        return False
    tolerance = 0.016 if net != int(net) or gross != int(gross) else 0.75
    return any(abs(net * (1 + rate / 100) - gross) <= tolerance for rate in TAX_RATES)
