"""How a shopper reads a page: what is examined, clicked and bought.

Appeal is the chance that a shopper who examines an item clicks it, closeness to a wish the chance that a clicked item
is bought; both come from `abtest.simulation.world`. Reading is downwards: what happens at a position may depend on the
items above it and never on those below, which is what cascade estimators rest on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.abtest.ope.estimators import Floats

Flags = NDArray[np.bool_]

N_DRAWS = 3
"""Random numbers used a position: examination, click, purchase."""


class ClickModel(Protocol):
    """A way of reading a page."""

    def browse(
        self, appeal: Floats, closeness: Floats, wanted: Flags, uniforms: NDArray[np.floating]
    ) -> tuple[Flags, Flags]:
        """Clicks and purchases on slates.

        What was wanted is clicked and bought wherever it is examined. Something else is bought only while nothing has
        been: a shopper who has found something takes no substitute further down.

        Args:
            appeal: [n, k] chance of a click on an examined item.
            closeness: [n, k] chance that a clicked substitute is bought.
            wanted: [n, k] the items the shopper came for.
            uniforms: [n, k, N_DRAWS] in [0, 1).

        Returns:
            clicks, purchases [n, k] bool.
        """
        ...


@dataclass(frozen=True, slots=True)
class PositionBased:
    """Position-based model: a position is examined with `(1 + position) ** -decay`, whatever stands there
    (Richardson et al. 2007; Craswell et al. 2008).

    Attributes:
        decay: 0 reads everything; clicks on the first pages of web search fit values near 1.
        noise: chance of a click on an examined item that appeals to nobody.
        trust: the same at the top only, fading as examination does: what stands first is clicked because it stands
            first (trust bias, Agarwal et al. 2019).
    """

    decay: float = 0.6
    noise: float = 0.01
    trust: float = 0.0

    def examination(self, k: int) -> Floats:
        """[k] chance that each position is examined."""
        return np.asarray((1.0 + np.arange(k)) ** -self.decay, dtype=np.float64)

    def browse(
        self, appeal: Floats, closeness: Floats, wanted: Flags, uniforms: NDArray[np.floating]
    ) -> tuple[Flags, Flags]:
        examination = self.examination(appeal.shape[1])
        examined = uniforms[:, :, 0] < examination
        tempted = uniforms[:, :, 1] < np.maximum(appeal, self.noise + self.trust * examination)
        clicks = examined & (wanted | tempted)
        tempting = clicks & (uniforms[:, :, 2] < closeness)
        purchases = np.zeros_like(clicks)
        found = np.zeros(len(clicks), dtype=bool)
        for position in range(clicks.shape[1]):
            bought = clicks[:, position] & (wanted[:, position] | (tempting[:, position] & ~found))
            purchases[:, position] = bought
            found |= bought
        return clicks, purchases


@dataclass(frozen=True, slots=True)
class DynamicBayesian:
    """Dynamic Bayesian network: read from the top, on to the next with `perseverance`, until something is bought
    (Chapelle & Zhang 2009, a purchase being what satisfies).

    Attributes:
        perseverance: chance to read on after a position that did not end the search.
        stops_at_click: end at the first click instead, bought or not: the cascade model (Craswell et al. 2008).
        noise: chance of a click on an examined item that appeals to nobody.
    """

    perseverance: float = 0.9
    stops_at_click: bool = False
    noise: float = 0.01

    def browse(
        self, appeal: Floats, closeness: Floats, wanted: Flags, uniforms: NDArray[np.floating]
    ) -> tuple[Flags, Flags]:
        clicks = np.zeros(appeal.shape, dtype=bool)
        purchases = np.zeros_like(clicks)
        reading = np.ones(len(clicks), dtype=bool)
        for position in range(appeal.shape[1]):
            draws = uniforms[:, position]
            if position > 0:
                reading &= draws[:, 0] < self.perseverance
            tempted = draws[:, 1] < np.maximum(appeal[:, position], self.noise)
            clicked = reading & (wanted[:, position] | tempted)
            bought = clicked & (wanted[:, position] | (draws[:, 2] < closeness[:, position]))
            clicks[:, position], purchases[:, position] = clicked, bought
            reading &= ~(clicked if self.stops_at_click else bought)
        return clicks, purchases


CLICK_MODELS: dict[str, ClickModel] = {
    "position": PositionBased(),
    "trust": PositionBased(trust=0.15),
    "cascade": DynamicBayesian(perseverance=1.0, stops_at_click=True),
    "dbn": DynamicBayesian(),
}
"""By the names the command line takes."""
