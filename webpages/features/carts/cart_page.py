# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""Whether a page is a cart, a checkout or an order's confirmation, by its address, its headings and what leads on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from trimtab.webpages.features.offer_area import lies_over_page
from trimtab.webpages.parse.candidates import Candidate
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.number_labels import MAX_LABELLED
from trimtab.webpages.parse.reading import Reading

MAX_SEGMENTS = 4000
MAX_CONTROL = 60
MAX_HEADINGS = 6

CART_ADDRESS = re.compile(
    r"/(?:(?:shopping-?)?(?:cart|basket|bag)|checkouts?|warenkorb|kasse|panier|commande|carrito|cesta|carrello|carrinho|sacola|winkel(?:wagen|mand(?:je)?)"
    r"|kurv|kundvagn|varukorg|handlekurv|ostoskori|koszyk|kosik|ko[sš][ií]k|kos[aá]r|cosul?|korzina|cart\.\w+|order[-_]?(?:confirm\w*|received|complete\w*|success)"
    r"|thank[-_]?you|viewcart|sepet(?:im)?|onepage|bestellung|zamowienie)(?:/|$|\.)"
)
_CART_HEADING = re.compile(
    r"^(?:your |my |shopping |the )*(?:cart|basket|shopping bag|bag)\b|^(?:order (?:confirm|received|complete|summary|details|status|review)|review (?:your|my|the) (?:order|basket|cart)|thank(?:s| you) for your (?:order|purchase)|your order|checkout)"
    r"|^(?:(?:ihr|mein|dein|der) )?(?:waren|einkaufs)korb|^(?:vielen )?dank für (?:ihre|deine) bestellung|^bestell(?:bestätigung|übersicht)|^bestellung (?:prüfen|überprüfen|abschließen)|^récapitulatif de (?:la |votre |ma )?commande|^resumen (?:del|de tu) pedido|^riepilogo (?:dell['’]|del tuo )?ordine|^podsumowanie zamówienia|^resumo do pedido|^overzicht (?:van )?(?:je |uw )?bestelling|^kasse\b"
    r"|^(?:votre |mon )?panier|^(?:merci pour votre|confirmation de) commande|^(?:tu |mi )?(?:carrito|cesta)\b|^(?:gracias por tu|confirmación (?:del|de)) pedido"
    r"|^(?:il tuo |il mio )?carrello|^grazie per il tuo ordine|^(?:o )?(?:seu |meu )?carrinho|^obrigad[oa] pel|^(?:je |uw |mijn )?winkel(?:wagen|mand)|^bedankt voor"
    r"|^(?:din |min )?(?:indkøbs)?kurv\b|^(?:din )?(?:kundvagn|varukorg)|^tack för din|^(?:din )?handlekurv|^takk for|^ostoskori|^kiitos tilauksesta"
    r"|^(?:twój |mój )?koszyk|^dziękujemy za|^(?:nákupní |nákupný )?koš[ií]k|^děkujeme za|^ďakujeme za|^kosár|^köszönjük a rendel|^coșul(?: (?:tău|meu|de cumpărături))?|^το καλάθι(?: (?:μου|σας))?|^mulțumim pentru"
    r"|^корзина|^ваша корзина|^спасибо за (?:ваш )?заказ|^кошик|^дякуємо за|^кошница|^количка|^sepet(?:im)?|^siparişiniz|^košarica|^ostukorv|^krepšelis|^grozs"
    r"|^(?:購物車|购物车|カート|ショッピングカート|ご注文|장바구니|주문완료|주문 완료|ตะกร้า|giỏ hàng|keranjang|(?:عربة|سلة)(?: (?:التسوق|المشتريات))?|سبد خرید|העגלה|סל הקניות)"
)
_CHECKOUT_CONTROL = re.compile(
    r"check ?out|place (?:your )?order|continue shopping|update cart|empty cart|apply coupon|zur kasse|weiter einkaufen|passer (?:la )?commande|valider (?:mon|le|la) (?:panier|commande)|continuer (?:mes|vos) achats"
    r"|finalizar (?:la )?compra|tramitar pedido|realizar pedido|seguir comprando|procedi (?:all|con)|vai alla cassa|continua (?:con )?gli acquisti|continuar comprando|fechar pedido"
    r"|afrekenen|verder winkelen|naar (?:de )?kassa|til kassen|till kassan|gå til kassen|kassalle|do kasy|kontynuuj zakupy|pokračovat v nákupu|k pokladně|k pokladni|pénztár|finalizează|continuă cumpărăturile"
    r"|оформить заказ|продолжить покупки|оформити замовлення|ödemeye|alışverişi tamamla|ολοκλήρωση παραγγελίας|إتمام (?:الطلب|الشراء)|結帳|结算|去结账|レジに進む|ご購入手続き|주문하기|thanh toán|checkout sekarang"
)
_THANKS = re.compile(
    r"(?:thank|many thanks|order (?:confirm|received|complete)|vielen dank|danke|bestellbest|merci|confirmation d|gracias|confirmación d|grazie|obrigad|bedankt|tack |takk |tak for|kiitos|dzięku"
    r"|děkuj|ďakuj|köszön|mulțumim|ευχαριστούμε|спасибо|дякуємо|благодарим|hvala|aitäh|paldies|ačiū|siparişiniz|teşekkür|ご注文|주문이|感謝|感谢|cảm ơn|terima kasih|ขอบคุณ|شكر|متشکر|תודה)"
)
_ORDER_NUMBER = re.compile(
    r"order (?:number|no\b|id\b|#)|auftragsnummer|bestellnummer|numéro de (?:votre )?commande|commande n°|número de (?:tu |su )?pedido|n[uú]mero do (?:seu )?pedido|número da encomenda"
    r"|numero (?:d['’]|dell['’]|di )?ordine|numer zamówienia|číslo objednávky|ordernummer|ordrenummer|bestelnummer|tilausnumero|rendelésszám|rendelés száma|număr(?:ul)? (?:de )?coman"
    r"|αριθμός παραγγελίας|номер (?:вашего )?заказа|номер замовлення|номер на поръчка|broj narudžbe|številka naročila|tellimuse number|pasūtījuma numurs|užsakymo numeris|sipariş (?:numara|no)"
    r"|注文番号|주문 ?번호|訂單(?:編號|號碼)|订单[编号]+|mã đơn hàng|nomor pesanan|หมายเลขคำสั่งซื้อ|رقم الطلب|شماره سفارش|מספר הזמנה",
)


def page_path(reading: Reading) -> str:
    """The path of the page's address, in lower case."""
    try:
        return urlsplit(reading.url or reading.structured.canonical).path.lower()
    except ValueError:
        return ""


def is_headed_as_cart(dom: Dom) -> bool:
    """Whether the title or a main heading says that the page is a cart, a checkout or a confirmation."""
    headings = [*dom.of_tags("title")[:1], *_main_headings(dom)]
    return any(_CART_HEADING.search(_heading_text(dom, element)) for element in headings)


def _main_headings(dom: Dom) -> list[int]:
    """The first two, but for those in a drawer that lies over the page: every page of a shop has its cart's."""
    return [element for element in dom.of_tags("h1")[:MAX_HEADINGS] if not lies_over_page(dom, element)][:2]


def n_checkout_controls(carts: Sequence[Candidate]) -> int:
    """Controls that lead on from a cart."""
    return sum(bool(_CHECKOUT_CONTROL.search(c.text[:60].lower())) for c in carts)


def is_cart(reading: Reading, carts: Sequence[Candidate]) -> bool:
    """Whether a page is a cart, a checkout or an order's confirmation, whatever else it shows.

    Heading or address must say so, and one more thing: the other of them, or a control that leads on.
    """
    signs = [bool(CART_ADDRESS.search(page_path(reading))), is_headed_as_cart(reading.dom)]
    leads_on = n_checkout_controls(carts) > 0 or (_is_headed_wholly(reading.dom) and _has_checkout_link(reading.dom))
    return (sum([*signs, leads_on]) > 1 and any(signs)) or _is_confirmation(reading.dom)


def _heading_text(dom: Dom, element: int) -> str:
    return dom.text(element)[:80].strip(" \t\n¡!«\"'").lower()


def _is_confirmation(dom: Dom) -> bool:
    """Whether a main heading gives thanks for an order, and a text says its number."""
    if not any(_THANKS.match(_heading_text(dom, element)) for element in _main_headings(dom)):
        return False
    return any(len(text) <= MAX_LABELLED and _ORDER_NUMBER.search(text.lower()) for text in dom.segments[:MAX_SEGMENTS])


def _is_headed_wholly(dom: Dom) -> bool:
    """Whether a main heading is the name of a cart and nothing else: a basket for sale has more words."""
    headings = (dom.text(element)[:80].strip(" \t:.!()0123456789").lower() for element in _main_headings(dom))
    return any((found := _CART_HEADING.match(text)) and found.end() == len(text) for text in headings)


def _has_checkout_link(dom: Dom) -> bool:
    """Whether a link leads on from a cart; a page's header has one too."""
    return any(
        dom.text_length(link) <= MAX_CONTROL and _CHECKOUT_CONTROL.search(dom.text(link).lower())
        for link in dom.of_tags("a")
    )
