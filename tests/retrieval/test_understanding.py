"""What a query is understood as: each step shown, none taken that was turned off."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.catalog.store import ItemStore
from trimtab.core.understood import AS_TYPED, Mention, Understood
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever

often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TITLES = (
    *("Shampoo for dry hair",) * 120,
    *("Black tea, 20 bags",) * 6,
    *("Bleak house, paperback",) * 9,
    "Shampo bar",
    "Brie de Meaux",
    "Bride and groom cake topper",
    "Lego set",
    "Model KX2000 drill",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    store = ItemStore.from_frame(
        pl.DataFrame(
            {
                "item_id": [str(number) for number in range(len(TITLES))],
                "title": TITLES,
                "brand": ["Sonny" if number % 2 else "Lego" for number in range(len(TITLES))],
            }
        )
    )
    folder: Path = tmp_path_factory.mktemp("understanding")
    return build_retriever(store, "wordllama", folder)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shampoe", "shampoo"),
        ("Dry hair: shampooo!", "Dry hair: shampoo!"),  # the rest stays as it was typed
        ("shampo", "shampoo"),  # one item has the mistake, far more what was meant
        ("blaek tea", "black tea"),  # the nearer in company, though "bleak" is in more items
        ("brie", None),  # rare, and no neighbour is known by far more
        ("sonny shampoo", None),  # a brand is no misspelling
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


words = st.sampled_from(
    ["shampo", "shampoe", "tea", "brie", "blaek", "Lego", "KX2000", "20", "dry", "xqzvkjw", "'", "-"]
)
texts = st.lists(words, max_size=5).map(" ".join)


@often
@given(text=texts)
def test_what_was_understood_is_understood_as_itself(shop: Retriever, text: str) -> None:
    once = shop.understand(text)
    assert shop.understand(once.words).words == once.words


@often
@given(text=st.text(max_size=40) | texts)
def test_exact_is_as_typed(shop: Retriever, text: str) -> None:
    assert shop.understand(text, AS_TYPED) == Understood.as_typed(text)


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
        rewritten="sofas",
        redirect="https://shop.example/sofas",
        banner="-20 %",
    )
    for one in (whole, Understood.as_typed("sofa"), Understood("a", "")):
        assert Understood.from_log(one.query, one.to_log()) == one
    assert Understood.as_typed("sofa").to_log() == "{}"
    assert whole.filters == ("price:..20",)
