"""What a page is for: one product, a listing of several, a checkout, or something else."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.levels import feature_names
from trimtab.webpages.parse.candidates import Candidate, mark, says_add_to_cart
from trimtab.webpages.parse.reading import NAN, Reading, overlap, tokens
from trimtab.webpages.parse.repetition import REPEAT_NAMES, repeats
from trimtab.webpages.parse.words import has_role

PAGE_FEATURES = (
    "n_prices", "n_values", "n_struck", "largest_tile_group", "share_in_tiles", "n_carts", "n_disabled_carts",
    "cart_after_name",
    "price_after_name", "price_up_to_name", "price_before_cart", "prices_near_name", "has_name", "name_in_title",
    "name_in_url", "name_words",
    "name_is_h1", "n_h1", "stated_products", "stated_offers", "stated_prices", "stated_values", "stated_lists",
    "opengraph_product",
    "opengraph_other", "stated_sku", "stated_gtin", "n_images", "og_image", "n_links", "n_segments",
    "text_per_segment", "n_inputs",
    "n_passwords", "n_forms", "quantity_field", "detail_role", "url_depth", "url_is_root", "url_product_word",
    "url_list_word",
    "url_digits", "n_articles", "images_of_name", "prices_in_links", "name_repeats", "gap_to_price", "one_cart",
    "name_in_opengraph",
    "detail_words", "stated_no_list", "distinct_links_share",
    *(f"{name}_of_{what}" for what in ("name", "cart", "first_price", "offer") for name in REPEAT_NAMES),
)  # fmt: skip
_PRODUCT_WORD = re.compile(
    r"/(?:p|dp|itm|item|product|products|prod|detail|produkt|produit|producto|prodotto|pd|pdp)[/-_]"
    r"|product(?:_?id|details?)?|\.html?$|-p-?\d"
)
_LIST_WORD = re.compile(r"categor|/c/|collection|search|catalog|/shop/?$|/list|/browse|/s\?|/tag|/brand|query|page=")
_QUANTITY = re.compile(r"qty|quantit|anzahl|menge|cantid|quantid|aantal|antal|množ|ilosc|mennyis", re.IGNORECASE)
_DETAIL_WORDS = re.compile(
    r"^(?:product )?(?:description|details|specifications?|features|reviews?|shipping|delivery|returns?"
    r"|quantity|qty|availability|size guide"
    r"|beschreibung|produktdetails|lieferung|bewertungen|technische daten|descripción|características|opiniones"
    r"|description|détails"
    r"|caractéristiques|avis|livraison|descrizione|caratteristiche|recensioni|descrição|características"
    r"|avaliações|popis|parametre"
    r"|hodnotenie|opis|dane techniczne|opinie|leírás|paraméterek|описание|характеристики|отзывы"
    r"|商品介紹|商品說明|規格|商品説明|レビュー"
    r"|상품정보|상품평|상세정보)\b",
    re.IGNORECASE,
)
_OFFER_COLUMNS = [feature_names("price", "text").index(name) for name in REPEAT_NAMES]
_LISTS = ("itemlist", "collectionpage", "searchresultspage", "offercatalog")


def with_offer(row: NDArray[np.float32], prices: NDArray[np.float32], best: int | None) -> NDArray[np.float32]:
    """A page's row completed by what the price model found: how the most likely price repeats.

    Where that price stands in one of many blocks of one make, the page lists products, whatever else it looks like.

    Args:
        row: of `page_row`.
        prices: [n, n_features] text level rows of the price candidates.
        best: the candidate the price model prefers, None where there is none.

    Returns:
        [1, len(PAGE_FEATURES)]
    """
    offer = prices[best, _OFFER_COLUMNS] if best is not None else np.full(len(_OFFER_COLUMNS), NAN)
    return np.hstack([row, offer.astype(np.float32)[None]])


def page_row(
    reading: Reading, prices: Sequence[Candidate], carts: Sequence[Candidate], images: Sequence[Candidate]
) -> NDArray[np.float32]:
    """[1, len(PAGE_FEATURES) - 3] columns of a page; `with_offer` adds the last ones."""
    dom, structured, name = reading.dom, reading.structured, reading.name_anchor
    shown = [c for c in prices if c.source == "text" and c.money is not None and c.money.has_symbol]
    tiles = Counter(f"{dom.tags[c.element]}|{_name_of(reading, c.element)}" for c in shown)
    in_tiles = sum(n for n in tiles.values() if n >= 4)
    cart_like = [c for c in carts if says_add_to_cart(c.text)]
    start = dom.segment_starts[name] if name >= 0 else 0
    after = [dom.segment_starts[c.element] - start for c in shown if dom.segment_starts[c.element] >= start]
    words = tokens(dom.text(name)) if name >= 0 else frozenset()
    inputs = dom.of_tags("input", "select", "textarea")
    links = dom.of_tags("a")
    url = reading.url or structured.canonical
    path = _path(url)
    stated = {fact.money.value for fact in structured.prices}
    first = min((c for c in shown if dom.segment_starts[c.element] >= start), key=lambda c: c.element, default=None)
    linked = {dom.attributes[link].get("href", "") for link in links}
    row = [
        math.log1p(len(shown)),
        math.log1p(len({c.money.value for c in shown if c.money})),
        float(sum(dom.tags[c.element] in ("del", "s", "strike") for c in shown)),
        math.log1p(max(tiles.values(), default=0)),
        in_tiles / max(len(shown), 1),
        math.log1p(len(cart_like)),
        float(sum("disabled" in dom.attributes[c.element] for c in cart_like)),
        float(min((dom.segment_starts[c.element] - start for c in cart_like if c.element > name), default=NAN)),
        float(min(after, default=NAN)),
        _up_to(reading, first.element) if first is not None and name >= 0 else NAN,
        float(first is not None and reading.cart_anchor >= 0 and first.element < reading.cart_anchor),
        float(sum(gap < 30 for gap in after)),
        float(name >= 0),
        overlap(words, reading.title_tokens),
        overlap(words, reading.url_tokens),
        float(len(words)),
        float(name >= 0 and dom.tags[name] == "h1"),
        float(min(len(dom.of_tags("h1")), 5)),
        math.log1p(structured.count("product", "individualproduct", "productgroup")),
        math.log1p(structured.count("offer", "aggregateoffer")),
        math.log1p(len(structured.prices)),
        math.log1p(len(stated)),
        float(structured.count(*_LISTS) > 0),
        float("product" in structured.opengraph_type and "group" not in structured.opengraph_type),
        float(bool(structured.opengraph_type) and "product" not in structured.opengraph_type),
        float(bool(structured.values("sku"))),
        float(bool(structured.values("gtin"))),
        math.log1p(len(images)),
        float(any(fact.kind == "image" and fact.source == "opengraph" for fact in structured.facts)),
        math.log1p(len(links)),
        math.log1p(len(dom.segments)),
        dom.text_offsets[-1] / max(len(dom.segments), 1),
        math.log1p(len(inputs)),
        float(sum(dom.attribute(i, "type") == "password" for i in inputs)),
        math.log1p(len(dom.of_tags("form"))),
        float(any(_QUANTITY.search(mark(dom, i)) for i in inputs)),
        float(sum(has_role(mark(dom, c.element), "detail") for c in cart_like[:5])),
        float(path.strip("/").count("/")) if url else NAN,
        float(path.strip("/") == "") if url else NAN,
        float(bool(_PRODUCT_WORD.search(path))) if url else NAN,
        float(bool(_LIST_WORD.search(url.lower()))) if url else NAN,
        float(sum(character.isdigit() for character in path)) if url else NAN,
        float(structured.count("article", "newsarticle", "blogposting")),
        math.log1p(sum(overlap(words, tokens(dom.attribute(c.element, "alt")[:200])) > 0.6 for c in images))
        if words
        else NAN,
        sum(any(dom.tags[a] == "a" for a in dom.ancestors(c.element, 3)) for c in shown) / max(len(shown), 1),
        math.log1p(dom.segments.count(dom.text(name))) if name >= 0 else NAN,
        math.log1p(min(after, default=500)),
        float(len({c.text for c in cart_like}) == 1),
        max((overlap(words, tokens(value)) for value in structured.values("name")), default=NAN),
        math.log1p(sum(len(text) < 40 and bool(_DETAIL_WORDS.search(text)) for text in dom.segments[:4000])),
        float(structured.count("product") == 1),
        len(linked) / max(len(links), 1),
        *_repeats_of(reading, name, [c.element for c in reading.names]),
        *_repeats_of(reading, reading.cart_anchor, [c.element for c in cart_like]),
        *_repeats_of(reading, first.element if first is not None else -1, [c.element for c in shown]),
    ]
    return np.asarray([row], dtype=np.float32)


def _repeats_of(reading: Reading, element: int, among: list[int]) -> list[float]:
    if element not in among:
        return [NAN] * len(REPEAT_NAMES)
    return [float(n) for n in repeats(reading.dom, among, [element])[0]]


def _name_of(reading: Reading, element: int) -> str:
    parent = reading.dom.parents[element]
    above = reading.dom.attribute(parent, "class") if parent >= 0 else ""
    return f"{reading.dom.attribute(element, 'class')}|{above}"


def _up_to(reading: Reading, element: int) -> float:
    dom, height = reading.dom, 0
    while element >= 0 and not element <= reading.name_anchor < dom.ends[element]:
        element = dom.parents[element]
        height += 1
    return float(height)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.lower()
    except ValueError:
        return ""


def kind_without_product(reading: Reading, prices: Sequence[Candidate], n_checkout_fields: int) -> str:
    """`checkout`, `listing` or `other` for a page that is no product page."""
    if n_checkout_fields >= 4:
        return "checkout"
    shown = [c for c in prices if c.source == "text" and c.money is not None and c.money.has_symbol]
    values = {c.money.value for c in shown if c.money}
    listed = reading.structured.count("product") > 2 or reading.structured.count(*_LISTS) > 0
    return "listing" if len(values) >= 5 or (listed and len(shown) >= 2) else "other"
