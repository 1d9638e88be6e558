"""Availability of the product: whether it can be had is one decision, schema.org's name of it another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.webpages.features.availability import GONE, Sight, availability_row, sight_of
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.predict.model import ElementModel

ABSTAIN_BELOW = 0.55
"""Below it what is stated and what is shown contradict each other, and neither convinces."""
_NAMES = (("preorder", "PreOrder"), ("backorder", "BackOrder"))


@dataclass(frozen=True, slots=True)
class Availability:
    """schema.org's name, the chance that it is right, what spoke for it, and the element that said so, -1 for none."""

    value: str
    confidence: float
    evidence: tuple[str, ...]
    element: int

    @property
    def is_gone(self) -> bool:
        return self.value in GONE


def availability_of(reading: Reading, model: ElementModel, prices: Sequence[Candidate]) -> Availability | None:
    """Availability of a page's product; None where nothing convinces.

    Args:
        prices: all candidates for the price.
    """
    sight = sight_of(reading, prices)
    chance = model.chance_available(availability_row(sight))
    confidence = max(chance, 1 - chance)
    if confidence < ABSTAIN_BELOW:
        return None
    value = _name_of(sight, is_here=chance >= 0.5)
    is_stated = value in (*sight.stated_here, *sight.stated_gone)
    is_shown = bool(sight.controls or sight.notices or sight.classes)
    evidence = (*(("structured",) if is_stated else ()), *(("text",) if is_shown or not is_stated else ()))
    return Availability(value, confidence, evidence, sight.element if value in GONE else -1)


def _name_of(sight: Sight, *, is_here: bool) -> str:
    if not is_here:
        return sight.stated_gone[0] if sight.stated_gone else "OutOfStock"
    if sight.stated_here:
        return sight.stated_here[0]
    said = {*sight.controls, *sight.notices}
    return next((name for state, name in _NAMES if state in said), "InStock")
