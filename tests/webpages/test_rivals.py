# ruff: noqa: E501  # markup reads better unbroken
"""What repeats on a page, and which of its amounts are rivals of the price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.webpages.analyze import analyze_page
from trimtab.webpages.features.offer_area import are_with_other_product
from trimtab.webpages.features.prices.price_rivals import RIVAL_NAMES, rival_rows
from trimtab.webpages.features.repetition import REPEAT_NAMES, repeats
from trimtab.webpages.parse.candidates import Candidate, price_candidates
from trimtab.webpages.parse.contexts import contexts_after, contexts_in
from trimtab.webpages.parse.dom import Dom, parse
from trimtab.webpages.parse.prices import PageLocale
from trimtab.webpages.parse.reading import Reading
from trimtab.webpages.parse.statements.facts import Structured
from trimtab.webpages.parse.statements.structured import read_structured


def tiles(n: int, *, row: int = 100) -> str:
    """A category page of `n` products, `row` to a row; headed like a product."""
    made = [
        f'<div class="card"><a href="/p/{i}"><img src="/i/{i}.jpg"></a><h3>Lamp {chr(65 + i)}</h3>'
        f'<p class="cost"><b>{19 + i} €</b></p><button>In den Warenkorb</button></div>'
        for i in range(n)
    ]
    rows = ["<div class='row'>" + "".join(made[at : at + row]) + "</div>" for at in range(0, n, row)]
    return (
        "<html><head><title>Brass Lanterns</title></head><body><h1>Brass Lanterns</h1>"
        f"<p>Lanterns of brass.</p>{''.join(rows)}</body></html>"
    )


def amounts(html: str) -> tuple[Dom, list[Candidate]]:
    dom = parse(html)
    return dom, price_candidates(dom, Structured(), PageLocale("DE"))


def column(html: str, name: str) -> dict[str, float]:
    """Value of one column by the amount."""
    dom, candidates = amounts(html)
    rows = rival_rows(dom, candidates)
    return {c.money.text: row[RIVAL_NAMES.index(name)] for c, row in zip(candidates, rows, strict=True) if c.money}


@pytest.mark.parametrize(("n", "row"), [(2, 100), (3, 100), (9, 3), (12, 4)])
def test_a_category_page_headed_like_a_product_is_a_listing(n: int, row: int) -> None:
    page = analyze_page(tiles(n, row=row), "https://www.lantern-shop.example.de/brass-lanterns")
    assert page.kind != "product"


def test_related_products_do_not_make_a_product_page_a_listing() -> None:
    page = analyze_page(product(), PRODUCT_URL)
    assert (page.kind, page.elements["price"].value) == ("product", "49.90")


@given(st.lists(st.sampled_from(["<div>", "</div>", "<a>", "</a>", "<p>", "<span>", "</span>", "<img>"]), max_size=60))
def test_one_element_among_all_repeats_as_when_all_are_asked_about(pieces: list[str]) -> None:
    dom = parse("".join(pieces))
    everything = list(range(len(dom)))
    for element, row in zip(everything, repeats(dom, everything), strict=True):
        assert repeats(dom, everything, [element]).tolist() == [row.tolist()]


def repeated(html: str, name: str = "n_pictured_repeats") -> dict[str, set[float]]:
    """Values of one column of `repeats` by the amount."""
    dom, candidates = amounts(html)
    found: dict[str, set[float]] = {}
    for candidate, row in zip(candidates, repeats(dom, [c.element for c in candidates]), strict=True):
        if candidate.money:
            found.setdefault(candidate.money.text, set()).add(float(row[REPEAT_NAMES.index(name)]))
    return found


def test_blocks_of_one_make_are_counted_and_others_are_not() -> None:
    assert repeated(tiles(5)) == {str(19 + i): {5.0} for i in range(5)}
    counted = repeated(product())
    assert max(counted["49.90"]) <= 1
    assert counted["19.90"] == counted["9.90"] == {2.0}


@given(st.integers(1, 30), st.integers(1, 30))
def test_counts_do_not_depend_on_what_stands_around(n: int, n_around: int) -> None:
    around = "<section><p>1 €</p></section>" * n_around
    counted = repeated(tiles(n).replace("<h1>", around + "<h1>"))
    assert all(counted[str(19 + i)] == {float(n)} for i in range(n))
    assert len(repeats(parse(around), [])) == 0


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ("100,00 €", "zzgl. MwSt. netto"), ("50,00 €", "excl. BTW"), ("83,33 €", "Brez DDV"), ("11,90 €", "pro 100 g"),
        ("9,92 €", "12 x monatlich"), ("107,10 €", "for students"), ("99,00 €", "mit Gutschein"), ("4,95 €", "Versand"),
    ],
)  # fmt: skip
def test_an_amount_that_its_words_disqualify_is_no_rival(beside: str, words: str) -> None:
    html = f"<body><h1>Lamp</h1><div><p>119,00 €</p><p>{words} {beside}</p></div></body>"
    assert column(html, "smaller_rival")["119"] == 0
    assert column(html.replace(words, ""), "smaller_rival")["119"] == (
        1 if float(beside[:-2].replace(",", ".")) > 30 else 0
    )


@pytest.mark.parametrize(
    ("net", "gross"), [("100,00", "119,00"), ("36,53", "40,00"), ("81,97", "100,00"), ("99,16", "118,00")]
)
def test_a_price_without_tax_points_to_the_one_with_it(net: str, gross: str) -> None:
    html = f"<body><h1>Lamp</h1><ul><li>{gross}€</li><li>netto: <i>{net}€</i></li></ul></body>"
    with_tax = f"{float(gross.replace(',', '.')):.2f}".removesuffix(".00")
    without = f"{float(net.replace(',', '.')):.2f}".removesuffix(".00")
    assert column(html, "untaxed_beside")[with_tax] == 1
    assert column(html, "taxed_beside")[without] == 1
    other = html.replace(gross, "131,13")
    assert column(other, "untaxed_beside")["131.13"] == 0
    assert column(other, "taxed_beside")[without] == 0


def test_what_others_pay_is_no_former_price_beside_a_member_s() -> None:
    html = "<body><h1>Wine</h1><p>Prix club <b>9,90 €</b></p><p>Prix public <b>11,50 €</b></p></body>"
    assert column(html, "is_disqualified") == {"9.90": 1, "11.50": 0}
    assert column(html, "larger_old")["9.90"] == 0
    struck = html.replace("<b>11,50 €</b>", "<s>11,50 €</s>")
    assert column(struck, "is_disqualified")["9.90"] == 0


def test_what_subscribers_pay_is_not_the_price() -> None:
    html = "<body><h1>Kibble</h1><p>One-time purchase <b>$54.99</b></p><p>Subscribe &amp; save 15% <b>$46.74</b></p></body>"
    assert column(html, "is_disqualified") == {"54.99": 0, "46.74": 1}


def test_the_price_of_a_piece_is_a_rival() -> None:
    html = "<body><h1>Honey</h1><p>289 Kč</p><p>249 Kč <i>/ ks</i></p></body>"
    assert column(html, "smaller_rival")["289"] == 1


def test_words_that_announce_the_next_amount_say_nothing_of_this_one() -> None:
    html = "<body><h1>Lamp</h1><ul><li>119,00 €</li><li>Netto: <i>100,00 €</i></li></ul></body>"
    assert column(html, "is_aside") == {"119": 0, "100": 1}


@pytest.mark.parametrize(
    ("words", "context"),
    [
        ("Niedrigster Preis der letzten 30 Tage", "lowest"), ("Najniższa cena z 30 dni przed obniżką", "lowest"),
        ("Prix le plus bas des 30 derniers jours", "lowest"), ("Lowest price in the last 30 days", "lowest"),
        ("Prezzo più basso degli ultimi 30 giorni", "lowest"), ("Nejnižší cena za posledních 30 dní", "lowest"),
        ("Laveste pris siste 30 dager", "lowest"), ("Cel mai mic preț din ultimele 30 de zile", "lowest"),
        ("Free shipping with $35", "threshold"), ("Versandkostenfrei ab", "threshold"), ("Envío gratis desde", "threshold"),
        ("Darmowa dostawa od", "threshold"), ("Spedizione gratuita sopra", "threshold"), ("Fri frakt över", "threshold"),
        ("zzgl. Pfand", "deposit"), ("statiegeld", "deposit"), ("kaucja", "deposit"), ("consigne", "deposit"),
        ("excl. btw", "net"), ("bez DPH", "net"), ("ex moms", "net"), ("alv 0 %", "net"), ("HT", "net"), ("χωρίς ΦΠΑ", "net"),
        ("incl. btw", "gross"), ("TTC", "gross"), ("s DPH", "gross"), ("inkl. MwSt.", "gross"), ("με ΦΠΑ", "gross"),
        ("/mo. for 24 months", "instalment"), ("monatlich", "instalment"), ("miesięcznie", "instalment"),
        ("от 209 ₽ × 12 мес", "instalment"), ("317 ₴/міс", "instalment"), ("Mindermengenzuschlag", "deposit"),
        ("par mois", "instalment"), ("24 cuotas de", "instalment"), ("al mese", "instalment"), ("/mån", "instalment"),
        ("/ kg", "unit"), ("pro 100 g", "unit"), ("per liter", "unit"), ("le kg", "unit"), ("Jämförpris", "unit"),
        ("for members", "member"), ("Clubcard price", "member"), ("Törzsvásárlói ár", "member"), ("Tarif fidélité", "member"),
        ("Staffelpreis", "piece"), ("Buy 2 for", "piece"),
    ],
)  # fmt: skip
def test_what_the_words_beside_an_amount_say_it_is(words: str, context: str) -> None:
    assert context in contexts_in(words)


@pytest.mark.parametrize(
    "note",
    ["inkl. MwSt. zzgl. Versand", "plus shipping", "Free shipping", "Livraison gratuite", "IVA incluido, envío gratis",
     "versandkostenfrei", "excl. verzendkosten", "inkl. moms, fri frakt", "Kostenloser Versand ab Lager"],
)  # fmt: skip
def test_a_note_on_delivery_behind_a_price_does_not_make_it_the_cost_of_delivery(note: str) -> None:
    html = (
        f"<body><h1>Lamp</h1><div><p><b>49,90 €</b> <small>{note}</small></p><p>Versand: <i>4,95 €</i></p></div></body>"
    )
    assert column(html, "is_disqualified") == {"49.90": 0, "4.95": 1}


def price_of(block: str, head: str = "") -> str | None:
    html, _, _ = product(block=f'<div class="prices">{block}</div>', head=head).partition('<section class="related')
    price = analyze_page(html, PRODUCT_URL).elements.get("price")
    return price.value if price else None


STATED = '<script type="application/ld+json">{"@type": "Product", "name": "Brass Lantern", "offers": {"price": "229.00"}}</script>'


@pytest.mark.parametrize(
    ("block", "price"),
    [
        ('<div class="per-unit"><span>39,80 € / kg</span></div><div class="price"><span>9,95 €</span></div>', "9.95"),
        (
            '<span class="price">249,00 €</span><div>Niedrigster Preis der letzten 30 Tage: <span>219,00 €</span></div>',
            "249",
        ),
        ("<span>€ 100,00</span> <span>excl. btw</span><br><span>€ 121,00</span> <span>incl. btw</span>", "121"),
        (
            '<div><span class="big">37,50 €</span> <span>/ Monat</span></div><div>Gesamt <span>899,99 €</span></div>',
            "899.99",
        ),
        ('<div style="display: none"><span class="price">19,00 €</span></div><span class="price">25,00 €</span>', "25"),
        ('<div hidden><span class="price">19,00 €</span></div><span class="price">25,00 €</span>', "25"),
        ("<div>99,90 € – 119,90 €</div><div>49,90 € – 59,90 €</div><div>-50%</div>", "49.90"),
        ("<p>Used from 19,90 €</p><p>39,90 €</p>", "39.90"),
        ("<p>5.1 折</p><p>€410,00</p><p>€210,00</p>", "210"),
        ("<p>Eredeti ár: 49,90 €</p><p>Online ár: 42,41 € <span>-15%</span></p>", "42.41"),
        (
            "<span>149,99 €</span><span>112,50 €</span><span>106,87 € im Korb</span><p>3 Raten: 37,50 € x 3</p>",
            "112.50",
        ),
        ("<span>89,00 €</span><div>10 % im Warenkorb <b>80,10 €</b></div>", "89"),
        ("<p>4 versements de 12,25 €</p><p>49,00 €</p>", "49"),
        ("<p class=old>Statt 120,00 € inkl. MwSt.</p><p>100,00 € inkl. MwSt.</p>", "100"),
    ],
)
def test_the_price_of_now_among_its_rivals(block: str, price: str) -> None:
    assert price_of(block) == price


def test_who_states_a_struck_or_hidden_price_as_the_current_one_is_wrong() -> None:
    assert price_of('<del>229,00 €</del> <span class="price">183,20 €</span>', STATED) == "183.20"
    assert (
        price_of('<span style="display:none">229,00 €</span> <span class="price">183,20 €</span>', STATED) == "183.20"
    )
    assert price_of("<span>Was 229,00 €</span> <span>Now 183,20 €</span>", STATED) == "183.20"
    assert price_of('<span class="price">229,00 €</span>', STATED) == "229"


def test_a_category_page_with_one_item_is_no_product_page() -> None:
    html = tiles(1).replace("<h3>Lamp A</h3>", '<h3><a href="/p/0">Oil lamp of tin</a></h3>')
    assert analyze_page(html, "https://www.lantern-shop.example.de/c/brass-lanterns").kind != "product"


@pytest.mark.parametrize(
    "stated",
    [
        '<meta property="og:type" content="product"><meta property="og:title" content="Walnut Tray">',
        '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product", "name": "Walnut Tray"}</script>',
    ],
)
def test_a_product_page_without_an_offer_is_one_still(stated: str) -> None:
    html = (
        f"<html><head><title>Walnut Tray | Northlight</title>{stated}</head><body><nav><a href=/>Home</a></nav>"
        '<main><img class="main-image" src="/media/p/main.jpg" alt="Walnut Tray"><h1>Walnut Tray</h1>'
        "<p>Made in small batches.</p><h2>Description</h2><p>For years of everyday use.</p></main></body></html>"
    )
    assert analyze_page(html, "https://shop.example/p/walnut-tray").kind == "product"


def test_what_is_shown_without_a_price_is_a_product_where_its_name_number_and_picture_are() -> None:
    html = (
        "<html><head><title>Kutna brusilica KB900 | Alati</title></head><body><nav><a href=/>Alati</a></nav>"
        '<img src="/kb900.jpg" alt="Kutna brusilica KB900"><h1>Kutna brusilica KB900</h1><p>Šifra: KB-900</p></body></html>'
    )
    assert analyze_page(html, "https://alati.example/kb900").kind == "product"
    assert analyze_page(html.replace("Šifra: KB-900", "Bok!"), "https://alati.example/kb900").kind == "other"


@pytest.mark.parametrize(
    ("heading", "control", "url"),
    [
        ("Your cart", "Proceed to checkout", "https://shop.example/cart"),
        ("Warenkorb", "Zur Kasse", "https://shop.example/warenkorb"),
        ("Votre panier", "Passer commande", "https://shop.example/panier"),
        ("Thank you for your order", "Continue shopping", "https://shop.example/checkout/thank-you"),
        ("Twój koszyk", "Kontynuuj zakupy", "https://shop.example/x"),
        ("購物車", "結帳", "https://shop.example/cart"),
        ("Coșul tău", "<a href=/f>Finalizează comanda</a>", "https://shop.example/x"),
        ("¡Gracias por tu pedido, Marta!", "<p>Tu número de pedido es 88121</p>", "https://shop.example/x"),
        ("Review your order", "Pay $49.00", "https://shop.example/checkout/review"),
    ],
)
def test_a_cart_or_a_confirmation_is_no_product_page(heading: str, control: str, url: str) -> None:
    html = (
        f"<html><head><title>{heading}</title></head><body><h1>{heading}</h1><table><tr><td><img src=/i/1.jpg></td>"
        '<td><a href="/p/1">Walnut Tray</a></td><td><input name="qty" value="1"></td><td>$49.00</td></tr></table>'
        f"<p>Subtotal $49.00</p>{control if '<' in control else f'<button>{control}</button>'}</body></html>"
    )
    assert analyze_page(html, url).kind not in ("product", "listing")


def test_what_stands_before_several_other_products_is_the_page_s_own() -> None:
    others = "".join(f'<p><a href="/p/{i}"><img src="/{i}.jpg"></a><b>{i}4,99 €</b></p>' for i in (1, 2, 3))
    own = '<p><img src="/own.jpg"></p><p><b>49,00 €</b></p>'
    dom, candidates = amounts(f"<div><h1>Brass Lantern</h1></div><div>{own}<div>{others}</div></div>")
    reading = Reading.of(dom, Structured(), PRODUCT_URL)
    assert are_with_other_product(reading, [one.element for one in candidates]) == [False, True, True, True]


@pytest.mark.parametrize("beside", ["", '<a href="/p/polish">Our polish, 7,90 €</a>'])
def test_an_article_that_names_prices_is_no_product_page(beside: str) -> None:
    html = (
        '<title>How to clean brass | Blog</title><h1>How to clean brass</h1><img src="/b.jpg" alt="How to clean brass">'
    )
    html += f"<p>A bottle of vinegar costs 1,20 € in most shops.</p><p>Rub gently and rinse.</p>{beside}"
    assert analyze_page(f'<html lang="en">{html}', "https://shop.example/blog/brass").kind == "other"


def test_a_product_whose_page_shows_prices_of_others_alone_is_one_still() -> None:
    html, _, related = product(block="<p>Nicht mehr lieferbar</p>").partition('<section class="related')
    page = analyze_page(
        html.replace("zzgl. 4,95 € Versand", "").replace("0,00 €", "") + '<section class="related' + related
    )
    assert page.kind == "product"
    assert "price" not in page.elements


def test_an_amount_beside_the_picture_of_another_page_is_another_product_s() -> None:
    drawer = '<div class="a"><a href="/p/2"><img src="/2.jpg"></a><p>Cotton Shirt</p><b>$39.00</b></div>'
    html = f"<body>{drawer}<main><h1>Vacuum Mug</h1><img src='/1.jpg'><div><b>$59.00</b></div></main></body>"
    dom = parse(f"<html><head><title>Vacuum Mug</title></head>{html}</html>")
    reading = Reading.of(dom, read_structured(dom, "https://shop.example/p/1"), "https://shop.example/p/1")
    prices = price_candidates(dom, reading.structured, reading.locale)
    flags = are_with_other_product(reading, [c.element for c in prices])
    assert {c.money.text: flag for c, flag in zip(prices, flags, strict=True) if c.money} == {"39": True, "59": False}


@pytest.mark.parametrize(
    ("behind", "is_instalment"),
    [("/ month", True), ("or 4 payments of", False), ("x 3 mois", True), ("in 3 rate", False)],
)
def test_another_way_to_pay_an_amount_makes_it_no_instalment(behind: str, *, is_instalment: bool) -> None:
    assert ("instalment" in contexts_after(behind)) == is_instalment


def test_a_price_that_a_sheet_takes_away_is_not_the_current_one() -> None:
    block = '<span class="x1">{}</span><span class="x2">183,20 €</span>'
    for rule in ("display: none", "text-decoration: line-through", "visibility:hidden"):
        assert price_of(block.format("99,00 €"), f"<style>.prices .x1 {{ {rule} }}</style>") == "183.20"


def test_who_states_a_price_that_a_sheet_hides_is_wrong() -> None:
    block = '<p class="x1">229,00 €</p><p class="price">272,51 €</p>'
    assert price_of(block, f"<style>.x1 {{ display: none }}</style>{STATED}") == "272.51"


def test_what_holds_most_of_a_page_is_shown_by_a_script() -> None:
    html, _, _ = product().partition('<section class="related')
    covered = html.replace("<body>", '<body><div id="app" style="display:none">') + "</div>"
    assert analyze_page(covered, PRODUCT_URL).elements["price"].value == "49.90"


def test_the_sum_that_a_threshold_names_is_no_price() -> None:
    assert price_of("<p>Preis auf Anfrage</p><p>Versandkostenfrei ab 150,00 €</p>") is None


@pytest.mark.parametrize(
    ("rows", "bulk"),
    [
        (
            "<tr><td>1 – 24</td><td>0,89 €</td></tr><tr><td>25 – 99</td><td>0,75 €</td></tr><tr><td>ab 100</td><td>0,62 €</td></tr>",
            {"0.75", "0.62"},
        ),
        ("<tr><td>10+ <b>0,41 €</b></td></tr><tr><td>100+ <b>0,33 €</b></td></tr>", {"0.33"}),
        ("<tr><td>Dec 12</td><td>20,00 €</td></tr><tr><td>Dec 14</td><td>30,00 €</td></tr>", set()),
        ("<tr><td>87,50<i>€</i></td></tr><tr><td>84,90<i>€</i></td></tr>", set()),
        ("<tr><td>87.500<i>원</i></td></tr><tr><td>84.900<i>원</i></td></tr>", set()),
        ("<tr><td>Lamp</td><td>20,00 €</td></tr><tr><td>Kettle</td><td>30,00 €</td></tr>", set()),
    ],
)
def test_a_price_of_more_pieces_is_told_from_that_of_one(rows: str, bulk: set[str]) -> None:
    found = column(f"<table>{rows}</table>", "is_bulk")
    assert {amount for amount, is_bulk in found.items() if is_bulk} == bulk


def test_a_note_belongs_to_the_amount_that_it_stands_in_one_block_with() -> None:
    net = column(
        "<div>249,00 € <small>zzgl. MwSt.</small></div><div>296,31 € <small>inkl. MwSt.</small></div>",
        "is_disqualified",
    )
    assert net == {"249": 1.0, "296.31": 0.0}


def test_a_label_in_a_list_announces_what_follows_it() -> None:
    lot = "<dl><dt>Startpreis</dt><dd>50,00 €</dd><dt>Gebot</dt><dd>135,00 €</dd><dt>Schätzpreis</dt><dd>200,00 €</dd></dl>"
    assert column(lot, "is_disqualified") == {"50": 1.0, "135": 0.0, "200": 1.0}


def test_an_amount_in_blocks_around_it_is_one_witness() -> None:
    _, found = amounts("<section><h3>Goes well with</h3><div>Snuffer <span>12,00 €</span> <b>Add</b></div></section>")
    assert [candidate.text for candidate in found] == ["12,00 €"]


def test_who_states_where_the_bidding_began_is_not_believed() -> None:
    block = "<p>Starting Price $150</p><p class='price'>$200</p>"
    html = product(block=block, stated="150").replace("19,90 €", "$150")
    found = analyze_page(html, PRODUCT_URL).elements.get("price")
    assert found is None or found.value == "200"
