"""GET /suggest over HTTP, and the indices behind it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from trimtab.engine import Engine
from trimtab.engine.bundle.verification import bundle_id_of
from trimtab.retrieval.suggestions.index import SuggestionIndex
from trimtab.retrieval.suggestions.suggester import Suggester
from trimtab.service.http.routes.search.suggest import SuggestResponse
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.search.suggesting import Suggestions
from trimtab.service.search.suggestion_indices import MOST_KEPT, Task, newest
from trimtab.service.search.suggestion_process import make, query_counts
from trimtab.service.settings import Settings


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


def task_of(bundle: Path, data_folder: Path, **more: Any) -> Task:
    given = {"count_seconds": 3600, "min_users": 1, "blocked": (), "changes": data_folder / "catalogue"} | more
    return Task(data_folder=data_folder, bundle=bundle, bundle_id="any", **given)


def test_an_index_has_the_queries_of_the_log_which_are_counted_now_and_then(
    small_bundle: Path, log: Path, engine: Engine, tmp_path: Path
) -> None:
    shutil.copytree(log, tmp_path / "impressions")
    task = task_of(small_bundle, tmp_path)
    counts = query_counts(task)
    assert counts["searches"].sum() > 0
    assert (counts["users"] <= counts["searches"]).all()
    make(task)
    made, folder = newest(task) or pytest.fail("nothing was made")
    assert (made.task, made.version) == (task, 0)
    index = SuggestionIndex.load(folder)
    own = SuggestionIndex.load(small_bundle / "suggestions")
    queries = [index.entry(place) for place in range(len(index) - len(own))]
    assert queries
    assert {one.kind for one in queries} == {"query"}
    typed = queries[0].text[:4]
    assert "query" in {one.kind for one in Suggester(index, engine.retriever.lexicon.analyser).suggest(typed, 20)}

    shutil.rmtree(tmp_path / "impressions")
    assert query_counts(task).equals(counts), "not due yet"
    assert len(query_counts(task_of(small_bundle, tmp_path, count_seconds=1e-9))) == 0
    assert newest(task_of(small_bundle, tmp_path, blocked=("ice",))) is None, "made with other words blocked"
    for _ in range(MOST_KEPT):
        last = make(task)
    assert len([*last.parent.glob("*/made.json")]) == MOST_KEPT
    (last / "made.json").write_text("broken")
    assert (newest(task) or pytest.fail("the one before is gone"))[1].parent != last


def test_a_bundle_without_an_index_gets_one(small_bundle: Path, tmp_path: Path) -> None:
    """As those that were built before had none."""
    bundle = tmp_path / "bundles" / "older"
    shutil.copytree(small_bundle, bundle)
    shutil.rmtree(bundle / "suggestions")
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["files"] = {name: digest for name, digest in manifest["files"].items() if "suggestions" not in name}
    manifest["bundle_id"] = bundle_id_of(manifest["files"])
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    engine = Engine.load(bundle)
    settings = Settings(bundle=bundle, data_folder=tmp_path / "data")
    suggestions, another = (
        Suggestions(Pseudonyms(None), settings, tmp_path / "data" / "catalogue", lambda: {"older": engine})
        for _ in range(2)
    )
    assert suggestions.of(engine).suggest("yogu", 5) == []
    suggestions.refresh(engine)
    assert suggestions.of(engine).suggest("yogu", 5)
    another.stop()  # that of another worker makes nothing, and maps what was made
    another.refresh(engine)
    assert another.of(engine).suggest("yogu", 5)
