"""Where a feed comes from: the languages of its texts and the currency of its prices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from trimtab.catalog.feeds.columns.evidence import ENOUGH, ColumnEvidence
from trimtab.catalog.feeds.columns.names import language_of_name, role_named
from trimtab.catalog.feeds.columns.survey import Survey, is_price_name
from trimtab.catalog.html_text import text_of_html
from trimtab.catalog.shop import Shop
from trimtab.text.amounts.currencies import codes, currencies_of_territory, territory_of_language
from trimtab.text.language import AUTO, languages_of
from trimtab.text.money import currencies_in, currency_of, currency_of_territory, territory_of

_LANGUAGE = r"[A-Za-z]{2}(?:[-_].*)?"


def languages_in(survey: Survey, roles: Mapping[str, str], shop: Shop) -> tuple[str, ...]:
    """The languages that the shop, a column or its name says, else those of titles and descriptions."""
    if shop.catalogue.language != AUTO:
        return shop.catalogue.language
    column = survey.columns.get(roles.get("language", ""), ColumnEvidence())
    stated = {code[:2].lower(): None for code, _ in column.distinct.most_common() if re.fullmatch(_LANGUAGE, code)}
    spoken = dict.fromkeys(language_of_name(name) for name in survey.columns if role_named(name) == "title")
    of = [roles.get("description")] if survey.has_made_titles else [roles.get("title"), roles.get("description")]
    texts = [text for name in of for text in survey.distinct_of(name)]
    if survey.has_made_titles:  # of names; what the other columns say is in words
        texts += [text for column in survey.columns.values() for text in column.distinct if _is_word(text)]
    beside = " ".join(_words_beside(survey)).replace("_", " ") if survey.platform.is_of_the_shop else ""
    return tuple(stated) or tuple(filter(None, spoken)) or languages_of([*map(text_of_html, texts)], beside)


def _words_beside(survey: Survey) -> Iterator[str]:
    """What columns are called, and what those say that choose from few words."""
    for name, column in survey.columns.items():
        yield name
        if column.n_distinct <= FEW_WORDS:
            yield from filter(_are_letters, column.distinct)


def _is_word(text: str) -> bool:
    return _are_letters(text) and len(text) > _SHORT


def _are_letters(text: str) -> bool:
    return text.replace(" ", "").isalpha()


FEW_WORDS = 20
"""Different texts of a column that names colours or materials, whose language is the shop's."""
_SHORT = 4
"""Letters of a word that is maybe an abbreviation."""


def currency_in(survey: Survey, roles: Mapping[str, str], languages: Iterable[str]) -> str | None:
    """The currency that most prices can be in; of several, that of where the catalogue's language is spoken."""
    prices = survey.columns.get(roles.get("price", ""), ColumnEvidence()).currencies.copy()
    prices.update(survey.columns.get(roles.get("sale_price", ""), ColumnEvidence()).currencies)
    stated = survey.columns.get(roles.get("currency", ""))
    if stated is not None:
        for written, n in stated.distinct.items():
            code = currency_of(written)
            prices.update({code: n} if code else {})
    if not prices:
        named = [code for name in roles.values() if is_price_name(name) for code in currencies_of_name(name)]
        stated_once = (found[1] for found in map(_CURRENCY.search, survey.names) if found and currency_of(found[1]))
        return next(iter((*named, *stated_once)), None) or _currency_of_addresses(survey, roles)
    most = [code for code, n in prices.items() if n == max(prices.values())]
    at_home = (code for one in languages for code in currencies_of_territory(territory_of_language(one)))
    return next((code for code in at_home if code in most), most[0])


_CURRENCY = re.compile(r"\bcurrency[=: ]+([A-Z]{3})\b", re.IGNORECASE)
"""eBay: `*Action(SiteID=UK|Country=GB|Currency=GBP|Version=1193)`."""


def _currency_of_addresses(survey: Survey, roles: Mapping[str, str]) -> str | None:
    """What one pays with in the country that the addresses of nearly all items are of."""
    addresses = survey.distinct_of(roles.get("url"))
    found = Counter(currency_of_territory(territory_of(address)) for address in addresses)
    code, n = found.most_common(1)[0] if found else (None, 0)
    return code if n >= ENOUGH * found.total() else None


def currencies_of_name(name: str) -> tuple[str, ...]:
    """Currencies in a column's name: `Preis (EUR)`, `price_eur`."""
    last = re.split(r"[_. ]", name.strip(" )]"))[-1].upper()
    return (last,) if last in codes() else currencies_in(name) or currencies_in(last)
