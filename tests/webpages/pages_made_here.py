# ruff: noqa: E501  # markup reads better unbroken
"""Small pages written for the tests: shops that exist nowhere."""

from __future__ import annotations

PRODUCT_URL = "https://www.lantern-shop.example.de/p/brass-lantern-4711"


def product(price: str = "49,90 €", *, block: str | None = None, head: str = "", stated: str | None = None) -> str:
    """A product page; `block` replaces the price block, `stated` is a JSON-LD price."""
    data = ""
    if stated is not None:
        data = (
            '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product", "name": "Brass Lantern",'
            f' "sku": "BL-4711", "gtin13": "4006381333931", "brand": {{"name": "Lumen"}}, "image": "/img/lantern-large.jpg",'
            f' "offers": {{"@type": "Offer", "price": "{stated}", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}}}}'
            "</script>"
        )
    shown = f'<div class="price-box"><span class="price">{price}</span></div>' if block is None else block
    return f"""<!doctype html><html lang="de"><head><title>Brass Lantern | Lantern Shop</title>{head}{data}
    <link rel="canonical" href="{PRODUCT_URL}"></head><body>
    <header><nav><a href="/">Home</a> <a href="/lamps">Lamps</a></nav><a class="minicart" href="/cart">Warenkorb 0,00 €</a></header>
    <main class="product-detail"><img class="product-image" src="/img/lantern-large.jpg" alt="Brass Lantern" width="600" height="600">
    <h1 class="product-title">Brass Lantern</h1><p>Artikelnummer: BL-4711</p>{shown}
    <p class="shipping">zzgl. 4,95 € Versand</p><p class="stock">Sofort lieferbar</p>
    <form action="/cart/add" method="post"><input type="hidden" name="product_id" value="4711"><input name="quantity" value="1">
    <button type="submit" class="add-to-cart">In den Warenkorb</button></form>
    <section class="description"><h2>Beschreibung</h2><p>A lantern of solid brass for garden and balcony.</p></section></main>
    <section class="related-products"><h3>Das könnte Ihnen gefallen</h3><ul>
    <li><a href="/p/1"><img src="/img/a-thumb.jpg" alt="Oil Lamp"><span class="price">19,90 €</span></a></li>
    <li><a href="/p/2"><img src="/img/b-thumb.jpg" alt="Candle"><span class="price">9,90 €</span></a></li></ul></section>
    <footer><a href="/imprint">Impressum</a></footer></body></html>"""


ARTICLE = """<!doctype html><html><head><title>Why lighthouses are round</title></head><body><h1>Why lighthouses are round</h1>
<p>Waves break on a round wall more gently than on a flat one, and builders knew that long before it was computed.</p>
<p>The tower of 1882 still stands.</p><form action="/search"><input name="q"><button>Search</button></form></body></html>"""

CHECKOUT = """<!doctype html><html><head><title>Checkout</title></head><body><h1>Checkout</h1><form id="checkout">
<fieldset><legend>Shipping address</legend>
<label for="sf">First name</label><input id="sf" name="shipping_first_name"><label for="sl">Last name</label><input id="sl" name="shipping_last_name">
<label for="ss">Street address</label><input id="ss" name="shipping_street"><label for="sc">City</label><input id="sc" name="shipping_city">
<label for="sz">Postal code</label><input id="sz" name="shipping_zip"><label for="sp">Phone</label><input id="sp" type="tel" name="shipping_phone"></fieldset>
<fieldset><legend>Billing address</legend>
<label for="bs">Street address</label><input id="bs" name="billing_street"><label for="bc">City</label><input id="bc" name="billing_city">
<label for="bz">Postal code</label><input id="bz" name="billing_zip"></fieldset>
<fieldset><legend>Payment</legend><label for="cn">Card number</label><input id="cn" name="card_number">
<label for="cv">Security code (CVV)</label><input id="cv" name="cvv"></fieldset>
<button type="submit">Place order</button></form></body></html>"""
