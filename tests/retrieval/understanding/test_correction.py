"""What a query is corrected to: words that are known by far more, in other letters too."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given

from tests.retrieval.understanding.furniture import often, texts
from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shampoe", "shampoo"),
        ("Dry hair: shampooo!", "Dry hair: shampoo!"),  # the rest stays as it was typed
        ("shampo", "shampoo"),  # one item has the mistake, far more what was meant
        ("blaek tea", "black tea"),  # the nearer in company, though "bleak" is in more items
        ("brie", None),  # rare, and no neighbour is known by far more
        ("sonny shampoo", None),  # a brand is not a misspelling
        ("KX2001", None),  # nor is a model number
        ("20", None),
        ("xqzvkjw", None),
        ("", None),
    ],
)
def test_a_word_is_corrected_where_another_is_known_by_far_more(shop: Retriever, typed: str, meant: str | None) -> None:
    understood = shop.understand(typed)
    assert understood.corrected == meant
    assert understood.words == (meant or typed)
    assert understood.query == typed


@often
@given(text=texts)
def test_what_was_understood_is_understood_as_itself(shop: Retriever, text: str) -> None:
    once = shop.understand(text)
    assert shop.understand(once.words).words == once.words


@pytest.mark.parametrize(
    ("typed", "meant"), [("sha for hair", "shampoo for hair"), ("tel set", "television set"), ("xyz set", None)]
)
def test_the_beginning_of_a_word_is_read_in_company(shop: Retriever, typed: str, meant: str | None) -> None:
    assert shop.understand(typed).corrected == meant


def test_a_word_in_two_parts_is_no_mistake(shop: Retriever) -> None:
    assert shop.understand("tele vision").corrected is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rhjccjdrb", "кроссовки"),
        ("Krossovki", "кроссовки"),
        ("ыщтн", "sony"),
        ("наушнеки", "наушники"),
        ("наушники сони", "наушники sony"),
        ("красные rhjccjdrb", None),  # a known word says which keyboard it was
    ],
)
def test_another_keyboard_or_script_is_read_as_what_was_meant(typed: str, meant: str | None, tmp_path: Path) -> None:
    titles = ["Кроссовки красные", "Наушники Sony"]
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["1", "2"], "title": titles}))
    russian = build_retriever(store, "wordllama", tmp_path, languages=("ru",))
    assert russian.understand(typed).corrected == meant


@pytest.mark.parametrize(
    ("languages", "typed", "meant"),
    [
        (["en"], "garage", None),  # a right word, which no item has
        (["en"], "garage pencils", None),
        (["en"], "garage bags", "garbage bags"),  # belongs to the other word
        (["en"], "garbge", "garbage"),
        (["en"], "colour pencils", "color pencils"),  # means the same
        (["fr"], "garage", "garbage"),  # of whose words no vocabulary is known
    ],
)
def test_a_right_word_of_the_language_is_no_mistake(
    languages: list[str], typed: str, meant: str | None, tmp_path: Path
) -> None:
    titles = ["Garbage bags", "Color pencils", "Apple juice", "Red wine"]
    store = ItemStore.from_frame(pl.DataFrame({"item_id": titles, "title": titles}))
    assert build_retriever(store, "wordllama", tmp_path, languages=languages).understand(typed).corrected == meant


def test_a_korean_word_is_known_by_the_letters_of_its_syllables(tmp_path: Path) -> None:
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["1", "2"], "title": ["선크림 50ml", "선스틱 20g"]}))
    korean = build_retriever(store, "wordllama", tmp_path, languages=("ko",))
    assert [korean.understand(typed).corrected for typed in ("썬크림", "썬스틱", "선크림")] == [
        "선크림",
        "선스틱",
        None,
    ]


def test_a_japanese_word_that_is_known_stays_in_its_letters(tmp_path: Path) -> None:
    titles = ["ボールペン 0.5mm 黒", "替芯 ゲルインク 0.5mm", "ホッチキス 10号"]
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["0", "1", "2"], "title": titles}))
    japanese = build_retriever(store, "wordllama", tmp_path / "shop", languages=("ja",))
    for text in ("ボールペン 替芯", "針を使わないホッチキス", "ホッチキス"):
        assert japanese.understand(text).corrected is None
