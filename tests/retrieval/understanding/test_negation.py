"""What queries do not want, and what items say they go without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retrieval.understanding.furniture import TITLES, often
from trimtab.core.understood import Understood
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.negation import grammar_of
from trimtab.text.analyser import analyser_of


@pytest.mark.parametrize(
    ("typed", "wanted", "excluded"),
    [
        ("couch without legs", "couch", ("legs",)),
        ("couch without legs and cushions for the office", "couch for the office", ("legs", "cushions")),
        ("without sugar cookies", "cookies", ("sugar",)),
        ("sugar free cookies", "cookies", ("sugar",)),
        ("sugarless cookies", "sugarless cookies", ()),  # a word of its own, which items may have
        ("sugar free", "sugar free", ("sugar",)),  # something has to be looked for
        ("cookies -sugar", "cookies", ("sugar",)),
        ("-sugar", "-sugar", ()),  # nothing else is wanted
        ("No 7 serum", "No 7 serum", ()),
        ("couch w/o legs", "couch", ("legs",)),
        ("sofa not red", "sofa", ("red",)),
        ("couch under $500 without legs", "couch", ("legs",)),
        ("couch without legs for no more than $500", "couch for", ("legs",)),
        ("couch without legs 12 pack", "couch 12 pack", ("legs",)),  # how much is wanted
        ("couch free of legs", "couch", ("legs",)),
        ("couch not with the legs", "couch", ("legs",)),
        ("couch other than red", "couch", ("red",)),
        ("non slip couch", "couch", ("slip",)),  # no item says so: at least not one that is for slipping
        ("non legs couch", "couch", ("legs",)),
        ("couch without leegs", "couch", ("legs",)),  # which an item says it goes without
        ("couch without xqzvkjw", "couch", ("xqzvkjw",)),
        ("watch tv not your phone", "watch tv not your phone", ()),  # who knows how much of it is not wanted
    ],
)
def test_what_is_not_wanted_is_not_looked_for(
    shop: Retriever, typed: str, wanted: str, excluded: tuple[str, ...]
) -> None:
    understood = shop.understand(typed)
    assert understood.words == wanted
    assert understood.excluded == excluded
    assert understood.forbidden == (excluded if "-" in typed else ())


@pytest.mark.parametrize(
    ("language", "query", "item"),
    [
        ("en", "cookies without sugar", "Sugar-free cookies"),
        ("de", "Kekse ohne Zucker", "Zuckerfreie Kekse"),
        ("fr", "biscuits sans sucre", "Biscuits sans sucre"),
        ("es", "galletas sin azúcar", "Galletas SIN AZUCAR"),
        ("it", "biscotti senza zucchero", "Biscotti senza zucchero"),
        ("pt", "bolachas sem açúcar", "Bolachas sem açucar"),
        ("nl", "koekjes zonder suiker", "Suikervrije koekjes"),
        ("sv", "kakor utan socker", "Sockerfria kakor"),
        ("da", "kager uden sukker", "Sukkerfri kager"),
        ("nb", "kaker uten sukker", "Sukkerfrie kaker uten sukker"),
        ("fi", "keksit ilman sokeria", "Sokeriton keksi"),
        ("fi", "leipä ilman gluteenia", "Gluteenittomat leivät"),
        ("pl", "kawa bez kofeiny", "Kawa bezkofeinowa"),
        ("cs", "mléko bez laktózy", "Bezlaktózové mléko"),
        ("ru", "корм без зерна", "Корм беззерновой"),
        ("uk", "молоко без лактози", "Безлактозне молоко"),
        ("ar", "حليب بدون لاكتوز", "حليب خالي من اللاكتوز"),
        ("ar", "حليب خالي من الدسم", "حليب خالي الدسم"),
        ("ar", "قهوة بدون كافيين", "قهوة منزوعة الكافيين"),
        ("hi", "बिस्कुट बिना शुगर", "शुगर फ्री बिस्कुट"),
        ("en", "cola without sugar", "Zero sugar cola"),
        ("en", "bulb not dimmable", "LED bulb, non-dimmable"),
        ("pl", "ciastka bez cukru", "Bez cukru ciastka"),
        ("cs", "sušenky bez cukru", "Sušenky bez cukru"),
        ("ru", "печенье без сахара", "Печенье БЕЗ САХАРА"),
        ("tr", "şeker olmadan bisküvi", "Şekersiz bisküvi"),
        ("ja", "砂糖なし クッキー", "砂糖不使用クッキー"),
        ("ko", "설탕 없는 녹차", "무설탕 녹차"),
        ("th", "ชาไม่มีน้ำตาล", "ชาเขียว ไม่มีน้ำตาล"),
        ("he", "עוגיות ללא סוכר", "עוגיות נטולות סוכר"),
    ],
)
def test_an_item_that_says_so_goes_without_what_is_not_wanted(language: str, query: str, item: str) -> None:
    analyser = analyser_of([language])
    assert grammar_of(analyser).absent_terms(query)
    assert set(grammar_of(analyser).absent_terms(query)) <= set(grammar_of(analyser).absent_terms(item))


CUE_WORDS = ["without", "no", "not", "free", "of", "from", "w/o", "sugar", "nuts", "and", "red-free", "stainless,"]
CUE_WORDS += ["cane", "with", "seedless", "ohne", "zucker"]


@often
@given(st.lists(st.sampled_from(CUE_WORDS), max_size=8))
def test_looking_beside_cues_alone_finds_what_the_whole_text_says(words: list[str]) -> None:
    analyser, text = analyser_of(["en", "de"]), " ".join(words)
    places = [place for place in grammar_of(analyser).places(text) if place.kind != "minus"]
    terms = [f"¬{term}" for place in places for one in place.texts(text) for term in analyser.terms(one)]
    assert grammar_of(analyser).absent_terms(text) == terms


def test_what_items_say_they_go_without_comes_first(shop: Retriever) -> None:
    for text in ("couch settee sofa without legs", "legless couch settee sofa"):
        scores = dict(zip(*(one.tolist() for one in shop.lexical.search(shop.understand(text), 9)), strict=True))
        by_title = {TITLES[row]: score for row, score in scores.items()}
        assert by_title["Blue couch without legs"] > by_title["Red sofa with legs"]
        assert by_title["Grey settee, legless"] > by_title["Red sofa with legs"]


@pytest.mark.parametrize("filler", ["", "very nice and " * 40])
def test_a_long_text_is_read_where_it_has_a_cue(filler: str) -> None:
    analyser = analyser_of(["en", "de"])
    text = f"{filler}cookies without sugar and nuts, {filler}ohne Palmöl, {filler}gluten free"
    assert set(grammar_of(analyser).absent_terms(text)) == {
        f"¬{word}" for word in analyser.terms("sugar nuts Palmöl gluten")
    }


def test_what_is_typed_with_a_minus_is_never_found(shop: Retriever) -> None:
    def titles(text: str) -> set[str]:
        found = shop.retrieve(text, n_candidates=len(TITLES))
        return {TITLES[row] for row in found.rows}

    assert "Cookies with sugar" in titles("cookies") & titles("cookies without sugar")
    assert "Red sofa with legs" not in titles('furniture sofa couch settee -"legs"')
    assert "Cookies with sugar" not in titles("cookies -sugar")
    assert "Blue couch without legs" in titles("couch -legs"), "it goes without"


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    ("text", "wanted", "other"),
    [
        ("cookies sugar", "Cookies with sugar", "Sugar free cookies"),
        ("sugar free cookies", "Sugar free cookies", "Cookies with sugar"),
        ("couch sofa legs", "Red sofa with legs", "Blue couch without legs"),
        ("sugar free", "Sugar free cookies", "Cookies with sugar"),
    ],
)
def test_a_word_that_an_item_goes_without_is_none_of_its_words(
    shop: Retriever, text: str, wanted: str, other: str, exact: bool
) -> None:
    query = Understood.as_typed(text) if exact else shop.understand(text)
    scores = dict(zip(*(one.tolist() for one in shop.lexical.search(query, len(TITLES))), strict=True))
    assert scores[TITLES.index(wanted)] > scores.get(TITLES.index(other), 0.0)
