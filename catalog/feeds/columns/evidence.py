"""What the cells of a column show, counted over all rows: of what kind it is, how it writes numbers, which currency."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

from trimtab.catalog.attributes.values import EXACT
from trimtab.catalog.cells import is_unknown
from trimtab.catalog.feeds.columns.prices import without_measure
from trimtab.catalog.feeds.dates import written_date
from trimtab.catalog.feeds.rows import Value, split_words
from trimtab.catalog.html_text import text_of_html
from trimtab.text.money import parse_price, prices_in
from trimtab.text.numbers import (
    POINT,
    NumberFormat,
    Sign,
    decimal_sign_shown,
    number_format_by,
    parse_number,
    plain_text,
)

ENOUGH = 0.98
"""The share of cells that decides; a column of ten thousand numbers may have a few that say `n/a`."""
FEW_ROWS = 2
"""Rows that may be no items, however small the feed."""
MAX_DISTINCT = 2_000
"""Values that are remembered one by one."""
MAX_SHAPED = 64
"""Longer texts are words."""
FEW_CODES = 0.02
"""The share of values that look like codes from which on all of a column's are."""

_MEASURE = re.compile(
    r"([+-]?[\d.,' \u00a0\u202f]*\d)\s*([^\W\d_][^\d,;|]{0,14}(?:/100 ?[^\W\d_]{1,2})?|% ?vol\.?|[\"″”′%°][CF]?)"
)
_RATED = re.compile(r"(\d(?:[.,]\d+)?) ?(?:out of|von|sur|de|su|van|av|/) ?(?:5|10)(?: [^\W\d_]+)?", re.IGNORECASE)
"""Stars: `3.9 out of 5 stars`, `4,5 von 5`."""
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?")
_MAYBE_DATE = re.compile(r"\D{0,14}\d{1,4}.*\d[^\d]{0,5}")
"""What is looked at as a date."""
_ADDRESS = re.compile(r"(?:https?:)?//\S+|data:\S+|[\w./-]+\.(?:jpe?g|png|webp|gif|svg)", re.IGNORECASE)
_PRICE = re.compile(r"[^\d<>]{0,8}\d[\d.,'٫ ]*[^\d<>]{0,20}")
"""What is looked at as a price; most that reads so is none."""
_NUMBER_LIKE_CODE = re.compile(r"0\d.*|\d{11,}|\d+[eE]\d+")
"""Digits that count nothing: with zeros in front, very many, or around an E (programs write `1.2E+05`)."""
_BETWEEN_STEPS = ">›»→"
_STEP = re.compile(rf"[^\s>]\s*(?:>>|[{_BETWEEN_STEPS}])\s*[^\s>]")
_FLAGS = frozenset(
    split_words(
        "true false yes no ja nein nee nej oui non sí si no sim não tak nie да нет не ano ne da nu igen nem evet hayır "
        "kyllä ei نعم لا بله خیر כן לא 是 否 có không y n t f"
    )
)
LISTS = ("|", ";", ", ", ",")
"""Separators that a cell with several values may have."""


class Shape(NamedTuple):
    """What one text looks like.

    Attributes:
        unit: what stands behind a number; empty where nothing does.
        sign: the decimal sign that it shows beyond doubt.
        is_price: whether it is an amount of a currency that it names.
    """

    is_number: bool = False
    is_code: bool = False
    is_flag: bool = False
    is_date: bool = False
    day_first: bool | None = None
    is_address: bool = False
    is_path: bool = False
    unit: str = ""
    sign: Sign | None = None
    is_price: bool = False


NUMBER, FLAG, CODE = Shape(is_number=True), Shape(is_flag=True), Shape(is_number=True, is_code=True)


def _has_steps(text: str) -> bool:
    """Whether a text is several steps of a path; most have no sign that could be between them."""
    return any(sign in text for sign in _BETWEEN_STEPS) and _STEP.search(text) is not None


@lru_cache(maxsize=131_072)
def shape_of(text: str) -> Shape:
    """What a text looks like."""
    text = plain_text(text_of_html(text) if "<" in text else text).strip()
    if len(text) > MAX_SHAPED:
        return Shape(is_address=_ADDRESS.fullmatch(text) is not None, is_path=_has_steps(text))
    first = text[:1]
    if _ISO_DATE.fullmatch(text):
        return Shape(is_date=True)
    if _MAYBE_DATE.fullmatch(text) and (date := written_date(text)) is not None:
        return Shape(is_date=True, day_first=date.is_day_first if date.is_numeric else None)
    if _PRICE.fullmatch(text) and (price := parse_price(without_measure(text))) is not None and price.currency:
        return Shape(is_price=True, unit=_unit_behind(text), sign=decimal_sign_shown(text))
    if not (first.isdigit() or first in "+-.,"):
        is_flag = text.casefold() in _FLAGS
        return Shape(is_flag=is_flag, is_address=_ADDRESS.fullmatch(text) is not None, is_path=_has_steps(text))
    if parse_number(text) is not None or parse_number(text, NumberFormat(",")) is not None:
        return Shape(
            is_number=True, is_code=_NUMBER_LIKE_CODE.fullmatch(text) is not None, sign=decimal_sign_shown(text)
        )
    unit = _unit_behind(text)
    if unit:
        return Shape(unit=unit, sign=decimal_sign_shown(text))
    return Shape(is_path=_has_steps(text))


def _typed_shape(value: float) -> Shape:
    """What a value that comes with a type is; whole numbers that floats do not hold are names of something."""
    if isinstance(value, bool):
        return FLAG
    return CODE if isinstance(value, int) and abs(value) >= EXACT else NUMBER


def _unit_behind(text: str) -> str:
    """What stands behind the number that a text begins with; empty where it is anything else."""
    rated = _RATED.fullmatch(text)
    if rated is not None:
        return text[rated.end(1) :].strip()
    measure = _MEASURE.fullmatch(text)
    return measure[2].strip() if measure and parse_number(measure[1].strip(), POINT) is not None else ""


@dataclass
class ColumnEvidence:
    """What the cells of one column show.

    Attributes:
        n: cells that are not empty, n_lists of them with several values.
        n_typed: values that come as numbers or flags from a format with types.
        n_prices: prices that name a currency.
        shapes: what values look like.
        signs: decimal signs that numbers show.
        distinct: values and how often they occur, while they are few; n_beyond are not among them.
        currencies: code -> prices that can be in it.
    """

    n: int = 0
    n_lists: int = 0
    n_values: int = 0
    n_typed: int = 0
    n_prices: int = 0
    n_characters: int = 0
    n_beyond: int = 0
    shapes: Counter[Shape] = field(default_factory=Counter)
    signs: Counter[Sign] = field(default_factory=Counter)
    distinct: Counter[str] = field(default_factory=Counter)
    currencies: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, cells: Sequence[Value], *, is_price: bool) -> ColumnEvidence:
        """What some cells show that are not empty; all of their values are remembered."""
        lists = [cell for cell in cells if isinstance(cell, list)]
        values = list(chain.from_iterable(cell if isinstance(cell, list) else (cell,) for cell in cells))
        found = cls(n=len(cells), n_lists=sum(len(cell) > 1 for cell in lists))
        found._add_typed([value for value in values if not isinstance(value, str)])
        for text, n in Counter(value.strip() for value in values if isinstance(value, str)).items():
            if not is_unknown(text, "price" if is_price else "amount"):
                found._add_text(text, n, is_price=is_price)
        return found

    def _add_typed(self, values: Sequence[int | float | bool]) -> None:
        self.n_values += len(values)
        self.n_typed += len(values)
        self.shapes.update(map(_typed_shape, values))
        self.distinct.update(str(value).lower() for value in values)

    def _add_text(self, text: str, n: int, *, is_price: bool) -> None:
        self.n_values += n
        self.n_characters += n * len(text)
        self.distinct[text] += n
        shape = shape_of(text)
        self.shapes[shape] += n
        sign = decimal_sign_shown(text) if is_price else shape.sign
        if sign is not None:
            self.signs[sign] += n
        if is_price or shape.is_price:
            self._add_price(text, n)

    def _add_price(self, text: str, n: int) -> None:
        price = next((one for one in prices_in(text) if one.has_currency), None)
        if price is not None:
            self.n_prices += n
            self.currencies.update(dict.fromkeys(price.could_be, n))

    def merge(self, later: ColumnEvidence) -> None:
        """Add what later cells of the column show, as far as there is room for their values."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for mine, its in ((self.shapes, later.shapes), (self.signs, later.signs), (self.currencies, later.currencies)):
            mine.update(its)  # type: ignore[arg-type]  # of one kind each
        for text, n in later.distinct.items():
            if text in self.distinct or len(self.distinct) < MAX_DISTINCT:
                self.distinct[text] += n
            else:
                self.n_beyond += n

    @property
    def n_distinct(self) -> int:
        """Different values, at least; those beyond the remembered ones are taken to be as different."""
        seen = sum(self.distinct.values())
        return (
            len(self.distinct) + round(self.n_beyond * len(self.distinct) / seen)
            if self.n_beyond
            else len(self.distinct)
        )

    def fills(self, n_rows: int) -> bool:
        """Whether nearly all rows have a value, but for a few that may be no items: sums, remarks."""
        return self.n >= min(ENOUGH * n_rows, max(n_rows - FEW_ROWS, n_rows / 2))

    @property
    def mean_characters(self) -> float:
        n_texts = self.n_values - self.n_typed
        return self.n_characters / n_texts if n_texts else 0.0

    @property
    def mean_words(self) -> float:
        """Words of a value that is remembered."""
        return sum(len(value.split()) for value in self.distinct) / max(1, len(self.distinct))

    def share(self, what: str) -> float:
        """The share of the values whose shape is `is_number`, `is_path`..."""
        n = sum(count for shape, count in self.shapes.items() if getattr(shape, what))
        return n / self.n_values if self.n_values else 0.0

    @property
    def are_named_by_digits(self) -> bool:
        """Whether numbers are names: enough of them look like codes, or all are of one length by zeros in front."""
        if self.share("is_code") >= FEW_CODES:
            return True
        is_filled = any(value.startswith("0") and value != "0" for value in self.distinct)
        return is_filled and all(map(str.isdecimal, self.distinct)) and len(set(map(len, self.distinct))) == 1

    @property
    def are_prices(self) -> bool:
        """Whether nearly all values are prices that name a currency."""
        return self.n_prices >= ENOUGH * self.n_values > 0 and not self.are_codes

    @property
    def are_codes(self) -> bool:
        """Whether all values are letters with digits behind them: `FR12` and `MDL3` are no francs and no lei."""
        return all(map(_LETTERS_AND_DIGITS.fullmatch, self.distinct))

    @property
    def days_before_months(self) -> int:
        """How many more dates show a day before the month than one behind it."""
        return sum(n if shape.day_first else -n for shape, n in self.shapes.items() if shape.day_first is not None)

    @property
    def units(self) -> Counter[str]:
        """What stands behind numbers."""
        found: Counter[str] = Counter()
        for shape, n in self.shapes.items():
            if shape.unit:
                found[shape.unit] += n
        return found

    @property
    def number_format(self) -> NumberFormat:
        """How this column alone writes numbers."""
        return number_format_by(self.signs)

    @property
    def unit(self) -> str | None:
        """The unit behind nearly all numbers; empty where they are bare, None where they have different ones."""
        units = self.units
        if not units:
            return ""
        (unit, n), total = units.most_common(1)[0], units.total()
        return unit if n >= 0.95 * total else None

    def separator(self) -> str | None:
        """What separates several values in one text: a sign whose parts are values by themselves elsewhere, too.

        A bar is taken for one without that: nobody writes it in a name.
        """
        values = {text_of_html(value) if "&" in value else value for value in self.distinct}
        for sign in LISTS:
            cells = [{part.strip() for part in value.split(sign) if part.strip()} for value in values if sign in value]
            if len(cells) < max(1, 0.02 * len(values)) or any(len(part) > 60 for parts in cells for part in parts):
                continue
            alone = sum(not values.isdisjoint(parts) or _begin_alike(parts) for parts in cells)
            if alone >= 0.5 * len(cells) or sign == "|" or _are_combined(cells) or _are_codes(cells):
                return sign.strip() or sign
        return None

    def n_parts(self, separator: str) -> int:
        """Different parts of the values that are remembered."""
        return len({part.strip() for value in self.distinct for part in value.split(separator)})

    def share_with(self, sign: str) -> float:
        """The share of different values that have a sign inside."""
        return sum(sign in value.strip(sign) for value in self.distinct) / max(1, len(self.distinct))

    def shared_separator(self) -> str | None:
        """What separates the categories of an item where none stands alone: a sign whose parts other cells have too."""
        for sign in LISTS:
            cells = [{part.strip() for part in value.split(sign)} for value in self.distinct if sign in value]
            often = Counter(part for parts in cells for part in parts)
            if len(cells) < max(2, 0.5 * len(self.distinct)) or max(map(len, often)) > _MAX_STEP:
                continue
            if sum(any(often[part] > 1 for part in parts) for parts in cells) >= 0.9 * len(cells):
                return sign.strip()
        return None


_COUNTS = ("n", "n_lists", "n_values", "n_typed", "n_prices", "n_characters", "n_beyond")
_MAX_STEP = 40
"""Characters of a category's name; a longer part of a text is prose."""


def _are_combined(cells: list[set[str]]) -> bool:
    """Whether a few parts make many cells, each in several of them: equipment, ingredients."""
    often = Counter(part for parts in cells for part in parts)
    return len(often) < 0.7 * len(cells) and min(often.values()) > 1 and len(cells) >= _MIN_COMBINED


def _are_codes(cells: list[set[str]]) -> bool:
    """Whether all parts are codes: words with digits, nearly all of them different (`1K0 698 151 A, 5Q0 698 151`)."""
    parts = [part for one in cells for part in one]
    return len(cells) >= _MIN_COMBINED and all(map(_CODE.fullmatch, parts)) and len(set(parts)) >= 0.5 * len(parts)


_LETTERS_AND_DIGITS = re.compile(r"[^\W\d_]+\d+[^\W_]*")
_MIN_COMBINED = 6
"""Cells of several parts from which on they tell what the parts are."""
_CODE = re.compile(r"(?=(?:[^\d]*\d){3})[A-Z\d][A-Z\d ./-]{4,23}")


def _begin_alike(parts: set[str]) -> bool:
    """Whether a part begins with another one: `Kitchen, Kitchen > Mugs`."""
    return any(after.startswith(before) for before, after in pairwise(sorted(parts)))


@dataclass
class Steps:
    """Whether the values of lists are the steps of one path (`["Books", "Fiction"]`) or stand beside each other.

    Attributes:
        parents: value -> what stood before it, and how often.
        places: value -> where in a list it stood.
    """

    parents: dict[str, Counter[str]] = field(default_factory=dict)
    places: dict[str, Counter[int]] = field(default_factory=dict)

    def add(self, values: list[str]) -> None:
        """Count a list, unless its values are paths themselves."""
        for place, value in enumerate([] if any(map(_has_steps, values)) else values):
            if len(self.places) > MAX_DISTINCT * 10:
                return
            self.places.setdefault(value, Counter())[place] += 1
            if place:
                self.parents.setdefault(value, Counter())[values[place - 1]] += 1

    def merge(self, later: Steps) -> None:
        """Add later lists, unless there have been enough."""
        if len(self.places) <= MAX_DISTINCT * 10:
            for value, places in later.places.items():
                self.places.setdefault(value, Counter()).update(places)
            for value, parents in later.parents.items():
                self.parents.setdefault(value, Counter()).update(parents)

    @property
    def are_steps(self) -> bool:
        """Whether values keep to their place and follow the same value, often enough to tell."""
        n_below = sum(counts.total() for counts in self.parents.values())
        if n_below < 20 or len(self.parents) > 0.5 * n_below:
            return False
        follow = sum(max(counts.values()) for counts in self.parents.values()) / n_below
        keep = sum(max(counts.values()) for counts in self.places.values())
        return follow >= 0.85 and keep >= 0.9 * sum(counts.total() for counts in self.places.values())


def file_format(columns: Iterable[ColumnEvidence]) -> NumberFormat:
    """How a file writes numbers, by all of its columns together."""
    signs: Counter[Sign] = Counter()
    for column in columns:
        signs.update(column.signs)
    return number_format_by(signs)
