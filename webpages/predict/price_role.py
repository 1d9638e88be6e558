"""What a shown price is for: the offer, or another amount that belongs to the product."""

from __future__ import annotations

from trimtab.webpages.features.common import STRUCK
from trimtab.webpages.parse.candidates import Candidate, mark
from trimtab.webpages.parse.contexts import contexts_after
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.words import role_bit, roles_of

MAX_BLOCK = 100
"""Characters of a parent's text that still speak of this price alone."""
_VARIANT_TAGS = frozenset({"option", "label", "select"})
_OTHER_ROLES = ("used", "shipping", "unit", "instalment")


def price_role(reading: Reading, candidate: Candidate) -> str:
    """`offer`, `old`, `variant`, `used`, `shipping`, `unit` or `instalment`."""
    dom, element = reading.dom, candidate.element
    marks = 0
    for current in (element, *dom.ancestors(element, 2)):
        marks |= roles_of(mark(dom, current))
        if dom.tags[current] in _VARIANT_TAGS or dom.attribute(current, "role") in ("radio", "option"):
            return "variant"
        if dom.tags[current] in STRUCK:
            return "old"
    said = contexts_after(_words_around(dom, candidate))
    for role in _OTHER_ROLES:
        if role in said or (role != "used" and marks & role_bit(role)):
            return role
    return "offer"


def _words_around(dom: Dom, candidate: Candidate) -> str:
    """The text of the parent where it is short, else the price with the texts before and after it in the parent."""
    element, parent = candidate.element, dom.parents[candidate.element]
    if parent >= 0 and 0 < dom.text_length(parent) <= MAX_BLOCK:
        return dom.text(parent)[:MAX_BLOCK]
    first, last = dom.segment_starts[element], dom.segment_ends[element]
    block = max(parent, 0)
    before = dom.segments[first - 1][-30:] if first and dom.segment_owners[first - 1] >= block else ""
    is_inside = last < len(dom.segments) and dom.segment_owners[last] < dom.ends[block]
    after = dom.segments[last][:20] if is_inside else ""
    return f"{before} {candidate.text} {after}"
