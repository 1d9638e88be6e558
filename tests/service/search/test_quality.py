"""Monitoring of ranking quality: drift against training, overlap, weights in use, promises kept."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.services import metric, serving
from tests.support.waiting import eventually
from trimtab.core.records import Query
from trimtab.engine import Engine
from trimtab.engine.plan.degradation import LEVELS, FixedLevels
from trimtab.ranker.features import FEATURES
from trimtab.ranker.population import Distribution
from trimtab.service.observability.metrics import Metrics
from trimtab.service.observability.quality import SAMPLED_EVERY, QualityMonitor
from trimtab.service.settings import Settings

QUERIES = ("ice cream", "yogurt", "coffee", "pasta", "soup", "cheddar cheese")


class Watched:
    """A quality monitor and what it publishes."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.monitor = QualityMonitor(self.metrics)

    def sees(self, engine: Engine, query: Query, *, times: int = SAMPLED_EVERY, price: float | None = None) -> None:
        scored = engine.score(query)
        if price is not None:
            features = scored.features.copy()
            features[:, FEATURES.index("price")] = price
            scored = replace(scored, features=features)
        slate = engine.choose(query, scored)
        for _ in range(times):
            self.monitor.record(engine, scored, slate)

    def published(self) -> dict[str, float]:
        """By name and labels."""
        self.monitor.publish()
        lines = self.metrics.exposition().decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def published_of_price(price: float | None, engine: Engine) -> float:
    watched = Watched()
    for user_id in engine.user_ids[:3]:
        for query in QUERIES:
            watched.sees(engine, Query(query, user_id=user_id), price=price)
    return watched.published()['trimtab_feature_drift{feature="price"}']


def test_a_feature_that_drifts_is_told_apart_from_one_that_does_not(engine: Engine) -> None:
    assert published_of_price(None, engine) < 0.5 < published_of_price(9.0, engine)


def test_nothing_is_told_of_a_few_candidates(engine: Engine) -> None:
    watched = Watched()
    watched.sees(engine, Query("soup"))
    assert not any("drift{" in name for name in watched.published())


def test_a_canary_does_not_disturb_what_is_told_of_the_bundle_that_serves(engine: Engine) -> None:
    watched, canary = Watched(), copy(engine)
    canary.bundle_id = "another"
    for query in QUERIES * 3:
        watched.sees(engine, Query(query))
    before = watched.published()
    watched.sees(canary, Query("soup"))
    for query in QUERIES:
        watched.sees(engine, Query(query))
    after = watched.published()
    drifts = [name for name in before if "drift{" in name]
    assert drifts
    assert [after[name] for name in drifts] == pytest.approx([before[name] for name in drifts], abs=0.05)


def test_gains_are_watched_too(engine: Engine) -> None:
    watched = Watched()
    for query in QUERIES * 3:
        watched.sees(engine, Query(query, user_id=engine.user_ids[0]))
    published = watched.published()
    assert {f'trimtab_gain_drift{{objective="{name}"}}' for name in engine.objectives} <= published.keys()


def test_that_others_search_than_those_of_the_training_is_no_drift(engine: Engine) -> None:
    watched = Watched()
    for query in QUERIES * 3:
        watched.sees(engine, Query(query, user_id="somebody new"))
    drifts = [name for name in watched.published() if "drift{" in name]
    assert 'trimtab_feature_drift{feature="price"}' in drifts
    assert not [name for name in drifts if "gain_drift" in name or 'feature="user_' in name]


def test_weights_in_use_and_what_receipts_promised(engine: Engine) -> None:
    watched = Watched()
    query = Query("soup", weights={"relevance": 0.7, "revenue": 0.3})
    watched.sees(engine, query, times=10)
    watched.monitor.record_purchases(pl.DataFrame({"action": ["purchase", "click"], "value": [7.5, 3.0]}))
    published = watched.published()
    assert published['trimtab_weights_used_total{objective="revenue"}'] == pytest.approx(3)
    expected = engine.slate(query).receipt["revenue"].expected
    assert published['trimtab_receipts_promised_total{objective="revenue"}'] == pytest.approx(10 * expected)
    assert published['trimtab_receipts_realised_total{objective="revenue"}'] == 7.5


def test_what_is_bought_of_a_slate_is_realised_and_what_is_bought_elsewhere_is_not(
    small_bundle: Path, tmp_path: Path
) -> None:
    settings = Settings(
        bundle=small_bundle, data_folder=tmp_path, log_flush_seconds=0.05, log_segment_rows=1, log_compact_seconds=0.1
    )
    with serving(settings) as client:
        answer = client.get("/search", params={"q": "soup"}).json()
        bought = {"action_name": "purchase", "item_id": answer["hits"][0]["item_id"], "value": 2.5}
        events = [
            {**bought, "event_id": "1", "query_id": answer["decision_id"]},
            {**bought, "event_id": "2", "query_id": "?"},
        ]
        client.post("/events", json={"events": events}).raise_for_status()
        eventually(lambda: metric(client, "trimtab_receipts_realised_total", objective="revenue") > 0)
        assert metric(client, "trimtab_receipts_realised_total", objective="revenue") == 2.5


def test_overlap_is_whole_where_pure_relevance_was_drawn_and_less_elsewhere(engine: Engine) -> None:
    shares = []
    for weights in ({"relevance": 1.0}, {"revenue": 1.0}):
        watched = Watched()
        for number in range(40):
            watched.sees(engine, Query("ice cream", weights=weights, explore=True, session_id=str(number)))
        published = watched.published()
        shares.append(published["trimtab_overlap_ess_share"])
        assert published["trimtab_propensity_count"] == 40 * SAMPLED_EVERY * 20
    assert shares[0] == pytest.approx(1, abs=1e-3)
    assert shares[1] < 0.9


def test_what_was_not_ranked_is_no_drift(engine: Engine) -> None:
    watched = Watched()
    degradation = FixedLevels(frozenset(LEVELS))
    for query in QUERIES * 3:
        scored = engine.score(Query(query), degradation=degradation)
        for _ in range(SAMPLED_EVERY):
            watched.monitor.record(engine, scored, engine.choose(Query(query), scored, degradation=degradation))
    assert not any("drift{" in name for name in watched.published())


@given(st.lists(st.floats(-5, 5, width=32), min_size=20, max_size=200))
def test_a_distribution_is_no_distance_from_itself_and_some_from_others(values: list[float]) -> None:
    sample = np.array(values, dtype=np.float32)
    distribution = Distribution.of(sample)
    assert distribution.shares.sum() == pytest.approx(1)
    assert distribution.psi(distribution.counts(sample)) == pytest.approx(0, abs=1e-9)
    assert distribution.psi(distribution.counts(sample + 1)) >= 0
    if len(np.unique(sample)) > 5:
        assert distribution.psi(distribution.counts(sample + 100)) > 0.25
