"""What features say of the words of a query and of an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import Attribute
from trimtab.core.understood import Mention
from trimtab.engine.stages.pipeline import words_of_item
from trimtab.ranker.mention_features import MENTIONED, mention_features
from trimtab.ranker.word_features import EXCLUDED, WANTED, word_features
from trimtab.ranker.words import ItemWords
from trimtab.retrieval.lexical.field_terms import item_terms
from trimtab.text.analyser import analyser_of
from trimtab.text.query import QueryReader
from trimtab.text.words.lexicon import Lexicon

EMPTY = {"title": "", "product_type": "", "category": "", "brand": "", "description": "", "attributes": ""}


def words_of(titles: Sequence[str], language: str = "en", **columns: Sequence[str]) -> ItemWords:
    lexicon = Lexicon.of_texts(analyser_of((language,)), titles)
    items = [
        {**EMPTY, "title": title, **{name: texts[row] for name, texts in columns.items()}}
        for row, title in enumerate(titles)
    ]
    return ItemWords.build([words_of_item(item_terms(lexicon, item)) for item in items], lexicon)


def features(words: ItemWords, text: str, excluded: Sequence[str] = ()) -> Mapping[str, Sequence[float]]:
    """Feature -> its value for every item."""
    rows = np.arange(len(words.fields["title"]))
    found = np.zeros((len(rows), len(WANTED) + len(EXCLUDED)), dtype=np.float32)
    word_features(words.of_query(text, excluded), words, rows, found, 0)
    columns = found.astype(float).round(3).T.tolist()
    return dict(zip((*WANTED, *EXCLUDED), columns, strict=True))


def test_a_bottle_without_a_straw() -> None:
    words = words_of(
        ["Water Bottle with Straw", "Water Bottle, no straw", "Strawless Water Bottle", "Water Bottle"],
        description=["", "", "", "Has a straw."],
    )
    found = features(words, "water bottle", ["straw"])
    assert found["title_coverage"] == [1, 1, 1, 1]
    assert found["excludes"] == [1, 1, 1, 1]
    assert found["excluded_in_title"] == [1, 0, 0, 0]
    assert found["excluded_in_body"] == [0, 0, 0, 1]
    assert found["excluded_absent"] == [0, 1, 1, 0]
    assert set(features(words, "water bottle")["excluded_in_title"]) == {0}


def test_a_part_of_a_compound_is_not_wanted() -> None:
    words = words_of(["Vadesko med filtsåle", "Vadesko med gummisåle", "Såle"], language="no")
    assert features(words, "vadesko", ["filt"])["excluded_in_title"] == [1, 0, 0]


def test_a_bulb_that_can_be_dimmed() -> None:
    words = words_of(["Bulb, dimmable", "Bulb, non-dimmable", "Bulb"])
    found = features(words, "dimmable bulb")
    assert found["goes_without"][1] > 0 == found["goes_without"][0] == found["goes_without"][2]
    assert features(words, "bulb", ["dimmable"])["goes_without"] == [0, 0, 0]


def test_a_thing_comes_before_what_is_for_it() -> None:
    words = words_of(["Phone", "Case for Phone", "Case", "Charger"])
    assert features(words, "phone")["only_for"] == [0, 1, 0, 0]
    assert features(words, "phone case")["only_for"] == [0, 0, 0, 0]
    assert features(words, "bag for phone")["only_for"] == [0, 1, 0, 0]
    assert features(words, "for phone")["only_for"] == [0, 0, 0, 0]


def test_words_that_link_others_weigh_nothing() -> None:
    words = words_of(["Bed for Cats", "Cat Bed", "Bowl for Dogs"])
    columns = np.zeros((3, len(WANTED) + len(EXCLUDED)), dtype=np.float32)
    word_features(words.of_query("bed for cats", linking=["for"]), words, np.arange(3), columns, 0)
    assert columns[:, WANTED.index("title_coverage")].tolist() == [1, 1, 0]
    assert columns[:, WANTED.index("all_in_names")].tolist() == [1, 1, 0]


def test_all_words_met_in_names_or_anywhere() -> None:
    words = words_of(["Red Dog Bowl", "Dog Bowl", "Bowl"], description=["", "Comes in red.", ""])
    found = features(words, "red dog bowls")
    assert found["all_in_names"] == [1, 0, 0]
    assert found["all_in_item"] == [1, 1, 0]
    assert found["names_coverage"][0] == 1 > found["names_coverage"][1] > found["names_coverage"][2]


@pytest.mark.parametrize("query", ["coffee 12oz", "coffee 12 oz", "coffee 340 g"])
def test_an_amount_is_met_in_any_unit_or_contradicted(query: str) -> None:
    words = words_of(["Coffee 340g", "Coffee 39 oz", "Coffee"])
    found = features(words, query)
    assert found["amount_contradicted"] == [0, 1, 0]
    assert found["numbers_met"] == [1, 0, 0]
    assert found["numbers_missing"] == [0, 1, 1]


def test_the_last_word_is_the_kind_of_thing() -> None:
    words = words_of(["A", "B"], product_type=["bird feeder", "bird toy"], category=["garden", "toys"])
    assert features(words, "bird feeders")["last_word_ends_type"] == [1, 0]
    assert features(words, "bird toys")["last_word_in_category"] == [0, 1]


def test_words_that_no_item_has() -> None:
    words = words_of(["Red Dog Bowl"])
    found = features(words, "zyzzyva 77kg", ["qwerty"])
    assert found["any_coverage"] == [0]
    assert found["numbers_missing"] == [1]
    assert all(value == [0] for name, value in features(words, "").items() if name in WANTED)


@cache
def any_words() -> ItemWords:
    return words_of(["Red Dog Bowl 500 ml", "Bowl without handle", "Ünïcode 水 bowl"])


@given(st.text(max_size=30), st.lists(st.text(max_size=10), max_size=3))
def test_features_of_any_text_are_shares(query: str, excluded: list[str]) -> None:
    found = features(any_words(), query, excluded)
    assert all(0 <= value <= 1 for values in found.values() for value in values)


def test_a_value_that_says_the_mentioned_one_too_contradicts_nothing() -> None:
    colours = AttributeColumn.of_values(Attribute.usual("colour", "text"), [["Dark Red"], ["mørkerød"], ["Green"]])
    sizes = AttributeColumn.of_values(Attribute.usual("size", "text"), [["XL"], ["L"], ["M"]])
    for mention, contradicted in (
        (Mention("red", "colour", "red"), [0, 1, 1]),
        (Mention("rød", "colour", "rød"), [1, 0, 1]),
        (Mention("l", "size", "L"), [1, 0, 1]),
    ):
        columns = mention_features([mention], {"colour": colours, "size": sizes}, np.arange(3))
        assert np.asarray(columns[MENTIONED.index("attributes_contradicted")]).tolist() == contradicted


def test_brands_and_attributes_that_are_mentioned() -> None:
    text = Attribute.usual("colour", "text")
    attributes = {
        "brand": AttributeColumn.of_codes(Attribute.usual("brand", "text"), np.array([0, 1, -1]), ("Acme", "Best")),
        "colour": AttributeColumn.of_values(text, [["red", "blue"], ["green"], []]),
        "size": AttributeColumn.of_values(Attribute.usual("size", "number"), [[12.0], [30.0], []]),
    }
    mentions = [
        Mention("acme", "brand", "acme"),
        Mention("red", "colour", "Red"),
        Mention("12 inch", "size", "11.9..12.1"),
        Mention("gone", "nothing", "x"),
    ]
    columns = mention_features(mentions, attributes, np.arange(3))
    found = {name: np.asarray(column).tolist() for name, column in zip(MENTIONED, columns, strict=True)}
    assert found["brand_met"] == [1, 0, 0]
    assert found["brand_contradicted"] == [0, 1, 0]
    assert found["attributes_met"] == [1, 0, 0]
    assert found["attributes_contradicted"] == [0, 1, 0]
    assert mention_features([], attributes, np.arange(3)) == (0.0,) * len(MENTIONED)


def test_a_reading_may_have_words_that_features_do_not_keep() -> None:
    words = words_of(["Red Dog Bowl", "Cat"])
    read_elsewhere = words.read_by(QueryReader(words.lexicon, lambda _: True))
    found = features(read_elsewhere, "dog bowl head-phones x-200")
    assert found["title_coverage"][0] > found["title_coverage"][1] == 0
    assert max(map(max, found.values())) <= 1
