"""Five ways to rank the same policies, in a small world."""

from __future__ import annotations

from typing import Any

import pytest

from trimtab.abtest.simulation.agree import METHODS, agree
from trimtab.abtest.simulation.world import World
from trimtab.core.errors import BadParameter
from trimtab.engine import Engine

SIZES: dict[str, Any] = {"n_policies": 5, "n_log": 5000, "n_truth": 4000}


@pytest.mark.parametrize("metric", ["relevance", "revenue"])
def test_replay_ranks_as_the_truth_does(engine: Engine, world: World, metric: str) -> None:
    found = agree(engine, metric=metric, world=world.among(n_queries=5, n_users=30), seed=7, **SIZES)
    assert len(found["policies"]) == 5
    assert set(found["kendall_tau"]) == set(METHODS)
    assert found["kendall_tau"]["replay"] >= 0.6
    for one in found["policies"].values():
        assert abs(one["replay"] - one["truth"]) < 0.15 * one["truth"] + 6 * one["truth_error"]
    assert found["policies"]["default"]["interleaving"] == 0  # the same sorted slate twice
    decisions = [one["decision"] for one in found["policies"].values() if one["decision"]]
    surest = max(decisions, key=lambda one: abs(one["effect"]) / one["effect_error"])
    assert 2 * surest["interleaving"] < surest["ab"]
    assert found["searches_to_decide"]["n_policies"] == sum(one["sure"] for one in decisions)


def test_what_has_no_outcome_cannot_be_agreed_on(engine: Engine) -> None:
    with pytest.raises(BadParameter, match="--metric"):
        agree(engine, metric="diversity")
    with pytest.raises(BadParameter, match="--policies"):
        agree(engine, n_policies=2)
