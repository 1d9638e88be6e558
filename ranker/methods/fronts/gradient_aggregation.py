"""Gradient aggregation by torchjd: the objectives' gradients are combined so that no objective gets worse.

MGDA (Desideri 2012), UPGrad (Quinton & Rey 2024), PCGrad (Yu et al. 2020), Aligned-MTL (Senushkin et al. 2023),
DualProj (Lopez-Paz & Ranzato 2017). They work on the Gramian of the gradients alone. UPGrad and DualProj take a
preference; for the others the preference scales the losses, whose gradients they then reconcile.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torchjd.aggregation import (
    AlignedMTLWeighting,
    DualProjWeighting,
    MGDAWeighting,
    PCGradWeighting,
    UPGradWeighting,
)

from trimtab.ranker.methods.fronts.front import Front
from trimtab.ranker.methods.problem import Problem
from trimtab.ranker.methods.trainer import Rule

Weighting = Callable[[Tensor], Tensor]

WITH_PREFERENCE: dict[str, Callable[[Tensor], Weighting]] = {"upgrad": UPGradWeighting, "dualproj": DualProjWeighting}
WITHOUT_PREFERENCE: dict[str, Callable[[], Weighting]] = {
    "mgda": MGDAWeighting,
    "pcgrad": PCGradWeighting,
    "aligned_mtl": AlignedMTLWeighting,
}
AGGREGATORS = (*WITH_PREFERENCE, *WITHOUT_PREFERENCE)
LEAST_WEIGHT = 0.01
"""A weight of 0 would remove the objective; it gets this weight instead."""


class GradientAggregation(Front):
    """A front by gradient aggregation; arguments as for `Front`, `name` is one of `AGGREGATORS`."""

    def __init__(self, name: str, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.name = name

    def rule(self, data: Problem) -> Rule:
        return AggregationRule(self.name)


class AggregationRule:
    needs_gramians = True

    def __init__(self, name: str) -> None:
        self._name = name

    def coefficients(self, losses: Tensor, preferences: Tensor, gramians: Tensor) -> Tensor:
        lifted = preferences.clamp(min=LEAST_WEIGHT)
        lifted = lifted / lifted.sum(dim=1, keepdim=True)
        rows = []
        for weights, gramian in zip(lifted, gramians, strict=True):
            if self._name in WITH_PREFERENCE:
                rows.append(WITH_PREFERENCE[self._name](weights)(gramian))
            else:
                scaled = gramian * weights[:, None] * weights[None, :]
                rows.append(WITHOUT_PREFERENCE[self._name]()(scaled) * weights * len(weights))
        return torch.stack(rows).to(losses.dtype)
