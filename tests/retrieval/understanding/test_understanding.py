"""The steps by which a query is understood: each shown, none taken that was turned off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retrieval.understanding.furniture import SYNONYMS, often, texts
from trimtab.core.understood import AS_TYPED, STEPS, Mention, Steps, Understood
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.synonyms import Synonyms
from trimtab.retrieval.understanding.understand import Wishes, understand


@often
@given(text=st.text(max_size=40) | texts)
def test_exact_is_as_typed(shop: Retriever, text: str) -> None:
    assert shop.understand(text, Wishes(AS_TYPED)) == Understood.as_typed(text)


@pytest.mark.parametrize(
    ("language", "typed", "words", "excluded", "price"),
    [
        (None, "cookies sans sugar", "cookies sans sugar", (), None),
        ("fr", "cookies sans sugar", "cookies", ("sugar",), None),
        ("de", "sofa ohne legs unter 1.299 €", "sofa", ("legs",), "..1299"),
        ("en", "sofa ohne legs", "sofa ohne legs", (), None),
        ("fr", "sofa without legs", "sofa without legs", (), None),
        ("es", "sofa que no sea de brie", "sofa", ("brie",), None),
    ],
)
def test_a_request_says_which_language_its_words_are_in(
    shop: Retriever, language: str | None, typed: str, words: str, excluded: tuple[str, ...], price: str | None
) -> None:
    understood = shop.understand(typed, Wishes(replace(Steps(), correct=False), language))
    assert (understood.words, understood.excluded) == (words, excluded)
    assert [one.value for one in understood.attributes if one.field == "price"] == [price] * bool(price)
    assert Understood.from_log(typed, understood.to_log()) == understood


def test_the_words_that_no_item_has_beside_the_others_are_dropped(shop: Retriever) -> None:
    assert shop.understand("red lego sofa xqzvkjw with legs").relaxed == ("xqzvkjw",)
    assert shop.understand("red sofa").relaxed == ()
    assert shop.understand("red brie sofa").relaxed == ("brie",)
    assert shop.understand("xqzvkjw").relaxed == ()


@pytest.mark.parametrize(
    ("typed", "linking"),
    [
        ("a sofa for the legs", ("a", "for", "the")),
        ("sofa for", ()),
        ("for the", ()),
        ("vitamin a", ()),
        ("red sofa", ()),
    ],
)
def test_words_that_link_others_are_not_looked_for(shop: Retriever, typed: str, linking: tuple[str, ...]) -> None:
    understood = shop.understand(typed)
    assert understood.linking == linking
    assert not {"a", "for", "the"} & set(understood.relaxed) or not linking
    assert shop.understand(typed, Wishes(AS_TYPED)).linking == ()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_off_leaves_no_trace(shop: Retriever, step: str) -> None:
    known = replace(shop.knowledge, synonyms=Synonyms.of(SYNONYMS, shop.knowledge.analyser))
    text = "shampoe red sofa without legs xqzvkjw"
    traces = {"correct": "corrected", "synonyms": "synonyms", "negation": "excluded", "relax": "relaxed"}
    trace = traces.get(step, step)
    assert getattr(understand(text, known), trace)
    assert not getattr(understand(text, known, Wishes(Steps(**{step: False}))), trace)


def test_what_is_logged_is_read_back() -> None:
    whole = Understood(
        "sofaa no legs -red",
        "sofa",
        corrected="sofa no legs -red",
        synonyms=(("sofa", "couch"),),
        excluded=("legs", "red"),
        forbidden=("red",),
        attributes=(Mention("under 20", "price", "..20", applied=True),),
        relaxed=("sofa",),
        linking=("the",),
        rewritten="sofas",
        redirect="https://shop.example/sofas",
        banner="-20 %",
    )
    for one in (whole, Understood.as_typed("sofa"), Understood("a", "")):
        assert Understood.from_log(one.query, one.to_log()) == one
    assert Understood.as_typed("sofa").to_log() == "{}"
    assert whole.filters == ("price:..20",)
