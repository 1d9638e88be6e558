# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""Features of a page as a whole, which say whether it offers one product."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.features.carts.cart_page import CART_ADDRESS, is_headed_as_cart, n_checkout_controls, page_path
from trimtab.webpages.features.levels import feature_names
from trimtab.webpages.features.offer_area import segments_of_offer
from trimtab.webpages.features.repetition import REPEAT_NAMES, repeats
from trimtab.webpages.parse.candidates import Candidate, mark, says_add_to_cart
from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.number_labels import labelled_numbers
from trimtab.webpages.parse.reading import NAN, Reading, overlap, tokens
from trimtab.webpages.parse.statements.facts import LIST_TYPES, Structured
from trimtab.webpages.parse.words import has_role

NEAR_NAME = 30
"""Text segments behind the name within which a price belongs to it."""
MIN_TILES = 4
"""Prices of one tag and class that make a group of tiles."""
NO_PRICE_GAP = 500
MAX_SEGMENTS = 4000
MAX_NOTICE = 60
MIN_SHARED_NAME = 0.6

_PRODUCT_WORD = re.compile(
    r"/(?:p|dp|itm|item|product|products|prod|detail|produkt|produit|producto|prodotto|pd|pdp)[/-_]"
    r"|product(?:_?id|details?)?|\.html?$|-p-?\d"
)
_LIST_WORD = re.compile(r"categor|/c/|collection|search|catalog|/shop/?$|/list|/browse|/s\?|/tag|/brand|query|page=")
_QUOTE = re.compile(
    r"(?:price|pricing|prices) (?:up)?on (?:request|application)|\bpoa\b|request (?:a |an )?(?:quote|price|offer)|get (?:a )?quote|add to quote|ask for (?:a )?(?:price|quote)|call for price|enquire now|inquire now"
    r"|preis (?:auf )?anfrage|auf anfrage|angebot (?:anfordern|einholen)|produkt anfragen|prix sur demande|sur devis|demander un devis|demande de devis|precio a consultar|consultar precio|(?:solicitar|pedir) (?:un )?presupuesto"
    r"|prezzo su richiesta|richiedi (?:un )?preventivo|preço sob consulta|sob consulta|(?:solicitar|pedir) orçamento|prijs op aanvraag|offerte aanvragen|pris på (?:förfrågan|forespørgsel|forespørsel)|begär offert|hinta pyydettäessä"
    r"|cena na zapytanie|zapytaj o cen|cena na vyžádání|cena na dotaz|ár(?:ajánlat|at) kér|preț la cerere|cere ofertă|цена по запросу|запросить цену|ціна за запитом|цена при запитване|fiyat sorunuz|teklif al|価格はお問い合わせ|お見積|询价|詢價|가격 ?문의|견적|liên hệ báo giá|giá liên hệ"
)
_QUANTITY = re.compile(r"qty|quantit|anzahl|menge|cantid|quantid|aantal|antal|množ|ilosc|mennyis")
_DETAIL_WORDS = re.compile(
    r"(?:product )?(?:description|details|specifications?|features|reviews?|shipping|delivery|returns?"
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


@dataclass(frozen=True)
class PageFacts:
    """What the features of a page are computed from, each fact once.

    Attributes:
        prices, carts, images: all candidates of these kinds.
    """

    reading: Reading
    prices: Sequence[Candidate]
    carts: Sequence[Candidate]
    images: Sequence[Candidate]

    @property
    def dom(self) -> Dom:
        return self.reading.dom

    @property
    def structured(self) -> Structured:
        return self.reading.structured

    @property
    def name(self) -> int:
        """The element taken for the product's name, -1 where there is none."""
        return self.reading.name_anchor

    @property
    def has_name(self) -> bool:
        return self.name >= 0

    @cached_property
    def name_words(self) -> frozenset[str]:
        return tokens(self.dom.text(self.name)) if self.has_name else frozenset()

    @cached_property
    def name_start(self) -> int:
        """The text segment the name begins with, 0 where there is none."""
        return self.dom.segment_starts[self.name] if self.has_name else 0

    @cached_property
    def shown_prices(self) -> list[Candidate]:
        """Prices in the text that carry a currency, and those that an element holds for a script to show in it."""
        return [
            c
            for c in self.prices
            if c.money is not None
            and (
                (c.source == "text" and c.has_currency)
                or (c.source == "script" and self.dom.tags[c.element] != "script")
            )
        ]

    @cached_property
    def price_gaps(self) -> list[int]:
        """Segments from the name to each shown price behind it."""
        starts = (self.dom.segment_starts[c.element] for c in self.shown_prices)
        return [start - self.name_start for start in starts if start >= self.name_start]

    @cached_property
    def first_price(self) -> int:
        """The first element with a shown price behind the name, -1 where there is none."""
        starts = self.dom.segment_starts
        return min((c.element for c in self.shown_prices if starts[c.element] >= self.name_start), default=-1)

    @cached_property
    def tile_groups(self) -> Counter[str]:
        """How many shown prices share a tag, a class and the class of what is around them."""
        return Counter(_signature(self.dom, c.element) for c in self.shown_prices)

    @cached_property
    def add_to_carts(self) -> list[Candidate]:
        return [c for c in self.carts if says_add_to_cart(c.text)]

    @cached_property
    def inputs(self) -> list[int]:
        return self.dom.of_tags("input", "select", "textarea")

    @cached_property
    def links(self) -> list[int]:
        return self.dom.of_tags("a")

    @cached_property
    def url(self) -> str:
        return self.reading.url or self.structured.canonical

    @cached_property
    def url_path(self) -> str:
        return page_path(self.reading)

    def of_url(self, value: float) -> float:
        """The value, unknown where the page has no address."""
        return value if self.url else NAN


_FEATURES: dict[str, Callable[[PageFacts], float]] = {
    "n_prices": lambda p: math.log1p(len(p.shown_prices)),
    "n_values": lambda p: math.log1p(len({c.money.amount for c in p.shown_prices if c.money})),
    "n_struck": lambda p: sum(p.dom.tags[c.element] in ("del", "s", "strike") for c in p.shown_prices),
    "largest_tile_group": lambda p: math.log1p(max(p.tile_groups.values(), default=0)),
    "share_in_tiles": lambda p: sum(n for n in p.tile_groups.values() if n >= MIN_TILES) / max(len(p.shown_prices), 1),
    "n_carts": lambda p: math.log1p(len(p.add_to_carts)),
    "n_disabled_carts": lambda p: sum("disabled" in p.dom.attributes[c.element] for c in p.add_to_carts),
    "cart_after_name": lambda p: min(
        (p.dom.segment_starts[c.element] - p.name_start for c in p.add_to_carts if c.element > p.name), default=NAN
    ),
    "price_after_name": lambda p: min(p.price_gaps, default=NAN),
    "price_up_to_name": lambda p: _height_to_name(p, p.first_price) if p.first_price >= 0 and p.has_name else NAN,
    "price_before_cart": lambda p: p.first_price >= 0 and p.first_price < p.reading.cart_anchor,
    "prices_near_name": lambda p: sum(gap < NEAR_NAME for gap in p.price_gaps),
    "has_name": lambda p: p.has_name,
    "name_in_title": lambda p: overlap(p.name_words, p.reading.title_tokens),
    "name_in_url": lambda p: overlap(p.name_words, p.reading.url_tokens),
    "name_words": lambda p: len(p.name_words),
    "name_is_h1": lambda p: p.has_name and p.dom.tags[p.name] == "h1",
    "n_h1": lambda p: min(len(p.dom.of_tags("h1")), 5),
    "stated_products": lambda p: math.log1p(p.structured.count("product", "individualproduct", "productgroup")),
    "stated_offers": lambda p: math.log1p(p.structured.count("offer", "aggregateoffer")),
    "stated_prices": lambda p: math.log1p(len(p.structured.prices)),
    "stated_values": lambda p: math.log1p(len({fact.money.amount for fact in p.structured.prices})),
    "stated_lists": lambda p: p.structured.count(*LIST_TYPES) > 0,
    "opengraph_product": lambda p: (
        "product" in p.structured.opengraph_type and "group" not in p.structured.opengraph_type
    ),
    "opengraph_other": lambda p: bool(p.structured.opengraph_type) and "product" not in p.structured.opengraph_type,
    "stated_sku": lambda p: bool(p.structured.values("sku")),
    "stated_gtin": lambda p: bool(p.structured.values("gtin")),
    "n_images": lambda p: math.log1p(len(p.images)),
    "og_image": lambda p: any(fact.kind == "image" and fact.source == "opengraph" for fact in p.structured.facts),
    "n_links": lambda p: math.log1p(len(p.links)),
    "n_segments": lambda p: math.log1p(len(p.dom.segments)),
    "text_per_segment": lambda p: p.dom.text_offsets[-1] / max(len(p.dom.segments), 1),
    "n_inputs": lambda p: math.log1p(len(p.inputs)),
    "n_passwords": lambda p: sum(p.dom.attribute(i, "type") == "password" for i in p.inputs),
    "n_forms": lambda p: math.log1p(len(p.dom.of_tags("form"))),
    "quantity_field": lambda p: any(_QUANTITY.search(mark(p.dom, i).lower()) for i in p.inputs),
    "detail_role": lambda p: sum(has_role(mark(p.dom, c.element), "detail") for c in p.add_to_carts[:5]),
    "url_depth": lambda p: p.of_url(p.url_path.strip("/").count("/")),
    "url_is_root": lambda p: p.of_url(p.url_path.strip("/") == ""),
    "url_product_word": lambda p: p.of_url(bool(_PRODUCT_WORD.search(p.url_path))),
    "url_list_word": lambda p: p.of_url(bool(_LIST_WORD.search(p.url.lower()))),
    "url_digits": lambda p: p.of_url(sum(character.isdigit() for character in p.url_path)),
    "n_articles": lambda p: p.structured.count("article", "newsarticle", "blogposting"),
    "images_of_name": lambda p: math.log1p(_n_images_of_name(p)) if p.name_words else NAN,
    "prices_in_links": lambda p: (
        sum(any(p.dom.tags[a] == "a" for a in p.dom.ancestors(c.element, 3)) for c in p.shown_prices)
        / max(len(p.shown_prices), 1)
    ),
    "name_repeats": lambda p: math.log1p(p.dom.segments.count(p.dom.text(p.name))) if p.has_name else NAN,
    "gap_to_price": lambda p: math.log1p(min(p.price_gaps, default=NO_PRICE_GAP)),
    "one_cart": lambda p: len({c.text for c in p.add_to_carts}) == 1,
    "name_in_opengraph": lambda p: max(
        (overlap(p.name_words, tokens(value)) for value in p.structured.values("name")), default=NAN
    ),
    "detail_words": lambda p: math.log1p(
        sum(len(text) < 40 and bool(_DETAIL_WORDS.match(text)) for text in p.dom.segments[:MAX_SEGMENTS])
    ),
    "stated_no_list": lambda p: p.structured.count("product") == 1,
    "cart_address": lambda p: p.of_url(bool(CART_ADDRESS.search(p.url_path))),
    "cart_heading": lambda p: is_headed_as_cart(p.dom),
    "n_checkout_controls": lambda p: min(n_checkout_controls(p.carts), 5),
    "distinct_links_share": lambda p: (
        len({p.dom.attributes[link].get("href", "") for link in p.links}) / max(len(p.links), 1)
    ),
    "labelled_number": lambda p: (
        p.has_name and any(number.kind == "sku" for number in labelled_numbers(p.dom, segments_of_offer(p.reading)))
    ),
    "asks_for_quote": lambda p: any(
        len(p.dom.segments[index]) < MAX_NOTICE and _QUOTE.search(p.dom.segments[index].lower())
        for index in segments_of_offer(p.reading)
    ),
}
"""Name and value of each feature. The shipped trees know them by their place: the order is part of the artefact."""

_COLUMNS = {name: column for column, name in enumerate(_FEATURES)}

_REPEATED: dict[str, Callable[[PageFacts], tuple[int, list[Candidate]]]] = {
    "name": lambda p: (p.name, p.reading.names),
    "cart": lambda p: (p.reading.cart_anchor, p.add_to_carts),
    "first_price": lambda p: (p.first_price, p.shown_prices),
}
"""Element whose repetitions are counted, and the candidates that can repeat it."""

PAGE_FEATURES = (*_FEATURES, *(f"{name}_of_{what}" for what in (*_REPEATED, "offer") for name in REPEAT_NAMES))
_OFFER_COLUMNS = [feature_names("price", "text").index(name) for name in REPEAT_NAMES]


def shows_one_product(row: NDArray[np.float32]) -> bool:
    """Whether a page shows one product, whatever its offer: its heading is its title's, a picture is called by it, and a
    label announces an article number.

    Args:
        row: from `page_row`.
    """

    def value(name: str) -> float:
        return float(row[0, _COLUMNS[name]])

    is_named = value("name_in_title") >= MIN_SHARED_NAME and value("images_of_name") > 0
    return is_named and value("labelled_number") == 1 and value("n_passwords") == 0


def page_row(
    reading: Reading, prices: Sequence[Candidate], carts: Sequence[Candidate], images: Sequence[Candidate]
) -> NDArray[np.float32]:
    """[1, len(PAGE_FEATURES) - 3] columns of a page; `with_offer` adds the last ones."""
    facts = PageFacts(reading, prices, carts, images)
    row = [float(value(facts)) for value in _FEATURES.values()]
    for repeated in _REPEATED.values():
        element, candidates = repeated(facts)
        row += _repeats_of(reading.dom, element, [c.element for c in candidates])
    return np.asarray([row], dtype=np.float32)


def with_offer(row: NDArray[np.float32], prices: NDArray[np.float32], best: int | None) -> NDArray[np.float32]:
    """A page's row completed by what the price model found: how the most likely price repeats.

    Where that price stands in one of many blocks of one make, the page lists products, whatever else it looks like.

    Args:
        row: from `page_row`.
        prices: [n, n_features] text level rows of the price candidates.
        best: the candidate the price model prefers, None where there is none.

    Returns:
        [1, len(PAGE_FEATURES)]
    """
    offer = prices[best, _OFFER_COLUMNS] if best is not None else np.full(len(_OFFER_COLUMNS), NAN)
    return np.hstack([row, offer.astype(np.float32)[None]])


def _repeats_of(dom: Dom, element: int, among: list[int]) -> list[float]:
    if element not in among:
        return [NAN] * len(REPEAT_NAMES)
    return [float(n) for n in repeats(dom, among, [element])[0]]


def _signature(dom: Dom, element: int) -> str:
    parent = dom.parents[element]
    above = dom.attribute(parent, "class") if parent >= 0 else ""
    return f"{dom.tags[element]}|{dom.attribute(element, 'class')}|{above}"


def _height_to_name(page: PageFacts, element: int) -> float:
    """Ancestors from an element up to the first block that holds the name too."""
    dom, height = page.dom, 0
    while element >= 0 and not element <= page.name < dom.ends[element]:
        element = dom.parents[element]
        height += 1
    return float(height)


def _n_images_of_name(page: PageFacts) -> int:
    """Images whose alternative text holds most words of the name."""
    alternatives = (page.dom.attribute(c.element, "alt")[:200] for c in page.images)
    return sum(overlap(page.name_words, tokens(text)) > 0.6 for text in alternatives)
