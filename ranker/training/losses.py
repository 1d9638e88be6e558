"""Ranking losses on padded lists; items without a label and padding are masked and add nothing."""

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


def gain_cross_entropy(scores: Tensor, gains: Tensor, mask: Tensor) -> Tensor:
    """Softmax cross-entropy of several scorings against several gains, not normalised by list.

    Linear in the gains, so the loss of a weighted sum of gains is the weighted sum of their losses; its minimum ranks
    by expected gain, and a list counts by its total gain, as in un-normalised DCG.

    Args:
        scores: [P, L, n].
        gains: [L, n, M], 0 outside the mask.
        mask: [L, n] bool.

    Returns:
        [P, M] mean over lists.
    """
    log_chances = torch.log_softmax(scores.masked_fill(~mask, -1e9), dim=2)
    return -torch.einsum("pln,lnm->pm", log_chances, gains) / max(len(gains), 1)


def soft_alpha_dcg(scores: Tensor, aspects: Tensor, mask: Tensor, *, temperature: float = 1.0) -> Tensor:
    """A differentiable `core.diversity.slate_diversity` of whole lists, 1 where every order is as diverse as can be.

    The repeats of an aspect above an item, and its rank, are sums of sigmoids of score differences (Qin, Liu & Li
    2010; for diversity Yan et al. 2021). Unlike the slate stage it depends on the items only through their scores.

    Args:
        scores: [L, n].
        aspects: [L, n, A] codes, -1 unknown.
        mask: [L, n] bool.

    Returns:
        mean over lists of the discounted novelty over that of a list without repeats.
    """
    both = mask[:, :, None] & mask[:, None, :] & ~torch.eye(scores.shape[1], dtype=torch.bool)
    above = torch.sigmoid((scores[:, None, :] - scores[:, :, None]) / temperature) * both
    same = (aspects[:, :, None, :] == aspects[:, None, :, :]) & (aspects[:, :, None, :] >= 0)
    repeats = (above.unsqueeze(3) * same).sum(dim=2)
    novelty = torch.exp2(-repeats).mean(dim=2)
    discount = mask / torch.log2(2.0 + above.sum(dim=2))
    return ((novelty * discount).sum(dim=1) / discount.sum(dim=1).clamp(min=1e-9)).mean()
