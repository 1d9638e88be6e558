"""Label aggregation and stochastic label aggregation (Carmel, Haramaty, Lazerson & Lewin-Eytan, WWW 2020).

Aggregation learns one ranking of a combined label. The combined label is not the combined loss as soon as a loss is
not linear in its labels: here each list is normalised by its total, as ListNet is.
Stochastic aggregation draws one objective for each list and step with the preference as its chance.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trimtab.ranker.methods.fronts.front import Front
from trimtab.ranker.methods.trainer import Batch, Losses


class LabelAggregation(Front):
    """One label for each preference: the weighted mean of the objectives' gains, each list normalised by its sum."""

    name = "label_aggregation"

    def losses(self) -> Losses:
        return _aggregated_losses


class StochasticLabelAggregation(Front):
    """One label for each list and step, that of an objective drawn by preference."""

    name = "stochastic_label_aggregation"

    def losses(self) -> Losses:
        return _drawn_losses


def _aggregated_losses(scores: Tensor, batch: Batch, preferences: Tensor) -> Tensor:
    """[P, M]; the loss of preference p is split evenly, so that coefficients which sum to 1 give it back."""
    labels = torch.einsum("pm,lnm->pln", preferences, batch.gains)
    labels = labels / labels.sum(dim=2, keepdim=True).clamp(min=1e-9)
    log_chances = torch.log_softmax(scores.masked_fill(~batch.mask, -1e9), dim=2)
    losses = -(labels * log_chances).sum(dim=(1, 2)) / len(batch.gains)
    return losses[:, None].expand(-1, preferences.shape[1])


def _drawn_losses(scores: Tensor, batch: Batch, preferences: Tensor) -> Tensor:
    drawn = torch.multinomial(preferences, len(batch.gains), replacement=True)
    chosen = torch.nn.functional.one_hot(drawn, preferences.shape[1]).to(scores.dtype)
    labels = torch.einsum("plm,lnm->pln", chosen, batch.gains)
    log_chances = torch.log_softmax(scores.masked_fill(~batch.mask, -1e9), dim=2)
    losses = -(labels * log_chances).sum(dim=(1, 2)) / len(batch.gains)
    return losses[:, None].expand(-1, preferences.shape[1])
