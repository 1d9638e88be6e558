"""What a shop's platform calls the page: in the data of its own counter, or in the names it gives the body.

It says which of the platform's templates drew the page, and nothing about the product.
"""

from __future__ import annotations

import re

from trimtab.webpages.parse.candidates import mark
from trimtab.webpages.parse.dom import Dom

PRODUCT, LISTING, CART = "product", "listing", "cart"
_COUNTED = re.compile(r'page(?<=\bpage)"?\s*:\s*\{\s*"?pageType"?\s*:\s*"([a-z]+)"')
"""What Shopify's counter, and those made after it, send of a page."""
_OF_COUNTER = {"product": PRODUCT, "collection": LISTING, "searchresults": LISTING, "cart": CART}
_OF_BODY = {
    PRODUCT: re.compile(
        r"(?:^|\s)(?:single-product|catalog-product-view|product-product(?:-\d+)?|is-ctl-product)(?:\s|$)"
    ),
    LISTING: re.compile(
        r"(?:^|\s)(?:tax-product_cat|post-type-archive-product|catalog-category-view|catalogsearch-result-index)(?:\s|$)"
    ),
    CART: re.compile(r"(?:^|\s)(?:woocommerce-(?:cart|checkout)|checkout-(?:cart|index)-index)(?:\s|$)"),
}
"""Names of WooCommerce, Magento, OpenCart and Shopware."""


def page_by_platform(dom: Dom) -> str:
    """`product`, `listing` or `cart`; empty where no platform says."""
    for _, source in dom.inline_scripts:
        counted = _COUNTED.search(source) if "pageType" in source else None
        if counted:
            return _OF_COUNTER.get(counted[1], "")
    names = " ".join(mark(dom, element) for element in dom.of_tags("body")[:1]).lower()
    return next((page for page, pattern in _OF_BODY.items() if pattern.search(names)), "")
