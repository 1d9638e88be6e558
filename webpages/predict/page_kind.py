"""What a page is for where it does not offer one product: a listing, a checkout, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trimtab.webpages.features.offer_area import are_elsewhere, are_with_other_product, segments_of_offer
from trimtab.webpages.parse.candidates import Candidate, says_add_to_cart
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.number_labels import labelled_numbers
from trimtab.webpages.parse.reading import Reading, tokens
from trimtab.webpages.parse.statements.facts import LIST_TYPES
from trimtab.webpages.parse.statements.platform import PRODUCT

MIN_CHECKOUT_FIELDS = 4
MAX_CHANCE_OF_OTHER = 0.05
"""Chance to be a product page that is left to a cart, an order, or a category with one item."""
MIN_CHANCE_WITHOUT_OFFER = 0.6
"""Chance that is given to a page that shows a product and no price, as shops keep those of what they no longer sell."""
MAX_CHANCE_OF_ARTICLE = 0.3
"""The same of a page that names prices in its paragraphs alone; its elements are given all the same."""
MIN_CHANCE_BY_PLATFORM = 0.95
"""Chance that is given at least to a page that its shop's platform calls a product's."""
MIN_PROSE = 4
"""Words around an amount that make it part of a sentence."""
_WORD = re.compile(r"[^\W\d_]{2,}")
MAX_BLOCK_HEIGHT = 7
MIN_LISTED_VALUES = 5
"""Different amounts from which on a page without a product is a listing."""


def as_platform_says(page: str, chance: float) -> float:
    """The chance to be a product page where the shop's platform says what the page is, and empty where none does."""
    if page == PRODUCT:
        return max(chance, MIN_CHANCE_BY_PLATFORM)
    return min(chance, MAX_CHANCE_OF_OTHER) if page else chance


def offers_another(reading: Reading, prices: Sequence[Candidate]) -> bool:
    """Whether all prices stand in one block with link, picture and heading of its own that the page's name is not in: a
    category page with one item in it."""
    dom, name = reading.dom, reading.name_anchor
    shown = [c.element for c in prices if c.source == "text" and c.has_currency and c.element > name]
    if not shown or name < 0 or reading.structured.count("product") == 1:
        return False
    headed = dom.of_tags("h2", "h3", "h4", "h5", "h6")
    for block in dom.ancestors(shown[0], MAX_BLOCK_HEIGHT):
        if block <= name < dom.ends[block]:
            return False
        if shown[-1] >= dom.ends[block]:
            continue
        inside = [element for element in headed if block < element < dom.ends[block]]
        if len(inside) == 1 and _has_link_and_picture(dom, block):
            words = tokens(dom.text(inside[0]))
            return bool(words) and not words <= tokens(dom.text(name)) and _is_linked(dom, inside[0], block)
    return False


def has_no_offer(reading: Reading, prices: Sequence[Candidate]) -> bool:
    """Whether a page has no price of its own: none at all, or other products' beside an article number of its own. Of
    1,040 pages without a product one shows a product so, and it shows one."""
    asked = [price.element for price in prices]
    if not asked:
        return True
    if not all(map(any, zip(are_elsewhere(reading, asked), are_with_other_product(reading, asked), strict=True))):
        return False
    numbers = labelled_numbers(reading.dom, segments_of_offer(reading))
    labelled = [number.element for number in numbers if number.kind == "sku"]
    others = zip(are_elsewhere(reading, labelled), are_with_other_product(reading, labelled), strict=True)
    return not all(map(any, others))


def prices_are_in_prose(reading: Reading, prices: Sequence[Candidate], carts: Sequence[Candidate]) -> bool:
    """Whether a page that states no price and has no control names its amounts in paragraphs or in links to other pages
    alone: an article."""
    dom = reading.dom
    shown = [price for price in prices if price.source == "text" and price.has_currency]
    if not shown or reading.structured.prices or any(says_add_to_cart(control.text) for control in carts):
        return False
    ways = [{dom.tags[element] for element in (price.element, *dom.ancestors(price.element, 2))} for price in shown]
    in_prose = [
        "p" in way and len(_WORD.findall(price.text)) >= MIN_PROSE for price, way in zip(shown, ways, strict=True)
    ]
    return any(in_prose) and all(is_said or "a" in way for is_said, way in zip(in_prose, ways, strict=True))


def _has_link_and_picture(dom: Dom, block: int) -> bool:
    return all(any(block < element < dom.ends[block] for element in dom.of_tags(tag)) for tag in ("a", "img"))


def _is_linked(dom: Dom, heading: int, block: int) -> bool:
    """Whether a heading is a link to another page, holds one, or stands in one."""
    end = dom.ends[block]
    links = [a for a in dom.of_tags("a") if block <= a < end and dom.attribute(a, "href").strip("# ")]
    return any(heading <= a < dom.ends[heading] or a <= heading < dom.ends[a] for a in links)


def kind_without_product(reading: Reading, prices: Sequence[Candidate], n_checkout_fields: int) -> str:
    """`checkout`, `listing` or `other`, for a page that is not a product page."""
    if n_checkout_fields >= MIN_CHECKOUT_FIELDS:
        return "checkout"
    shown = [c for c in prices if c.source == "text" and c.money is not None and c.has_currency]
    values = {c.money.amount for c in shown if c.money}
    listed = reading.structured.count("product") > 2 or reading.structured.count(*LIST_TYPES) > 0
    return "listing" if len(values) >= MIN_LISTED_VALUES or (listed and len(shown) >= 2) else "other"
