"""Prices as text: `2.449 $`, `1 299,00 kr`, `Rs 23,450`, `63` + `07`, in any script, with the currency's ISO 4217 code.

Numbers and symbols are read by price-parser; what is added is which of several numbers is meant, cents set in their own
element, currencies with three decimals, and what `$` or `kr` means on a site of a given country.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from urllib.parse import urlsplit

from price_parser import Price

MAX_TEXT = 120
"""Longer texts are prose."""
MAX_AMOUNT = Decimal(10) ** 10

_CODES = frozenset(
    [
        "AED",
        "ALL",
        "ARS",
        "AUD",
        "BAM",
        "BDT",
        "BGN",
        "BHD",
        "BOB",
        "BRL",
        "BYN",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CRC",
        "CZK",
        "DKK",
        "DOP",
        "EGP",
        "EUR",
        "GBP",
        "GEL",
        "GTQ",
        "HKD",
        "HNL",
        "HRK",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "ISK",
        "JOD",
        "JPY",
        "KES",
        "KRW",
        "KWD",
        "KZT",
        "LKR",
        "LTL",
        "LVL",
        "MAD",
        "MDL",
        "MKD",
        "MXN",
        "MYR",
        "NGN",
        "NOK",
        "NZD",
        "OMR",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "PYG",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TND",
        "TRY",
        "TWD",
        "UAH",
        "USD",
        "UYU",
        "VND",
        "ZAR",
    ]
)

_SYMBOLS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "원": "KRW", "₺": "TRY", "tl": "TRY", "₽": "RUB", "руб": "RUB",
    "руб.": "RUB", "₴": "UAH", "грн": "UAH", "грн.": "UAH", "₫": "VND", "đ": "VND", "₪": "ILS", "₱": "PHP", "฿": "THB",
    "₦": "NGN", "₸": "KZT", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "leu": "RON", "лв": "BGN",
    "лв.": "BGN",
    "r$": "BRL", "us$": "USD", "us $": "USD", "usd$": "USD", "nt$": "TWD", "hk$": "HKD", "a$": "AUD", "au$": "AUD",
    "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "s$": "SGD", "mx$": "MXN", "fr.": "CHF", "sfr.": "CHF", "円": "JPY",
    "rm": "MYR", "rp": "IDR", "د.إ": "AED", "ر.س": "SAR", "ر.س.": "SAR", "د.ك": "KWD", "s/": "PEN", "s/.": "PEN",
    "euro": "EUR", "euros": "EUR", "eur": "EUR", "kn": "HRK", "din": "RSD", "din.": "RSD", "den": "MKD", "r": "ZAR",
}  # fmt: skip

_AMBIGUOUS = {
    "$": ({"ca": "CAD", "au": "AUD", "nz": "NZD", "tw": "TWD", "hk": "HKD", "sg": "SGD", "mx": "MXN", "cl": "CLP",
           "ar": "ARS", "co": "COP", "uy": "UYU"}, "USD"),
    "kr": ({"no": "NOK", "dk": "DKK", "is": "ISK", "se": "SEK"}, "SEK"),
    "rs": ({"pk": "PKR", "lk": "LKR", "np": "NPR", "in": "INR", "rs": "RSD"}, "INR"),
    "¥": ({"cn": "CNY", "jp": "JPY"}, "JPY"),
    "元": ({"tw": "TWD", "hk": "HKD"}, "CNY"),
    "р": ({"by": "BYN"}, "RUB"),
}  # fmt: skip
"""Symbol -> currency by country, and the one meant elsewhere."""

_ALIASES = {"kr.": "kr", "rs.": "rs", "р.": "р", "￥": "¥", "＄": "$", "￦": "₩", "￡": "£"}

_COUNTRY_CURRENCY = {
    "de": "EUR", "fr": "EUR", "it": "EUR", "es": "EUR", "nl": "EUR", "be": "EUR", "at": "EUR", "ie": "EUR", "fi": "EUR",
    "pt": "EUR", "gr": "EUR", "sk": "EUR", "si": "EUR", "ee": "EUR", "lv": "EUR", "lt": "EUR", "uk": "GBP", "ch": "CHF",
    "se": "SEK", "no": "NOK", "dk": "DKK", "pl": "PLN", "cz": "CZK", "hu": "HUF", "ro": "RON", "bg": "BGN", "jp": "JPY",
    "kr": "KRW", "tw": "TWD", "cn": "CNY", "in": "INR", "pk": "PKR", "ru": "RUB", "by": "BYN", "ua": "UAH", "tr": "TRY",
    "br": "BRL", "mx": "MXN", "cl": "CLP", "ar": "ARS", "co": "COP", "au": "AUD", "nz": "NZD", "ca": "CAD", "za": "ZAR",
    "sa": "SAR", "ae": "AED", "il": "ILS", "vn": "VND", "th": "THB", "id": "IDR", "my": "MYR", "sg": "SGD", "hk": "HKD",
}  # fmt: skip

_THREE_DECIMALS = frozenset({"KWD", "BHD", "OMR", "JOD", "TND"})

_SYMBOL_PATTERN = (
    r"[€£₹₩₺₽₴₫₪₱฿₦₸$¥￥＄￡￦円元원]|(?<![a-z])(?=[a-z])(?:(?:us|nt|hk|au?|ca?|nz|s|mx|r)\s?\$|z[łl]|kč|kr\.?|rs\.?|lei|ft"
    r"|rm|rp\.?|tl|s?fr\.|euros?|(?:"
    + "|".join(sorted(_CODES)).lower()
    + r"))(?![a-z])|(?<!\w)(?:руб\.?|грн\.?|лв\.?|р\.)|ر\.س|د\.إ|د\.ك"
)
SYMBOL = re.compile(_SYMBOL_PATTERN)
"""For lower-case text."""
_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])(?:[.,]\d{1,2})?|\d[\d.,'’٬٫]*\d|\d"
"""A blank groups thousands and nothing else."""
_AMOUNT = re.compile(
    rf"(?:(?P<before>{_SYMBOL_PATTERN})\s*(?P<first>{_NUMBER}))|(?:(?P<second>{_NUMBER})(?:[.,]?[-–—]+)?\s*(?P<after>{_SYMBOL_PATTERN}))"
)
_BARE = re.compile(_NUMBER)
_DIGIT = re.compile(r"\d")
_SPLIT_CENTS = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,'\s]\d{3})*|\d+)\x1f(\d{2})(?!\d)")
_SPLIT_POINT = re.compile(r"(?<=\d)\x1f?([.,])\x1f?(?=\d)")
_SYMBOL_AS_POINT = re.compile(r"(?<![\d.,])(\d{1,5})([€£$])(\d{2})(?![\d.,])")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount above zero; `currency` is an ISO code, None where nothing says."""

    value: Decimal
    currency: str | None
    has_symbol: bool = False

    @property
    def text(self) -> str:
        """Decimal string with a point, without an exponent."""
        return format(self.value, "f")


def country_of(url: str | None) -> str:
    """Two-letter country of a site by its domain or a language part of host or path; empty where unknown."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    last = host.rsplit(".", 1)[-1]
    if len(last) == 2 and last != "eu":
        return last
    region = re.search(r"(?:^|[./])[a-z]{2}[-_]([a-z]{2})(?:[./]|$)", f"{host}{parts.path}".lower())
    return region.group(1) if region else ""


def currency_of(symbol: str | None, country: str = "") -> str | None:
    """ISO code of a symbol or code as written on a site of `country`; None where it is none we know."""
    if not symbol:
        return None
    written = symbol.strip().lower()
    written = _ALIASES.get(written, written)
    if written.upper() in _CODES:
        return written.upper()
    if written in _AMBIGUOUS:
        by_country, elsewhere = _AMBIGUOUS[written]
        return by_country.get(country, elsewhere)
    return _SYMBOLS.get(written) or _SYMBOLS.get(written.replace(" ", ""))


def currency_of_country(country: str) -> str | None:
    return _COUNTRY_CURRENCY.get(country)


@lru_cache(maxsize=8192)
def parse_price(text: str, country: str = "") -> Money | None:
    """The price a short text states, None where it states none.

    Args:
        text: at most MAX_TEXT characters; `\\x1f` marks where one text node ends and the next begins.
        country: of the site, to read `$`, `kr` and `Rs`.

    With several numbers the first one beside a currency counts, else the first.
    """
    if len(text) > MAX_TEXT or not _DIGIT.search(text):
        return None
    joined = text.lower()
    if "\x1f" in joined:
        joined = _SPLIT_CENTS.sub(r"\1.\2", _SPLIT_POINT.sub(r"\1", joined))
    joined = _SYMBOL_AS_POINT.sub(r"\1.\3 \2", joined)
    amount = _AMOUNT.search(joined)
    if amount is None:
        bare = _BARE.search(joined)
        return _money(bare.group(), None, country) if bare else None
    symbol = amount["before"] or amount["after"]
    number = amount["first"] or amount["second"]
    return _money(number, symbol, country)


def n_amounts(text: str) -> int:
    """How many amounts with a currency a text holds."""
    return sum(1 for _ in _AMOUNT.finditer(text[:MAX_TEXT].lower()))


def _money(number: str, symbol: str | None, country: str) -> Money | None:
    currency = currency_of(symbol, country)
    # Three digits behind the only separator are thousands everywhere but in currencies of a thousand parts.
    decimals = "." if currency in _THREE_DECIMALS and re.search(r"\.\d{3}$", number) else None
    value = _value(number, decimals)
    return None if value is None else Money(value, currency, symbol is not None)


@lru_cache(maxsize=8192)
def _value(number: str, decimals: str | None) -> Decimal | None:
    """The amount of a number as written, None where it is none or out of range."""
    try:
        value = Price.fromstring(number, decimal_separator=decimals).amount
    except (InvalidOperation, ValueError):
        return None
    return None if value is None or not 0 < value < MAX_AMOUNT else _plain(value)


def _plain(value: Decimal) -> Decimal:
    """12.50 stays 12.50; 24990.0 and 1E+3 become whole."""
    if value == value.to_integral_value():
        return value.quantize(Decimal(1))
    return value


def parse_machine_price(value: object, currency: str | None = None) -> Money | None:
    """A price as structured data gives it: a number, or text whose point is a decimal point (schema.org)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    if re.fullmatch(r"\d{1,12}(?:\.\d{1,6})?", text):
        amount = Decimal(text)
        return Money(_plain(amount), currency) if 0 < amount < MAX_AMOUNT else None
    read = parse_price(text[:MAX_TEXT])
    return Money(read.value, currency or read.currency) if read else None
