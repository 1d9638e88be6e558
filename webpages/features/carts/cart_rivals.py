"""Controls that put something into a cart, and are by that not the one of this page's product."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.hiding import is_hidden
from trimtab.webpages.features.offer_area import are_with_other_product
from trimtab.webpages.parse.candidates import MAX_ADDRESS, Candidate, says_add_to_cart
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.words import CARTS, has_role

NEAR = 3
"""Controls between one that buys at once and one that fills the cart."""
SEVERAL = 2
"""Controls of one text from which on they are those of a list of products."""
ELSEWHERE_COST, AT_ONCE_COST = 8.0, 6.0
"""What the score of a control is lowered by in log-odds."""
_CHOSEN = re.compile(r"[?=\d]")
"""What an address has that says what to put into a cart."""


def cart_costs(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """[n] what speaks against each control by its meaning: it is one of several in blocks of other products, or leads
    to the cart; or it buys at once and one near it puts the same product into the cart."""
    is_out = _are_elsewhere(reading, candidates)
    says = _flags(says_add_to_cart(candidate.text) for candidate in candidates)
    fills = says & _flags(CARTS.search(one.text.lower()) is not None for one in candidates) & ~is_out
    is_near = np.zeros(len(candidates), dtype=bool)
    for place in np.flatnonzero(fills).tolist():
        is_near[max(0, place - NEAR) : place + NEAR + 1] = True
    return np.asarray(np.maximum(ELSEWHERE_COST * is_out, AT_ONCE_COST * (says & ~fills & is_near)))


def is_of_elsewhere(reading: Reading, chosen: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Whether a control is another product's, leads away or is not shown: of a product that is sold out, none is its.

    Args:
        candidates: all controls of the page.
    """
    is_elsewhere = _are_elsewhere(reading, candidates)[candidates.index(chosen)]
    return bool(is_elsewhere) or is_hidden(reading.dom, chosen.element)


def _are_elsewhere(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.bool_]:
    others = np.asarray(are_with_other_product(reading, [candidate.element for candidate in candidates]), dtype=bool)
    n_of_text = Counter(one.text for one, is_other in zip(candidates, others.tolist(), strict=True) if is_other)
    others &= _flags(n_of_text[candidate.text] >= SEVERAL for candidate in candidates)
    leads_away = (
        not says_add_to_cart(candidate.text) and _leads_away(reading.dom, candidate.element) for candidate in candidates
    )
    return others | _flags(leads_away)


def _flags(values: Iterable[bool]) -> NDArray[np.bool_]:
    return np.fromiter(values, dtype=bool)


def _leads_away(dom: Dom, element: int) -> bool:
    """Whether an element is a link to another page, and not one whose address puts something into a cart."""
    address = dom.attribute(element, "href").strip().lower()[:MAX_ADDRESS]
    if dom.tags[element] != "a" or not address or address.startswith(("#", "javascript:")):
        return False
    return not (has_role(address, "cart") and _CHOSEN.search(address))
