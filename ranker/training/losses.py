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

    >>> import torch
    >>> from trimtab.ranker import softmax_loss
    >>> scores, gains = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    >>> round(softmax_loss(scores, gains, torch.ones(1, 2, dtype=torch.bool)).item(), 3)
    0.693
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

    >>> import torch
    >>> from trimtab.ranker import pointwise_loss
    >>> scores, values = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    >>> round(pointwise_loss(scores, values, torch.ones(1, 2, dtype=torch.bool)).item(), 3)
    0.693
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

    >>> import torch
    >>> from trimtab.ranker import gain_cross_entropy
    >>> scores, gains = torch.zeros(1, 1, 2), torch.tensor([[[1.0], [0.0]]])
    >>> round(gain_cross_entropy(scores, gains, torch.ones(1, 2, dtype=torch.bool)).item(), 3)
    0.693
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

    >>> import torch
    >>> from trimtab.ranker import soft_alpha_dcg
    >>> brands = torch.tensor([[[1], [2]]])
    >>> round(soft_alpha_dcg(torch.tensor([[1.0, 0.0]]), brands, torch.ones(1, 2, dtype=torch.bool)).item(), 3)
    1.0
    """
    both = mask[:, :, None] & mask[:, None, :] & ~torch.eye(scores.shape[1], dtype=torch.bool)
    above = torch.sigmoid((scores[:, None, :] - scores[:, :, None]) / temperature) * both
    same = (aspects[:, :, None, :] == aspects[:, None, :, :]) & (aspects[:, :, None, :] >= 0)
    repeats = (above.unsqueeze(3) * same).sum(dim=2)
    novelty = torch.exp2(-repeats).mean(dim=2)
    discount = mask / torch.log2(2.0 + above.sum(dim=2))
    return ((novelty * discount).sum(dim=1) / discount.sum(dim=1).clamp(min=1e-9)).mean()


def lambda_loss(scores: Tensor, grades: Tensor, mask: Tensor) -> Tensor:
    """LambdaLoss for DCG (NDCG-Loss2; Wang et al., CIKM 2018): logistic loss of pairs, by what a swap moves.

    A pair's weight is `|gain_i - gain_j| * |D(|r_i - r_j|) - D(|r_i - r_j| + 1)|`, times the list's padded length.

    Args:
        scores, grades: [L, n]; gain `2^grade - 1`.
        mask: [L, n] bool.

    Returns:
        Sum over the pairs of all lists whose grades differ.

    >>> import torch
    >>> from trimtab.ranker import lambda_loss
    >>> grades, everything = torch.tensor([[2.0, 0.0]]), torch.ones(1, 2, dtype=torch.bool)
    >>> right, tied = torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)
    >>> bool(lambda_loss(right, grades, everything) < lambda_loss(tied, grades, everything))
    True
    """
    n = scores.shape[1]
    order = torch.argsort(scores.detach().masked_fill(~mask, -float("inf")), dim=1, descending=True, stable=True)
    ranks = torch.argsort(order, dim=1).to(scores.dtype) + 1
    distance = (ranks[:, :, None] - ranks[:, None, :]).abs()
    discount = (_discount(distance.clamp(min=1)) - _discount(distance.clamp(min=1) + 1)).abs()
    gains = torch.exp2(grades) - 1
    weight = (gains[:, :, None] - gains[:, None, :]).abs() * discount * n
    better = (grades[:, :, None] > grades[:, None, :]) & mask[:, :, None] & mask[:, None, :]
    losses = torch.nn.functional.softplus(-(scores[:, :, None] - scores[:, None, :]))
    return (losses * weight * better).sum()


def approx_ndcg_loss(scores: Tensor, grades: Tensor, mask: Tensor, *, temperature: float = 1.0) -> Tensor:
    """[L] ApproxNDCG (Qin, Liu & Li 2010), negated; 0 for a list without a relevant item.

    >>> import torch
    >>> from trimtab.ranker import approx_ndcg_loss
    >>> scores, grades = torch.tensor([[9.0, 0.0]]), torch.tensor([[1.0, 0.0]])
    >>> round(approx_ndcg_loss(scores, grades, torch.ones(1, 2, dtype=torch.bool)).item(), 3)
    -1.0
    """
    ranks = approximate_ranks(scores, mask, temperature=temperature)
    gains = (torch.exp2(grades) - 1) * mask
    best = torch.sort(gains, dim=1, descending=True).values
    places = torch.arange(1, scores.shape[1] + 1, dtype=scores.dtype)
    ideal = (best * _discount(places)).sum(dim=1)
    reached = (gains * _discount(ranks)).sum(dim=1)
    return -torch.where(ideal > 0, reached / ideal.clamp(min=1e-9), torch.zeros_like(ideal))


def regression_compatible_loss(scores: Tensor, values: Tensor, mask: Tensor, *, listwise_share: float = 0.5) -> Tensor:
    """Regression-compatible ranking (Bai et al., CIKM 2023): one score ranks and is the logit of a probability.

    Sigmoid cross-entropy, and a listwise cross-entropy over `sigmoid(score) / sum_j sigmoid(score_j)`. Both have their
    minimum at `sigmoid(score) = E[value]`, so ranking and calibration do not pull apart.

    Args:
        scores, values: [L, n]; values in 0..1.
        mask: [L, n] bool.

    >>> import torch
    >>> from trimtab.ranker import regression_compatible_loss
    >>> scores, values = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    >>> round(regression_compatible_loss(scores, values, torch.ones(1, 2, dtype=torch.bool)).item(), 3)
    0.693
    """
    listwise = softmax_loss(torch.nn.functional.logsigmoid(scores), values, mask)
    return (1 - listwise_share) * pointwise_loss(scores, values, mask) + listwise_share * listwise


def approximate_ranks(scores: Tensor, mask: Tensor, *, temperature: float = 1.0) -> Tensor:
    """[L, n] `1 + sum_j sigmoid((s_j - s_i) / temperature)` over the other items of the list.

    >>> import torch
    >>> from trimtab.ranker import approximate_ranks
    >>> approximate_ranks(torch.tensor([[9.0, 0.0]]), torch.ones(1, 2, dtype=torch.bool)).round().tolist()
    [[1.0, 2.0]]
    """
    both = mask[:, :, None] & mask[:, None, :] & ~torch.eye(scores.shape[1], dtype=torch.bool)
    return 1 + (torch.sigmoid((scores[:, None, :] - scores[:, :, None]) / temperature) * both).sum(dim=2)


def _discount(ranks: Tensor) -> Tensor:
    return 1 / torch.log2(1 + ranks)
