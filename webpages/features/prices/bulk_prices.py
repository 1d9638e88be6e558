"""Prices of more than one piece: rows of amounts, each after the number of pieces from which it holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.prices import holds_amount

MIN_ROWS = 2
MAX_QUANTITY = 50
_WORD = r"(?:qty|quantity|buy|menge|anzahl|quantité|cantidad|aantal|ilość|antal|quantità)?:?\s*"
_FROM = r"(?:ab|from|od|dès|à partir de|desde|da|vanaf|fra|från|от|від|over|min\.?|≥|>=?)?\s*"
_UP_TO = r"(?:(?:[-–—]|bis|to|à|a|do|до|tot|til)\s*\d[\d., ]*|\+|(?:und|and|or|oder|et|o|y|i) \w+|ou plus)?\s*"
_PIECES = r"(?:stk|stück|stuks?|pcs|pieces?|units?|szt|ks|db|pz|pezzi|pi[eè]ces|unidades|unid|uds|шт|個|件|개)?\.?\s*"
_QUANTITY = re.compile(rf"{_WORD}{_FROM}(?P<n>\d{{1,3}}(?:[., ]\d{{3}})*|\d{{1,6}})\s*{_UP_TO}{_PIECES}[:=×x]?\s*")
"""`10+`, `25 – 99`, `ab 100 Stück`, `Qty 5`."""


def are_bulk(dom: Dom, candidates: Sequence[Candidate], n_repeats: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[n] whether an amount is one of several in rows, each after a number of pieces, and its own is not the least.

    Args:
        n_repeats: [n] sibling blocks that hold such an amount at the same place.
    """
    numbers: dict[int, int] = {}
    for index in np.flatnonzero(n_repeats >= MIN_ROWS).tolist():
        number = _pieces_before(dom, candidates[index])
        if number is not None:
            numbers[index] = number
    found = np.zeros(len(candidates), dtype=bool)
    if len(set(numbers.values())) >= MIN_ROWS:
        least = min(numbers.values())
        found[[index for index, number in numbers.items() if number > least]] = True
    return found


def _pieces_before(dom: Dom, candidate: Candidate) -> int | None:
    first, last = dom.segment_starts[candidate.element], dom.segment_ends[candidate.element]
    own = dom.segments[first] if first < last else ""
    # Where nothing behind it has a digit it is the amount: `87,500` with its currency in a node of its own.
    is_number = not holds_amount(own) and bool(dom.with_digits[first + 1 : last].any())
    before = own if is_number else dom.segments[first - 1] if first else ""
    said = _QUANTITY.fullmatch(before.lower()) if len(before) <= MAX_QUANTITY else None
    return int(re.sub(r"\D", "", said["n"])) if said else None
