"""Prices on pages, by `trimtab.text.money`: where a page is from, cents in an element of their own, stated prices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from trimtab.text.money import (
    MAX_AMOUNT,
    MAX_CHARACTERS,
    Money,
    chosen_price,
    currencies_in,
    currency_of,
    currency_of_territory,
    prices_in,
    read_price,
    territory_of,
)
from trimtab.webpages.parse.contexts import contexts_in
from trimtab.webpages.parse.dom import Dom

SPLIT = "\x1f"
"""Stands between the texts of two nodes where it matters that they are two."""
_MACHINE = re.compile(r"\d{1,12}(?:\.\d{1,6})?")
_WHOLE_AT_END = re.compile(
    r"(?<![\d.,])(?P<digits>\d{1,3}(?:[.,'’ \u00a0\u202f]?\d{3})*)(?:(?P<sign>[.,])|(?P<symbol>\s?[€£$]))?\s?$"
)
_CENTS = re.compile(r"(?P<sign>[.,]?)\d{2}(?:\s?[^\d\s%.,]{1,4}){0,2}\*?")
_WITH_CENTS = re.compile(r"\d[.,]\d{2}(?!\d)")
_SIGN = re.compile(r"[.,]")
_THOUSANDS = re.compile(r"\d{3}(?!\d)")
_CENTS_NAMES = re.compile(r"cent|fraction|decimal|minor|kop|grosz|haler|sup\b|-sub|exponent|small")
_GROUP = re.compile(r"\d{3}")
_GAPS = frozenset({"span", "i", "b", "small"})
_RAISED = frozenset({"sup", "sub", "small"})
_IN_BRACKETS = re.compile(r"[(\[（]([^()\[\]（）]{3,40})[)\]）]")
_NO_AMOUNT = re.compile(
    r"(?<![^\W_])(?:[A-Za-z]+\d+[A-Za-z][A-Za-z0-9]*|\d+[A-Za-z]+\d+[A-Za-z][A-Za-z0-9]*"
    r"|(?=\S*(?:[A-Za-z]\d|\d[A-Za-z]))[A-Za-z0-9]+(?:-[A-Za-z0-9]+){2,})"
    r"|\b\d{1,2}(?::\d{2}){1,2}(?!\d)|\b\d{1,2}\.\d{2}\s?(?:[AaPp][Mm]\b|Uhr)"
    r"|(?<![\d.,'’])(?<!\d[ \u00a0\u202f])0\d+(?![\d.,])"
)
"""Article numbers (`11G-P4-2384-KR`), times of day, and whole numbers that begin with a zero: something else, though
a word of a currency may stand in or beside them."""
_MAY_BE_NO_AMOUNT = re.compile(r"[A-Za-z:]|(?<![\d.,'’])0\d")
"""What each of these has, and a word for now; most texts with an amount have none of it."""
_MODEL = re.compile(r"(?<![^\W_])(?:(?:KN|KR|FT|KC|ZL|LV)|DIN ?)\d|\d(?:RS|KN|FT|LV)(?![^\W_])")
"""Symbols that are written small before or behind an amount: a model where they stand in capitals at its digits, and
`DIN 912` a norm."""
_MODEL_ELSEWHERE = re.compile(r"(?<![^\W_])[A-Z]{1,2}\d|\d[A-Z]{1,2}(?![^\W_])")
"""The same of any one or two capitals, on a page whose own currency is known and another: `Arcadia RS7`."""
_NOW = re.compile(r"(?<![^\W_])nu(?=[\s:]*(?:\d|$))", re.IGNORECASE)
"""`Now` in languages of the north, and a currency of Bhutan."""
_WORDS = frozenset({"ALL", "ANG", "BAM", "COP", "CUP", "GEL", "LAK", "MAD", "MOP", "PEN", "SOS", "TOP", "TRY"})
"""ISO codes that are words."""


_HOMES = {
    "sv": "SE", "da": "DK", "nb": "NO", "nn": "NO", "no": "NO", "is": "IS", "fi": "FI", "pl": "PL", "cs": "CZ",
    "sk": "SK", "hu": "HU", "bg": "BG", "uk": "UA", "he": "IL", "ja": "JP", "th": "TH", "vi": "VN", "ka": "GE",
    "kk": "KZ", "ro": "RO", "tr": "TR", "id": "ID", "ko": "KR", "hi": "IN", "nl": "NL", "it": "IT", "el": "GR",
    "hr": "HR", "sl": "SI", "et": "EE", "lv": "LV", "lt": "LT",
}  # fmt: skip
"""The country of languages in which most shops are of one, for pages that name no other."""


@dataclass(frozen=True, slots=True)
class PageLocale:
    """Where a page is from: `territory` of two upper-case letters, `language` as its markup has it, and the one
    `currency` that it states."""

    territory: str | None = None
    language: str | None = None
    currency: str | None = None

    @property
    def own_currency(self) -> str | None:
        """The stated currency, else that of the territory."""
        return self.currency or currency_of_territory(self.territory)

    def currency_beside(self, text: str) -> str | None:
        """The first currency that a text names."""
        found = currencies_in(self.without_now(text), territory=self.territory, language=self.language)
        return found[0] if found else None

    def without_now(self, text: str) -> str:
        """The text without a word for now that is a currency elsewhere."""
        return text if self.territory == "BT" else _NOW.sub(" ", text)


def page_locale(dom: Dom, url: str, currencies: frozenset[str]) -> PageLocale:
    """The locale of a page by its address, its language, and what it states.

    Args:
        currencies: ISO codes that the page states.
    """
    root = dom.attributes[0].get("lang", "") if dom.tags else ""
    metas = [dom.attributes[element] for element in dom.of_tags("meta")]
    opengraph = next((meta.get("content", "") for meta in metas if meta.get("property") == "og:locale"), "")
    stated = next((meta.get("content", "") for meta in metas if meta.get("http-equiv") == "content-language"), "")
    language = (root or opengraph or stated)[:20] or None
    territory = territory_of(url or None, root[:20], opengraph[:20], stated[:20])
    territory = territory or _HOMES.get((language or "")[:2].lower())
    return PageLocale(territory, language, next(iter(currencies)) if len(currencies) == 1 else None)


def shown_price(text: str, locale: PageLocale) -> tuple[Money, bool] | None:
    """The price above zero that a short text states, and whether the text names its currency."""
    text = _with_tax(text)
    if _MAY_BE_NO_AMOUNT.search(text):
        text = locale.without_now(_NO_AMOUNT.sub(" ", text))
    found = prices_in(text, currency=locale.currency, territory=locale.territory, language=locale.language)
    money = chosen_price(text, found)
    if money is None or money.amount <= 0 or _is_foreign_word(money, text, locale):
        return None
    return money, any(price.has_currency for price in found)


def _with_tax(text: str) -> str:
    """What brackets behind an amount say with its tax, else the text: `2,200円` in `2,000円(税込2,200円)`."""
    inside = _IN_BRACKETS.search(text)
    return inside[1] if inside and "gross" in contexts_in(inside[1]) and n_amounts(inside[1]) else text


def _is_foreign_word(money: Money, text: str, locale: PageLocale) -> bool:
    """Whether a whole number is money by a word alone that elsewhere is a currency: `5 TOP`, `KN95`."""
    if money.currency in (None, locale.own_currency) or money.amount % 1:
        return False
    is_elsewhere = locale.own_currency is not None and _MODEL_ELSEWHERE.search(text) is not None
    return money.currency in _WORDS or is_elsewhere or _MODEL.search(text) is not None


def n_amounts(text: str) -> int:
    """How many amounts with a currency a text holds."""
    return sum(price.has_currency for price in prices_in(text[:MAX_CHARACTERS].replace(SPLIT, " ")))


def holds_amount(text: str) -> bool:
    """Whether a text says a sum of money: it has cents or a currency."""
    return _WITH_CENTS.search(text) is not None or n_amounts(text) > 0


def price_text(dom: Dom, element: int) -> str:
    """The text of an element as a price is read from it.

    Cents in a node of their own are joined to what they belong to where the markup says so: they are raised or called
    cents, or a decimal sign stands beside them, or nothing else in the element has a digit. Other texts with digits
    stay apart: `45` and `10% off`, in one node or two, `12` and `49,90 €`.
    """
    first, last = dom.segment_starts[element], dom.segment_ends[element]
    segments = dom.segments[first:last]
    if len(segments) == 1:
        return segments[0]
    n_numbers = sum(any(character.isdigit() for character in segment) for segment in segments)
    text = segments[0] if segments else ""
    for index in range(first + 1, last):
        segment = dom.segments[index]
        whole, cents = _WHOLE_AT_END.search(text), _CENTS.fullmatch(segment)
        has_sign = bool(whole and whole["sign"]) or bool(cents and cents["sign"])
        # A sign in a node of its own stands before thousands too.
        is_share = index + 1 < last and dom.segments[index + 1].startswith("%")
        is_group = bool(_SIGN.fullmatch(dom.segments[index - 1]) and _THOUSANDS.match(segment))
        if whole and (_SIGN.fullmatch(segment) or (cents and has_sign) or is_group):
            text += segment
        elif whole and not whole["symbol"] and _GROUP.fullmatch(segment) and _is_after_gap(dom, index):
            text += f"\u00a0{segment}"
        elif whole and cents and not is_share and ((n_numbers == 2 and not whole["symbol"]) or _is_cents(dom, index)):
            symbol = whole["symbol"] or ""
            text = f"{text[: whole.end('digits')]}.{segment}{symbol}"
        else:
            text += f"{SPLIT if text[-1:].isdigit() and segment[:1].isdigit() else ' '}{segment}"
    return text


def _is_after_gap(dom: Dom, segment: int) -> bool:
    """Whether an empty element alone parts a text from the one before: `1<span> </span>299`."""
    owner = dom.segment_owners[segment]
    return dom.segment_owners[segment - 1] == owner and any(
        dom.tags[inside] in _GAPS and dom.segment_starts[inside] == dom.segment_ends[inside] == segment
        for inside in range(owner + 1, dom.ends[owner])
    )


def _is_cents(dom: Dom, segment: int) -> bool:
    owner = dom.segment_owners[segment]
    named = f"{dom.attribute(owner, 'class')} {dom.attribute(owner, 'itemprop')}".lower()
    return dom.tags[owner] in _RAISED or _CENTS_NAMES.search(named) is not None


def stated_price(value: object, currency: str | None = None) -> Money | None:
    """A price above zero as structured data gives it: a number, or text whose point is a decimal point (schema.org)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    if _MACHINE.fullmatch(text):
        amount = Decimal(text)
        whole = amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount
        return Money(whole, currency) if 0 < amount < MAX_AMOUNT else None
    money = read_price(text[:MAX_CHARACTERS], currency=currency)
    return None if money is None or money.amount <= 0 else Money(money.amount, currency or money.currency)


__all__ = [
    "SPLIT", "Money", "PageLocale", "currency_of", "holds_amount", "n_amounts", "page_locale", "price_text",
    "shown_price", "stated_price",
]  # fmt: skip
