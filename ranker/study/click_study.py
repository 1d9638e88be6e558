"""What learning from biased clicks costs, and what each correction recovers, on simulated clicks with known truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from trimtab.ranker.training.clicks import estimated_examination, examination, simulate_clicks
from trimtab.ranker.training.crossval import list_ndcg
from trimtab.ranker.training.debiasing import fit_dual, fit_inverse_propensity, fit_naive
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.lists import RankingLists

N_SHOWN = 10
N_IMPRESSIONS, N_RANDOMISED = 20_000, 4_000
RECIPE = Recipe(hidden=(32,), n_steps=400, lists_per_step=32, learning_rate=5e-3, pointwise_share=0.02)
FIRST_STAGE = 0
"""The feature the logging ranker sorts by: the first stage's cosine."""


def study_clicks(train: RankingLists, test: RankingLists, *, seed: int) -> list[dict[str, Any]]:
    """ndcg@10 on test lists by what was learned from: true labels, or the same clicks in different ways.

    A shopper looks at rank r with chance 1 / r, clicks by relevance, and 5 % of the time on nothing.

    Returns:
        rows `learner`, `ndcg`, `recovered` (share of the gap between naive clicks and true labels).
    """
    examined = examination(N_SHOWN)
    scores = train.features[..., FIRST_STAGE]
    log = simulate_clicks(train, scores, n_impressions=N_IMPRESSIONS, examined=examined, seed=seed)
    randomised = simulate_clicks(
        train, scores, n_impressions=N_RANDOMISED, examined=examined, shuffled=True, seed=seed + 1000
    )
    estimated = estimated_examination(randomised, N_SHOWN)
    truth = RankingLists(train.features, train.prices, train.labels[..., :1], train.groups, train.rows)
    learners: dict[str, Callable[[], nn.Module]] = {
        "naive clicks": lambda: fit_naive(train, log, RECIPE, seed=seed),
        "true labels": lambda: fit_heads(truth, RECIPE, seed=seed),
        "inverse propensities, known": lambda: fit_inverse_propensity(train, log, examined, RECIPE, seed=seed),
        "inverse propensities, estimated": lambda: fit_inverse_propensity(train, log, estimated, RECIPE, seed=seed),
        "dual learning": lambda: fit_dual(train, log, RECIPE, seed=seed)[0],
        "dual learning, some randomised": lambda: fit_dual(train, log + randomised, RECIPE, seed=seed)[0],
    }
    reached = {
        name: float(np.nanmean(list_ndcg(raw_scores(fit(), test)[..., 0], test))) for name, fit in learners.items()
    }
    naive, best = reached["naive clicks"], reached["true labels"]
    return [
        {"learner": name, "seed": seed, "ndcg": value, "recovered": (value - naive) / (best - naive)}
        for name, value in reached.items()
    ]
