"""Readable names for the grocery data: till abbreviations become words a shopper reads and types.

Three tables beside this file are all the knowledge there is; the code only applies them.

    grocery_types.csv       category (empty: any), product_type, name: names that no rule gives, written by reading the
                            values in their category ("PREMIUM" under ice cream is "premium ice cream")
    grocery_categories.csv  product_category, name
    grocery_words.csv       abbreviation, words: for everything the other two leave out
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources


def type_name(category: str, product_type: str) -> str:
    """`("REFRGRATD JUICES/DRNKS", "DAIRY CASE 100% PURE JUICE - O")` -> `"refrigerated orange juice"`.

    In the case it has inside a sentence: lower, proper nouns capitalised.
    """
    names = _type_names()
    return names.get((category, product_type)) or names.get(("", product_type)) or spelled_out(product_type)


def category_name(category: str) -> str:
    """`"FRZN NOVELTIES/WTR ICE"` -> `"Frozen novelties"`; sentence case."""
    name = _category_names().get(category) or spelled_out(category)
    return name[:1].upper() + name[1:]


def spelled_out(text: str) -> str:
    """By rule: what stands in brackets falls away, `HEAD: REST` is turned round, abbreviations become words.

    >>> spelled_out("FRZN DINNER ROLLS")
    'frozen dinner rolls'
    >>> spelled_out("PIES: CREAM/MERINGUE")
    'cream and meringue pies'
    """
    text = re.sub(r"\([^)]*\)?", " ", text)
    head, separator, rest = (
        (part.strip() for part in re.split(r"(:| - )", text, maxsplit=1)) if _turns(text) else ("",) * 3
    )
    return _listed(_words(f"{rest} {head}" if separator else text))


def title(brand: str, name: str, size: str) -> str:
    """`"Store brand vanilla wafers, 12 oz"`."""
    return f"{brand} {name}, {size}" if size else f"{brand} {name}"


def _turns(text: str) -> bool:
    return bool(re.search(r"\S\s*(:| - )\s*\S", text))


def _words(text: str) -> str:
    """Abbreviations replaced, the rest in lower case."""
    table = _abbreviations()
    parts = []
    end = 0
    for match in _abbreviation_pattern().finditer(text):
        parts += [text[end : match.start()].lower(), table[match.group()]]
        end = match.end()
    return "".join([*parts, text[end:].lower()])


def _listed(text: str) -> str:
    """`a/b/c` -> `a, b and c`; `a&b` -> `a and b`."""
    text = re.sub(r"\s*&\s*", "/", text)
    parts = [" ".join(part.split()) for part in text.split("/")]
    parts = [part.strip(" -,:") for part in parts if part.strip(" -,:")]
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("trimtab.catalog.datasets").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _type_names() -> dict[tuple[str, str], str]:
    return {(row["category"], row["product_type"]): row["name"] for row in _rows("grocery_types.csv")}


@cache
def _category_names() -> dict[str, str]:
    return {row["category"]: row["name"] for row in _rows("grocery_categories.csv")}


@cache
def _abbreviations() -> dict[str, str]:
    return {row["abbreviation"]: row["words"] for row in _rows("grocery_words.csv")}


@cache
def _abbreviation_pattern() -> re.Pattern[str]:
    longest_first = sorted(_abbreviations(), key=len, reverse=True)
    return re.compile(r"(?<![A-Z0-9'])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![A-Z0-9'])|-MAGAZINE")


def dropped() -> dict[str, list[str]]:
    """The values of rows that are not products, by column: `{"department": ["FUEL", ...]}`. The reasons are in
    grocery_dropped.csv."""
    values: dict[str, list[str]] = {}
    for row in _rows("grocery_dropped.csv"):
        values.setdefault(row["column"], []).append(row["value"])
    return values
