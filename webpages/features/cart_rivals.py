"""Controls that put something into a cart, and are by that not the one of this page's product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.offer_area import are_with_other_product
from trimtab.webpages.parse.candidates import Candidate, says_add_to_cart
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.words import CARTS

NEAR = 3
"""Controls between one that buys at once and one that fills the cart."""
SEVERAL = 2
"""Controls of one text from which on they are those of a list of products."""
OF_OTHER_COST, AT_ONCE_COST = 8.0, 6.0
"""What the score of a control is lowered by in log-odds."""


def cart_costs(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """[n] what speaks against each control by its meaning: it is one of several in blocks of other products, or it buys
    at once and one near it puts the same product into the cart."""
    others = np.asarray(are_with_other_product(reading, [candidate.element for candidate in candidates]), dtype=bool)
    n_of_text = Counter(one.text for one, is_other in zip(candidates, others.tolist(), strict=True) if is_other)
    others &= np.asarray([n_of_text[candidate.text] >= SEVERAL for candidate in candidates], dtype=bool)
    says = np.asarray([says_add_to_cart(candidate.text) for candidate in candidates], dtype=bool)
    fills = says & np.asarray([CARTS.search(one.text.lower()) is not None for one in candidates], dtype=bool) & ~others
    is_near = np.zeros(len(candidates), dtype=bool)
    for place in np.flatnonzero(fills).tolist():
        is_near[max(0, place - NEAR) : place + NEAR + 1] = True
    return np.asarray(np.maximum(OF_OTHER_COST * others, AT_ONCE_COST * (says & ~fills & is_near)))
