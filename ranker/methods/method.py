"""The interface of a method, so that one study compares them all."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trimtab.ranker.methods.problem import Inputs, Problem
from trimtab.ranker.model import ServedRanker

Floats = NDArray[np.float64]


class Method(Protocol):
    """A method that trades objectives against each other.

    Attributes:
        name: as in `trimtab compare --methods` and `trimtab build --method`.
        steerable: one fitted model follows any weights at request time; otherwise there is a model for each preference,
            and `score` takes the nearest.
    """

    name: str
    steerable: bool

    def fit(self, data: Problem, preferences: Floats) -> None:
        """Learn from lists.

        Args:
            data: training lists.
            preferences: [P, M] weights on the simplex; the models to fit, for a method that is not steerable.

        Raises:
            BadInput: see `check_problem` and `check_preferences`.
        """
        ...

    def score(self, x: Inputs, mask: Tensor, weights: Floats) -> Tensor:
        """[L, n] scores at weights [M] on the simplex; what is under `mask` counts, the rest is arbitrary."""
        ...

    def predict(self, x: Inputs, mask: Tensor) -> Tensor | None:
        """[L, n, M] calibrated gains, where the method has them."""
        ...

    def export(self) -> ServedRanker:
        """The module that is served.

        Raises:
            BadInput: the method is not steerable, or its objectives are not those of a bundle.
        """
        ...
