"""Small shops in twelve languages: a query equal to a title finds it first, and so do its forms."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from trimtab.catalog.store import ItemStore
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever
from trimtab.text.analyser import analyser_of

SHOPS = {
    "da": (["Rødgrød med fløde 500 ml", "Vinterjakke til damer", "Kogekar i stål"], {"roedgroed": 0, "jakke": 1}),
    "de": (
        ["Wintermantel für Damen", "Müller Milchreis 0,5 l", "Türgriff aus Edelstahl"],
        {"mueller 500ml": 1, "mantel": 0},
    ),
    "el": (["Χειμωνιάτικο παλτό", "Ελαιόλαδο 500 ml", "Καφές φίλτρου"], {"ελαιολαδο": 1, "ΚΑΦΕΣ": 2}),
    "en": (["Men's winter coat", "Kettle corn 12oz", "Door handles of steel"], {"mens coats": 0, "door handle": 2}),
    "es": (["Abrigo de invierno", "Jalapeños verdes 200 g", "Cafetera de acero"], {"jalapeno": 1, "abrigos": 0}),
    "fi": (
        ["Talvitakki naisille", "Takki miehille", "Kahvinkeitin musta"],
        {"naisten talvitakki": 0, "kahvinkeitin": 2},
    ),
    "fr": (["Manteau d’hiver femme", "Huile d'olive 1 l", "Crème brûlée"], {"creme brulee": 2, "olives huile": 1}),
    "hi": (["हिन्दी किताब", "नीली साड़ी", "चाय पत्ती ५०० ग्राम"], {"साड़ी": 1, "चाय 500g": 2}),
    "ja": (["冬用コート 黒", "日本酒 飲み比べ 500ml", "緑茶 ティーバッグ"], {"日本酒": 1, "ｺｰﾄ": 0}),
    "ru": (["Зимнее пальто женское", "Ёлка искусственная 150 см", "Кофейная чашка"], {"елки": 1, "чашки": 2}),
    "sv": (["Vinterjacka dam", "Kärnfri ost 500 g", "Ångkokare"], {"angkokare": 2, "ost 0,5 kg": 1}),
    "tr": (["Kışlık kadın kabanı", "IŞIK lambası", "İncir reçeli"], {"ışık": 1, "incir": 2}),
}


@pytest.fixture
def shop(tmp_path: Path) -> Callable[[str], Retriever]:
    def build(language: str) -> Retriever:
        titles = SHOPS[language][0]
        frame = pl.DataFrame({"item_id": [str(place) for place in range(len(titles))], "title": titles})
        return build_retriever(ItemStore.from_frame(frame), "wordllama", tmp_path, languages=(language,))

    return build


@pytest.mark.parametrize("language", SHOPS)
def test_a_shop_in_its_language(language: str, shop: Callable[[str], Retriever]) -> None:
    titles, forms = SHOPS[language]
    lexical = shop(language).lexical
    for query, place in [*((title, place) for place, title in enumerate(titles)), *forms.items()]:
        assert lexical.search(query, 3)[0][:1].tolist() == [place], query
        assert lexical.search(analyser_of([language]).key(query), 3)[0][:1].tolist() == [place], query
