"""How a column of a feed becomes an attribute: of which kind, with which unit, for what use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.availability import YES_LETTERS
from trimtab.catalog.feeds.columns.evidence import ENOUGH, LISTS, ColumnEvidence
from trimtab.catalog.feeds.columns.names import is_code_name, role_named, spaced_names
from trimtab.catalog.feeds.columns.price_names import is_purchase_price
from trimtab.catalog.feeds.columns.survey import Survey, is_price_name
from trimtab.catalog.feeds.rows import clean_name, split_words
from trimtab.catalog.shop import AttributeKind, AttributeSection
from trimtab.text.numbers import UNDECIDED, NumberFormat
from trimtab.text.units import unit_key, units_of

FEW_CHARACTERS, FEW_WORDS = 60, 5
"""A longer text is read, not chosen from a list."""
MANY_CHARACTERS = 200
SAME_FOR_ALL_ROWS = 10
"""Rows from which on a column that says the same in each tells no items apart."""
_YES_AND_NO = [{letter, "n"} for letter in YES_LETTERS]
_FLAG_NAMES = ("is_", "has_", "can_", "with_")
_VALUE = (".value", ".amount", ".valor", ".wert", ".valeur", ".waarde", "_value", "")
"""Ends of the name of a column whose unit stands in a column of its own."""
_UNIT = (
    ".unit",
    ".unit_code",
    ".unitcode",
    ".unittext",
    ".uom",
    ".unidad",
    ".einheit",
    ".unité",
    ".eenheid",
    "_unit",
    "_unit_of_measure",
    "_uom",
    "_einheit",
    "_unité",
    "_unidad",
)
_OF_THE_PLATFORM = re.compile(r"position|(?:sort|menu|display)_?order|custom_label_\d|custom_number_\d")
"""What says where a platform shows an item, and how its advertisements are managed."""
_MONTH_FIRST = frozenset({"USD", "PHP"})
"""Currencies of countries that write the month before the day."""


@dataclass(frozen=True, slots=True)
class AttributeLayout:
    """How a column becomes an attribute.

    Attributes:
        source: the column.
        number_format: how it writes numbers.
        separator: between several values in one text; None where a text is one.
        is_day_first: whether `01/02/2024` is in February.
        side: which of several numbers in a text (`100 x 45 x 80 cm`) it is; None where it is all of the cell.
    """

    source: str
    attribute: Attribute
    number_format: NumberFormat = UNDECIDED
    separator: str | None = None
    is_day_first: bool = True
    side: int | None = None


@dataclass(frozen=True, slots=True)
class Habits:
    """How a feed writes what its columns leave open.

    Attributes:
        numbers: its decimal sign.
        is_day_first: whether `01/02/2024` is in February.
        languages: in which units are named.
    """

    numbers: NumberFormat = UNDECIDED
    is_day_first: bool = True
    languages: tuple[str, ...] = ()


def is_day_first(survey: Survey, currency: str | None) -> bool:
    """Whether a feed writes the day before the month: by what all its dates show, else as its country does."""
    shown = sum(column.days_before_months for column in survey.columns.values())
    return shown > 0 or (shown == 0 and currency not in _MONTH_FIRST)


def as_said(name: str, section: AttributeSection, inferred: Attribute) -> Attribute:
    """The attribute of a section; what the section leaves open is as inferred where the kind is the same."""
    attribute = Attribute.of_section(name, section)
    return attribute if section.unit or inferred.kind != attribute.kind else replace(attribute, unit=inferred.unit)


def inferred_attribute(
    source: str, survey: Survey, habits: Habits, named: Mapping[str, ColumnEvidence], *, is_internal: bool
) -> AttributeLayout:
    """What a column shows.

    Args:
        named: the columns of the survey by their plain names.
        is_internal: it is for filters and orders alone.
    """
    name, column = clean_name(source), survey.columns[source]
    own = column.number_format
    number_format = own if own.decimal else habits.numbers
    separator = column.separator() or _separator_of_lists(source, column)
    kind, unit = _kind(name, column, survey.platform.kinds.get(name))
    if kind == "number" and unit is None:
        unit = _unit_beside(name, named) or _unit_in_name(name, habits.languages)
    is_multi = column.n_lists > 0 or (separator is not None and kind in ("text", "path"))
    usual = Attribute.usual(name, kind, multi=is_multi)
    is_code = kind == "text" and (is_code_name(name) or column.share("is_code") >= 0.5)
    is_long = kind == "text" and column.mean_characters > MANY_CHARACTERS
    is_prose = kind == "text" and column.mean_words > FEW_WORDS
    n_distinct = column.n_distinct if separator is None else column.n_parts(separator)
    role = role_named(source)
    is_unique = n_distinct > max(20, 0.5 * column.n) and (kind == "text" or role == "item_id")
    is_same = is_same_for_all(column, survey.n_rows)
    is_internal = is_internal or is_price_name(source) or _OF_THE_PLATFORM.fullmatch(name) is not None
    is_internal = is_internal or are_records(column)
    is_secret = kind == "number" and is_purchase_price(source)
    shown = column.days_before_months
    return AttributeLayout(
        source=source,
        attribute=replace(
            usual,
            unit=unit,
            search=usual.search and not (is_internal or kind == "number" or (is_same and is_prose)),
            facet=not (is_code or is_prose or is_internal or is_same or is_unique or role in ("title", "description"))
            and column.mean_characters <= FEW_CHARACTERS,
            filter=not (is_long or is_secret),
            sort=usual.sort and not (is_long or is_same or is_secret),
        ),
        number_format=number_format,
        separator=separator if is_multi else None,
        is_day_first=shown > 0 or (shown == 0 and habits.is_day_first),
    )


def _separator_of_lists(source: str, column: ColumnEvidence) -> str | None:
    """The sign between the values of a column that is called a list of labels."""
    if _LABELS.isdisjoint(spaced_names(source)):
        return None
    return next((sign.strip() for sign in LISTS if any(sign in value for value in column.distinct)), None)


_LABELS = frozenset(
    split_words(
        "tags tag keywords labels étiquettes mots_clés etiquetas palabras_clave schlagworte schlagwörter stichworte "
        "etichette parole_chiave słowa_kluczowe tagi теги метки ключевые_слова klíčová_slova avainsanat nyckelord "
        "etiketler タグ キーワード 标签 关键词 태그"
    )
)
"""What columns of labels are called."""


def is_same_for_all(column: ColumnEvidence, n_rows: int) -> bool:
    """Whether a column says the same of all items: it tells none from the others, and may still be asked for."""
    return n_rows >= SAME_FOR_ALL_ROWS and column.n >= n_rows and column.n_distinct == 1


_KINDS_OF_RECORDS = frozenset(
    {"", "simple", "configurable", "variable", "variation", "variant", "option", "virtual", "bundle", "grouped"}
)
"""What platforms call kinds of records, beside the word `product`."""
_PRODUCT = re.compile(r"\bproduct\b|[\s-]")


def are_records(column: ColumnEvidence) -> bool:
    """Whether a column says what its rows are to the platform that wrote them (`product_variation`), and no more."""
    kinds = (_PRODUCT.sub("", kind.casefold().replace("_", " ")) for kind in column.distinct)
    return bool(column.distinct) and all(kind in _KINDS_OF_RECORDS for kind in kinds)


def _kind(name: str, column: ColumnEvidence, known: AttributeKind | None) -> tuple[AttributeKind, str | None]:
    """The most particular kind that nearly all values are of, and the unit of a number."""
    if known is not None:
        return known, None
    if column.share("is_flag") >= ENOUGH or set(map(str.casefold, column.distinct)) in _YES_AND_NO:
        return "flag", None
    if column.are_prices:
        return "number", None
    are_names = column.are_named_by_digits or is_code_name(name) or role_named(name) == "category"
    if column.share("is_number") >= ENOUGH and not are_names:
        is_flag = set(column.distinct) <= {"0", "1"} and name.startswith(_FLAG_NAMES)
        return ("flag" if is_flag else "number"), None
    measured, bare = column.share("unit"), column.share("is_number")
    if column.unit and measured + bare >= ENOUGH and measured >= 4 * bare:
        return "number", column.unit
    if column.share("is_date") >= ENOUGH:
        return "date", None
    return ("path" if column.share("is_path") >= 0.5 else "text"), None


def _unit_beside(name: str, named: Mapping[str, ColumnEvidence]) -> str | None:
    """The unit that a column beside a number's own says of all of them: `weight` and `weight_unit`."""
    for stem in (name.removesuffix(end) for end in _VALUE if name.endswith(end)):
        column = next((named[stem + end] for end in _UNIT if stem + end in named), None)
        if column is not None and column.n_distinct == 1:
            return next(iter(column.distinct))
    return None


def _unit_in_name(name: str, languages: Iterable[str]) -> str | None:
    """The unit that a column's name ends with: `peso_kg`, `Länge (cm)`."""
    last = name.rpartition("_")[2]
    return last if last != name and len(last) > 1 and unit_key(last) in _units(tuple(languages)) else None


@lru_cache(maxsize=16)
def _units(languages: tuple[str, ...]) -> Mapping[str, object]:
    return units_of(languages or ("en",))
