"""Article numbers as a shop writes them."""

from __future__ import annotations

import pytest

from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.parse.dom import parse
from trimtab.webpages.parse.identifiers import (
    SkuCandidate,
    is_gtin,
    is_plausible,
    key_of,
    sku_candidates,
)
from trimtab.webpages.parse.number_labels import labelled_numbers
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.statements.structured import read_structured

URL = "https://shop.example/product/4667999"


def candidates(shown: str, url: str = URL) -> dict[str, SkuCandidate]:
    dom = parse(f"<html><body><h1>Kettle</h1><p>{shown}</p></body></html>")
    return {candidate.value: candidate for candidate in sku_candidates(Reading.of(dom, read_structured(dom, url), url))}


def numbers(shown: str) -> set[str]:
    return set(candidates(shown))


@pytest.mark.parametrize(
    ("shown", "spelled"),
    [
        ("466/7999", "466/7999"),
        ("Cat. 466-79-99", "466-79-99"),
        ("4667999 or 466/7999", "4667999"),
        ("4.667.999 reviews", "4667999"),
        ("1466/7999", "4667999"),
        ("466/7999/1", "4667999"),
    ],
)
def test_a_number_that_is_shown_in_groups_is_written_so(shown: str, spelled: str) -> None:
    assert spelled in numbers(shown)


@pytest.mark.parametrize(
    "value",
    [
        "MP3", "USB3", "4K", "DDR4", "27cm", "500g", "12/07/20", "1/2", "2020-12-07", "12.50",
        "1299,00", "sku", "item", "a",
        "3suite.com/privacypolicy.php", "cookie.html", "www.shop1.de", "logo2.png", "-",
    ],
)  # fmt: skip
def test_a_word_a_measure_an_amount_or_an_address_is_no_article_number(value: str) -> None:
    assert not is_plausible(value, key_of(value))


@pytest.mark.parametrize("value", ["B004SNMXRS", "99", "1002/710", "AB-12", "466-79-99", "WT-L", "NL-4471", "KETTLE"])
def test_what_shops_call_an_item_by(value: str) -> None:
    assert is_plausible(value, key_of(value))


def test_the_listing_s_own_number_stands_in_several_kinds_of_places() -> None:
    shown = (
        '<i data-asin="B004SNMXRS"></i><form action="/cart"><input type="hidden" name="ASIN" value="B004SNMXRS"></form>'
        "<p>Model number: A157S546</p>"
    )
    found = candidates(shown, "https://shop.example/dp/B004SNMXRS")
    assert found["B004SNMXRS"].n_places == 3
    assert found["B004SNMXRS"].n_in_forms == 1
    assert found["B004SNMXRS"].whole_part
    assert found["A157S546"].n_places == 0


@pytest.mark.parametrize("name", ["add-to-cart", "product_id", "items[0][id]", "form.sku", "variant_id", "productCode"])
def test_fields_that_carry_the_number_of_what_is_bought(name: str) -> None:
    assert candidates(f'<input type="hidden" name="{name}" value="99123">')["99123"].n_in_forms == 1


@pytest.mark.parametrize("name", ["csrf_id_token", "width", "email", "valid", "paid"])
def test_fields_that_do_not(name: str) -> None:
    assert "99123" not in candidates(f'<input type="hidden" name="{name}" value="99123">')


@pytest.mark.parametrize(
    ("field", "query", "number"),
    [
        ("<input type=hidden name=artikel_id value=2238>", "", "2238"),
        ("", "?product_no=3377", "3377"),
        ("<input type=hidden name=product_id value=77001><input type=hidden name=item value=88123>", "", None),
    ],
)
def test_where_no_number_convinces_the_shop_s_own_is_given(field: str, query: str, number: str | None) -> None:
    html = f"<h1>Teapot of sandstone</h1><p>64,00 €</p><form action=/cart>{field}<button>Add to cart</button></form>"
    found = analyze_page(html, f"https://shop.example/teapot{query}").elements.get("sku")
    assert (found and found.value) == number


def test_a_gtin_has_a_right_check_digit() -> None:
    assert all(map(is_gtin, ("4006381333931", "036000291452", "96385074", "10012345678902")))
    assert not any(map(is_gtin, ("4006381333932", "123", "0000000000000", "400638133393x")))


def test_a_label_is_a_whole_word() -> None:
    assert "ECTOC-00009" not in numbers("REFECTOC-00009")
    assert candidates("Ref. 00009-B7")["00009-B7"].labels["sku"] == 1


@pytest.mark.parametrize(
    ("shown", "url", "number"),
    [
        ("7901/312", "https://shop.example/top-p07901312.html", "7901/312"),
        ("Product Code - <b>39139301</b>", URL, "39139301"),
        ("Publicación #4667", URL, "4667"),
        ("<button>Save</button><a class=btn href='/cart?productId=9200000123'>Add to cart</a>", URL, "9200000123"),
        ("Boat", "https://shop.example/boats/c5780a200532255/boat.html", "200532255"),
    ],
)
def test_the_listing_s_own_number_is_a_candidate(shown: str, url: str, number: str) -> None:
    assert number in candidates(shown, url)


def test_a_measure_in_the_address_is_no_number() -> None:
    found = candidates("Phone", "https://shop.example/acme-z-128-gb-4711")
    assert "4711" in found
    assert "128" not in found


def test_a_label_of_the_maker_and_one_of_another_code_are_no_label_of_the_shop() -> None:
    assert candidates("Numéro du modèle de l'article <b>PTV17-16912</b>")["PTV17-16912"].labels == {"mpn": 1}
    assert "EE5BKKRB" not in candidates("Risparmia ora. Inserisci alla cassa del negozio il codice EE5BKKRB")


def test_a_labelled_number_with_blanks_is_the_stated_one() -> None:
    stated = '<script type="application/ld+json">{"@type": "Product", "name": "Kettle", "sku": "R068H-krye Fleece-XS"}'
    found = candidates(f"{stated}</script>SKU: R068H-krye Fleece-XS")
    assert found["R068H-krye Fleece-XS"].labels == {"sku": 1}
    assert "R068H-krye" not in found


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("SKU: <b>BC 19653</b>", "BC 19653"),
        ("<span class='sku_wrapper'>Mã: <span class='sku'>L13</span></span>", "L13"),
        ('<script>var m = {"sku":"PS WM 4", "price": 4}</script>', "PS WM 4"),
        ('<script>push("{\\"sku\\":\\"KT-55\\"}")</script>', "KT-55"),
        ("<script>item = {sku: 'KT-55', sku_list: 1}</script>", "KT-55"),
        ("Cikkszám: KT-55", "KT-55"),
        ("Item number: KT-55", "KT-55"),
        ("Code: KT-55", "KT-55"),
        ("Código do produto KT-55", "KT-55"),
        ("Codice articolo: KT-55", "KT-55"),
        ("Код KT-55", "KT-55"),
        ("Šifra proizvoda: KT-55", "KT-55"),
        ("Bestelnummer KT-55", "KT-55"),
        ("Nr katalogowy: KT-55", "KT-55"),
        ("商品编号:KT-55", "KT-55"),
        ("รหัสสินค้า: KT-55", "KT-55"),
        ("کد کالا: ۸۸۴۱", "8841"),
        ("SKU <b>LS-VER-ANT</b>", "LS-VER-ANT"),
        ("Référence : UKS-ACJ", "UKS-ACJ"),
        ("<span>Ref</span><span>:</span> <span>PO-5581</span>", "PO-5581"),
        ("<span class='sku_wrapper'>SKU: <span class='sku'>PBX--Cat</span></span>", "PBX--Cat"),
        ("<input type=hidden name=product_id value=61>", "61"),
    ],
)
def test_a_number_as_platforms_and_languages_write_it(shown: str, number: str) -> None:
    assert number in numbers(shown)


@pytest.mark.parametrize("shown", ["SKU: N/A", "Item: New and improved", "Ref: see-below", "ID <b>Free-delivery</b>"])
def test_words_behind_a_label_are_no_number(shown: str) -> None:
    assert not numbers(shown) - {"4667999"}


def test_a_platform_calls_the_page_by_the_number() -> None:
    shown = "<div id='product-61' class='product post-61'><h1>Kettle</h1></div>"
    dom = parse(
        "<html><head><title>Kettle</title><link rel=shortlink href='https://shop.example/?p=61'></head>"
        f"<body class='single postid-61 theme-7'>{shown}</body></html>"
    )
    found = {c.value: c for c in sku_candidates(Reading.of(dom, read_structured(dom, None), None))}
    assert found["61"].n_in_page == 3
    assert "7" not in found


def test_the_number_that_pictures_are_filed_under() -> None:
    shown = "<img src='/media/94037710/1.jpg'><img src='/media/94037710/2.jpg'><img src='/logo-12.png'>"
    found = candidates(shown, "https://shop.example/item/94037710_bag?ref=58135")
    assert (found["94037710"].n_in_pictures, found["58135"].n_in_pictures) == (2, 0)


@pytest.mark.parametrize(
    ("text", "has_number"),
    [
        ("SKU: AC-M7", True),
        ("Artikelnummer: 5104-40", True),
        ("Model 7", False),
        ("Coupon code: SPRING24", False),
        ("Smart 500", False),
        ("Android 12", False),
        ("Kod rabatowy: LATO24", False),
        ("HS code 848210", False),
    ],
)
def test_a_label_has_a_number_behind_it(text: str, has_number: bool) -> None:
    dom = parse(f"<h1>Pump</h1><p>{text}</p>")
    assert any(number.kind == "sku" for number in labelled_numbers(dom, range(len(dom.segments)))) == has_number


def test_a_label_of_one_text_says_nothing_about_the_next() -> None:
    found = candidates("<p>Model No. CK-T28 | Item code: 70044128</p>")
    assert (found["CK-T28"].labels["mpn"], found["70044128"].labels["sku"]) == (1, 1)


@pytest.mark.parametrize("shown", ["No d'article 2048813", "No. d'article : 55-0912"])
def test_a_number_as_the_swiss_and_canadians_write_it(shown: str) -> None:
    assert candidates(shown)[shown.rsplit(" ", 1)[-1]].labels["sku"] == 1
