"""What a word is: one shopper's way of writing meets another's."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trimtab.core.errors import BadParameter
from trimtab.text.analyser import Analyser, analyser_of
from trimtab.text.normal import fold_accents, fold_case

ENGLISH = analyser_of(["en"])

SCRIPTS = st.text(
    st.one_of(
        st.sampled_from("abcdexyzABCXYZ"),
        st.sampled_from("0123456789½٣５"),
        st.sampled_from(" \u00a0\u200b\t"),
        st.sampled_from("'’`-–./_&+#%°\"×,;"),
        st.sampled_from("àéîöüßøåæŁıİçñ"),
        st.sampled_from("e\u0301a\u0308"),
        st.sampled_from("日本コーヒー한글กาแฟहिन्दीёйςΣاأةىשׁ"),
        st.characters(),
    ),
    max_size=30,
)


def terms(text: str, *languages: str) -> set[str]:
    return set(analyser_of(languages or ["en"]).terms(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("L'Oréal", "loreal"),
        ("L’Oréal", "l`oreal"),
        ("Crème brûlée", "creme brulee"),
        ("12oz", "12 oz"),
        ("12 fl. oz.", "12 oz"),
        ("1.7 fl oz", "50 ml"),
        ("250 g", "8.8oz"),
        ("2.2 lbs", "1kg"),
        ("75cl", "25.4 fl oz"),
        ("500 ml", "0.5 l"),
        ("５００ｍｌ", "50cl"),
        ("½ inch", "0.5in"),
        ("1 1/2 cm", "15mm"),
        ('6.5"', "6.5 inches"),
        ("6'", "6ft"),
        ("1,000 g", "1kg"),
        ("pack of 6", "6-pack"),
        ("NOR.0707-60", "NOR070760"),
        ("WH-1000XM4", "wh1000xm4"),
        ("2-in-1", "2in1"),
        ("T-Shirts", "tshirt"),
        ("USB-C", "usbc"),
        ("AC/DC", "acdc"),
        ("U.S.A.", "usa"),
        ("Levi’s", "levis"),
        ("ﬁre", "fire"),
        ("Black &amp; Decker", "black decker"),
        ("Acme™", "acme"),
        ("Łódź", "lodz"),
        ("phở", "pho"),
        ("مـُحَمَّد", "محمد"),
        ("أحمر", "احمر"),
        ("שָׁלוֹם", "שלום"),
        ("ΟΔΟΣ", "οδός"),
        ("ёлка", "елка"),
        ("Kölln", "koelln"),
        ("Smørrebrød", "smorrebrod"),
    ],
)
def test_two_ways_of_writing_one_thing_have_a_term_in_common_for_every_word(one: str, other: str) -> None:
    wanted, had = ENGLISH.tokens(other), set(ENGLISH.terms(one))
    missing = [token.text for token in wanted if had.isdisjoint((token.term, *token.also))]
    assert not missing


@pytest.mark.parametrize(
    ("languages", "one", "other"),
    [
        (["de"], "Müller", "Mueller"),
        (["de"], "koelln", "kolln"),
        (["de"], "Straße", "STRASSE"),
        (["da"], "Rødgrød", "roedgroed"),
        (["sv"], "Ångström", "aangstroem"),
        (["fr"], "l'huile d'olive", "huile olive"),
        (["fr"], "brûlé", "brûlée"),
        (["it"], "dell'acqua", "acqua"),
        (["tr"], "KAPI", "kapı"),
        (["tr"], "İSTANBUL", "istanbul"),
        (["ru"], "книги", "книга"),
        (["ar"], "زيت الزيتون", "زيتون"),
        (["ar"], "شوكولاتة بالبندق", "بندق"),
        (["ar"], "للأطفال", "اطفال"),
        (["de", "fr"], "maisons", "maison"),
        (["de", "fr"], "Häuser", "hauser"),
        (["de"], "1.000 g", "1 kg"),
        (["de"], "0,5 Liter", "500 ml"),
        (["fr"], "2 litres", "2l"),
        (["ru"], "кабель 2 м", "200 см"),
        (["ru"], "бак 2 м³", "2 м3"),
        (["ru"], "шампунь 3 в 1", "3 1"),
        (["uk"], "кабель 2 м", "200 см"),
        (["bg"], "шкаф 60см", "60 cm"),
        (["sr"], "млеко 1 л", "1000 ml"),
        (["sr"], "mleko 2 litra", "2 l"),
        (["ar"], "كابل 2 م", "200 سم"),
        (["fa"], "عطر ۵۰ میل", "50 ml"),
    ],
)
def test_a_language_knows_its_own_forms(languages: list[str], one: str, other: str) -> None:
    analyser = analyser_of(languages)
    had = set(analyser.terms(one))
    assert not [token.text for token in analyser.tokens(other) if had.isdisjoint((token.term, *token.also))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("32gb", "16GB"),
        ("12oz", "39 oz"),
        ("c++", "c"),
        ("poet", "pot"),
        ("4k", "4 kg"),
        ("5 fl oz", "150 ml"),
        ("दिल्ली", "दिल"),
        ("й", "и"),
    ],
)
def test_what_differs_stays_apart(one: str, other: str) -> None:
    assert {token.term for token in ENGLISH.tokens(one)}.isdisjoint({token.term for token in ENGLISH.tokens(other)})


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("coffee 12oz", ["word", "measure"]),
        ("2 in 1 shampoo", ["number", "word", "number", "word"]),
        ("size 8.5", ["word", "number"]),
        ("NOR.0707-60", ["code"]),
        ("10 x 20 cm", ["measure", "word", "measure"]),
        ("ps5 4K", ["code", "code"]),
        ("हिन्दी किताब", ["word", "word"]),
        ("🍕 €", ["word"]),
        ("", []),
    ],
)
def test_what_a_token_is(text: str, kinds: list[str]) -> None:
    assert [token.kind for token in ENGLISH.tokens(text)] == kinds


def test_equality_of_values_is_never_stemmed_or_split() -> None:
    key = ENGLISH.key
    assert key("ACME  Déli") == key("acme deli") == key("Acme De\u0301li ")
    assert key("L’Oréal") == key("L'OREAL") == key("Loréal")
    assert key("Pants") != key("Pant")
    assert key("12oz") != key("340 g")


@given(SCRIPTS)
def test_all_forms_of_one_text_are_one(text: str) -> None:
    for analyser in (analyser_of(languages) for languages in (["en"], ["de", "ja"], ["tr"])):
        assert analyser.terms(unicodedata.normalize("NFD", text)) == analyser.terms(unicodedata.normalize("NFC", text))


@given(SCRIPTS)
@example("0´ᄀ")
def test_a_key_is_its_own_key(text: str) -> None:
    assert ENGLISH.key(ENGLISH.key(text)) == ENGLISH.key(text)


@given(SCRIPTS)
def test_tokens_stand_where_they_say_and_make_the_terms(text: str) -> None:
    tokens = ENGLISH.tokens(text)
    assert [term for token in tokens for term in token.indexed] == ENGLISH.terms(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(token.term and token.key and "\0" not in token.term for token in tokens)
    ends = [0, *(token.end for token in tokens)]
    assert all(token.start >= end for token, end in zip(tokens, ends, strict=False))


@given(st.text(st.sampled_from("abcdefghinoprstuäöüéèßşğçα-' 0123456789"), max_size=20))
@example("ßeä-0")
def test_case_and_accents_never_change_what_is_found(text: str) -> None:
    for languages in (["en"], ["de"], ["fr"]):
        analyser = analyser_of(languages)
        assert _found_by_all(analyser, text, text.upper())
        assert _found_by_all(analyser, text, fold_accents(fold_case(text)))


def _found_by_all(analyser: Analyser, one: str, other: str) -> bool:
    had = set(analyser.terms(one))
    return all(not had.isdisjoint((token.term, *token.also)) for token in analyser.tokens(other))


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(BadParameter, match="klingon"):
        analyser_of(["klingon"])
    assert analyser_of(["de-AT"]) is analyser_of(["de"])
