"""Candidates of a page scored level by level, as far as confidence asks for the next level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.carts.cart_rivals import cart_costs
from trimtab.webpages.features.levels import LEVELS, features
from trimtab.webpages.features.prices.price_choices import price_choices
from trimtab.webpages.features.prices.price_sums import price_sums
from trimtab.webpages.parse.candidates import Candidate, image_candidates, price_candidates
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.rendered.layout import Layout
from trimtab.webpages.parse.style import names_taking_away
from trimtab.webpages.predict.decode import Decision, decide_candidates
from trimtab.webpages.predict.model import ElementModel

CONFIDENT_FROM = 0.9
"""From this confidence on the next level is not asked."""
MAX_HIDDEN_HEIGHT = 5
SKIPPED_LEVELS = frozenset({("image", "style")})
"""Not asked after the level before, which alone finds as many elements of these kinds (docs/webpages.md, by level)."""

Renderer = Callable[[Dom], Layout | None]


@dataclass(slots=True)
class Candidates:
    """All candidates of a page by kind; gathered once, scored at each level."""

    by_kind: dict[str, list[Candidate]] = field(default_factory=dict)

    @classmethod
    def of(cls, reading: Reading) -> Candidates:
        dom = reading.dom
        return cls(
            {
                "price": price_candidates(dom, reading.structured, reading.locale),
                "image": image_candidates(dom),
                "name": reading.names,
                "cart": reading.carts,
            }
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen candidate of a kind, its confidence, the level that chose it, and whether statements say otherwise."""

    candidate: Candidate
    confidence: float
    level: str
    dissent: bool = False


@dataclass(slots=True)
class Scorer:
    """Chooses among the candidates of a page.

    Attributes:
        level: the highest level that has given an answer.
    """

    reading: Reading
    candidates: Candidates
    model: ElementModel
    layout: Layout | Renderer | None
    levels: Sequence[str] = LEVELS
    level: str = "text"
    decisions: dict[tuple[str, str], Decision | None] = field(default_factory=dict)
    chosen: dict[str, Choice | None] = field(default_factory=dict)

    def best(self, kind: str) -> Choice | None:
        """The choice at the first level that is confident of it, else at the last one there is."""
        if kind not in self.chosen:
            self.chosen[kind] = self._best(kind)
        return self.chosen[kind]

    def _best(self, kind: str) -> Choice | None:
        found = None
        for level in self.levels:
            if found is not None and (kind, level) in SKIPPED_LEVELS:
                continue
            if level == "layout" and not self._has_layout():
                break
            found = self._choice(kind, level) or found
            if found is None or (found.confidence >= CONFIDENT_FROM and not self._may_be_taken_away(kind, found)):
                break
        if found is not None and LEVELS.index(found.level) > LEVELS.index(self.level):
            self.level = found.level
        return found

    def _may_be_taken_away(self, kind: str, choice: Choice) -> bool:
        """Whether a sheet strikes or hides what is called as a price is that was chosen by its text alone."""
        if kind != "price" or choice.level != "text" or choice.candidate.source != "text":
            return False
        dom, element = self.reading.dom, choice.candidate.element
        line = (element, *dom.ancestors(element, MAX_HIDDEN_HEIGHT))
        called = {name for one in line for name in dom.attribute(one, "class").split()}
        return bool(called) and not called.isdisjoint(names_taking_away(dom))

    def offer(self) -> tuple[NDArray[np.float32], int | None]:
        """Text level rows of the price candidates, and the index of the one with the best price."""
        decision = self._decision("price", "text")
        rows = features(self.reading, "price", self.candidates.by_kind["price"], "text")
        return rows, None if decision is None else decision.index

    def _has_layout(self) -> bool:
        if callable(self.layout):
            self.layout = self.layout(self.reading.dom)
        self.reading.layout = self.layout
        return self.layout is not None

    def _choice(self, kind: str, level: str) -> Choice | None:
        decision = self._decision(kind, level)
        if decision is None:
            return None
        confidence = self.model.confidences[f"{kind}/{level}"](decision.logit, decision.lead, decision.dissent)
        return Choice(self.candidates.by_kind[kind][decision.index], confidence, level, decision.dissent > 0)

    def _decision(self, kind: str, level: str) -> Decision | None:
        if (kind, level) not in self.decisions:
            candidates = self.candidates.by_kind[kind]
            rows = features(self.reading, kind, candidates, level)
            logits = self.model.logits(f"{kind}/{level}", rows)
            if kind == "cart":
                logits = logits - cart_costs(self.reading, candidates)
            if kind == "price":
                dom = self.reading.dom
                logits = logits + price_sums(dom, candidates, rows, level) + price_choices(dom, candidates, rows, level)
            self.decisions[kind, level] = decide_candidates(kind, level, candidates, rows, logits)
        return self.decisions[kind, level]
