"""Ranking losses on padded lists. Masked: what is not labelled (nan) or not there adds nothing."""

from __future__ import annotations

import torch
from torch import Tensor


def softmax_loss(scores: Tensor, gains: Tensor, mask: Tensor) -> Tensor:
    """Listwise softmax cross-entropy (ListNet's top-one, Cao et al. 2007), weighted by gains.

    Args:
        scores, gains: [L, n].
        mask: [L, n] bool, what is labelled.

    Returns:
        Mean over the lists that have a gain above 0; 0 where none has.
    """
    gains = torch.where(mask, gains, torch.zeros_like(gains))
    totals = gains.sum(dim=1)
    log_chances = torch.log_softmax(scores.masked_fill(~mask, -1e9), dim=1)
    per_list = -(gains * log_chances).sum(dim=1) / totals.clamp(min=1e-9)
    has_gain = totals > 0
    return (per_list * has_gain).sum() / has_gain.sum().clamp(min=1)


def pointwise_loss(scores: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy of sigmoid(scores) against values in 0..1; keeps scores on a scale to be calibrated.

    With `softmax_loss` it makes a regression-compatible objective (Bai et al. 2023): one score ranks and regresses.
    """
    values = torch.where(mask, values, torch.zeros_like(values))
    losses = torch.nn.functional.binary_cross_entropy_with_logits(scores, values, reduction="none")
    return (losses * mask).sum() / mask.sum().clamp(min=1)
