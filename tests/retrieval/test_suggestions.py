"""What the beginning of a query may become."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.catalog.store import ItemStore
from trimtab.retrieval.suggestions.entries import Entry, items_of, names_of
from trimtab.retrieval.suggestions.index import SuggestionIndex
from trimtab.retrieval.suggestions.prefixes import Prefixes
from trimtab.retrieval.suggestions.queries import counted, queries_of
from trimtab.retrieval.suggestions.safety import is_shareable
from trimtab.retrieval.suggestions.suggester import Suggester, Suggestion
from trimtab.text.analyser import analyser_of

ENGLISH = analyser_of(["en"])
ENTRIES = [
    Entry("query", "ice cream", 40, n=12),
    Entry("query", "vanilla ice cream", 10, n=5),
    Entry("category", "Ice & Frozen", 900, "category", "Food > Ice & Frozen", n=30),
    Entry("brand", "Iceland", 100, "brand", "Iceland", n=9),
    Entry("brand", "L'Oréal", 100, "brand", "L'Oréal", n=7),
    Entry("attribute", "Ice blue", 5, "colour", "Ice blue", n=2),
    Entry("item", "Ice cube tray", 3, item_id="7", url="https://shop.example/7"),
    Entry("item", "Ice cream", 2, item_id="8"),
]


@pytest.fixture(scope="module")
def suggester() -> Suggester:
    return Suggester(SuggestionIndex.of(ENTRIES, ENGLISH), ENGLISH)


def texts(suggestions: list[Suggestion]) -> list[str]:
    return [one.text for one in suggestions]


def test_a_beginning_is_completed(suggester: Suggester) -> None:
    found = suggester.suggest("Ice c", 10)
    assert texts(found) == ["ice cream", "vanilla ice cream", "Ice cube tray"]  # the item of that name is the query
    assert found[0].as_dict() == {
        "kind": "query",
        "text": "ice cream",
        "highlights": [[0, 3], [4, 5]],
        "filter": None,
        "item_id": None,
        "url": None,
        "count": 12,
    }
    assert found[1].highlights == ((8, 11), (12, 13))
    assert suggester.suggest("frozen", 1)[0].filter == "category:Food > Ice & Frozen"
    assert suggester.suggest("cube", 1)[0].item_id == "7"
    assert len(suggester.suggest("ice", 2)) == 2


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("loreal", "L'Oréal"),
        ("l’oré", "L'Oréal"),
        ("ice craem", "ice cream"),
        ("icce cream", "ice cream"),
        ("vanila", "vanilla ice cream"),
    ],
)
def test_accents_apostrophes_and_typing_errors_are_forgiven(suggester: Suggester, typed: str, first: str) -> None:
    assert suggester.suggest(typed, 3)[0].text == first


@pytest.mark.parametrize("nothing", ["", "   ", "?!", "xqzvkjw", "\x00", "\ud800", "z" * 600])
def test_nothing_is_suggested_for_nothing(suggester: Suggester, nothing: str) -> None:
    assert suggester.suggest(nothing, 5) == []


def test_what_a_user_has_bought_comes_first(suggester: Suggester) -> None:
    assert texts(suggester.suggest("ice", 5)).index("Iceland") > 0
    assert texts(suggester.suggest("ice", 5, {("brand", "Iceland"): 1.0, ("brand", "nobody"): 1.0}))[0] == "Iceland"


@settings(deadline=None)
@given(text=st.text(max_size=12), k=st.integers(1, 9))
def test_whatever_is_typed(suggester: Suggester, text: str, k: int) -> None:
    found = suggester.suggest(text, k)
    assert len(found) <= k
    assert len({one.text.lower() for one in found}) == len(found)
    for one in found:
        assert all(0 <= start < end <= len(one.text) for start, end in one.highlights)


KEYS = st.lists(st.lists(st.text("abé", min_size=1, max_size=4), max_size=4).map(" ".join), max_size=8)


@given(keys=KEYS, start=st.text("abé ", min_size=1, max_size=5))
def test_texts_are_found_by_the_beginning_of_any_word(keys: list[str], start: str) -> None:
    tails = [(place, " ".join(key.split()[n:])) for place, key in enumerate(keys) for n in range(len(key.split()))]
    prefixes = Prefixes.of(keys)
    assert sorted(prefixes.beginning(start).tolist()) == [place for place, tail in tails if tail.startswith(start)]
    assert [prefixes.key(place) for place in range(len(keys))] == keys
    begun = prefixes.are_begun_by(np.arange(len(keys), dtype=np.int32), start)
    assert begun.tolist() == [key.startswith(start) for key in keys]


@given(keys=KEYS, start=st.text("abé", min_size=4, max_size=6))
def test_texts_are_found_by_what_is_one_edit_away(keys: list[str], start: str) -> None:
    prefixes = Prefixes.of(keys)
    edited = {
        start[:at] + behind
        for at in range(len(start))
        for behind in (
            start[at + 1 :],
            start[at + 1 : at + 2] + start[at] + start[at + 2 :],
            *(letter + rest for letter in prefixes.letters for rest in (start[at:], start[at + 1 :])),
        )
    }
    expected = {place for place, key in enumerate(keys) if any(f" {one}" in f" {key}" for one in edited)}
    assert set(prefixes.nearly_beginning(start).tolist()) == expected


def test_a_text_without_an_end_takes_no_more_room_than_a_long_one() -> None:
    index = SuggestionIndex.of([Entry("item", "a lot of words " * 3000, 1, item_id="1")], ENGLISH)
    assert len(index.prefixes.tails) < 100
    assert Suggester(index, ENGLISH).suggest("of w", 1)[0].item_id == "1"


def test_an_index_is_the_same_when_it_is_read(tmp_path: Path) -> None:
    made = SuggestionIndex.of(ENTRIES, ENGLISH)
    made.save(tmp_path / "index")
    read = SuggestionIndex.load(tmp_path / "index")
    assert [read.entry(place) for place in range(len(read))] == ENTRIES
    liked = {("brand", "Iceland"): 1.0, ("item_id", "8"): 0.5}
    for typed in ("ice", "loreal", "vanila"):
        assert Suggester(read, ENGLISH).suggest(typed, 9, liked) == Suggester(made, ENGLISH).suggest(typed, 9, liked)
    empty = SuggestionIndex.of((), ENGLISH)
    empty.save(tmp_path / "empty")
    assert Suggester(SuggestionIndex.load(tmp_path / "empty"), ENGLISH).suggest("ice", 9, liked) == []


def test_names_and_items_of_a_catalogue() -> None:
    store = ItemStore.from_frame(
        pl.DataFrame(
            {
                "item_id": ["1", "2", "3"],
                "title": ["Red shoe", "Blue shoe", "Boot"],
                "brand": ["Acme", "Acme", None],
                "category": ["Shoes > Low", "Shoes > Low", "Shoes > Boots"],
                "popularity": [1.0, 5.0, 2.0],
                "attr_colour": ["Red", "Blue", None],
                "attr_size": ["41", "42", "43"],
            }
        )
    )
    names = {(one.kind, one.text, one.n) for one in names_of(store)}
    assert {("brand", "Acme", 2), ("category", "Low", 2), ("category", "Boots", 1), ("attribute", "Red", 1)} <= names
    assert not any(text.isdigit() for _, text, _ in names)
    assert [one.text for one in items_of(store)] == ["Blue shoe", "Boot", "Red shoe"]


def test_a_product_is_suggested_once_whatever_its_variants() -> None:
    titles = ["Alpine jacket - Red - S", "Alpine jacket - Blue - M", "Alpine jacket - Blue - L", "Boot", "Shoe", "Shoe"]
    frame = pl.DataFrame(
        {
            "item_id": list("123456"),
            "title": titles,
            "popularity": [1.0, 5.0, 2.0, 3.0, 0.0, 0.0],
            "attr_style": ["a", "a", "a", None, "s", "s"],
        }
    )
    found = [(one.text, one.item_id) for one in items_of(ItemStore.from_frame(frame), "style")]
    assert found == [("Alpine jacket", "2"), ("Boot", "4"), ("Shoe", "5")]


def frame_of(rows: list[tuple[str, str | None, int, int]]) -> pl.DataFrame:
    """Searches as (query, user, clicks, purchases)."""
    return pl.DataFrame(
        {
            "decision_id": [str(number) for number in range(len(rows))],
            "user_id": [user for _, user, _, _ in rows],
            "session_id": [None] * len(rows),
            "query": [query for query, _, _, _ in rows],
            "understood": ["{}"] * len(rows),
            "offset": [0] * len(rows),
            "item_ids": [["a", "b"]] * len(rows),
            "clicks": [[clicks, 0] for _, _, clicks, _ in rows],
            "purchases": [[0, purchases] for _, _, _, purchases in rows],
        },
        schema_overrides={"session_id": pl.String},
    )


def test_queries_of_several_that_sold_something_are_suggested() -> None:
    rows = [
        *(("Ice Cream ", f"u{n}", 1, int(n == 0)) for n in range(3)),
        *(("ice cream", f"u{n}", 0, 0) for n in range(2)),
        *(("alone", "u0", 1, 1) for _ in range(9)),  # one user, again and again
        *(("unsold", f"u{n}", 1, 0) for n in range(5)),
        *(("me@example.com", f"u{n}", 1, 1) for n in range(5)),
        *(("fuck this", f"u{n}", 1, 1) for n in range(5)),
        *(("our secret", f"u{n}", 1, 1) for n in range(5)),
    ]
    parts = [frame_of(rows[:7]), frame_of(rows[7:])]
    entries = list(queries_of(counted(parts), ENGLISH, min_users=3, blocked={"secret"}))
    assert entries == [Entry("query", "ice cream", 8.0, n=5)]
    assert list(queries_of(counted(()), ENGLISH)) == []


@pytest.mark.parametrize(
    ("text", "shareable"),
    [
        ("ice cream", True),
        ("iphone 12 pro 256gb", True),
        ("size 10 1/2", True),
        ("jo.doe@example.com", False),
        ("call 0170 1234567", False),
        ("+49 170 123-45-67", False),
        ("4111 1111 1111 1111", False),
        ("DE89 3704 0044 0532 0130 00", False),
        ("https://example.com", False),
        ("example.com shoes", False),
        ("Arschloch", False),
        ("scunthorpe united shirt", True),  # whole words alone
        ("x" * 80, False),
        ("???", False),
    ],
)
def test_what_may_be_shown_to_others(text: str, shareable: bool) -> None:
    assert is_shareable(text, ENGLISH) is shareable
