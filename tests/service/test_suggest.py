"""GET /suggest over HTTP, and the counts of the log's queries behind it."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import polars as pl

from trimtab.engine import Engine
from trimtab.service.http.routes.suggest import SuggestResponse
from trimtab.service.search.suggesting import CountedQueries


def test_a_search_box_is_completed(service: httpx.Client, engine: Engine) -> None:
    answer = service.get("/suggest", params={"q": "yogu", "k": 5})
    assert answer.status_code == 200, answer.text
    found = SuggestResponse.model_validate(answer.json())
    assert found.query == "yogu"
    assert 0 < len(found.suggestions) <= 5
    assert all("yogu" in one.text.lower() for one in found.suggestions)
    kinds = {one.kind for one in found.suggestions}
    assert "category" in kinds
    condition = next(one.filter for one in found.suggestions if one.filter is not None)
    assert service.get("/search", params={"q": "yogurt", "filter": condition}).json()["hits"]
    assert service.get("/suggest").json() == {"query": "", "suggestions": []}
    assert service.get("/suggest", params={"q": "yogurt", "k": 1000}).status_code == 422
    user = engine.user_ids[0]
    assert service.get("/suggest", params={"q": "s", "user_id": user}).json()["suggestions"]
    assert service.get("/suggest", params={"q": "s", "user_id": "nobody"}).json()["suggestions"]


def test_queries_of_the_log_are_counted_by_one_and_read_by_all(log: Path, tmp_path: Path) -> None:
    shutil.copytree(log, tmp_path / "impressions")
    one, other = (CountedQueries(tmp_path, every_seconds=3600) for _ in range(2))
    one.refresh()
    assert one.frame["searches"].sum() > 0
    assert (one.frame["users"] <= one.frame["searches"]).all()
    written = (tmp_path / "suggestions" / "queries.parquet").stat().st_mtime_ns
    other.refresh()
    assert other.frame.equals(one.frame)
    assert (tmp_path / "suggestions" / "queries.parquet").stat().st_mtime_ns == written  # not due yet
    shutil.rmtree(tmp_path / "impressions")
    one.refresh(at_once=True)
    assert len(one.frame) == 0
    (tmp_path / "suggestions" / "queries.parquet").write_bytes(b"broken")
    other.refresh()
    assert isinstance(other.frame, pl.DataFrame)  # what cannot be read leaves what was there
