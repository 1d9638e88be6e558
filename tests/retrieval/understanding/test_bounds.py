"""Bounds on the price that a query says in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trimtab.core.understood import Steps
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.bounds import price_bounds
from trimtab.retrieval.understanding.relaxation import with_bounds_relaxed
from trimtab.retrieval.understanding.understand import Wishes, understand
from trimtab.text.analyser import analyser_of


def test_a_bound_in_a_currency_of_the_catalogue_filters_unless_somebody_says_otherwise(shop: Retriever) -> None:
    text = "lego under 20 €"
    assert understand(text, shop.knowledge, Wishes(currency="EUR")).filters == ("price:..20",)
    assert understand(text, shop.knowledge, Wishes(currency="USD")).filters == ()
    assert understand("lego under $20", shop.knowledge, Wishes(currency="CAD")).filters == ("price:..20",)
    assert understand(text, shop.knowledge, Wishes(filtered=frozenset({"price"}))).filters == ()
    assert understand(text, shop.knowledge, Wishes(steps=replace(Steps(), attributes=False))).filters == ()
    assert understand(text, replace(shop.knowledge, filter_on_prices=False)).filters == ()
    assert understand("lego menos de 20 euros", shop.knowledge, Wishes(language="es")).filters == ("price:..20",)


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("el", "παπούτσια κάτω από 50 €", "..50"),
        ("el", "παπούτσια από 20 έως 50 ευρώ", "20..50"),
        ("ro", "pantofi între 100 și 200 lei", "100..200"),
        ("id", "sepatu lari di bawah Rp 500.000", "..500000"),
        ("sk", "topánky do 50 €", "..50"),
        ("cs", "boty do 500 kč", "..500"),
        ("hi", "साड़ी 1000 रुपये से कम", "..1000"),
        ("hi", "₹1000 से कम साड़ी", "..1000"),
        ("bg", "обувки под 50 лв", "..50"),
        ("hr", "cipele ispod 50 €", "..50"),
        ("et", "saapad kuni 80 €", "..80"),
        ("lt", "batai iki 80 €", "..80"),
        ("lv", "kurpes zem 80 €", "..80"),
        ("sl", "čevlji do 80 €", "..80"),
        ("ca", "sabates menys de 80 €", "..80"),
        ("ar", "حذاء أقل من 200 ريال", "..200"),
        ("vi", "giày dưới 500.000 ₫", "..500000"),
        ("he", "נעליים עד 200 ₪", "..200"),
        ("vi", "giày từ 400 nghìn đến 600 nghìn đồng", "400000..600000"),
        ("vi", "áo dưới 1,5 triệu ₫", "..1500000"),
        ("ko", "운동화 3만원 이하", "..30000"),
        ("ko", "운동화 3만 5천원 이하", "..35000"),
        ("ja", "靴 1万5千円以下", "..15000"),
        ("zh", "手机 2千元以下", "..2000"),
        ("id", "sepatu di bawah Rp 500 ribu", "..500000"),
        ("es", "zapatos menos de 2 mil pesos", "..2000"),
        ("pt", "celular até R$ 2 mil", "..2000"),
        ("ru", "ботинки до 5 тыс. руб", "..5000"),
        ("en", "laptop under $1.5k", "..1500"),
        ("en", "laptop under 2 thousand dollars", "..2000"),
        ("id", "lampu di bawah rp 50.000", "..50000"),
        ("id", "lampu dibawah 20 ribu rupiah", "..20000"),
        ("en", "lamp upto $500", "..500"),
        ("cs", "boty do 2 tisíc Kč", "..2000"),
        ("tr", "kitap 100 tl altı", "..100"),
        ("hu", "cipő 5 ezer ft alatt", "..5000"),
        ("bg", "диван до 2 хил. лв", "..2000"),
        ("sr", "ципеле до 5000 динара", "..5000"),
        ("sr", "cipele ispod 5 hiljada dinara", "..5000"),
        ("eu", "zapatak 50 € baino gutxiago", "..50"),
        ("ga", "bróga faoi bhun €50", "..50"),
        ("hy", "կոշիկ մինչև 5000 դրամ", "..5000"),
        ("ne", "जुत्ता रु 500 भन्दा कम", "..500"),
        ("yi", "שיך ביז $50", "..50"),
        ("lo", "ເກີບ ບໍ່ເກີນ 50000₭", "..50000"),
        ("hr", "bušilica do 100 eura", "..100"),
        ("fa", "عطر بین ۱ تا ۲ میلیون تومان", "1000000..2000000"),
        ("vi", "giày từ 400 đến 600 nghìn", "400000..600000"),
        ("vi", "giày từ 500 đến 2 triệu", "500..2000000"),  # not half a milliard
        ("vi", "giày dưới 600k", "..600000"),
    ],
)
def test_bounds_in_more_languages(language: str, text: str, value: str) -> None:
    (bound,) = price_bounds(text, analyser_of([language]))
    assert bound.mention.value == value
    assert bound.currencies


@pytest.mark.parametrize(
    ("language", "text", "bounded", "value"),
    [("vi", "váy dưới 600k", "dưới 600k", "..600000"), ("en", "tv under 4k", "under 4k", None)],
)
def test_a_number_that_a_word_multiplies_is_cut_whole(
    language: str, text: str, bounded: str, value: str | None
) -> None:
    found = [(one.mention.text, one.mention.value) for one in price_bounds(text, analyser_of([language]))]
    assert found == ([(bounded, value)] if value else [])


def test_a_bound_that_no_item_meets_does_not_filter(shop: Retriever) -> None:
    understood = understand("lego under $20", shop.knowledge)
    assert with_bounds_relaxed(understood, lambda: 1, lambda: 3) == understood
    relaxed = with_bounds_relaxed(understood, lambda: 0, lambda: 3)
    assert (relaxed.filters, relaxed.relaxed) == ((), ("under $20",))
    assert [one.text for one in relaxed.attributes] == ["under $20", "lego"]


def test_of_words_that_no_item_meets_the_bound_is_what_is_left(shop: Retriever) -> None:
    understood = understand("gift for dad under $20", shop.knowledge)
    within = with_bounds_relaxed(understood, lambda: 0, lambda: 0)
    assert (within.words, within.filters, within.relaxed) == ("", ("price:..20",), ("gift", "for", "dad"))
