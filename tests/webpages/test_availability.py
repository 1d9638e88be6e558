"""Whether a product can be had: words of many languages, the cart control, statements, and other products beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.parse.availability import MAX_TEXT, state_of_class, states_in


@pytest.mark.parametrize(
    ("text", "language", "state"),
    [
        ("Out of stock online", "en", "out"),
        ("10 in stock", "en", "in"),
        ("0 in stock", "en", "out"),
        ("Not in stock", "en", "out"),
        ("This item is currently not available", "en", "out"),
        ("Will be back in stock soon", "en", "soon"),
        ("Notify me when back in stock", "en", "notify"),
        ("Only 3 left in stock", "en", "few"),
        ("Available on backorder", "en", "backorder"),
        ("Derzeit nicht verfügbar", "de", "out"),
        ("Nicht auf Lager", "de-AT", "out"),
        ("Sofort lieferbar", "de", "in"),
        ("Bald wieder auf Lager", "de", "soon"),
        ("¡Pronto estará en stock!", "es", "soon"),
        ("No hay existencias", "es-MX", "out"),
        ("Épuisé", "fr", "out"),
        ("N'est plus disponible", "fr", "out"),
        ("Non più disponibile", "it", "out"),
        ("Sem estoque", "pt-BR", "out"),
        ("Niet op voorraad", "nl", "out"),
        ("Ikke på lager", "nb", "out"),
        ("Slut i lager", "sv", "out"),
        ("Loppu varastosta", "fi", "out"),
        ("Brak w magazynie", "pl", "out"),
        ("Není skladem", "cs", "out"),
        ("Nie je na sklade", "sk", "out"),
        ("Nincs raktáron", "hu", "out"),
        ("Stoc epuizat", "ro", "out"),
        ("Изчерпан", "bg", "out"),
        ("Εξαντλημένο", "el", "out"),
        ("Нет в наличии", "ru", "out"),
        ("Немає в наявності", "uk", "out"),
        ("Tükendi", "tr", "out"),
        ("Stok habis", "id", "out"),
        ("Hết hàng", "vi", "out"),
        ("สินค้าหมด", "th", "out"),
        ("現在在庫切れです", "ja", "out"),
        ("商品已售罄", "zh", "out"),
        ("일시품절", "ko", "out"),
        ("غير متوفر", "ar", "out"),
        ("אזל מהמלאי", "he", "out"),
        ("ناموجود", "fa", "out"),
        ("Ausverkauft", "en", "out"),
        ("Momentálne nie je možné produkt kúpiť", "sk", "out"),
        ("No se puede comprar", "es", "out"),
    ],
)
def test_what_a_short_text_says(text: str, language: str, state: str) -> None:
    assert states_in(text, language)[0] == state
    assert states_in(text.upper(), language) == states_in(text, language)


@pytest.mark.parametrize(
    ("text", "language", "territory"),
    [
        ("Utsolgt", "nb-NO", None),  # Bokmål is written as Norwegian is
        ("Rasprodato", "sr", None),
        ("Agotado", "en", "AR"),  # a theme's language, and the country's
        ("Utsolgt", None, "NO"),
    ],
)
def test_a_page_speaks_its_country_s_languages_too(text: str, language: str | None, territory: str | None) -> None:
    assert states_in(text, language, territory) == ("out",)
    assert states_in("Udsolgt!", "en", "US") == ()


@pytest.mark.parametrize(
    "text",
    [
        "Image not available",
        "Check store availability",
        "Available in 3 colours",
        "Borsa nera",
        "Sold by Halm & Sons",
        "",
    ],
)
def test_what_speaks_of_something_else(text: str) -> None:
    assert states_in(text, "it" if "nera" in text else "en") == ()


@given(st.text(max_size=MAX_TEXT + 5))
def test_any_text_has_states_or_none(text: str) -> None:
    assert set(states_in(text)) <= {"out", "soon", "notify", "backorder", "preorder", "few", "in"}


def test_class_names() -> None:
    names = ("product outofstock", "price--sold-out", "instock", "stock", "outlet")
    assert [state_of_class(name) for name in names] == ["out", "out", "in", None, None]


def page(notice: str, control: str, *, stated: str | None = None, lang: str = "de") -> str:
    html = product("49,90 €", stated="49.90" if stated else None).replace('lang="de"', f'lang="{lang}"')
    html = html.replace("schema.org/InStock", f"schema.org/{stated}").replace("Sofort lieferbar", notice)
    before, _, after = html.partition("<button")
    return before + control + after.partition("</button>")[2]


CARDS = "".join(
    f'<li class="card"><a href="/p/{i}"><img src="/i/{i}.jpg"></a><h3>Lamp {i}</h3><span class="price">{i}9,00 €</span>'
    '<button class="add-to-cart">In den Warenkorb</button></li>'
    for i in range(1, 5)
)
GONE = "<button disabled>Ausverkauft</button>"
CART = "<button>In den Warenkorb</button>"


@pytest.mark.parametrize(
    ("html", "value"),
    [
        (page("Sofort lieferbar", CART), "InStock"),
        (page("Ausverkauft", "<button disabled>Ausverkauft</button>"), "OutOfStock"),
        (page("Ausverkauft", "<button disabled>Ausverkauft</button>", stated="InStock"), "OutOfStock"),
        (page("", "<button>Benachrichtigen, wenn verfügbar</button>"), "OutOfStock"),
        (page("Bald wieder auf Lager", "<button disabled>In den Warenkorb</button>"), "OutOfStock"),
        (page("Nicht auf Lager", "", lang="en"), "OutOfStock"),
        (page("Ausverkauft", GONE).replace("<footer", f"<ul>{CARDS}</ul><footer"), "OutOfStock"),
        (page("Sofort lieferbar", CART).replace("</footer>", "<p>Ausverkauft</p></footer>"), "InStock"),
        (page("Sofort lieferbar", CART, stated="OutOfStock"), "InStock"),
        (page("", CART, stated="BackOrder"), "BackOrder"),
        (page("", "<button>Jetzt vorbestellen</button>"), "PreOrder"),
        (page("Ausverkauft", CART), "OutOfStock"),
        (page("</p><div role='tooltip'><p>Malmö – Slut i lager</p></div><p>", CART, lang="sv"), "InStock"),
        (page("</p><div><a href='/p/b'><img src='/b.jpg'></a><p>Ausverkauft</p></div><p>", CART), "InStock"),
        (page("</p><p class='price__badge--out'><b>Ausverkauft</b>", CART), "InStock"),
        (page("</p><p class='price__badge--out'><b>Ausverkauft</b>", ""), "OutOfStock"),
        (page("Die Abfrage der Filialen ist derzeit leider nicht verfügbar", CART), "InStock"),
        (page("", CART).replace("<form", "<div class='size-select'><p>M</p><p>Ausverkauft</p></div><form"), "InStock"),
        (page("", CART).replace("<p class=\"stock\">", '<p class="stock" hidden>Ausverkauft'), "InStock"),
        (page("", CART).replace("<p class=\"stock\">", '<p class="stock displaynone">Ausverkauft'), "InStock"),
        (page("", CART).replace("<p class=\"stock\">", '<p class="hidden md:block">Ausverkauft'), "OutOfStock"),
        (page("", f"{'<button class=taille disabled>34 Ausverkauft</button>' * 3}{CART}"), "InStock"),
        (page("", f"<div class=add-to-cart>{GONE}<p>Nicht lieferbar</p></div>"), "OutOfStock"),
        (page("Die Anzeige \u201eFilialbestand\u201c ist derzeit nicht verfügbar", ""), "InStock"),
        (page("為了避免因缺貨與調貨等待太久，請先詢問是否有現貨。", CART, lang="zh"), "InStock"),
        (page("</p><div><a class=brand href=/l><img src=l></a><p>Ausverkauft</p></div><p>", ""), "OutOfStock"),
    ],
)  # fmt: skip
def test_the_page_s_own_product_is_meant(html: str, value: str) -> None:
    assert analyze_page(html, PRODUCT_URL).elements["availability"].value == value


def test_nothing_is_said_where_statement_and_sight_contradict_and_neither_convinces() -> None:
    sure = analyze_page(page("Ausverkauft", "<button disabled>Ausverkauft</button>", stated="OutOfStock"), PRODUCT_URL)
    unsure = analyze_page(page("Ausverkauft", "", stated="InStock"), PRODUCT_URL)
    assert sure.elements["availability"].confidence > 0.95
    assert "availability" not in unsure.elements or unsure.elements["availability"].confidence < 0.85
