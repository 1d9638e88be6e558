"""Every language that is shipped: who types a title finds it first, and synonyms only add to what is found."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from babel import Locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.catalog.store import ItemStore
from trimtab.core.understood import Understood
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever
from trimtab.text.words.forms import LANGUAGES

N_TITLES = 24
WIDENED = ("ar", "de", "en", "fi", "hi", "ja", "ko", "ru", "th", "tr", "zh")
often = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def titles_in(language: str) -> list[str]:
    """Names of several words: of scripts, languages and countries."""
    locale = Locale.parse(language)
    names = [sorted(set(some.values())) for some in (locale.languages, locale.territories)]
    return list(dict.fromkeys(" ".join(pair) for pair in zip(*names, strict=False)))[:N_TITLES]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Retriever]:
    shops: dict[str, Retriever] = {}

    def of(language: str) -> Retriever:
        if language not in shops:
            titles = titles_in(language)
            frame = pl.DataFrame({"item_id": list(map(str, range(len(titles)))), "title": titles})
            folder: Path = tmp_path_factory.mktemp(language)
            shops[language] = build_retriever(ItemStore.from_frame(frame), "wordllama", folder, languages=(language,))
        return shops[language]

    return of


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_query_equal_to_a_title_finds_it_first(language: str, shop: Callable[[str], Retriever]) -> None:
    retriever = shop(language)
    for row, title in enumerate(titles_in(language)):
        assert retriever.retrieve(title, n_candidates=1).rows.tolist() == [row], title


@pytest.mark.parametrize("language", WIDENED)
@often
@given(data=st.data())
def test_a_synonym_never_narrows(language: str, shop: Callable[[str], Retriever], data: st.DataObject) -> None:
    retriever = shop(language)
    titles = titles_in(language)
    words = st.sampled_from([word for title in titles for word in title.split()])
    typed = data.draw(st.lists(words, min_size=1, max_size=3))
    row = data.draw(st.integers(0, len(titles) - 1))
    meant = data.draw(st.sampled_from([word for word in titles[row].split() if any(map(str.isalnum, word))]))
    plain = Understood.as_typed(" ".join(typed))
    widened = replace(plain, synonyms=((typed[-1], meant),))
    before, after = (set(retriever.results(query).rows.tolist()) for query in (plain, widened))
    assert before | {row} <= after
    before, after = (set(retriever.retrieve(query, n_candidates=1000).rows.tolist()) for query in (plain, widened))
    assert before | {row} <= after
