"""Offers as shops write them: beside the price stand amounts that are not the price."""

from __future__ import annotations

import pytest

from trimtab.webpages.analyze import analyze_page


def page(block: str, lang: str, cart: str) -> str:
    """A product page without statements around the block of its price."""
    return (
        f"<!doctype html><html lang='{lang}'><head><title>Copper Kettle | Kettle House</title></head><body>"
        "<header><nav><a href='/'>Home</a><a href='/c'>Kettles</a></nav></header>"
        f"<main><img src='/img/k1.jpg' alt='Copper Kettle'><h1>Copper Kettle</h1><p>Item no. KH-8812</p>{block}"
        f"<form action='/cart/add'><input type=hidden name=product_id value=8812><button>{cart}</button></form>"
        "<p>Made of copper, for two litres.</p></main><footer><a href='/terms'>Terms</a></footer></body></html>"
    )


@pytest.mark.parametrize(
    ("block", "lang", "price"),
    [
        ("<span>oder 12 x 8,33 €</span> <b>99,90 €</b>", "de", "99.90"),
        ("<span>2,49 € / 100 g</span><span>12,45 €</span>", "de", "12.45"),
        ("<p>Niedrigster Preis der letzten 30 Tage: 79,00 €</p><b>84,90 €</b>", "de", "84.90"),
        ("<b>189,99 zł</b><p>Najniższa cena z 30 dni przed obniżką: 169,99 zł</p>", "pl", "189.99"),
        ("<b>54,90 €</b><small>Prix le plus bas des 30 derniers jours : 49,90 €</small>", "fr", "54.90"),
        ("<b>14,99 €</b><p>zzgl. 3,10 € Pfand</p>", "de", "14.99"),
        ("<span>€ 82,64 excl. btw</span><span>€ 100,00 incl. btw</span>", "nl", "100"),
        ("<p>Members pay <b>$39.99</b></p><p><b>$49.99</b></p>", "en", "49.99"),
        ("<b>£60.00</b><p>or 3 interest-free payments of £20.00 with Klarna</p>", "en-GB", "60"),
        (
            "<span>De: R$ 259,90</span><span>Por: <b>R$ 199,90</b></span><span>ou 10x de R$ 19,99</span>",
            "pt-BR",
            "199.90",
        ),
        ("<dl><dt>Startpreis</dt><dd>50,00 €</dd><dt>Aktuelles Gebot</dt><dd>135,00 €</dd></dl>", "de", "135"),
        ("<table><tr><td>1 – 24</td><td>0,89 €</td></tr><tr><td>ab 25</td><td>0,75 €</td></tr></table>", "de", "0.89"),
        (
            "<div>249,00 € <small>zzgl. MwSt.</small></div><div>296,31 € <small>inkl. MwSt.</small></div>",
            "de",
            "296.31",
        ),
        ("<button>Lieferung 7,95 €</button><p>statt 4,50 € <b>2,25 €</b></p>", "de", "2.25"),
        (
            "<p>ab 49,00 €</p><label><input type=radio name=g>Klein 49,00 €</label>"
            "<label><input type=radio name=g checked>Mittel 69,00 €</label>",
            "de",
            "69",
        ),
        (
            "<div><a href='?l=1'>1 l<br>19,95 €</a><a href='?l=2'>2,5 l<br>36,95 €</a>"
            "<a href='?l=3'>10 l<br>119,00 €</a></div><div class=preis>36,95 €</div>",
            "de",
            "36.95",
        ),
        (
            "<p>ab 39,00 €</p><div><button>S <i>39,00 €</i></button><button>M <i>54,00 €</i></button>"
            "<button>L <i>75,00 €</i></button></div><div class=preis>54,00 €</div>",
            "de",
            "54",
        ),
        (
            "<div class=discount_block><i>-75%</i><div class=discount_original>71,99 zł</div>"
            "<div class=discount_final>17,99 zł</div></div>",
            "pl",
            "17.99",
        ),
        ("<div><span>£10.49</span><span>Mix Six price</span></div><span>£12.99</span>", "en-GB", "12.99"),
        (
            "<p>As low as: $36.44</p><table><tr><td>1 - 19</td><td>$38.04</td></tr>"
            "<tr><td>20+</td><td>$36.44</td></tr></table>",
            "en",
            "38.04",
        ),
    ],
)
def test_the_price_is_told_from_the_amounts_beside_it(block: str, lang: str, price: str) -> None:
    cart = {"de": "In den Warenkorb", "pl": "Do koszyka", "fr": "Ajouter au panier", "nl": "In winkelwagen"}
    found = analyze_page(page(f"<div>{block}</div>", lang, cart.get(lang, "Add to cart")))
    assert found.elements["price"].value == price


def test_a_doubtful_picture_is_given_where_words_of_the_name_call_it() -> None:
    html = page("<b>12,90 €</b>", "de", "In den Warenkorb").replace("alt='Copper Kettle'", "alt='Kettle'")
    tiles = "".join(f"<li><a href='/x/{i}'><img src='/t/{i}.jpg' alt='Pot {i}'>{i},00 €</a></li>" for i in range(4))
    found = analyze_page(html.replace("</main>", f"</main><ul>{tiles}</ul>"))
    assert found.elements["image"].value == "/img/k1.jpg"
