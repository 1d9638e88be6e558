"""Candidates for synonyms: what shoppers typed in place of words that found nothing, and what is near in meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trimtab.core.records import FloatArray
from trimtab.retrieval.understanding.synonym_candidates import Candidate, near_in_meaning, replaced_words, reworded
from trimtab.text.analyser import analyser_of

ENGLISH = analyser_of(["en"])


@pytest.mark.parametrize(
    ("query", "following", "pair"),
    [
        ("red couch", "red sofa", ("couch", "sofa")),
        ("tv stand oak", "television set stand oak", ("tv", "television set")),
        ("couch", "sofa", ("couch", "sofa")),
        ("red couch", "red couch cover", None),  # more words
        ("couches", "couch", None),  # another form
        ("shampo", "shampoo", None),  # another spelling
        ("red couch", "blue sofa for the garden shed", None),
    ],
)
def test_words_in_place_of_others(query: str, following: str, pair: tuple[str, str] | None) -> None:
    assert replaced_words(query, following, ENGLISH) == pair


def test_what_several_sessions_typed_next_is_a_candidate() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    searches = [
        *((f"s{n}", 0, "red couch", 0) for n in range(3)),
        *((f"s{n}", 1, "red sofa", 1) for n in range(3)),
        *(("t", n, query, clicks) for n, (query, clicks) in enumerate([("lamp", 0), ("rug", 1)])),  # one session alone
        *((f"u{n}", 0, "desk", 1) for n in range(3)),  # had found something
        *((f"u{n}", 1, "table", 1) for n in range(3)),
    ]
    frame = pl.DataFrame(
        {
            "session_id": [session for session, _, _, _ in searches],
            "timestamp": [start + timedelta(seconds=at) for _, at, _, _ in searches],
            "query": [query for _, _, query, _ in searches],
            "offset": [0] * len(searches),
            "clicks": [[clicks, 0] for _, _, _, clicks in searches],
        }
    )
    found = reworded([frame], ENGLISH)
    assert found == [Candidate(("couch", "sofa"), 3)]
    assert found[0].line == "couch, sofa  # 3 sessions typed the second after the first"
    assert reworded([], ENGLISH) == []


def test_what_is_near_in_meaning_is_a_candidate() -> None:
    class Meaning:
        name, dim = "meaning", 2

        def encode(self, texts: list[str]) -> FloatArray:
            at = {"couch": (1.0, 0.0), "sofa": (0.8, 0.6), "couches": (1.0, 0.0), "rug": (0.0, 1.0)}
            return np.array([at[text] for text in texts], dtype=np.float32)

    found = list(near_in_meaning(["couch"], ["couches", "sofa", "rug"], Meaning(), ENGLISH))
    assert [candidate.words for candidate in found] == [("couch", "sofa")]
    assert found[0].line == "couch, sofa  # cosine 0.80"
    assert list(near_in_meaning([], ["sofa"], Meaning(), ENGLISH)) == []
