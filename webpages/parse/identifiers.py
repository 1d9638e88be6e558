"""The shop's article number and the GTIN: candidates gathered from statements, labels, attributes and the address."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import unquote, urlsplit

import numpy as np

from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.number_labels import BLANKS_INSIDE, CODE, MAX_LABELLED, labelled_numbers
from trimtab.webpages.parse.reading import Reading, path_of

MAX_SKU = 40
MAX_VALUES = 300
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,38}[A-Za-z0-9]")
_SKU_CLASS = re.compile(
    r"(?:^|\s)(?:(?:js-)?(?:product|variant|item)?[-_]{0,2}sku(?:[-_]{1,2}(?:value|number|code|id))?)(?:\s|$)"
)
MAX_WORDS_OF_NUMBER = 4
_TAIL = re.compile(r"(?<=[a-z])\d{5,}$", re.IGNORECASE)
_ALONE = re.compile(r"(?=(?:\D*\d){4})[A-Za-z0-9]+(?:[./ -][A-Za-z0-9]+){0,3}")
MAX_ALONE = 24
MIN_ALONE = 5
"""Characters of a number that is shown by itself and stands in the address too."""
_STATED_WORD = re.compile(r"^(?:sku|mpn|gtin\d*|ean|upc|isbn)\s*:\s*", re.IGNORECASE)
_PICTURE_PART = re.compile(r"[A-Za-z]*\d[A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
MAX_PICTURES, MAX_ADDRESS, MAX_NAMES = 80, 500, 20
MAX_PAGE_HEIGHT, MAX_CLASSES = 20, 1_000
MAX_FORM_HEIGHT = 15
_URL_TOKEN = re.compile(r"[A-Za-z0-9]{2,}(?:[-_.][A-Za-z0-9]+)*")
_MEASURE_IN_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9])\d{1,4}[-_.](?:gb|tb|mb|mm|cm|kg|mg|ml|cl|oz|lbs?|inch|mah|mhz|ghz|hz|watt|volt|pcs|pack)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_IN_NAME = re.compile(r"(?<![\w.,])\d{3,4}(?=\s?[^\W\d_]{1,2}(?![^\W\d_]))")
_PARTS = re.compile(r"[\s._/-]+")
_IN_GROUPS = re.compile(r"\d[./-]\d")
_GROUPED = re.compile(r"(?<![\w./-])(?=[\d./-]{7,})\d{2,}(?:[./-]\d{2,})+(?![\w./-])")
MIN_WORD, MIN_LETTERS = 4, 3
_IS_ADDRESS = re.compile(
    r"\.(?:com|net|org|de|fr|uk|eu|io|php|html?|aspx?|jsp|js|css|png|jpe?g|gif|webp|svg|pdf)\b|//|^www\."
)
_IS_AMOUNT = re.compile(
    r"\d{1,6}[.,]\d{1,2}|\d{1,2}/\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}"
)
_IS_MEASURE = re.compile(
    r"\d{1,4}(?:mm|cm|kg|mg|ml|gb|tb|mb|mhz|ghz|hz|mah|lbs|inch|px|dpi|pcs)|\d{1,3}(?:m|g|l|cl|w|v|a|oz|lb|in|ft|k|p|x|xl|st|x\d{1,4})"
    r"|m\d{1,2}x\d{1,3}|(?:mp|usb|ps|h|ip|wifi|ddr|html|utf|web|http|ie|gdpr)\d{1,3}|4k|8k|3d|2d|b2b|b2c|covid19|iso\d{4}"
)
"""Codes that are words: sizes, formats, standards."""
_FORM_FIELD = re.compile(
    r"(?:.*[^a-z])?(?:asin(?:\.\d)?|sku|add[-_]to[-_]cart|product(?:[-_]?(?:id|code|sku|no|nr|number))?|prod(?:uct)?id|pid|item[-_]?(?:id|no|number|code)?"
    r"|variant[-_]?id|variation[-_]?id|article(?:[-_]?(?:id|no))?|artikel(?:nr|nummer|id)?|partnumber|catentryid|productcode|goods[-_]?id|id)(?:\[\]|\[\d+\]|\.\d+|\])?"
)
_CART_QUERY = re.compile(
    r"[?&](?:add[-_]to[-_]cart|product(?:[-_]?(?:id|code|sku|no))?|prod(?:uct)?id|pid|item[-_]?(?:id|no)|goods[-_]?(?:id|no)|branduid|sku|asin|id)=([^&#]+)",
    re.IGNORECASE,
)
_KEY = re.compile(r"[^a-z0-9]")
_ATTRIBUTES = (
    "data-sku", "data-product-sku", "data-product-id", "data-productid", "data-pid", "data-item-id", "data-itemid",
    "data-id", "data-product", "data-product-code", "data-article", "data-partnumber", "data-asin",
    "data-csa-c-asin", "data-item", "data-product_id", "data-product_sku", "data-variant-id",
    "data-product-number", "data-sku-id", "data-productcode", "data-artnr", "data-article-number",
    "data-item-number", "data-goods-id", "product-id", "product_id", "productid", "item-id",
)  # fmt: skip
_PAGE_CLASS = re.compile(r"(?:^|\s)(?:postid|product-?id|product|item-?id)[-_](\d{1,12})(?=\s|$)")
"""What platforms call the page of one product, or the block around it: `postid-7979`, `product-id-142`."""
_SHORT_ADDRESS = re.compile(r"[?&]p=(\d{1,12})$")

_STATE_KEYS = (
    "sku", "productId", "product_id", "productID", "itemId", "productSku", "ecomm_prodid", "prodid", "asin",
    "productCode", "product_sku", "articleNumber", "item_id", "content_ids", "sku_id", "skuId",
)  # fmt: skip
_STATE_VALUE = re.compile(
    r"""\\?["']?\s*:\s*\[?\s*(?:(?P<quote>\\?["'])(?P<text>[A-Za-z0-9][A-Za-z0-9./_ -]{0,46}[A-Za-z0-9])(?P=quote)"""
    r"""|(?P<bare>[A-Za-z0-9][A-Za-z0-9./_-]{1,38}[A-Za-z0-9])(?=[,\]}\s]))"""
)
"""What follows a key in a script: a string in quotes, which may be those of a string in a string, or a bare value."""
MAX_STATE_HITS = 150
_NAMED_QUERY = re.compile(
    r"(?:^|[&?#|])(?:p(?:rod(?:uct)?)?_?id|sku|item_?id|pid|prod|product|art(?:icle)?(?:_?id)?"
    r"|(?:product|goods|item|article|artikel)_?(?:no|nr|num(?:ber)?|code|cd)|goods_?id|artikel_?id|branduid)=([^&#|]+)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class SkuCandidate:
    """One value and where it stands.

    Attributes:
        element: the first place, -1 where it is only in the address.
        whole_token, whole_part: whether it is a token, a whole part of the address.
        n_in_forms: fields of forms that carry it as the number of a product.
        n_alone: texts that are this number and nothing else, of one that stands in the address.
        n_in_pictures: pictures whose address has it.
        n_in_page: how often the page itself, or the block around its name, is called by it.
        is_in_cart: whether what puts the product into the cart carries it, or a field of the form around that.
    """

    value: str
    element: int = -1
    stated: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    attributes: int = 0
    n_in_state: int = 0
    n_as_sku: int = 0
    named_query: bool = False
    in_path: bool = False
    in_last: bool = False
    in_query: bool = False
    whole_token: bool = False
    whole_part: bool = False
    n_in_forms: int = 0
    n_alone: int = 0
    n_in_pictures: int = 0
    n_in_page: int = 0
    is_in_cart: bool = False
    order: int = 0

    @property
    def is_stated_sku(self) -> bool:
        return any(name.startswith("sku") for name in self.stated)

    @property
    def is_shown(self) -> bool:
        """Whether a shopper reads it as the number: behind a label, or by itself as it stands in the address."""
        return bool(self.labels["sku"] or self.n_alone)

    @property
    def n_places(self) -> int:
        """In how many kinds of places the value stands: what the listing itself goes by stands in several."""
        in_address = self.in_path or self.in_query
        kinds = (
            self.stated,
            self.labels["sku"],
            self.n_alone,
            self.attributes,
            self.n_in_forms,
            self.n_in_state,
            self.n_in_page,
            in_address,
        )
        return sum(map(bool, kinds))


Collect = Callable[[str, int], SkuCandidate | None]
"""Function of a value and the element it stands in, to its candidate; None where it cannot be an article number."""


def key_of(value: str) -> str:
    return _KEY.sub("", value.lower())


def is_gtin(value: str) -> bool:
    """Whether digits are a GTIN-8, -12, -13 or -14 with a right check digit."""
    if not value.isdigit() or not value.isascii() or len(value) not in (8, 12, 13, 14) or not value.strip("0"):
        return False
    weights = [3 if place % 2 else 1 for place in range(len(value))]
    return sum(int(digit) * weight for digit, weight in zip(reversed(value), weights, strict=True)) % 10 == 0


def is_plausible(value: str, key: str) -> bool:
    """Whether a value could be an article number: no address, decimal, date or measure, and not the word for one."""
    if not 2 <= len(key) <= MAX_SKU or _IS_ADDRESS.search(value.lower()) or _IS_AMOUNT.fullmatch(value):
        return False
    if not any(character.isdigit() for character in key):
        return len(key) >= (3 if "-" in value else MIN_WORD) and not value.islower()
    return _IS_MEASURE.fullmatch(key) is None


def _is_worded(value: str) -> bool:
    """Whether a value with parts is words with a number among them: `Tinto Reserva 2019`, `tea-of-linden-100g`."""
    words = [part for part in _PARTS.split(value) if len(part) >= MIN_LETTERS and part.isalpha() and not part.isupper()]
    return len(words) > 1 or (bool(words) and " " in value)


def sku_candidates(reading: Reading) -> list[SkuCandidate]:
    """Distinct values in the order of their first appearance: stated, in attributes, behind labels, in the address."""
    found: dict[str, SkuCandidate] = {}

    def collect(value: str, element: int) -> SkuCandidate | None:
        key = key_of(value)
        if not is_plausible(value.strip(), key):
            return None
        if key not in found:
            found[key] = SkuCandidate(value.strip(), element, order=len(found))
        return found[key]

    dom = reading.dom
    _from_facts(reading, collect)
    _from_labels(reading, dict(found), collect)
    _from_classes(dom, collect)
    _from_texts(reading, collect)
    _from_attributes(reading, found, collect)
    _from_forms(reading, collect)
    _from_cart_link(reading, collect)
    _from_page(reading, collect)
    _from_scripts(reading, collect)
    _from_address(reading, found, collect)
    _look_at_pictures(reading, found)
    _write_as_shown(dom, found)
    return list(found.values())[:MAX_VALUES]


def _bare(stated: str) -> str:
    """A stated number without the word for it before, and without the product's name behind."""
    value = _STATED_WORD.sub("", stated)
    first, _, rest = value.partition(" ")
    is_named = len(rest.split()) >= MAX_WORDS_OF_NUMBER and any(character.isdigit() for character in first)
    return first if is_named else value


def _from_facts(reading: Reading, collect: Collect) -> None:
    for fact in reading.structured.facts:
        if fact.kind in ("sku", "mpn", "gtin"):
            candidate = collect(_bare(fact.value), fact.element)
            if candidate:
                candidate.stated[f"{fact.kind}/{fact.source}"] += 1


def _from_attributes(reading: Reading, found: Collection[str], collect: Collect) -> None:
    """Values of attributes that are called a number of an article, as long as few are found."""
    dom = reading.dom
    for element in sorted({element for name in _ATTRIBUTES for element in dom.having(name)}):
        attributes = dom.attributes[element]
        for name in _ATTRIBUTES:
            if len(found) < MAX_VALUES and name in attributes and _VALUE.fullmatch(attributes[name][:MAX_SKU]):
                candidate = collect(attributes[name], element)
                if candidate:
                    candidate.attributes += 1
                    candidate.is_in_cart |= element == reading.cart_anchor


def _from_classes(dom: Dom, collect: Collect) -> None:
    """Short texts of elements that are called a sku and nothing else, as platforms do."""
    classes = (value for value in dom.by_class if "sku" in (lower := value.lower()) and _SKU_CLASS.search(lower))
    for element in sorted(chain.from_iterable(dom.by_class[value] for value in classes)):
        text = dom.text(element) if dom.text_length(element) <= MAX_SKU else ""
        if CODE.fullmatch(text) or (BLANKS_INSIDE.fullmatch(text) and any(character.isdigit() for character in text)):
            candidate = collect(text, element)
            if candidate and not candidate.labels["sku"]:
                candidate.labels["sku"] += 1


def _look_at_pictures(reading: Reading, found: Mapping[str, SkuCandidate]) -> None:
    """Count the pictures whose address has a number: shops file pictures under what the listing goes by."""
    dom = reading.dom
    shown = (dom.attribute(element, "src")[:MAX_ADDRESS] for element in dom.of_tags("img")[:MAX_PICTURES])
    addresses = {address for address in (*reading.structured.values("image"), *shown) if address}
    numbers = [frozenset(map(key_of, _PICTURE_PART.findall(address))) for address in addresses]
    for key, candidate in found.items():
        if len(key) >= MIN_ALONE:
            candidate.n_in_pictures = sum(key in parts for parts in numbers)


def _from_labels(reading: Reading, stated: Mapping[str, SkuCandidate], collect: Collect) -> None:
    """Numbers behind a label.

    Args:
        stated: those that are stated, by key.
    """
    for number in labelled_numbers(reading.dom, range(len(reading.dom.segments))):
        candidate = _continued(stated, number.value, number.text) or collect(number.value, number.element)
        if candidate:
            # Two spellings of one number: the one a shopper reads.
            if not candidate.labels and key_of(candidate.value) == key_of(number.value):
                candidate.value = number.value
            candidate.labels[number.kind] += 1


def _continued(stated: Mapping[str, SkuCandidate], value: str, text: str) -> SkuCandidate | None:
    """The stated number that a value with blanks inside is the beginning of, as the text goes on."""
    key, shown = key_of(value), key_of(text)
    longer = (other for other in stated if other.startswith(key) and len(other) > len(key))
    return next((stated[other] for other in longer if shown.startswith(other)), None)


def _from_texts(reading: Reading, collect: Collect) -> None:
    """Numbers that are shown by themselves, without a label, and stand in the page's address."""
    address = key_of(path_of(reading.url or reading.structured.canonical))
    dom = reading.dom
    for index in np.flatnonzero(dom.with_digits).tolist():
        segment = dom.segments[index]
        key = key_of(segment) if len(segment) <= MAX_ALONE else ""
        if len(key) >= MIN_ALONE and key in address and _ALONE.fullmatch(segment) and not _is_worded(segment):
            candidate = collect(segment, dom.segment_owners[index])
            if candidate:
                candidate.n_alone += 1


def _write_as_shown(dom: Dom, found: dict[str, SkuCandidate]) -> None:
    """Rewrite numbers that the page shows in groups and nowhere in one piece, as a shopper reads them."""
    short = [segment for segment in dom.segments if len(segment) <= MAX_LABELLED]
    text = "\x1f".join(short)
    for spelled in _GROUPED.findall("\x1f".join(segment for segment in short if _IN_GROUPS.search(segment))):
        candidate = found.get(key_of(spelled))
        if candidate is not None and not candidate.labels and candidate.value not in text:
            candidate.value = spelled


def _from_forms(reading: Reading, collect: Collect) -> None:
    """Fields that a form sends as the number of what is bought: `add-to-cart`, `product_id`, `ASIN`."""
    dom = reading.dom
    control = reading.cart_anchor
    around = (one for one in dom.ancestors(control, MAX_FORM_HEIGHT) if dom.tags[one] == "form") if control >= 0 else ()
    form = next(iter(around), control)
    for element in dom.of_tags("input", "button"):
        attributes = dom.attributes[element]
        is_named = _FORM_FIELD.fullmatch(f"{attributes.get('name', '')}".lower()[:MAX_SKU])
        if is_named and _VALUE.fullmatch(attributes.get("value", "")[:MAX_SKU]):
            candidate = collect(attributes["value"], element)
            if candidate:
                candidate.n_in_forms += 1
                candidate.is_in_cart |= 0 <= form <= element < dom.ends[form]


def _from_cart_link(reading: Reading, collect: Collect) -> None:
    """The number in the address of a control that is a link: `?productId=9200001234`, `?add-to-cart=142`."""
    control = reading.cart_anchor
    address = reading.dom.attribute(control, "href")[:MAX_ADDRESS] if control >= 0 else ""
    for value in _CART_QUERY.findall(unquote(address)):
        candidate = collect(value, control) if _VALUE.fullmatch(value[:MAX_SKU]) else None
        if candidate:
            candidate.n_in_forms += 1


def _from_page(reading: Reading, collect: Collect) -> None:
    """Numbers that a platform calls the page by: in the names of its body and of the blocks around the name, and in its
    short address."""
    dom, name = reading.dom, reading.name_anchor
    around = dom.ancestors(name, MAX_PAGE_HEIGHT) if name >= 0 else ()
    for element in sorted({*dom.of_tags("body")[:1], *around}):
        named = f"{dom.attribute(element, 'id')} {dom.attribute(element, 'class')}".lower()
        _count_in_page(_PAGE_CLASS.findall(named[:MAX_CLASSES]), element, collect)
    for element in dom.of_tags("link"):
        if dom.attribute(element, "rel") == "shortlink":
            _count_in_page(_SHORT_ADDRESS.findall(dom.attribute(element, "href")[:MAX_ADDRESS]), element, collect)


def _count_in_page(numbers: Iterable[str], element: int, collect: Collect) -> None:
    for number in numbers:
        candidate = collect(number, element)
        if candidate:
            candidate.n_in_page += 1


def _from_scripts(reading: Reading, collect: Collect) -> None:
    """Values that the page's own scripts call sku or product id, read as text."""
    hits = 0
    for _, source in reading.dom.inline_scripts:
        for key in _STATE_KEYS:
            at = source.find(key)
            while at >= 0 and hits < MAX_STATE_HITS:
                is_key = at == 0 or not (source[at - 1].isalnum() or source[at - 1] in "_-")
                at += len(key)
                value = _STATE_VALUE.match(source, at, at + 80) if is_key else None
                hits += value is not None
                candidate = collect(value["text"] or value["bare"], -1) if value else None
                if candidate:
                    candidate.n_in_state += 1
                    candidate.n_as_sku += "sku" in key.lower()
                at = source.find(key, at)


def _from_address(reading: Reading, found: dict[str, SkuCandidate], collect: Collect) -> None:
    try:
        parts = urlsplit(reading.url or reading.structured.canonical)
    except ValueError:
        return
    path, query = unquote(parts.path), unquote(parts.query + "&" + parts.fragment)
    pieces = [piece for piece in path.split("/") if piece]
    joined = key_of(path)
    joined_last = key_of(pieces[-1]) if pieces else ""
    joined_query = key_of(query)
    measures = _IN_NAME.findall(" ".join(name.text for name in reading.names[:MAX_NAMES]))
    for piece in [*pieces[-3:], *re.split(r"[&=|?#]", query)]:
        token = _MEASURE_IN_ADDRESS.sub("", re.sub(r"\.(?:html?|php|aspx?|cfm)$", "", piece))
        for value in dict.fromkeys([*_URL_TOKEN.findall(token)[:5], *re.split(r"[-_.]", token)[-3:]]):
            bare = re.sub(r"^(?:p|x|i|id|iid|art)(?=\d{4,})", "", value)
            for form in dict.fromkeys([value, bare, *_TAIL.findall(value)]):
                n_digits = sum(character.isdigit() for character in form)
                is_measure = form != token and (_YEAR.fullmatch(form) is not None or form in measures)
                if 3 <= len(form) <= 20 and n_digits >= min(3, len(form)) and not is_measure and not _is_worded(form):
                    candidate = collect(form, -1)
                    if candidate:
                        candidate.whole_token = True
                        candidate.whole_part |= form == token
    named = {key_of(value) for value in _NAMED_QUERY.findall("&" + query)}
    for key, candidate in found.items():
        candidate.named_query = key in named
        candidate.in_path = key in joined
        candidate.in_last = key in joined_last
        candidate.in_query = key in joined_query
