"""The subscribers to each search: one that fails costs neither the answer, nor the log, nor the others."""

from __future__ import annotations

from pathlib import Path

import httpx
import polars as pl
import pytest

from tests.support.services import metric, serving
from tests.support.waiting import eventually
from trimtab.engine.log.impressions import read_log
from trimtab.service.logs.impression_log import ImpressionLog
from trimtab.service.observability.metrics import Metrics
from trimtab.service.search.records import SearchCompleted
from trimtab.service.settings import Settings


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path) -> Settings:
    return Settings(bundle=small_bundle, data_folder=tmp_path, timeout_ms=10_000)


def fails(_: object, completed: SearchCompleted) -> None:
    raise RuntimeError(f"cannot take {completed.slate.decision_id}")


def test_a_subscriber_that_fails_does_not_lose_the_log(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Metrics, "on_search", fails)
    with serving(settings) as client:
        answer = client.get("/search", params={"q": "soup"})
        assert answer.status_code == 200
        eventually(lambda: metric(client, "trimtab_weights_used_total", objective="relevance") > 0)
        assert metric(client, "trimtab_searches_total", outcome="hits") == 0
    logged = pl.concat(read_log(settings.data_folder))
    assert logged["decision_id"].to_list() == [answer.json()["decision_id"]]


def test_a_slate_that_cannot_be_logged_is_not_shown(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImpressionLog, "on_search", fails)
    with serving(settings) as client:
        assert client.get("/search", params={"q": "soup"}).status_code == 500
        metrics = httpx.get(client.base_url.join("/metrics")).text  # a failure ends the connection
        assert "trimtab_searches_total{" not in metrics
