"""A study of learning from biased clicks: their cost, and what each correction recovers, on simulated clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from trimtab.ranker.training.clicks import estimated_examination, examination, simulate_clicks
from trimtab.ranker.training.debiasing import fit_dual, fit_inverse_propensity, fit_naive
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.held_out import list_ndcg
from trimtab.ranker.training.lists import RankingLists

FIRST_STAGE = 0
"""The feature the logging ranker sorts by: the first stage's cosine."""


@dataclass(frozen=True)
class ClickStudy:
    """The size of a study.

    Attributes:
        n_shown: items of an impression.
        n_impressions: ranked by the first stage.
        n_randomised: further impressions in random order.
        recipe: how every learner is fitted.
    """

    n_shown: int = 10
    n_impressions: int = 20_000
    n_randomised: int = 4_000
    recipe: Recipe = field(
        default_factory=lambda: Recipe(
            hidden=(32,), n_steps=400, lists_per_step=32, learning_rate=5e-3, pointwise_share=0.02
        )
    )


DEFAULT_STUDY = ClickStudy()


def study_clicks(
    train: RankingLists, test: RankingLists, *, seed: int, study: ClickStudy = DEFAULT_STUDY
) -> list[dict[str, Any]]:
    """Measure ndcg@10 on test lists of rankers that learned from true labels, or from the same clicks in several ways.

    A shopper looks at rank r with chance 1 / r, clicks by relevance, and 5 % of the time on nothing.

    Returns:
        rows `learner`, `ndcg`, `recovered` (share of the gap between naive clicks and true labels).
    """
    recipe = study.recipe
    examined = examination(study.n_shown)
    scores = train.features[..., FIRST_STAGE]
    log = simulate_clicks(train, scores, n_impressions=study.n_impressions, examined=examined, seed=seed)
    randomised = simulate_clicks(
        train, scores, n_impressions=study.n_randomised, examined=examined, shuffled=True, seed=seed + 1000
    )
    estimated = estimated_examination(randomised, study.n_shown)
    truth = train.for_heads(train.heads[:1])
    learners: dict[str, Callable[[], nn.Module]] = {
        "naive clicks": lambda: fit_naive(train, log, recipe, seed=seed),
        "true labels": lambda: fit_heads(truth, recipe, seed=seed),
        "inverse propensities, known": lambda: fit_inverse_propensity(train, log, examined, recipe, seed=seed),
        "inverse propensities, estimated": lambda: fit_inverse_propensity(train, log, estimated, recipe, seed=seed),
        "dual learning": lambda: fit_dual(train, log, recipe, seed=seed)[0],
        "dual learning, some randomised": lambda: fit_dual(train, log + randomised, recipe, seed=seed)[0],
    }
    reached = {
        name: float(np.nanmean(list_ndcg(raw_scores(fit(), test)[..., 0], test))) for name, fit in learners.items()
    }
    naive, best = reached["naive clicks"], reached["true labels"]
    return [
        {"learner": name, "seed": seed, "ndcg": value, "recovered": (value - naive) / (best - naive)}
        for name, value in reached.items()
    ]
