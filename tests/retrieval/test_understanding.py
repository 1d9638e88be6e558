"""What a query is understood as: each step shown, none taken that was turned off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadFile
from trimtab.core.understood import AS_TYPED, STEPS, Mention, Steps, Understood
from trimtab.retrieval.building import build_retriever
from trimtab.retrieval.retriever import Retriever
from trimtab.retrieval.understanding.bounds import price_bounds
from trimtab.retrieval.understanding.mentions import Values
from trimtab.retrieval.understanding.negation import grammar_of
from trimtab.retrieval.understanding.relaxation import FEW, with_bounds_relaxed
from trimtab.retrieval.understanding.synonyms import Synonyms, SynonymSet, read_synonyms
from trimtab.retrieval.understanding.understand import Wishes, understand
from trimtab.text.analyser import analyser_of

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
    "Red sofa with legs",
    "Blue couch without legs",
    "Grey settee, legless",
    "Television set, 32 inch",
    "TV stand",
    "Sugar free cookies",
    "Cookies with sugar",
)
COLOURS = {"Red sofa with legs": "Red", "Blue couch without legs": "Light Blue", "Grey settee, legless": "Grey"}
SYNONYMS = (SynonymSet(("sofa", "couch")), SynonymSet(("tv",), ("television set",)))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    store = ItemStore.from_frame(
        pl.DataFrame(
            {
                "item_id": [str(number) for number in range(len(TITLES))],
                "title": TITLES,
                "brand": ["Sonny" if number % 2 else "Lego" for number in range(len(TITLES))],
                "attr_colour": [COLOURS.get(title) for title in TITLES],
                "attr_screen": [32.0 if "Television" in title else None for title in TITLES],
            }
        ),
        [Attribute("screen", "number", unit="inch", label="Screen size")],
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
        ("sonny shampoo", None),  # a brand is not a misspelling
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
    assert shop.understand(text, Wishes(AS_TYPED)) == Understood.as_typed(text)


@pytest.mark.parametrize(
    ("typed", "meant"), [("sha for hair", "shampoo for hair"), ("tel set", "television set"), ("xyz set", None)]
)
def test_the_beginning_of_a_word_is_read_in_company(shop: Retriever, typed: str, meant: str | None) -> None:
    assert shop.understand(typed).corrected == meant


def test_a_word_in_two_parts_is_no_mistake(shop: Retriever) -> None:
    assert shop.understand("tele vision").corrected is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rhjccjdrb", "кроссовки"),
        ("Krossovki", "кроссовки"),
        ("ыщтн", "sony"),
        ("наушнеки", "наушники"),
        ("наушники сони", "наушники sony"),
        ("красные rhjccjdrb", None),  # a known word says which keyboard it was
    ],
)
def test_another_keyboard_or_script_is_read_as_what_was_meant(typed: str, meant: str | None, tmp_path: Path) -> None:
    titles = ["Кроссовки красные", "Наушники Sony"]
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["1", "2"], "title": titles}))
    russian = build_retriever(store, "wordllama", tmp_path, languages=("ru",))
    assert russian.understand(typed).corrected == meant


def test_a_korean_word_is_known_by_the_letters_of_its_syllables(tmp_path: Path) -> None:
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["1", "2"], "title": ["선크림 50ml", "선스틱 20g"]}))
    korean = build_retriever(store, "wordllama", tmp_path, languages=("ko",))
    assert [korean.understand(typed).corrected for typed in ("썬크림", "썬스틱", "선크림")] == [
        "선크림",
        "선스틱",
        None,
    ]


def test_a_part_of_an_article_number_is_found(tmp_path: Path) -> None:
    columns = {"item_id": ["1", "2"], "title": ["Battery 18V", "Battery 12V"], "attr_sku": ["BL1850B", "BL1041"]}
    retriever = build_retriever(ItemStore.from_frame(pl.DataFrame(columns)), "wordllama", tmp_path, languages=("en",))
    assert retriever.lexical.search("bl1850", 2)[0].tolist() == [0]


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


@pytest.fixture(scope="module")
def detergents(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    brands = {"Laundry detergent free & clear": "Green", "Floral dress": "Free People", "Logo hoodie": "No Fear"}
    titles = [*brands, "Free & clear baby wipes", "Laundry detergent, lavender", "Chicken, free range", "Eggs 12 ct"]
    titles += ["Sugar free candy", "Free candy with a toy", "Sugar-free cookies", "Cotton dress", "Fragrance free soap"]
    frame = {"item_id": titles, "title": titles, "brand": [brands.get(title, "Acme") for title in titles]}
    return build_retriever(
        ItemStore.from_frame(pl.DataFrame(frame)), "wordllama", tmp_path_factory.mktemp("detergents"), languages=("en",)
    )


@pytest.mark.parametrize(
    ("typed", "excluded"),
    [
        ("detergent free and clear", ()),
        ("soap free & clear", ()),
        ("dress free people", ()),
        ("hoodie no fear", ()),
        ("chicken free range", ()),
        ("detergent fragrance free", ("fragrance",)),
        ("sugar free candy", ("sugar",)),  # though there is a free candy
        ("nut free clear bottle", ()),
        ("hoodie no logo", ("logo",)),
    ],
)
def test_names_that_hold_a_word_of_negation_say_nothing_of_it(
    detergents: Retriever, typed: str, excluded: tuple[str, ...]
) -> None:
    assert detergents.understand(typed).excluded == excluded
    found = detergents.lexical.search(detergents.understand("laundry detergent free clear"), 3)[0]
    assert found[0] == 0, "the item has the word `detergent`"


def test_a_dozen_is_twelve(detergents: Retriever) -> None:
    assert detergents.understand("a dozen eggs").synonyms == (("dozen", "12 ct"),)
    assert detergents.understand("half a dozen eggs").synonyms == (("half a dozen", "6 ct"),)


@pytest.mark.parametrize(
    ("language", "typed", "words", "excluded", "price"),
    [
        (None, "cookies sans sugar", "cookies sans sugar", (), None),
        ("fr", "cookies sans sugar", "cookies", ("sugar",), None),
        ("de", "sofa ohne legs unter 1.299 €", "sofa", ("legs",), "..1299"),
        ("en", "sofa ohne legs", "sofa ohne legs", (), None),
        ("fr", "sofa without legs", "sofa without legs", (), None),
    ],
)
def test_a_request_says_which_language_its_words_are_in(
    shop: Retriever, language: str | None, typed: str, words: str, excluded: tuple[str, ...], price: str | None
) -> None:
    understood = shop.understand(typed, Wishes(replace(Steps(), correct=False), language))
    assert (understood.words, understood.excluded) == (words, excluded)
    assert [one.value for one in understood.attributes if one.field == "price"] == [price] * bool(price)
    assert Understood.from_log(typed, understood.to_log()) == understood


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
    ],
)
def test_bounds_in_more_languages(language: str, text: str, value: str) -> None:
    (bound,) = price_bounds(text, analyser_of([language]))
    assert bound.mention.value == value
    assert bound.currencies


def test_a_bound_that_hardly_an_item_meets_does_not_filter(shop: Retriever) -> None:
    understood = understand("lego under $20", shop.knowledge)
    assert with_bounds_relaxed(understood, lambda: FEW, lambda: FEW) == understood
    relaxed = with_bounds_relaxed(understood, lambda: FEW - 1, lambda: FEW - 1)
    assert (relaxed.filters, relaxed.relaxed) == ((), ("under $20",))
    assert [one.text for one in relaxed.attributes] == ["under $20", "lego"]


def test_of_words_that_no_item_meets_the_bound_is_what_is_left(shop: Retriever) -> None:
    understood = understand("gift for dad under $20", shop.knowledge)
    within = with_bounds_relaxed(understood, lambda: 0, lambda: 0)
    assert (within.words, within.filters, within.relaxed) == ("", ("price:..20",), ("gift", "for", "dad"))


@pytest.mark.parametrize(
    ("typed", "synonyms"),
    [
        ("Sofas", (("Sofas", "couch"),)),
        ("red couch", (("couch", "sofa"),)),
        ("tv", (("tv", "television set"),)),
        ("television set", ()),  # one way
        ("tea", ()),
    ],
)
def test_synonyms_are_found_in_their_direction(
    shop: Retriever, typed: str, synonyms: tuple[tuple[str, str], ...]
) -> None:
    known = replace(shop.knowledge, synonyms=Synonyms.of(SYNONYMS, shop.knowledge.analyser))
    assert understand(typed, known).synonyms == synonyms


words_of_the_shop = st.sampled_from([word for title in TITLES for word in title.replace(",", "").split()])
phrases = st.lists(words_of_the_shop, min_size=1, max_size=3).map(" ".join)
sides = st.lists(phrases, max_size=3).map(tuple)
tables = st.lists(st.builds(SynonymSet, sides, sides), max_size=4)


@often
@given(text=phrases, table=tables)
def test_a_synonym_never_narrows(shop: Retriever, text: str, table: list[SynonymSet]) -> None:
    analyser = shop.knowledge.analyser
    plain = shop.understand(text)
    widened = replace(plain, synonyms=Synonyms.of(table, analyser).found_in(plain.words, analyser))
    before, after = (shop.lexical.search(one, len(TITLES))[0].tolist() for one in (plain, widened))
    assert set(before) <= set(after)


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


def test_files_of_synonyms(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.txt"
    file.write_text("# furniture\nsofa, couch,  settee\n\ntv, telly => television set # one way\n", encoding="utf-8")
    assert read_synonyms(file) == [
        SynonymSet(("sofa", "couch", "settee")),
        SynonymSet(("tv", "telly"), ("television set",)),
    ]
    for line in ("sofa", "tv =>", "=> tv"):
        file.write_text(f"a, b\n{line}\n", encoding="utf-8")
        with pytest.raises(BadFile, match=r"synonyms\.txt, row 2"):
            read_synonyms(file)


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


def test_a_japanese_word_that_is_known_stays_in_its_letters(tmp_path: Path) -> None:
    titles = ["ボールペン 0.5mm 黒", "替芯 ゲルインク 0.5mm", "ホッチキス 10号"]
    store = ItemStore.from_frame(pl.DataFrame({"item_id": ["0", "1", "2"], "title": titles}))
    japanese = build_retriever(store, "wordllama", tmp_path / "shop", languages=("ja",))
    for text in ("ボールペン 替芯", "針を使わないホッチキス", "ホッチキス"):
        assert japanese.understand(text).corrected is None
