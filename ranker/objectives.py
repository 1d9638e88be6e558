"""The heads that are predicted for an item, and the objectives made of them.

A head is a calibrated prediction; an objective is a head times a value, an expression over what is known of the item at
request time (`trimtab.ranker.expressions`). The served score divides each objective by its population range, frozen in
the artefact: `utility(x) = sum_m w_m * gain_m(x) / range_m`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from trimtab.catalog.shop import EMPTY, Shop

HEADS = ("relevance", "click", "cart", "purchase")
"""What a model may predict: expected relevance gain (scaled to 0..1 by the largest gain), chances of a click, of a cart
and of a purchase."""
NO_HEAD = "none"
"""The head of an objective that predicts nothing: the gain is the value."""

LENDERS = {
    "click": ("relevance",),
    "cart": ("purchase", "click", "relevance"),
    "purchase": ("cart", "click", "relevance"),
}
"""Head -> heads that it is taken to be proportional to where nothing says how often it happens, the nearest first."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of items.

    Attributes:
        name: as in `w_<name>`.
        head: one of `HEADS`, or `NO_HEAD`; in studies of other data any name of a label.
        value: expression that the head is multiplied by.
        unit: of a gain, for people.
        label: for people; the name where empty.
    """

    name: str
    head: str
    value: str = "1"
    unit: str = ""
    label: str = ""


RELEVANCE = Objective("relevance", "relevance", unit="gain of the best grade")
REVENUE = Objective("revenue", "purchase", "price", unit="currency")


def objectives_of(shop: Shop = EMPTY, *, has_prices: bool) -> tuple[Objective, ...]:
    """Relevance, revenue where there are prices, and the shop's own, which may say otherwise what revenue is."""
    own = {
        name: Objective(name, section.head, section.value, section.unit, section.label or "")
        for name, section in shop.objectives.items()
    }
    built_in = (RELEVANCE, REVENUE) if has_prices else (RELEVANCE,)
    return (*(own.pop(one.name, one) for one in built_in), *own.values())


def heads_of(objectives: Sequence[Objective]) -> tuple[str, ...]:
    """The heads that objectives need, relevance always, in the order of `HEADS`."""
    needed = {RELEVANCE.head, *(one.head for one in objectives)}
    return tuple(head for head in HEADS if head in needed)


def lender_of(head: str, learned: Collection[str]) -> str:
    """The learned head that stands for one that may not be."""
    if head in learned:
        return head
    return next(lender for lender in LENDERS[head] if lender in learned)
