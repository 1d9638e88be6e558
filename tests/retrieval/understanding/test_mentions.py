"""Values of the catalogue that a query names."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.store import ItemStore
from trimtab.core.understood import Mention
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.mentions import Values
from trimtab.retrieval.understanding.understand import Wishes, understand
from trimtab.text.analyser import analyser_of


@pytest.mark.parametrize(
    ("typed", "mentions"),
    [
        ("red sofa", [Mention("red", "colour", "Red")]),
        ("LIGHT  blue couch", [Mention("LIGHT  blue", "colour", "Light Blue")]),
        ("lego set under $20", [Mention("under $20", "price", "..20", applied=True), Mention("lego", "brand", "Lego")]),
        ("lamp between 20 and 30 euros", [Mention("between 20 and 30 euros", "price", "20..30", applied=True)]),
        ("lamp under 20", [Mention("under 20", "price", "..20")]),  # maybe its watts
        (
            "lamp over $20 under $1000000.50",
            [
                Mention("over $20", "price", "20..1000000.5", applied=True),
                Mention("under $1000000.50", "price", "20..1000000.5", applied=True),
            ],
        ),
        ("tv 32 inches", [Mention("32 inches", "screen", "31.84..32.16")]),
        ("tv under 32 inch", [Mention("32 inch", "screen", "31.84..32.16")]),  # no price
        ("tea", []),
    ],
)
def test_values_of_the_catalogue_are_recognised(shop: Retriever, typed: str, mentions: list[Mention]) -> None:
    assert list(shop.understand(typed).attributes) == mentions


@pytest.mark.parametrize(
    ("language", "name", "typed", "words", "value"),
    [
        ("da", "størrelse", "flyverdragt str. 80", "flyverdragt 80", "80"),
        ("de", "Größe", "Jacke Gr. M blau", "Jacke M blau", "M"),
        ("pl", "rozmiar", "buty rozm 80", "buty 80", "80"),
        ("pt", "size", "coleira tam m", "coleira m", "M"),
        ("es", "talla", "vestido T. M", "vestido M", "M"),
        ("fi", "koko", "takki koko M", "takki M", "M"),
        ("nl", "maat", "jas maat 80", "jas 80", "80"),
        ("en", "size", "coat size xxl", "coat size xxl", None),  # which nothing is
        ("da", "farve", "jakke str. M", "jakke str. M", None),  # no size
    ],
)
def test_a_size_is_named_in_short(language: str, name: str, typed: str, words: str, value: str | None) -> None:
    store = ItemStore.from_frame(
        pl.DataFrame({"item_id": ["a", "b"], "title": ["x", "y"], "attr_one": ["80", "M"]}),
        [Attribute("one", "text", label=name)],
    )
    analyser = analyser_of([language])
    values = Values.of(store.attributes.values(), analyser)
    assert [one.value for one in values.mentions(typed, analyser)] == ([value] if value else [])
    assert values.without_size_names(typed, analyser) == words


def test_a_size_may_be_a_number() -> None:
    store = ItemStore.from_frame(
        pl.DataFrame({"item_id": ["a", "b"], "title": ["x", "y"], "attr_size": [42.0, 43.5]}),
        [Attribute("size", "number")],
    )
    analyser = analyser_of(["en"])
    values = Values.of(store.attributes.values(), analyser)
    assert [(one.field, one.value) for one in values.mentions("boots size 43.5", analyser)] == [("size", "43.5")]
    assert values.mentions("boots 43.5", analyser) == []


def test_a_mention_filters_where_the_shop_says_so_and_the_request_does_not(shop: Retriever) -> None:
    known = replace(shop.knowledge, filter_on=frozenset({"colour", "price"}))
    understood = understand("red lego under 20 €", known)
    assert understood.filters == ("price:..20", "colour:Red")
    filtered = understand("red lego under 20 €", known, Wishes(filtered=frozenset({"colour"})))
    assert filtered.filters == ("price:..20",)
