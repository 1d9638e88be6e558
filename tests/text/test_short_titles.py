"""The language of feeds whose titles are short."""

from __future__ import annotations

from tests.text.short_titles import readings, varied


def test_a_dozen_short_titles_are_read_in_their_language() -> None:
    wrong = [(language, found) for language, found in readings(varied, 12) if found != (language,)]
    assert len(wrong) <= 2, wrong
