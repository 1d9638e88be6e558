"""Ranges of prices, what is not wanted and names in other letters, as languages write them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from trimtab.catalog.store import ItemStore
from trimtab.core.understood import Mention, Understood
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.understanding.bounds import price_bounds
from trimtab.retrieval.understanding.negation import grammar_of
from trimtab.retrieval.understanding.relaxation import with_bounds_relaxed
from trimtab.text.analyser import analyser_of


@pytest.mark.parametrize(
    ("language", "text", "words", "value"),
    [
        ("zh", "50到100元 绿茶", "50到100元", "50..100"),
        ("zh", "50元到100元之间的茶", "50元到100元之间", "50..100"),
        ("ja", "シャツ 1000円から2000円まで", "1000円から2000円まで", "1000..2000"),
        ("ja", "シャツ 3000円から", "3000円から", "3000.."),
        ("ko", "10000원에서 20000원 사이 크림", "10000원에서 20000원 사이", "10000..20000"),
        ("th", "หูฟัง 500 ถึง 1000 บาท", "500 ถึง 1000 บาท", "500..1000"),
        ("th", "หูฟังต่ำกว่า 500 บาท", "ต่ำกว่า 500 บาท", "..500"),
        ("hi", "500 से 1000 रुपये के बीच साड़ी", "500 से 1000 रुपये के बीच", "500..1000"),
        ("hu", "cipő 5000 és 10000 Ft között", "5000 és 10000 Ft között", "5000..10000"),
        ("tr", "100 ile 200 TL arasında kitap", "100 ile 200 TL arasında", "100..200"),
        ("fi", "20 ja 30 € välillä", "20 ja 30 € välillä", "20..30"),
    ],
)
def test_ranges_of_prices(language: str, text: str, words: str, value: str) -> None:
    (bound,) = price_bounds(text, analyser_of([language]))
    assert (bound.mention.text, bound.mention.value) == (words, value)
    assert bound.currencies


@pytest.mark.parametrize(
    ("language", "text", "excluded"),
    [
        ("zh", "花茶 不要玫瑰", "玫瑰"),
        ("zh", "不加糖 咖啡", "糖"),
        ("es", "casco que no sea negro", "negro"),
        ("pt", "capacete que não seja preto", "preto"),
        ("it", "casco che non sia nero", "nero"),
        ("bn", "চিনি ছাড়া চা", "চিনি"),
        ("ca", "te sense sucre", "sucre"),
        ("et", "tee ilma suhkruta", "suhkruta"),
        ("et", "laktoosivaba piim", "laktoosi"),
        ("eu", "azukrerik gabe tea", "azukrerik"),
        ("fa", "شامپو بدون سولفات", "سولفات"),
        ("ga", "tae gan siúcra", "siúcra"),
        ("hy", "թեյ առանց շաքարի", "շաքարի"),
        ("ka", "ჩაი შაქრის გარეშე", "შაქრის"),
        ("km", "តែ គ្មានស្ករ", "ស្ករ"),
        ("lo", "ຊາ ບໍ່ມີນ້ຳຕານ", "ນ້ຳຕານ"),
        ("lt", "arbata be cukraus", "cukraus"),
        ("lv", "tēja bez cukura", "cukura"),
        ("my", "သကြား မပါ", "သကြား"),
        ("ne", "चिनी बिनाको चिया", "चिनी"),
        ("sl", "čaj brez sladkorja", "sladkorja"),
        ("sl", "brezglutenski kruh", "gluten"),
        ("sr", "чај без шећера", "шећера"),
        ("sr", "čaj bez šećera", "šećera"),
        ("ta", "சர்க்கரை இல்லாத தேநீர்", "சர்க்கரை"),
        ("yi", "טיי אָן צוקער", "צוקער"),
    ],
)
def test_what_is_not_wanted(language: str, text: str, excluded: str) -> None:
    places = grammar_of(analyser_of([language])).places(text)
    assert [word for place in places for word in place.texts(text)] == [excluded]


@pytest.mark.parametrize(
    ("language", "title", "typed"),
    [
        ("he", "לגו טכניק", "lego"),
        ("he", "נעלי אדידס", "adidas"),
        ("ar", "هاتف سامسونج", "samsung"),
    ],
)
def test_a_name_in_latin_letters_is_read_by_its_sound(language: str, title: str, typed: str, tmp_path: Path) -> None:
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["1", "2"], "title": [title, "12"]}))
    retriever = build_retriever(store, "wordllama", tmp_path, languages=(language,))
    assert retriever.understand(typed).corrected in title.split()


NAMELESS = Mention("under 20", "price", "..20")
DOLLARS = Mention("under $20", "price", "..20")


@pytest.mark.parametrize(
    ("said", "n_meeting", "may_filter", "filters"),
    [
        ((NAMELESS,), 0, True, ("price:..20",)),
        ((NAMELESS,), 1, True, ()),  # it may be a size of what is found
        ((NAMELESS,), 0, False, ()),
        ((NAMELESS, NAMELESS), 0, True, ()),
        ((DOLLARS,), 0, True, ()),  # another currency than the catalogue's, else it would have been applied
    ],
)
def test_a_bound_without_a_currency_beside_words_that_nobody_has(
    said: tuple[Mention, ...], n_meeting: int, *, may_filter: bool, filters: tuple[str, ...]
) -> None:
    asked = replace(Understood.as_typed("gift under 20"), words="gift", attributes=said)
    found = with_bounds_relaxed(asked, lambda: 0, lambda: n_meeting, may_filter=may_filter)
    assert found.filters == filters
    assert found.relaxed == (("gift",) if filters else ())
    assert found.words == ("" if filters else "gift")
