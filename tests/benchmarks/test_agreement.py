"""Ways of evaluation in contests whose truth is known: each says of policies what these are worth."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.evaluation.agreement import (
    READING,
    Contest,
    ab,
    draw_chances,
    interleaving,
    judged,
    regret,
    replay,
    summary_of,
)
from trimtab.abtest.simulation.agree import kendall_tau
from trimtab.core.seeds import seed_of
from trimtab.ranker.methods.slates import K

N_LISTS, N_ITEMS = 60, 14
POLICIES = ("serving", "better", "worse")


@pytest.fixture(scope="module")
def contest() -> Contest:
    """Policies that know what is wanted to different degrees."""
    rng = np.random.default_rng(0)
    wanted = rng.random((N_LISTS, N_ITEMS)) < 0.2
    prices = rng.uniform(1, 3, wanted.shape)
    noise = rng.uniform(0, 1, wanted.shape)
    utilities = {name: noise + knows * wanted for name, knows in zip(POLICIES, (0.1, 0.25, 0.0), strict=True)}
    slates = {name: np.argsort(-values, axis=1)[:, :K] for name, values in utilities.items()}
    return Contest(utilities, slates, wanted, {"purchases": np.ones_like(prices), "revenue": prices})


@pytest.mark.parametrize("metric", ["purchases", "revenue"])
def test_every_way_ranks_policies_as_the_truth_does(contest: Contest, metric: str) -> None:
    truth = contest.truth(metric)
    assert truth["better"] > truth["serving"] > truth["worse"]
    for way in (judged, replay, ab, interleaving):
        found = way(contest, metric, 40_000, np.random.default_rng(seed_of(metric, way.__name__)))
        assert kendall_tau(truth, found) == 1, way.__name__
        assert regret(truth, found, serving=contest.serving) == 0


def test_an_ab_test_measures_the_truth(contest: Contest) -> None:
    found = ab(contest, "purchases", 90_000, np.random.default_rng(1))
    for name, value in contest.truth("purchases").items():
        assert found[name] == pytest.approx(value, abs=0.04)


def test_a_policy_is_worth_what_is_seen_of_it(contest: Contest) -> None:
    seen = READING.examination(K)
    slate = contest.slates["serving"][0]
    assert contest.gains("purchases", np.array([0]), slate[None]) @ seen == pytest.approx(
        [sum(seen[place] for place, item in enumerate(slate) if contest.wanted[0, item])]
    )


def test_chances_of_a_draw_are_those_of_what_is_left() -> None:
    logits = np.log(np.array([[1.0, 2.0, 5.0]]))
    assert draw_chances(logits, np.array([[2, 0, 1]])) == pytest.approx(np.array([[5 / 8, 1 / 3, 1.0]]))


def test_a_summary_has_an_interval_of_the_draws() -> None:
    row = {
        "ranked": "methods",
        "metric": "revenue",
        "way": "replay",
        "n": 10,
        "truth": {"a": 1.0, "b": 2.0},
        "n_ranked": [2, 1],
        "tau": [1.0, None],
        "regret": [0.0, 0.5],
    }
    found = summary_of([row])["methods"]["revenue"]["replay"]["10"]
    assert found["tau"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["regret"]["value"] == 0.25
    assert (found["span"], found["n_ranked"], found["n_policies"]) == (0.5, 1.5, 2)
    assert summary_of([{**row, "tau": [None]}])["methods"]["revenue"]["replay"]["10"]["tau"] is None
