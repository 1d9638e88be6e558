"""Each row of the literature is whole, and the page is what the rows say."""

from __future__ import annotations

from benchmarks.ranking.literature import ANSWERS, PAGE, QUESTIONS, READ, TEXTS, page_of, read_works

WORKS = read_works()


def test_each_row_is_complete_and_says_what_was_read() -> None:
    assert len({work["key"] for work in WORKS}) == len(WORKS) >= 50
    for work in WORKS:
        assert set(work) == {*TEXTS, *QUESTIONS, "read"}, work["key"]
        assert all(work[name] for name in ("authors", "title", "venue")), work["key"]
        assert all(work[question] in ANSWERS for question in QUESTIONS), work["key"]
        assert work["read"] in READ, work["key"]
        assert work["read"] != "no" or not (work["source"] or work["reported"]), f"{work['key']} was not read"
        assert work["read"] not in ("opening", "summary") or work["source"], f"{work['key']}: read where?"


def test_the_page_is_what_the_rows_say() -> None:
    assert PAGE.read_text() == page_of(WORKS)
