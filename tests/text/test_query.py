"""What a catalogue's own words add: compounds, two words for one and one for two, codes in pieces."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from trimtab.text.analyser import analyser_of
from trimtab.text.language import languages_of
from trimtab.text.query import QueryReader
from trimtab.text.words.lexicon import Lexicon

GERMAN = ["Wintermantel Damen", "Regenmantel für Kinder", "Winter Stiefel", "Regen Hose", "Latzhose blau", "Schulbus"]
GERMAN += ["Weißbier", "Bohrmaschine", "Gummistiefel Jungen"]


def found(titles: Sequence[str], query: str, *languages: str) -> list[int]:
    """The places of the titles that have every word of the query."""
    lexicon = Lexicon.of_texts(analyser_of(languages or ["en"]), titles)
    terms = [set(lexicon.terms(title)) for title in titles]
    known = set().union(*terms)
    words = QueryReader(lexicon, known.__contains__).read(query).words
    return [
        place
        for place, had in enumerate(terms)
        if all(any(had.issuperset(reading) for reading in word.readings) for word in words)
    ]


@pytest.mark.parametrize(
    ("titles", "query", "expected"),
    [
        (["Redbull energy", "Red grape juice", "Bull terrier food"], "red bull", [0]),
        (["Red Bull energy", "Red grape juice"], "redbull", [0]),
        (["Redbull 4 pack", "Red Bull can"], "redbull", [0, 1]),
        (["Redbull 4 pack", "Red Bull can"], "red bull", [0, 1]),
        (["Headphones wireless", "Mobile phones charger"], "head phones", [0]),
        (["T-Shirt", "Tshirt", "T shirt", "Shirt"], "t-shirt", [0, 1, 2]),
        (["T-Shirt", "Tshirt", "T shirt", "Shirt"], "tshirt", [0, 1, 2]),
        (["T-Shirt", "Tshirt", "T shirt", "Shirt"], "t shirt", [0, 1, 2]),
        (["USB-C cable", "USB C cable", "USBC cable", "USB A cable"], "usbc", [0, 1, 2]),
        (
            ["Sensor NOR.0707-60", "Sensor NOR 0707 60", "Sensor NOR070760", "Sensor NOR070761"],
            "NOR-0707/60",
            [0, 1, 2],
        ),
        (["Sensor NOR.0707-60", "Sensor NOR070760", "Sensor NOR070761"], "nor 0707 60", [0, 1]),
        (["Oil 10W-40", "Oil 10W40", "Oil 10W-40/5W-30", "Oil 10 W, 40 l", "Oil 5W-40"], "10w40", [0, 1, 2]),
        (["Oil 10W-40", "Oil 10W40", "Lamp 10 W"], "oil 10w-40", [0, 1]),
        (["Tyre 225/45 R17", "Tyre 225/45R17", "Tyre 205/45 R17"], "225/45r17", [0, 1]),
        (["Bolt M8x1.25", "Bolt M8 x 1,25", "Bolt M8×1.25", "Bolt M8x1"], "m8x1.25", [0, 1, 2]),
        (["Stick USB3.0", "Stick USB 3.0", "Stick USB 2.0"], "usb 3.0", [0, 1]),
        (["Stick USB3.0", "Stick USB 3.0", "Stick USB 2.0"], "usb3.0", [0, 1]),
        (["RAM DDR4-3200", "RAM DDR4 3200", "RAM DDR3-1600"], "ddr4 3200", [0, 1]),
        (["Lens 18-55mm", "Lens 18-55 mm", "Lens 55 mm", "Lens 18-200 mm"], "18-55mm", [0, 1]),
        (["Bag 500g-1kg", "Bag 1 kg", "Bag 500 g"], "1000 g", [0, 1]),
        (["Water 6 x 1,5 L", "Water 1.5 l x 6", "Water 1.5 l", "Water pack of 6"], "water 6 pack", [0, 1, 3]),
        (["Cola 330ml × 24", "Cola 24 x 33 cl", "Cola 24 cm"], "cola 330 ml x 24", [0, 1]),
        (["Oil, 6 cans x 1 l", "Oil x 1 l"], "oil 6 x 1 l", [0]),
        (["Box 2 x 3 cm", "Box 2 kg x 3 cm"], "box 3 pack", []),
        (["Hard Hat Type I", "Hard Hat Type II", "Hard Hat Type 2"], "hard hat type 2", [1, 2]),
        (["Fantasy VII", "Fantasy 7", "Fantasy VIII"], "fantasy vii", [0, 1]),
        (["Lamp 12/24V", "Lamp 24 V", "Lamp 1/2 inch"], "24v", [0, 1]),
        (["Rod Ø12mm", "Rod Ø 12 mm", "Rod 12 mm", "Rod Ø10"], "ø 12mm", [0, 1, 2]),
        (["Valve G1/2", "Valve 1/2 inch", "Valve 2 inch"], '1/2"', [1]),
        (["Cable 1.5mm²", "Cable 2.5 mm2"], "1.5 mm2 cable", [0]),
        (["Cable 1.5mm²", "Cable 2.5 mm2"], "cable 2.5", [1]),
        (["Витамин В12", "Витамин B12", "Витамин Д3"], "b12", [0, 1]),
        (["Болт М8х1,25", "Болт M8 x 1.25", "Болт М10"], "m8x1.25", [0, 1]),
        (["Valve G1/2", "Valve G 1/2 inch", "Valve 2 inch"], "g 1/2", [0, 1]),
        (["Tree 5'11\"", "Tree 5 ft 11 in", "Tree 6 ft"], "5'11\"", [0, 1]),
        (["PS 5 console", "PS5 game", "PS4 game"], "ps5", [0, 1]),
        (["PS 5 console", "PS5 game", "PS4 game"], "ps 5", [0, 1]),
        (["iPhone12 case", "iPhone 12 case", "iPhone 13 case"], "iphone 12", [0, 1]),
        (["Memory card 32 GB", "Memory card 16GB", "Memory card 32,000 MB"], "32gb", [0, 2]),
        (["Cola 12 fl oz", "Cola 355ml", "Cola 39 oz"], "cola 12oz", [0]),
        (["AC/DC shirt", "ACDC shirt"], "ac dc", [0, 1]),
        (["90's jeans", "90s jeans", "90 jeans"], "90s jeans", [0, 1]),
        (["Disney+ card", "Disney card"], "disney+", [0]),
        (["Disney card"], "disney+", [0]),
        (["Battery BL1850B", "Battery BL1830B", "Battery BL18505"], "bl1850", [0]),
        (["Headphones WH-1000XM5", "Headphones WH-1000XM4"], "xm5", [0]),
        (["Pads P 06 049", "Pads P 06 050"], "p06049", [0]),
        (["Screw M10x60", "Nut M10", "Screw M8x40"], "m10", [0, 1]),
        (["Drill bit 2608585032", "Drill bit 2608585033"], "2 608 585 032", [0]),
        (["Drill 0 601 9H8 000", "Drill 0 601 9H8 100"], "06019h8000", [0]),
        (["Bolts M8 x 40", "Bolts M8 x 50"], "m8x40", [0]),
        (["Tyre 205/55 R16", "Tyre 195/65 R15"], "205/55r16", [0]),
        (["Tyre 225/45 R17 91Y", "Tyre 225/45 R18"], "225 45 17", [0]),
        (["Phone 0194253408987", "Phone 0194253408980"], "194253408987", [0]),
        (["Phone 194253408987", "Phone 194253408980"], "0194253408987", [0]),
    ],
)
def test_however_the_words_are_parted(titles: list[str], query: str, expected: list[int]) -> None:
    assert found(titles, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("mantel", [0, 1]),
        ("winter mantel", [0]),
        ("wintermantel", [0]),
        ("hose", [3, 4]),
        ("bier", [6]),  # the stem of Weißbier does not end so
        ("cordhose", [3, 4]),
        ("schlagbohrmaschine", [7]),  # nobody has it, and a Bohrmaschine is what it is
        ("bus", [5]),
        ("regenhose", [3]),
        ("jungenstiefel", [8]),  # no title has the word Stiefel beside them by itself
    ],
)
def test_compounds_are_found_by_their_parts(query: str, expected: list[int]) -> None:
    assert found(GERMAN, query, "de") == expected


@pytest.mark.parametrize(
    ("language", "titles", "query"),
    [
        ("nl", ["Winterjas zwart", "Winter laarzen", "Jas heren"], "jas"),
        ("sv", ["Vinterjacka svart", "Vinter stövlar", "Jacka herr"], "jacka"),
        ("fi", ["Talvitakki musta", "Talvi saappaat", "Takki miesten"], "takki"),
        ("da", ["Vinterjakke sort", "Vinter støvler", "Jakke herre"], "jakke"),
        ("nl", ["Tuinslang", "Slanghouder", "Stofzuigerslang"], "slang"),  # what ends with it, not what begins so
        ("de", ["Wandlampe", "Vorhang", "Lampen"], "lampe"),  # known in another form
    ],
)
def test_compounds_of_other_languages(language: str, titles: list[str], query: str) -> None:
    assert found(titles, query, language) == [0, 2]


@pytest.mark.parametrize(
    ("language", "title", "query"),
    [
        ("fi", "Rukkaset", "rukkanen"),
        ("fi", "Pöytä tammi", "pöydät"),
        ("fi", "Leipä", "leivät"),
        ("fi", "Sukat", "sukka"),
        ("fi", "Kumisaappaat", "kumisaapas"),
        ("el", "Παιδικό κράνος", "παιδιά"),
        ("el", "Κράνος για παιδιά", "παιδικό"),
        ("ru", "Обувь для детей", "детская"),
        ("cs", "Dětská přilba", "děti"),
        ("pl", "Nawóz do borówek", "borówki"),
        ("pl", "Worki na śmieci", "worek"),
        ("uk", "Набір чашок", "чашка"),
        ("sk", "Svietidlo okien", "okno"),
        ("hr", "Set olovaka", "olovka"),
    ],
)
def test_forms_that_stemmers_leave_apart_are_one_word(language: str, title: str, query: str) -> None:
    assert found([title, "Xyz"], query, language) == [0]


@pytest.mark.parametrize("language", ["ja", "zh", "ko", "th", "en"])
@pytest.mark.parametrize(
    ("titles", "query", "expected"),
    [
        (["女式冬季大衣 黑色", "男式夏季衬衫"], "冬季大衣", [0]),
        (["女式冬季大衣 黑色", "绿茶", "红茶 100克"], "茶", [1, 2]),
        (["冬用コート500ml入り", "日本酒 飲み比べ", "日本のお茶"], "日本酒", [1]),
        (["コーヒー豆", "紅茶"], "ｺｰﾋｰ", [0]),
        (["김치를 담그다", "갤럭시S21 케이스"], "김치", [0]),
        (["김치를 담그다", "갤럭시S21 케이스"], "갤럭시 s21", [1]),
        (["립 슬리핑 마스크", "립 틴트", "마스크 팩"], "립슬리핑마스크", [0]),
        (["เสื้อโค้ทกันหนาว สีดำ", "กางเกงขาสั้น"], "เสื้อโค้ท", [0]),
    ],
)
def test_scripts_without_spaces_with_a_segmenter_and_without(
    titles: list[str], query: str, expected: list[int], language: str
) -> None:
    assert found(titles, query, language) == expected


def test_the_encoder_is_given_words_as_the_catalogue_writes_them() -> None:
    lexicon = Lexicon.of_texts(analyser_of(["en"]), ["Headphones wireless", "Redbull", "Red Bull can"])
    known = set(lexicon.terms("Headphones wireless Redbull Red Bull can"))
    reader = QueryReader(lexicon, known.__contains__)
    assert reader.as_written("Head phones, wireless") == "Headphones, wireless"
    assert reader.as_written("red bull") == "red bull"


def test_a_lexicon_is_what_was_saved(tmp_path: Path) -> None:
    lexicon = Lexicon.of_texts(analyser_of(["de", "en"]), GERMAN, names=[("free", "clear")])
    lexicon.save(tmp_path)
    again = Lexicon.load(tmp_path)
    assert again.analyser is lexicon.analyser
    assert again.terms("Regenmantel Wintermantel") == lexicon.terms("Regenmantel Wintermantel")
    known = set(lexicon.terms(" ".join(GERMAN)))
    for lexicon_of in (again, lexicon):
        assert lexicon_of.containing("bus", "bus", known.__contains__) == ["schulbus"]
        assert lexicon_of.containing("gum", "gum", known.__contains__) == [], "Gummistiefel are not of a `gum`"


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Wintermantel Damen schwarz", "Regenjacke für Kinder"], "de"),
        (["Manteau d'hiver femme noir", "Veste de pluie enfant"], "fr"),
        (["冬用コート レディース 黒", "子供用レインコート"], "ja"),
        (["महिलाओं का सर्दियों का कोट काला"], "hi"),
        (["Winter coat women black", "Kids rain jacket"], "en"),
        (["", "-", "42"], "en"),
    ],
)
def test_the_language_of_a_catalogue_is_found(texts: list[str], language: str) -> None:
    assert languages_of(texts) == (language,)


def test_several_languages_are_found() -> None:
    german = [
        "Wintermantel für Damen aus reiner Wolle in schwarz, mit abnehmbarer Kapuze und zwei Taschen an der Seite"
    ]
    french = ["Manteau d'hiver pour femme en pure laine noire, avec capuche amovible et deux poches sur les côtés"]
    assert set(languages_of(german * 8 + french * 6)) == {"de", "fr"}


def test_a_word_is_read_in_no_way_that_only_asks_for_more_than_another() -> None:
    """`cable` is what `cables` is, which somebody wrote as `cable s`; an item with a lone s is not more of a cable."""
    titles = ["Cables for phones", "Cable S black", "Cable S white", "Couscous", "Cous cous"]
    lexicon = Lexicon.of_texts(analyser_of(["en"]), titles)
    known = set().union(*(lexicon.terms(title) for title in titles))
    (cable,), (couscous,) = (
        QueryReader(lexicon, known.__contains__).read(word).words for word in ("cable", "couscous")
    )
    assert lexicon.splits["cabl"] == ("cabl", "s")
    assert cable.readings == (("cabl",),)
    assert ("cous", "cous") in couscous.readings
