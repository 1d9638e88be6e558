"""Availability of the product, from what the page states and what it shows beside the name."""

from __future__ import annotations

from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.words import IN_STOCK, OUT_OF_STOCK

BEFORE_NAME, AFTER_NAME = 3, 70
"""Text segments around the name that speak of this product and not of others."""
MAX_NOTICE = 60
_GONE = frozenset({"OutOfStock", "SoldOut", "Discontinued"})
_PER_VARIANT = frozenset({"option", "li", "label", "select"})


def availability_of(reading: Reading, *, offered: bool) -> tuple[str, float, tuple[str, ...]] | None:
    """Availability by schema.org's name, with a confidence and the evidence.

    Args:
        offered: whether an amount was found that may be its price; nothing said about a product on offer means it can
            be had.

    A statement of absence is believed where the page shows no usable add-to-cart control or says so in words: shops
    state the stock of one variant and sell the others.
    """
    stated = reading.structured.values("availability")
    gone_in_words, here_in_words = _notices(reading)
    usable = reading.cart_anchor >= 0 and "disabled" not in reading.dom.attributes[reading.cart_anchor]
    here = [value for value in stated if value not in _GONE]
    if stated and not here:
        if gone_in_words or not usable:
            return stated[0], 0.9 if gone_in_words else 0.7, ("structured",)
        return "InStock", 0.6, ("text",)
    gone = gone_in_words and not usable and not here_in_words
    if here:
        return here[0], 0.6 if gone else 0.95, ("structured",)
    if gone:
        return "OutOfStock", 0.7, ("text",)
    if usable or here_in_words or offered:
        return "InStock", 0.9 if usable else 0.8, ("text",)
    return None


def _notices(reading: Reading) -> tuple[bool, bool]:
    """Whether short texts near the name say that the product is unavailable, and whether that it is available."""
    dom = reading.dom
    centre = dom.segment_starts[reading.name_anchor] if reading.name_anchor >= 0 else 0
    gone = here = False
    for index in range(max(0, centre - BEFORE_NAME), min(len(dom.segments), centre + AFTER_NAME)):
        text, owner = dom.segments[index].lower(), dom.segment_owners[index]
        if len(text) > MAX_NOTICE or _per_variant(reading, owner):
            continue
        if OUT_OF_STOCK.search(text):
            gone = True
        elif IN_STOCK.search(text):
            here = True
    return gone, here


def _per_variant(reading: Reading, element: int) -> bool:
    dom = reading.dom
    for current in (element, *dom.ancestors(element, 4)):
        attributes = dom.attributes[current]
        hidden = "none" in attributes.get("style", "")[:200] and "display" in attributes.get("style", "")
        if (
            dom.tags[current] in _PER_VARIANT
            or hidden
            or "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
        ):
            return True
    return False
