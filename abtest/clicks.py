"""How a shopper reads a page: what is examined, clicked and bought.

Appeal is the chance that a shopper who examines an item clicks it, closeness to a wish the chance that a clicked item
is bought; both come from `abtest.world`. Reading is downwards: what happens at a position may depend on the items above
it and never on those below, which is what cascade estimators rest on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abtest.estimators import Floats

Flags = NDArray[np.bool_]

N_DRAWS = 3
"""Random numbers used a position: examination, click, purchase."""


@dataclass(frozen=True, slots=True)
class PositionBased:
    """Position-based model: a position is examined with `(1 + position) ** -decay`, whatever stands there
    (Richardson et al. 2007; Craswell et al. 2008).

    Attributes:
        decay: 0 reads everything; clicks on the first pages of web search fit values near 1.
        noise: chance of a click on an examined item that appeals to nobody.
    """

    decay: float = 0.6
    noise: float = 0.01

    def examination(self, k: int) -> Floats:
        """[k] chance that each position is examined."""
        return np.asarray((1.0 + np.arange(k)) ** -self.decay, dtype=np.float64)

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
        examined = uniforms[:, :, 0] < self.examination(appeal.shape[1])
        clicks = examined & (wanted | (uniforms[:, :, 1] < np.maximum(appeal, self.noise)))
        tempting = clicks & (uniforms[:, :, 2] < closeness)
        purchases = np.zeros_like(clicks)
        found = np.zeros(len(clicks), dtype=bool)
        for position in range(clicks.shape[1]):
            bought = clicks[:, position] & (wanted[:, position] | (tempting[:, position] & ~found))
            purchases[:, position] = bought
            found |= bought
        return clicks, purchases
