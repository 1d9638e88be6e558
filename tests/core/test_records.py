"""Records made anew."""

from dataclasses import replace

import pytest

from trimtab.core.records import Query, changed


def test_changed_does_what_replace_does_and_leaves_the_record_as_it_is() -> None:
    query = Query("tea", k=3, weights={"relevance": 1.0})
    assert changed(query, text="milk", moment=1.0) == replace(query, text="milk", moment=1.0)
    assert query == Query("tea", k=3, weights={"relevance": 1.0})
    with pytest.raises(TypeError, match="words"):
        changed(query, words="milk")
