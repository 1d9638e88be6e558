# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""Numbers behind the words that shops put before them: article number, part number, GTIN."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.words import lower_same_length

MAX_LABELLED = 200
"""Characters of a text that a label is looked for in."""
MAX_BEHIND = 60
MAX_IN_NODE = 24
MIN_DIGITS = 2
_LABEL = re.compile(
    r"(?P<sku>\bsku\b|art(?:ikel|icle|\.)?[-\s]?(?:nr|no|num|nummer|number|n°|code)?\b\.?|item\s?(?:no|num"
    r"|number|code|id|#)|item\b|product\s?(?:no|number|code|id|#)"
    r"|produkt(?:nummer|code|nr)|bestell-?(?:nr|nummer)|r[eé]f(?:[eé]rence|erencia|er[eê]ncia)?\.?|c[oó]d(?:igo"
    r"|\.|ice)?(?:\s+(?:produs|produto|prodotto|producto|article))?"
    r"|cod\s?produs|cat(?:alog(?:ue)?)?\.?\s?(?:no|#)|style\s?(?:no|number|code|#)?|šifra|kód(?:\s\w+)?"
    r"|kod\s?produktu|код(?:\s\w+)?|артикул|арт\."
    r"|商品(?:編號|番号|コード|货号|貨號)|品番|货号|貨號|상품\s?(?:번호|코드)|모델명|mã(?:\s(?:sp|sản phẩm|hàng))?\b|รหัสสินค้า|kode\s(?:produk|barang)|(?:stok|ürün)\skodu"
    r"|termékkód|cikkszám|vare-?(?:nr|nummer)|tuote(?:numero|koodi)|prekės\skodas|preces\skods|tootekood|κωδικός(?:\s\w+)?|מק[\"״'׳]*ט|رمز\sالمنتج|رقم\sالمنتج|کد\s(?:محصول|کالا)"
    r"|katal\w+\s(?:broj|číslo)|numer\skatalogowy|stock\s?(?:no|number|code|#)|order\s(?:no|code)|los-?(?:nr|nummer)|lot\s(?:no|number|#)|web\s?id|numero\s?oggetto|numéro\s?de\s?l'objet|objet\b|id\b)"
    r"|(?P<mpn>\bmpn\b|model(?:\s?(?:no|number|#))?|modell(?:nummer)?|part\s?(?:no|number|#)|herstellernummer"
    r"|mfr|型號|型番|모델)"
    r"|(?P<gtin>\bean\b|\bgtin(?:-?\d+)?\b|\bupc\b|barcode|isbn)"
)
_AFTER_LABEL = re.compile(r"[\s:#.°º：)]*(?:[-–—|]\s)?(?:\x1f)?[\s:#：(]*([A-Za-z0-9][A-Za-z0-9./_-]{1,38}[A-Za-z0-9])")
BLANKS_INSIDE = re.compile(r"[A-Za-z0-9]+(?:[ ./_-]+[A-Za-z0-9]+){0,3}")
"""A number with blanks inside, which only a node of its own sets off: `BC 19653`."""
_MODEL = re.compile(
    r"mod[eèé]l|manufact|fabrica|fabrik|herstell|produttore|producent|výrob|výrobc|произв|型號|型番|모델"
)
"""Words in a label that make the number the maker's: `Numéro du modèle de l'article`."""
_CODE_OF_OTHER = re.compile(
    r"coupon|promo|voucher|gutschein|rabatt|discount|sconto|descuento|réduc|kupon|zip|postal|postcode"
)
"""Words before a label that make the number a code of something else."""
MAX_WORDS_BEFORE = 6
"""Words before a label in one text; behind more of them it is a word of a sentence."""


@dataclass(frozen=True, slots=True)
class LabelledNumber:
    """A number behind a label.

    Attributes:
        kind: `sku` of the shop's own number, `mpn` of the maker's, `gtin`.
        text: the number and what follows it.
        element: what it stands in.
    """

    kind: str
    value: str
    text: str
    element: int


def labelled_numbers(dom: Dom, segments: range) -> Iterator[LabelledNumber]:
    """Numbers behind labels in some of a page's texts, each in the text of its label or in the next one."""
    digits = np.append(dom.with_digits[segments.start : segments.stop + 1], False)
    near_digits = digits[: len(segments)] | digits[1 : len(segments) + 1]
    for index in (np.flatnonzero(near_digits) + segments.start).tolist():
        segment = dom.segments[index]
        if len(segment) <= MAX_LABELLED:
            for label in _LABEL.finditer(lower_same_length(segment)):
                number = _number_behind(dom, index, label)
                if number is not None:
                    yield number


def _number_behind(dom: Dom, index: int, label: re.Match[str]) -> LabelledNumber | None:
    segment = dom.segments[index]
    rest, kind = segment[label.end() :], _kind_of(segment, label)
    if kind is None or rest[:1].isalpha():  # the beginning of a word: `REFECTOC-00009`
        return None
    following = dom.segments[index + 1] if index + 1 < len(dom.segments) else ""
    is_in_next = len(rest.strip(" :#.°：")) < MIN_DIGITS
    if is_in_next and _has_blanks_inside(following):
        return LabelledNumber(kind, following, following, dom.segment_owners[index + 1])
    text = f"{rest[:MAX_BEHIND]}\x1f{following[:MAX_BEHIND]}" if is_in_next else rest[:MAX_BEHIND]
    value = _AFTER_LABEL.match(text)
    if value is None or not any(character.isdigit() for character in value[1]):
        return None
    return LabelledNumber(kind, value[1], text[value.start(1) :], dom.segment_owners[index])


def _has_blanks_inside(text: str) -> bool:
    return (
        " " in text
        and len(text) <= MAX_IN_NODE
        and BLANKS_INSIDE.fullmatch(text) is not None
        and sum(character.isdigit() for character in text) >= MIN_DIGITS
        and not any(word.islower() for word in text.split())
    )


def _kind_of(segment: str, label: re.Match[str]) -> str | None:
    """What a label announces; None where it is the label of another code, or a word of a sentence."""
    before = segment[: label.start()].lower()
    if len(before.split()) > MAX_WORDS_BEFORE or _CODE_OF_OTHER.search(before):
        return None
    kind = label.lastgroup or "sku"
    return "mpn" if kind == "sku" and _MODEL.search(before) else kind
