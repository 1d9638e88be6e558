"""Learning from clicks under position bias: the naive baseline, inverse propensities, and dual learning.

All three fit a scorer of items to the same log.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from trimtab.core.errors import BadInput
from trimtab.ranker.model import Heads
from trimtab.ranker.training.clicks import ClickLog, click_labels
from trimtab.ranker.training.heads import Recipe, fit_heads, standardise
from trimtab.ranker.training.lists import RankingLists
from trimtab.ranker.training.optimiser import AdamW

MAX_WEIGHT = 20.0


def fit_naive(lists: RankingLists, log: ClickLog, recipe: Recipe, *, seed: int = 0) -> nn.Module:
    """Fit on clicks as if they were relevance."""
    return fit_inverse_propensity(lists, log, np.ones(int(log.positions.max()) + 1), recipe, seed=seed)


def fit_inverse_propensity(
    lists: RankingLists, log: ClickLog, examined: ArrayLike, recipe: Recipe, *, seed: int = 0
) -> nn.Module:
    """Fit on clicks divided by the chance of examination; `examined` [k] is logged or estimated."""
    _check(log)
    labels = click_labels(lists, log, examined=examined)
    # Corrected rates may pass 1; what a list's best reaches is all that its ranking needs.
    labels = labels / max(float(np.nanmax(labels)), 1.0)
    seen = replace(lists, labels=labels[..., None], heads=("click",))
    return fit_heads(seen, recipe, seed=seed)


def fit_dual(lists: RankingLists, log: ClickLog, recipe: Recipe, *, seed: int = 0) -> tuple[nn.Module, Tensor]:
    """Dual learning (DLA; Ai et al., SIGIR 2018): relevance and examination learned together, each weighing the other.

    Where the logging ranker is mostly right, relevance and position cannot be separated without randomised impressions
    in the log.

    Returns:
        the scorer, and [k] examination relative to the first position.
    """
    _check(log)
    torch.manual_seed(seed)
    rng = np.random.Generator(np.random.PCG64(seed))
    scorer = Heads(lists.features.shape[2], 1, recipe.hidden, recipe.dropout)
    standardise(scorer, lists)
    bias = nn.Parameter(torch.zeros(int(log.positions.max()) + 1))
    groups: list[dict[str, Any]] = [{"params": scorer.parameters()}, {"params": [bias], "weight_decay": 0.0}]
    optimiser = AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.n_steps)
    clicked = np.flatnonzero(log.clicks.any(axis=1))
    features = torch.from_numpy(lists.features)
    positions, clicks = torch.from_numpy(log.positions), torch.from_numpy(log.clicks).float()
    for _ in range(recipe.n_steps):
        rows = torch.from_numpy(rng.choice(clicked, recipe.lists_per_step * 4))
        shown = positions[rows] >= 0
        scores = scorer(features[torch.from_numpy(log.lists)[rows]]).squeeze(-1)
        relevance = torch.log_softmax(scores.masked_fill(~shown, -1e9), dim=1)
        examined = torch.log_softmax(bias, dim=0)
        at = examined[positions[rows].clamp(min=0)]
        first = (positions[rows] == 0).float()
        # Each side is weighed by the other's odds against the first position, through which no gradient flows.
        by_examination = torch.exp(examined[0] - at).clamp(max=MAX_WEIGHT).detach()
        of_first = (relevance * first).sum(dim=1, keepdim=True)
        by_relevance = torch.exp(of_first - relevance).clamp(max=MAX_WEIGHT).detach()
        made = clicks[rows] * shown
        loss = -(made * (by_examination * relevance + by_relevance * at)).sum() / len(rows)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it untyped
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return scorer.eval(), torch.exp(bias - bias[0])


def _check(log: ClickLog) -> None:
    if not log.clicks.any():
        raise BadInput("click log: there is no click to learn from")
