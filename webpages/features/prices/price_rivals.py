"""What the other amounts of a page say about a price: an amount that its own words disqualify is not a rival.

Beside a price stand smaller amounts that are not the price: without tax, by instalments, by the kilo, for students,
saved. A price is the smallest of those that could be meant, and the larger one of a pair whose ratio is a tax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.choices import labels_not_chosen
from trimtab.webpages.features.common import STRUCK
from trimtab.webpages.features.prices.bulk_prices import are_bulk
from trimtab.webpages.features.repetition import REPEAT_NAMES, repeats
from trimtab.webpages.parse.candidates import Candidate, mark
from trimtab.webpages.parse.contexts import contexts_after, contexts_in
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import holds_amount
from trimtab.webpages.parse.words import role_bit, roles_of

Ints = NDArray[np.int64]

RIVAL_NAMES = [
    *REPEAT_NAMES, "is_aside", "is_disqualified", "is_unclean", "is_doubtful", "smaller_rival", "larger_rival",
    "larger_old", "n_places", "untaxed_beside", "taxed_beside", "is_bulk",
]  # fmt: skip
NEAR = 8
"""Text segments between amounts that are read together."""
MAX_HEIGHT = 6
"""Elements from an amount up to the label of an option."""
MAX_NEAR = 40
"""At most this number of them is compared with one amount."""
TILES = 3
"""From this number on, blocks of one structure with link and picture are other products."""
MAX_WORDS = 50
MAX_LABEL = 90
"""Characters of a text that may be a label of the amount behind it; a longer one is prose."""
MAX_NODES, MAX_AMOUNT_TEXT = 4, 24
"""Text nodes and characters of an amount that stands before a note on it."""
_LABEL_TAGS = frozenset({"dt", "th", "label", "legend"})
TAX_RATES = (5, 5.5, 6, 7, 7.7, 8, 8.1, 9, 9.5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 25.5,
             27)  # fmt: skip
"""Standard and reduced rates, in per cent, of countries whose shops show prices with and without tax."""
_DISQUALIFYING = frozenset({
    "net", "instalment", "unit", "shipping", "lowest", "threshold", "deposit", "opening", "added",
})  # fmt: skip
_OUTRIGHT = frozenset({"lowest", "deposit", "opening"})
"""What an amount is not taken for by mistake where its own text says so."""
_ASIDE = _DISQUALIFYING | {"coupon", "used", "member", "piece"}
_SIDES = frozenset({"net", "gross", "unit", "instalment"})
_LONGER = frozenset({"lowest", "instalment", "threshold", "unit", "member", "coupon"})
"""What amounts are called with a number: of 30 days, 12 months, 100 g, with 15 % for subscribers or in the cart."""
_CHANGE = re.compile(r"(?:^|(?<!\d)[\s(])[+\-−]\s*\W?\s?\d")
"""What is added or taken off, and not the greatest of a range: `-20 €`, not `10 - 20 €`."""
_SHARE = re.compile(r"(?<=\S)[\s(]*[-−–]\s?\d{1,2}\s?%\)?$")
"""A discount in per cent at the end of an amount's text: `4 241 Ft -15%`."""
_ADDED = re.compile(r"(?:^|[\s(])\+\s?(?:[^\W\d]{1,3}\.?|[^\w\s])?\s?\d")
"""What is paid beside the price: `Leather + € 400`, `+ 2,50 fee`."""
_DISQUALIFYING_ROLES = sum(role_bit(role) for role in ("net", "unit", "instalment", "shipping", "points"))
_ASIDE_ROLES = _DISQUALIFYING_ROLES | role_bit("save")
"""What is called a discount is the sum that is saved as often as the price after it."""
_NET_ROLE, _OLD_ROLE = role_bit("net"), role_bit("old")


def rival_rows(dom: Dom, candidates: Sequence[Candidate], stated_otherwise: Sequence[bool] = ()) -> NDArray[np.float64]:
    """[n, len(RIVAL_NAMES)] columns.

    Args:
        stated_otherwise: [n] whether a candidate's amount is stated to be another price than the current one.
    """
    n = len(candidates)
    starts = np.asarray([dom.segment_starts[candidate.element] for candidate in candidates], dtype=np.int64)
    shown = np.flatnonzero([candidate.source == "text" for candidate in candidates])
    repeated = np.zeros((n, len(REPEAT_NAMES)))
    repeated[shown] = repeats(dom, [candidates[index].element for index in shown.tolist()])
    values = np.asarray([float(candidate.money.amount) if candidate.money else 0.0 for candidate in candidates])
    meanings = [_meaning(dom, candidate) for candidate in candidates]
    aside = _flags(bool(role & _ASIDE_ROLES or said & _ASIDE) or _is_saved(text) for text, said, role in meanings)
    bulk = are_bulk(dom, candidates, repeated[:, 0])
    unchosen = _are_inside(dom, candidates, labels_not_chosen(dom))
    aside |= bulk | unchosen
    net = _flags(bool(role & _NET_ROLE) or "net" in said for _, said, role in meanings)
    gross = _flags("gross" in said for _, said, _ in meanings)
    disqualified = _flags(
        bool(said & _DISQUALIFYING) or bool(role & _DISQUALIFYING_ROLES) for _, said, role in meanings
    )
    hidden = dom.hidden[[candidate.element for candidate in candidates]] if n else np.zeros(0, dtype=bool)
    old = _flags(
        bool(role & _OLD_ROLE) or _struck(dom, candidate.element) or "old" in said
        for candidate, (_, said, role) in zip(candidates, meanings, strict=True)
    )
    tile = repeated[:, 2] >= TILES
    standing: dict[float, set[int]] = {}
    for index in shown[~tile[shown]].tolist():
        standing.setdefault(values[index], set()).add(starts[index])
    n_places = [min(len(standing.get(value, ())), 6) for value in values.tolist()]
    struck = _flags(_struck(dom, candidate.element) for candidate in candidates)
    unseen = hidden.copy()
    hidden[[candidate.source != "text" for candidate in candidates]] = False  # what is stated is not meant to be seen
    one, other = _near(starts, shown, values)
    value, beside, is_rival = values[one], values[other], ~aside & ~old & ~hidden
    is_smaller, is_larger = (value / 4 < beside) & (beside < value), (value < beside) & (beside < 4 * value)
    member = _flags("member" in said for _, said, _ in meanings)
    pairs = [
        is_smaller & is_rival[other],
        is_larger & (is_rival[other] | (member[one] & old[other] & ~struck[other] & ~hidden[other])),
        is_larger & old[other] & ~member[one],
        are_taxed(beside, value) & (net[other] | (gross[one] & ~gross[other] & ~old[one])),
        are_taxed(value, beside) & (net[one] | (gross[other] & ~gross[one] & ~old[other])),
    ]
    smaller, larger, larger_old, untaxed, taxed = (np.bincount(one[holds], minlength=n) > 0 for holds in pairs)
    # What is called the former price is one where a smaller amount stands beside it, and a member's or that of used
    # goods or of several pieces where a larger one.
    outright = _flags(bool(contexts_in(text) & _OUTRIGHT) for text, _, _ in meanings)
    former = struck | unseen | outright | (old & smaller) | np.asarray([*stated_otherwise] or [False] * n)
    used = _flags("used" in contexts_in(text) for text, _, _ in meanings)
    pieces = _flags("piece" in said for _, said, _ in meanings)
    disqualified |= (old & smaller) | ((member | used | pieces) & larger) | unchosen
    unclean, doubtful = _never_clean(values, shown, former), _never_clean(values, shown, former | disqualified)
    columns = [aside, disqualified, unclean, doubtful, smaller, larger, larger_old, n_places, untaxed, taxed, bulk]
    return np.column_stack([repeated, *map(np.asarray, columns)])


def _is_saved(text: str) -> bool:
    """Whether an amount's own text says that it is taken off or added; a share of a hundred behind it says how much it
    is lowered."""
    text = _SHARE.sub("", text)
    return _CHANGE.search(text) is not None or "save" in contexts_in(text)


def _never_clean(
    values: NDArray[np.float64], shown: NDArray[np.int64], is_other: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether an amount is shown, and wherever it is shown it is struck, hidden or called something else: who states
    it as the price is wrong."""
    clean = values[shown[~is_other[shown]]]
    return np.isin(values, values[shown]) & ~np.isin(values, clean)


def _meaning(dom: Dom, candidate: Candidate) -> tuple[str, frozenset[str], int]:
    """The text, what it and the texts beside it say, and the roles of its names; nothing of what is not shown."""
    if candidate.source != "text":
        return "", frozenset(), 0
    before, after = _beside(dom, candidate)
    said = contexts_in(f"{candidate.text} {before}") | contexts_after(after)
    if _ADDED.search(f" {before[-1:]}{candidate.text}"):
        said |= {"added"}
    return candidate.text, said, _roles(dom, candidate.element)


def _are_inside(dom: Dom, candidates: Sequence[Candidate], blocks: frozenset[int]) -> NDArray[np.bool_]:
    found = (
        bool(blocks) and not blocks.isdisjoint((one.element, *dom.ancestors(one.element, MAX_HEIGHT)))
        for one in candidates
    )
    return _flags(found)


def _flags(values: Iterable[bool]) -> NDArray[np.bool_]:
    return np.fromiter(values, dtype=np.bool_)


def _near(starts: NDArray[np.int64], shown: NDArray[np.int64], values: NDArray[np.float64]) -> tuple[Ints, Ints]:
    """Pairs of a candidate and a shown one of another value near it, at most `MAX_NEAR` of each candidate.

    Args:
        starts: [n] text segment each candidate begins with.
        shown: [m] those that can be seen, in document order.
    """
    places = starts[shown]
    low, high = np.searchsorted(places, starts - NEAR, "left"), np.searchsorted(places, starts + NEAR, "right")
    one = np.repeat(np.arange(len(starts)), high - low)
    other = shown[np.arange(len(one)) - np.searchsorted(one, one) + low[one]]
    differ = values[one] != values[other]
    one, other = one[differ], other[differ]
    first = np.arange(len(one)) - np.searchsorted(one, one) < MAX_NEAR
    return one[first], other[first]


def _beside(dom: Dom, candidate: Candidate) -> tuple[str, str]:
    """The texts before and after, as far as they hold no amount of their own and do not announce the next one."""
    first, last = dom.segment_starts[candidate.element], dom.segment_ends[candidate.element]
    before = dom.segments[first - 1] if first and not is_of_other_amount(dom, first - 1, candidate.element) else ""
    before = before[-MAX_WORDS:] if len(before) <= MAX_LABEL else ""
    behind_other = first > 1 and _may_be_amount(dom, first - 2) and not before.endswith((":", "："))
    inside = last < dom.segment_ends[max(dom.parents[candidate.element], 0)] and not _announces(dom, last)
    inside = inside and not _is_of_next_amount(dom, last, candidate.element)
    after = dom.segments[last][:MAX_WORDS] if inside else ""
    if behind_other and contexts_in(f"{candidate.text} {after}") & _SIDES:
        before = ""  # `100 € excl. VAT 121 € incl. VAT`: each is followed by its own words
    return _without_amount(before), _without_amount(after)


def _may_be_amount(dom: Dom, segment: int) -> bool:
    """Whether a text is an amount, or a number without words: its currency may stand in another node."""
    text = dom.segments[segment]
    return bool(dom.with_digits[segment]) and (holds_amount(text) or not any(map(str.isalpha, text)))


def is_of_other_amount(dom: Dom, segment: int, element: int) -> bool:
    """Whether a text before an element stands in a block with an amount of its own, which the element is not in."""
    block = dom.segment_owners[segment]
    while dom.parents[block] >= 0 and not dom.parents[block] <= element < dom.ends[dom.parents[block]]:
        block = dom.parents[block]
    if block <= element < dom.ends[block]:
        return False
    first = max(dom.segment_starts[block], segment - MAX_NODES)
    just_before = " ".join(dom.segments[first:segment]) if dom.with_digits[first:segment].any() else ""
    return len(just_before) <= MAX_AMOUNT_TEXT and holds_amount(just_before)


def _announces(dom: Dom, segment: int) -> bool:
    """Whether a text is the label of what follows it."""
    return dom.tags[dom.segment_owners[segment]] in _LABEL_TAGS or dom.segments[segment].endswith((":", "："))


def _is_of_next_amount(dom: Dom, segment: int, element: int) -> bool:
    """Whether a text behind an element stands in a block that the element is not in, before an amount of that block:
    `1.899 TL <div>-10 % in the cart <b>1.709 TL</b></div>`."""
    owner = dom.segment_owners[segment]
    if owner <= element < dom.ends[owner]:
        return False
    following = dom.segments[segment + 1 : min(dom.segment_ends[owner], segment + 1 + MAX_NODES)]
    return holds_amount(" ".join(following)[:MAX_AMOUNT_TEXT])


def _without_amount(text: str) -> str:
    """The text where it holds no amount of its own; `30` in `lowest price of 30 days` is none."""
    has_digits = any(character.isdigit() for character in text)
    return "" if has_digits and (holds_amount(text) or not contexts_in(text) & _LONGER) else text


def _roles(dom: Dom, element: int) -> int:
    parent = dom.parents[element]
    return roles_of(mark(dom, element)) | (roles_of(mark(dom, parent)) if parent >= 0 else 0)


def _struck(dom: Dom, element: int) -> bool:
    return dom.tags[element] in STRUCK or any(dom.tags[above] in STRUCK for above in dom.ancestors(element, 3))


def are_taxed(net: NDArray[np.float64], gross: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether `gross` is `net` with a tax added, as rounded to cents or, of whole amounts, to units."""
    found = (net * 1.04 < gross) & (gross < net * 1.28)
    some_net, some_gross = net[found], gross[found]
    has_cents = (some_net != np.floor(some_net)) | (some_gross != np.floor(some_gross))
    tolerance = np.where(has_cents, 0.016, 0.75)
    missed = np.abs(some_net[:, None] * (1 + np.asarray(TAX_RATES) / 100) - some_gross[:, None])
    found[found] = (missed <= tolerance[:, None]).any(axis=1)
    return found
