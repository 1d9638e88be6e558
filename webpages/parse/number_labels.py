# ruff: noqa: E501  # tables of words in many languages read better unbroken
"""Numbers behind the words that shops put before them: article number, part number, GTIN."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.webpages.parse.dom import Dom
from trimtab.webpages.parse.words import lower_same_length

MAX_LABELLED = 200
"""Characters of a text that a label is looked for in."""
MAX_BEHIND = 60
MAX_IN_NODE = 24
MIN_DIGITS = 2
_NOUN = (
    r"item|prod(?:u[ck]t)?|art(?:icle|ikk?el|ikel)?|catalog(?:ue)?|katalog|cat|stoc?k|style|order|web|sku|bestel+|var[eu]|tuote|los|lot"
    r"|ürün|handels|listing|publicaci[oó]n|an[uú]ncio|annonce|inserat"
)
_NUMBER = r"number|num(?:mer|ero)?|nro|nr|no|n[°º]|cod[eo]?|kod[eu]?|koodi|id|#|№"
_GOODS = r"(?:art[ií](?:culo|kul)|articolo|articol|article|artigo|produit|producto|produto|produs|prodotto|oggetto|objet|item|del?\s?modelo)"
_OF = rf"(?:\.?\s(?:(?:de|del|do|di|du|dell|de\sl|d)[\s'’])?{_GOODS}s?)?"
_WORDS = r"(?:\s[^\W\d_]{2,}(?![\w-])){0,2}"
_ENDS = r"(?=\s*(?:[:：]|$))"
"""What makes a word of many meanings a label: a colon, or that nothing follows in its text."""
_SKU = (
    rf"\b(?:{_NOUN})[-\s.]{{0,2}}(?:{_NUMBER})(?![^\W\d_])\.?"
    r"|(?:^\W*(?:item|artikel|article|articolo)|\b(?:sku|art\.|asin|tcin|dpci))(?![^\W\d_])(?:\s(?:n[°º.]|#|del producto))?"
    rf"|\bid(?![^\W\d_])(?:\s(?:de\s|do\s|del\s)?{_GOODS})?"
    rf"|\br[eé]f(?:[eé]rence|erencia|er[eê]ncia|erenza)?\b\.?{_OF}"
    rf"|\bc[oó]d(?:igo|ice|\.)?(?![^\W\d_]){_OF}|\bcode(?:{_OF}{_ENDS}|\s{_GOODS})"
    rf"|\bno\.?\s?d(?:['’]\s?|e\s|el\s){_GOODS}|\b(?:n[uú]m[eé]ro|n[°º.])\s?(?:(?:d[ei]|del|do|di)\s|d['’]\s?|de\sl['’]\s?)?{_GOODS}"
    rf"|\b(?:kód|код|[sš]ifra|шифра|κωδ(?:ικός|\.)){_WORDS}|\bартикул|\bарт\.|\bartikul[is]\b|\bномер\sтовар[ау]"
    rf"|\b(?:kod(?:as|i)?{_WORDS}|symbol|indeks|style){_ENDS}|\bkode?\s(?:produktu|produk|barang|towaru)|\b(?:prekės|preces)\skod[as]s?"
    r"|\b(?:katal\w+|kat\.|obj(?:ednávací|\.)?)\s(?:broj|číslo|č\.)|\b(?:numer|nr)\s(?:katalogowy|art(?:ykułu|\.)?|produktu|oferty)"
    r"|\bčíslo\s(?:produktu|zboží|artiklu)|\bcikksz[aá]m|\btermékkód|\btootekood|\bvörunúmer|(?:stok|ürün)\s(?:kodu|no)\b|\bvarukod"
    r"|商品(?:编号|編號|番号|コード|货号|貨號|代[码碼])|品番|货号|貨號|款号|(?:상품|제품)\s?(?:번호|코드)|품번|모델명|mã(?:\s(?:sp|sản phẩm|hàng|số))?\b"
    r"|รหัส(?:สินค้า)?|उत्पाद कोड|מק[\"״'׳]*ט|קוד\s(?:מוצר|פריט)|رمز\sالمنتج|رقم\s(?:المنتج|الموديل)|کد\s(?:محصول|کالا)|პროდუქტის კოდი"
)
_MPN = (
    rf"\bn[uú]m[eé]ro\s(?:(?:de|du|di|del)\s)?mod[eèé]l\w*(?:\s(?:del\s|de\sl['’]|dell['’])?{_GOODS})?"
    r"|\bmpn\b|\bmodell?(?:[\s-]?(?:number|nummer|no|nr|code|#))?\b|\bpart[\s-]?(?:number|no|#)|herstellernummer|\bmfr"
    r"|\bmanufacturer(?:['’]?s)?\s(?:code|number|part|id)|(?:výrobní|produktové) číslo|型號|型番|모델"
)
_GTIN = r"\bean\b|\bgtin(?:-?\d+)?\b|\bupc\b|\bbarcode|\bisbn"
_LABEL = re.compile(rf"(?P<mpn>{_MPN})|(?P<gtin>{_GTIN})|(?P<sku>{_SKU})")
_AFTER_LABEL = re.compile(r"[\s:#.°º：)]*(?:[-–—|]\s)?(?:\x1f)?[\s:#：(]*([A-Za-z0-9][A-Za-z0-9./_-]{1,38}[A-Za-z0-9])")
BLANKS_INSIDE = re.compile(r"[A-Za-z0-9]+(?:[ ./_-]+[A-Za-z0-9]+){0,3}")
"""A number with blanks inside, which only a node of its own sets off: `BC 19653`."""
CODE = re.compile(r"(?=.*[A-Z].*[A-Z])[A-Z0-9][A-Za-z0-9]*(?:[-_./]+[A-Za-z0-9]+){1,5}")
"""A number without digits, which its parts and capital letters set off from a word: `LS-VER-ANT`."""
_MEASURE = re.compile(r"\s(?:g|kg|gramm\w*|lbs?|oz|mm|cm|m|ml|l|w|v|x\s?\d)(?![^\W_])", re.IGNORECASE)
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_NODE = "\x1f"
_SIGNS = re.compile(r"[\s:#.°º：|–—-]*")
_MODEL = re.compile(
    r"mod[eèé]l|manufact|fabrica|fabrik|herstell|produttore|producent|výrob|výrobc|произв|型號|型番|모델|الموديل"
)
"""Words in a label that make the number the maker's: `Numéro du modèle de l'article`."""
_CODE_OF_OTHER = re.compile(
    r"coupon|promo|voucher|gutschein|rabat|discount|sconto|descuento|réduc|[ck]upon|cupón|cupom|zip|post(?:al|code|leit|co|nr|nummer)|slev|zľav|скид|промо|знижк"
    r"|poczt|psč|indirim|korting|kampan|\bqr\b|\barea|country|colou?r|farb|couleur|\bhs\b|customs|tariff|dress|source|security|access|error|vat\b|tax\b"
    r"|\buse\b|\bwith\b|\benter\b|\bapply\b|%|\boff\b"
)
"""Words before a label or in it that make the number a code of something else."""
_APART = "|·•;"
"""Signs that set labels of one text apart: `Model No. T28 | Item code: 7004`."""
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


class _Label(NamedTuple):
    """What a label announces (`sku`, `mpn`, `gtin`), and where it ends."""

    kind: str
    end: int


def labelled_numbers(dom: Dom, segments: range) -> Iterator[LabelledNumber]:
    """Numbers behind labels in some of a page's texts, each in the text of its label or in the next one."""
    numbers = _with_numbers(dom, segments)
    near_numbers = numbers[:-2] | numbers[1:-1] | numbers[2:]
    for index in (np.flatnonzero(near_numbers) + segments.start).tolist():
        segment = dom.segments[index]
        if len(segment) <= MAX_LABELLED:
            for label in _labels_in(segment):
                number = _number_behind(dom, index, label)
                if number is not None:
                    yield number


@lru_cache(maxsize=8192)
def _labels_in(text: str) -> tuple[_Label, ...]:
    """Labels of numbers in a text; the same texts are asked about for the number and for the page's kind."""
    found = ((_kind_of(text, label), label.end()) for label in _LABEL.finditer(lower_same_length(text)))
    return tuple(_Label(kind, end) for kind, end in found if kind is not None)


def _with_numbers(dom: Dom, segments: range) -> NDArray[np.bool_]:
    """[n + 2] whether each of some texts, and of the two after them, has a digit or is a code without."""
    found = np.zeros(len(segments) + 2, dtype=bool)
    some = dom.segments[segments.start : segments.stop + 2]
    found[: len(some)] = dom.with_digits[segments.start : segments.start + len(some)]
    for place, text in enumerate(some):
        if (text[-1:].isupper() and len(text) <= MAX_LABELLED) or (len(text) <= MAX_BEHIND and " " not in text):
            word = text.rsplit(None, 1)[-1]
            found[place] |= not word.isalnum() and CODE.fullmatch(word) is not None
    return found


def _number_behind(dom: Dom, index: int, label: _Label) -> LabelledNumber | None:
    segment = dom.segments[index]
    rest, kind = segment[label.end :], label.kind
    if rest[:1].isalpha():  # the beginning of a word: `REFECTOC-00009`
        return None
    after = index + 1
    while after < min(index + 2, len(dom.segments) - 1) and _SIGNS.fullmatch(dom.segments[after]):
        after += 1  # a sign in a node of its own
    following = dom.segments[after] if after < len(dom.segments) else ""
    is_in_next = len(rest.strip(" :#.°：")) < MIN_DIGITS
    if is_in_next and _has_blanks_inside(following):
        return LabelledNumber(kind, following, following, dom.segment_owners[after])
    text = f"{rest[:MAX_BEHIND]}{_NODE}{following[:MAX_BEHIND]}" if is_in_next else rest[:MAX_BEHIND]
    text = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    value = _AFTER_LABEL.match(text)
    if value is None:
        return None
    tail = text[value.end(1) :].split(_NODE, 1)[0]
    has_digit = any(character.isdigit() for character in value[1])
    if _MEASURE.match(tail) if has_digit else tail.strip(" .,;)") or not CODE.fullmatch(value[1]):
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
    first = max(segment.rfind(sign, 0, label.start()) for sign in _APART) + 1
    before = segment[first : label.start()].lower()
    if len(before.split()) > MAX_WORDS_BEFORE or _CODE_OF_OTHER.search(segment[first : label.end()].lower()):
        return None
    kind = label.lastgroup or "sku"
    return "mpn" if kind == "sku" and _MODEL.search(before) else kind
