"""Learning from clicks that position made: what each estimator recovers of a ranking that only truth would teach."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trimtab.core.errors import BadInput
from trimtab.ranker.training.clicks import ClickLog, click_labels, estimated_examination, examination, simulate_clicks
from trimtab.ranker.training.debiasing import fit_dual, fit_inverse_propensity, fit_naive
from trimtab.ranker.training.heads import Recipe, fit_heads, raw_scores
from trimtab.ranker.training.held_out import list_ndcg
from trimtab.ranker.training.lists import RankingLists

RECIPE = Recipe(hidden=(), n_steps=150, lists_per_step=32, learning_rate=3e-2, pointwise_share=0.0)
K = 10


@pytest.fixture(scope="module")
def lists() -> RankingLists:
    """Relevance follows feature 0; the logging ranker follows feature 1, which says nothing of it."""
    torch.set_num_threads(1)
    rng = np.random.Generator(np.random.PCG64(0))
    features = rng.normal(size=(150, K, 2)).astype(np.float32)
    relevance = (features[..., 0] + 0.3 * rng.normal(size=(150, K)) > 0.8).astype(np.float32)
    rows = np.arange(150 * K).reshape(150, K)
    groups = np.arange(150).astype(str)
    return RankingLists(
        features, np.ones((150, K), np.float32), relevance[..., None], groups, rows, heads=("relevance",)
    )


def ndcg(model: torch.nn.Module, lists: RankingLists) -> float:
    return float(np.nanmean(list_ndcg(raw_scores(model, lists)[..., 0], lists)))


def test_corrected_clicks_recover_at_least_half_of_what_bias_cost(lists: RankingLists) -> None:
    examined = examination(K)
    log = simulate_clicks(lists, lists.features[..., 1], n_impressions=6000, examined=examined)
    randomised = simulate_clicks(
        lists, lists.features[..., 1], n_impressions=3000, examined=examined, shuffled=True, seed=1
    )
    naive = ndcg(fit_naive(lists, log, RECIPE), lists)
    best = ndcg(fit_heads(lists, RECIPE), lists)
    corrected = ndcg(fit_inverse_propensity(lists, log, estimated_examination(randomised, K), RECIPE), lists)
    dual, learned = fit_dual(lists, log, RECIPE)
    assert naive < best
    assert corrected - naive >= 0.5 * (best - naive)
    # Where the logging ranker knows nothing of relevance, nothing confounds the dual estimate.
    assert ndcg(dual, lists) - naive >= 0.5 * (best - naive)
    assert learned[-1] < 0.5 * learned[0]


def test_randomised_traffic_shows_the_position_bias(lists: RankingLists) -> None:
    examined = examination(K)
    log = simulate_clicks(
        lists, lists.features[..., 1], n_impressions=20_000, examined=examined, shuffled=True, noise=0.3
    )
    np.testing.assert_allclose(estimated_examination(log, K), examined, atol=0.05)


def test_inverse_propensities_are_unbiased_where_clicks_are_not(lists: RankingLists) -> None:
    examined = examination(K)
    log = simulate_clicks(lists, lists.features[..., 1], n_impressions=40_000, examined=examined, noise=0.0)
    labels = click_labels(lists, log, examined=examined)
    np.testing.assert_allclose(labels.mean(), lists.labels.mean(), rtol=0.05)
    naive = click_labels(lists, log, examined=np.ones(K))
    assert naive.mean() < 0.5 * labels.mean()


def test_a_log_without_a_click_is_refused(lists: RankingLists) -> None:
    silent = ClickLog(np.zeros(1, int), np.arange(K)[None, :], np.zeros((1, K), bool))
    for fit in (fit_naive, fit_dual):
        with pytest.raises(BadInput, match="no click"):
            fit(lists, silent, RECIPE)
    with pytest.raises(BadInput, match="collect more"):
        estimated_examination(silent, K)
