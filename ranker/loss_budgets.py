"""Loss budgets that hold for what shoppers get, and not only for what the ranker predicts.

`max_relevance_loss` bounds the predicted relevance that a slate gives up. Predictions err, and a slate is chosen by
them, so what is truly given up may be more. A bundle therefore says, for each objective that relevance may be traded
for, which predicted loss to allow so that the true one stays within what was asked for, with a stated confidence; see
`trimtab.ranker.training.loss_budgets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class LossBudgets:
    """The predicted loss of relevance to allow for a true one.

    Attributes:
        asked: rising true losses, shares of the best slate's relevance.
        predicted: objective that relevance is traded for -> the predicted loss to allow for each loss of `asked`.
        confidence: chance, over the lists they were fitted on, that the true mean loss stays within `asked`.
        n_lists: how many lists they were fitted on.
    """

    asked: tuple[float, ...]
    predicted: Mapping[str, tuple[float, ...]]
    confidence: float
    n_lists: int

    def predicted_for(self, loss: float, weights: Mapping[str, float]) -> float:
        """The predicted loss to allow: the strictest of the objectives that have a weight.

        Between the losses that were fitted it is on a line; beyond the largest it grows in proportion.
        """
        allowed = [loss]
        for name, predicted in self.predicted.items():
            if weights.get(name, 0.0) > 0:
                beyond = max(loss / self.asked[-1], 1.0)
                found = np.interp(loss, (0.0, *self.asked), (0.0, *predicted))
                allowed.append(float(found) * beyond)
        return min(allowed)

    def as_dict(self) -> dict[str, Any]:
        return {
            "asked": list(self.asked),
            "predicted": {name: list(losses) for name, losses in self.predicted.items()},
            "confidence": self.confidence,
            "n_lists": self.n_lists,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> LossBudgets:
        """Read what `as_dict` wrote."""
        predicted = {name: tuple(losses) for name, losses in plain["predicted"].items()}
        return cls(tuple(plain["asked"]), predicted, float(plain["confidence"]), int(plain["n_lists"]))
