"""Amounts that a page's own sums tell apart: a discount between two of them, payments that add up to one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.levels import feature_names
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.contexts import CONTEXT
from trimtab.webpages.parse.dom import Dom

FORMER_COST, SUM_GAIN = 3.0, 1.5
"""What the score of a price is lowered or raised by in log-odds."""
NEAR, FAR = 6, 18
"""Text segments from an amount to the next one beside the same discount, and to payments that add up to it."""
BESIDE = 2
"""Text segments before an amount and behind it that speak of it."""
MAX_TEXT = 60
MIN_PERCENT = 5
MAX_PAYMENTS = 48
CENT, UNIT = 0.006, 0.6
"""What rounding adds to one payment, in cents and in whole units."""
_ASIDE = ("net", "instalment", "unit", "shipping", "coupon", "used", "member", "piece", "deposit")
_PERCENT = re.compile(r"(?<![\d.,])(\d{1,2}) ?%|% ?(\d{1,2})(?![\d.,])")
_TENTHS = re.compile(r"(?<![\d.,])(\d(?:\.\d)?) ?折")
"""What is left of the former amount, in tenths."""
_COUNT = re.compile(r"(?<![\d.,])(\d{1,2})(?![\d.,]\d|\d)")


@dataclass(frozen=True, slots=True)
class _Shown:
    """An amount that a shopper sees; `is_plain` where nothing calls it anything but a price."""

    index: int
    amount: float
    start: int
    end: int
    is_plain: bool


def price_sums(dom: Dom, candidates: Sequence[Candidate], rows: NDArray[np.float32], level: str) -> NDArray[np.float64]:
    """[n] what is added to the score of each price: less for the larger of two amounts beside the discount that leads
    from it to the smaller one, more for what payments beside it add up to."""
    shown = _shown(dom, candidates, rows, level)
    plain = [one for one in shown if one.is_plain]
    found = np.zeros(len(candidates))
    for one, other in pairwise(plain):
        smaller, larger = sorted((one, other), key=lambda price: price.amount)
        if other.start - one.start <= NEAR and _leads_to(dom, larger, smaller):
            found[larger.index] = -FORMER_COST
    for payment in shown:
        sums = [] if payment.is_plain else _sums(dom, payment)
        for price in plain if sums else ():
            is_near = abs(price.start - payment.start) <= FAR
            if is_near and any(abs(total - price.amount) <= tolerance for total, tolerance in sums):
                found[price.index] += SUM_GAIN
    return found


def _shown(dom: Dom, candidates: Sequence[Candidate], rows: NDArray[np.float32], level: str) -> list[_Shown]:
    names = feature_names("price", level)
    is_other = (_are(rows, names, "is_aside") & ~_are_in_block_of_discount(rows, names)) | _are(
        rows, names, "is_disqualified"
    )
    return [
        _Shown(
            index,
            float(candidate.money.amount),
            dom.segment_starts[candidate.element],
            dom.segment_ends[candidate.element],
            not is_other[index],
        )
        for index, candidate in enumerate(candidates)
        if candidate.source == "text" and candidate.money is not None
    ]


def _are(rows: NDArray[np.float32], names: Sequence[str], column: str) -> NDArray[np.bool_]:
    return np.asarray(rows[:, names.index(column)] > 0)


def _are_in_block_of_discount(rows: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether amounts stand aside for no other reason than that what is around them is called a discount: former price
    and current one stand there both."""
    called = ["own_save", *(f"{where}_{name}" for where in ("own", "before") for name in _ASIDE)]
    said = (rows[:, [names.index(name) for name in called]] > 0).any(axis=1)
    return np.asarray(_are(rows, names, "role_save") & ~said & ~_are(rows, names, "is_bulk"))


def _leads_to(dom: Dom, larger: _Shown, smaller: _Shown) -> bool:
    """Whether a text beside two amounts says the discount from one to the other, in per cent."""
    percent = 100 * (1 - smaller.amount / larger.amount)
    if percent < MIN_PERCENT:
        return False
    first, last = sorted((larger.start, smaller.start))
    beside = range(max(0, first - BESIDE), min(len(dom.segments), last + NEAR))
    text = " ".join(dom.segments[index] for index in beside if len(dom.segments[index]) <= MAX_TEXT)
    said = {int(a or b) for a, b in _PERCENT.findall(text)} | {
        round(100 - 10 * float(n)) for n in _TENTHS.findall(text)
    }
    return not said.isdisjoint({int(percent), round(percent)})


def _sums(dom: Dom, payment: _Shown) -> list[tuple[float, float]]:
    """What payments of one amount may add up to, by the numbers beside it, each with what rounding makes of it."""
    near = dom.segments[max(0, payment.start - BESIDE) : payment.end + BESIDE]
    text = " ".join(text for text in near if len(text) <= MAX_TEXT)
    if not CONTEXT["instalment"].search(text.lower()):
        return []
    counts = {n for n in map(int, _COUNT.findall(text)) if 1 < n <= MAX_PAYMENTS}
    return [(n * payment.amount, n * (CENT if payment.amount % 1 else UNIT)) for n in counts]
