"""Queries for the load: words of the titles, or the lines of a file."""

from __future__ import annotations

from pathlib import Path

from loadtests.queries import sample_queries
from trimtab.engine import Engine


def test_queries_are_neighbouring_words_of_titles(small_bundle: Path, engine: Engine) -> None:
    queries = sample_queries(small_bundle, 200, seed=1)
    assert len(queries) == len(set(queries)) == 200
    assert queries == sample_queries(small_bundle, 200, seed=1)
    assert queries != sample_queries(small_bundle, 200, seed=2)
    words = set(" ".join(engine.store.titles(range(len(engine.store)))).lower().replace(",", " ").split())
    assert all(1 <= len(query.split()) <= 3 for query in queries)
    assert sum(word in words for query in queries for word in query.split()) > 300


def test_a_file_is_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "queries.txt"
    path.write_text("soup\n\nice cream\nsoup\n")
    assert sorted(sample_queries(path, 10, seed=0)) == ["ice cream", "soup"]
