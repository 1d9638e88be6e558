"""The heads that are predicted for an item, and the objectives made of them.

A head is a calibrated prediction; an objective is a head, or a head times the price known at request time. The served
score divides each objective by its population range, frozen in the artefact:
`utility(x) = sum_m w_m * gain_m(x) / range_m`.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADS = ("relevance", "purchase")
"""Outputs of a model: expected relevance gain (scaled to 0..1 by the largest gain), chance of a purchase."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of items.

    Attributes:
        name: as in `w_<name>`.
        head: index into `HEADS`.
        times_price: multiply the head by the item's price.
        unit: of a gain, for people.
    """

    name: str
    head: int
    times_price: bool
    unit: str


RELEVANCE = Objective("relevance", head=0, times_price=False, unit="gain of the best grade")
REVENUE = Objective("revenue", head=1, times_price=True, unit="currency")


def objectives_of(*, has_prices: bool) -> tuple[Objective, ...]:
    """The objectives that a catalogue supports; revenue needs prices."""
    return (RELEVANCE, REVENUE) if has_prices else (RELEVANCE,)
