"""Prices as people write them: `2.449 $`, `1 299,00 kr`, `₹1,29,999`, `CHF 1’049.95`, `۹۴٬۰۰۰ تومان`.

`read_price` finds the price in a short text, `parse_price` takes a text that must be nothing but a price (the cell of a
feed). The currency is the code beside the number before the symbol (`$1,190.00 AUD`); a symbol of several currencies
(`$`, `kr`, `¥`) is read by the currency of the source, its territory, its language, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from urllib.parse import urlsplit

from trimtab.text.amounts.currencies import (
    codes,
    currencies_of_territory,
    decimal_sign_of,
    decimals_of,
    symbols,
    territory_code,
    territory_of_language,
)
from trimtab.text.amounts.symbols import (
    Source,
    Symbol,
    is_unspaced,
    meaning_after,
    meaning_before,
    meaning_of,
    own_symbol,
    symbol_after,
    symbol_before,
)
from trimtab.text.numbers import UNDECIDED, NumberFormat, parse_number, plain_text

MAX_CHARACTERS = 120
"""Longer texts are prose."""
MAX_AMOUNT = Decimal(10) ** 12

_NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)(?:[.,٫]\d+)?|(?:(?<![^\W\d_])[.,]+)?\d(?:[\d.,'٫]*\d)?")
"""A blank groups thousands and nothing else."""
_LOOSE_CENTS = re.compile(r" ?[.,] ?(\d\d)(?![\d.,%]|\s*\d)")
"""Cents that a blank separates from their sign: `119. 95`."""
_SIGN_AS_POINT = re.compile(r"[^\W\d_]?[€£$₹₽₺₴₪₦₱]( ?)(\d\d)(?!\d|[.,]\d)")
"""A symbol in the place of the decimal sign: `12€99`, and `35€ 99` where the text ends so."""
_NO_CENTS = re.compile(r"[.,]?\s?[-–—]{1,2}(?!\d)")
"""`50,-`: nothing behind the decimal sign."""
_RANGE_WORDS = frozenset({"to", "bis", "à", "tot", "till", "til", "do", "до", "až", "hasta"})
_GENERIC_DOMAINS = frozenset(
    {"ac", "ag", "ai", "am", "as", "bz", "cc", "co", "dj", "eu", "fm", "gd", "gg", "gl", "im", "io", "je", "la"}
    | {"ly", "me", "ml", "mn", "ms", "mu", "nu", "pw", "sc", "sh", "st", "su", "tk", "to", "tv", "vc", "vg", "ws"}
)
"""Domains of a territory or of the union that shops anywhere take."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of 0 or more; `currency` is an ISO 4217 code, None where nothing says."""

    amount: Decimal
    currency: str | None

    @property
    def text(self) -> str:
        """Decimal string with a point, without an exponent."""
        return format(self.amount, "f")


@dataclass(frozen=True, slots=True)
class PriceInText:
    """A price and where it stands, its currency included, in `plain_text` of the text.

    Attributes:
        could_be: the currencies that what stands beside the number can mean (`$` is written for many), the one that is
            meant first; empty where nothing stands there.
    """

    money: Money
    start: int
    end: int
    could_be: tuple[str, ...] = ()

    @property
    def has_currency(self) -> bool:
        """Whether the text itself names the currency."""
        return bool(self.could_be)


def read_price(
    text: str,
    *,
    currency: str | None = None,
    territory: str | None = None,
    language: str | None = None,
    number_format: NumberFormat | None = None,
) -> Money | None:
    """The price that a short text states: the first number beside a currency, else the first number; None without one.

    Args:
        text: at most MAX_CHARACTERS; a longer one is prose and states none.
        currency: of the source; holds where the text names none, and tells which dollar `$` is.
        territory: of the source, two letters; tells the same where `currency` is not known.
        language: of the source, `de` or `de_CH`; tells the same where neither is known.
        number_format: how the source writes numbers (`trimtab.text.numbers.number_format_of`).
    """
    found = prices_in(text, currency=currency, territory=territory, language=language, number_format=number_format)
    return chosen_price(text, found)


def chosen_price(text: str, found: Sequence[PriceInText]) -> Money | None:
    """The price that a short text states, of those in it: the first beside a currency, else the first.

    Args:
        found: what `prices_in` gives.
    """
    at = next((at for at, price in enumerate(found) if price.has_currency), 0)
    if at > 0 and _is_range(plain_text(text), found[at - 1], found[at]):
        return Money(found[at - 1].money.amount, found[at].money.currency)
    return found[at].money if found else None


def parse_price(
    text: str,
    *,
    currency: str | None = None,
    territory: str | None = None,
    language: str | None = None,
    number_format: NumberFormat | None = None,
) -> Money | None:
    """The price that a text is, with nothing beside the number and its currency; None where it is anything else."""
    plain = plain_text(text).strip()
    found = tuple(
        prices_in(plain, currency=currency, territory=territory, language=language, number_format=number_format)
    )
    if len(found) != 1:
        return None
    beside = plain[: found[0].start] + plain[found[0].end :]
    return None if beside.strip(" .:") else found[0].money


@lru_cache(maxsize=32_768)
def prices_in(
    text: str,
    *,
    currency: str | None = None,
    territory: str | None = None,
    language: str | None = None,
    number_format: NumberFormat | None = None,
) -> tuple[PriceInText, ...]:
    """Every number of a short text that could be a price, in order; the arguments are those of `read_price`."""
    if len(text) > MAX_CHARACTERS:
        return ()
    return tuple(_prices(plain_text(text), Source(currency, territory, language), number_format))


def currencies_in(text: str, *, territory: str | None = None, language: str | None = None) -> tuple[str, ...]:
    """The currencies a short text names, in order, each once: `Preise in CHF (inkl. MwSt.)`."""
    plain = plain_text(text[:MAX_CHARACTERS])
    source = Source(None, territory, language)
    found: dict[str, None] = {}
    at = 0
    while at < len(plain):
        symbol = symbol_after(plain, at)
        code = symbol and meaning_before(plain, symbol, source)
        if symbol and code:
            found[code] = None
        at = symbol.end if symbol else at + 1
    return tuple(found)


def currency_of(
    written: str | None, *, currency: str | None = None, territory: str | None = None, language: str | None = None
) -> str | None:
    """The ISO code of a currency as written: `usd`, `zł`, `kr`; None where it is none that is known."""
    if not written:
        return None
    plain = plain_text(written).strip()
    if plain.upper() in codes():
        return plain.upper()
    source = Source(currency, territory, language)
    return meaning_of(plain, source) or meaning_of(plain.replace(" ", ""), source)


def currency_of_territory(territory: str | None) -> str | None:
    """What one pays with there today."""
    return next(iter(currencies_of_territory(territory)), None)


@lru_cache(maxsize=4096)
def territory_of(url: str | None = None, *locales: str | None) -> str | None:
    """The territory of a shop, two upper-case letters: by its domain, a part of host or path, then by locales.

    Args:
        url: `https://ca.store.example.com`, `https://shop.com/en-au/x`.
        locales: `lang` or `og:locale` of a page; the first with a territory of its own counts. A bare language says
            nothing here, because it is spoken in many.
    """
    return _territory_of_url(url) or next(
        (
            code
            for locale in locales
            if locale and re.search(r"[-_][A-Za-z]{2}\b", locale) and (code := territory_of_language(locale))
        ),
        None,
    )


def _territory_of_url(url: str | None) -> str | None:
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    labels = host.split(".")
    last = labels[-1]
    if len(labels) > 1 and last not in _GENERIC_DOMAINS and (code := territory_code(last)):
        return code
    region = re.search(r"(?:^|[./])[a-z]{2}[-_]([a-z]{2})(?:[./]|$)", f"{host}{parts.path}".lower())
    if region and (code := territory_code(region[1])):
        return code
    return next((code for label in labels[:-2] if (code := territory_code(label))), None)


def _is_range(text: str, low: PriceInText, high: PriceInText) -> bool:
    """Whether two prices are a range with one currency: `From 26 to 50 €`, `12,00 – 15,00 €`, unlike `2 - 10 €`."""
    between = text[low.end : high.start].strip()
    has_cents = re.search(r"[.,]\d", text[low.start : low.end]) is not None
    is_said = between in _RANGE_WORDS or (between in ("-", "–", "—") and has_cents)
    return is_said and low.money.amount < high.money.amount


def _prices(text: str, source: Source, number_format: NumberFormat | None) -> Iterator[PriceInText]:
    at = 0
    while found := _NUMBER.search(text, at):
        price, at = _price_at(text, found.start(), found.end(), source, number_format)
        if price is not None:
            yield price


def _price_at(
    text: str, start: int, end: int, source: Source, number_format: NumberFormat | None
) -> tuple[PriceInText | None, int]:
    """The price whose number stands at [start, end), and where to search on."""
    number, end, after = _number_at(text, start, end)
    before = symbol_before(text, start)
    if after is None:
        no_cents = _NO_CENTS.match(text, end)
        after = own_symbol(text, no_cents.end() if no_cents else end)
        end = no_cents.end() if no_cents and (after or no_cents.end() == len(text)) else end
    symbol, code = _chosen(text, before, after, source)
    if symbol is None and (_is_percent(text, end) or _is_part_of_word(text, start, end)):
        return None, end
    amount = _amount(number, code, source, number_format or UNDECIDED)
    if amount is None or amount >= MAX_AMOUNT:
        return None, end
    first = min(start, before.start) if before else start
    last = max(end, after.end) if after else end
    if _is_negative(text, first):
        return None, last
    others = symbols().get(symbol.written, ()) if symbol and code else ()
    could_be = tuple(dict.fromkeys((code, *(others if code in others else ())))) if code else ()
    return PriceInText(Money(_whole(amount), code or source.currency), first, last, could_be), last


def _number_at(text: str, start: int, end: int) -> tuple[str, int, Symbol | None]:
    """The number with its cents, where it ends, and the symbol inside it (`12€99`)."""
    number = text[start:end]
    sign = _SIGN_AS_POINT.match(text, end)
    if sign and (not sign[1] or not text[sign.end() :].strip(" *.")) and not re.search(r"[.,]\d{1,2}$", number):
        whole = re.sub(r"\D", "", number)
        return f"{whole}.{sign[2]}", sign.end(), Symbol(sign.group()[: sign.start(1) - sign.start()], end, sign.end())
    cents = _LOOSE_CENTS.match(text, end)
    if cents and not re.search(r"[.,]\d{1,2}$", number):
        is_alone = start == 0 and cents.end() == len(text)
        if is_alone or symbol_before(text, start) or own_symbol(text, cents.end()):
            return f"{re.sub(r'[^0-9]', '', number)}.{cents[1]}", cents.end(), None
    return number, end, None


def _is_negative(text: str, first: int) -> bool:
    """Whether a minus belongs to what begins here; a dash after a number or before a blank does not."""
    return text[first - 1 : first] == "-" and not text[: first - 1].rstrip(" ")[-1:].isalnum()


def _amount(number: str, code: str | None, source: Source, number_format: NumberFormat) -> Decimal | None:
    currency = code or source.currency
    if number_format.decimal is None and currency and decimals_of(currency) == 3:
        home = source.territory or territory_of_currency(currency)
        sign = decimal_sign_of(source.language, home)
        number_format = NumberFormat("," if sign == "," else ".")
    if number[0] in ".,":
        bare = number.lstrip(".,")
        number = f"{number[0]}{bare}" if bare.isdecimal() else bare
    return parse_number(number, number_format)


@lru_cache(maxsize=256)
def territory_of_currency(currency: str) -> str | None:
    """The territory that an ISO code is named after."""
    code = territory_code(currency[:2])
    return code if code and currency in currencies_of_territory(code) else None


def _whole(amount: Decimal) -> Decimal:
    """12.50 stays 12.50; 24990.0 and 1E+3 become whole."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


def _chosen(text: str, before: Symbol | None, after: Symbol | None, source: Source) -> tuple[Symbol | None, str | None]:
    """The symbol that counts of those at both sides of a number, and its code: a code is worth more than a symbol."""
    first = before and meaning_before(text, before, source)
    second = after and meaning_after(text, after, source)
    if before and after and first and second and before.written not in codes() and after.written in codes():
        return (after, second) if second in symbols().get(before.written, ()) else (before, first)
    if first:
        return before, first
    return (after, second) if second else (None, None)


def _is_percent(text: str, end: int) -> bool:
    return text[end:].lstrip(" ").startswith("%")


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    """Whether a letter stands right before the number: `MX924`, unlike `R8,499`."""
    letter = text[start - 1 : start]
    if not letter.isalpha() or is_unspaced(letter):
        return False
    return symbol_before(text, start) is None or re.search(r"[.,]\d\d", text[start:end]) is None
