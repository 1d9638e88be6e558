"""Attributes in numbered columns: `Attribute 1 name` and `Attribute 1 value(s)`, `Merkmal 2` and `Merkmal 2 Wert`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from trimtab.catalog.feeds.platforms.platform import put
from trimtab.catalog.feeds.rows import Row, Rows, clean_name, first_text, spaced, split_words

_NAME = frozenset(
    split_words(
        "name names nom nombre nome nazwa naam navn namn název bezeichnung label key 名 назва название имя ad adı"
    )
)
_VALUE = frozenset(
    split_words(
        "values value value_s wert werte wert_e valeur valeurs valeur_s valor valores valore valori wartość wartości "
        "choices choice waarde waarden værdi værdier värde hodnota érték değer 値 值 значення значение val"
    )
)
_UNIT = frozenset(
    split_words("unit units uom einheit unité unidad unità unidade jednostka eenheid enhed enhet одиниця единица")
)
_WHAT = {"value": _VALUE, "unit": _UNIT, "name": _NAME}
_SEVERAL = frozenset(split_words("values choices valeurs valores valori werte wartości"))
"""What a column of several values is called."""
_NUMBERS = {"one": "1", "two": "2", "three": "3"}
MAX_DIGITS = 2
"""The longest number that counts attributes."""
_TITLED = frozenset(split_words("info option options attribute spec tab field"))
"""What is numbered with a title and a description instead of a name and a value: Wix's `additionalInfoTitle1`."""
_HUE = re.compile(r"#[0-9a-fA-F]{3,8}:\s*")
"""What stands before a colour's name for the page that shows it."""
_BETWEEN = frozenset(split_words("виміру измерения of de del la l d di des der van s es e i"))
_WORD = re.compile(r"\d+|[^\W\d_]+")
_DECIMAL = re.compile(r"\d,\d")
_COMPOUND = re.compile(r"(.{3,})(wert|werte|value|name)")
"""`Merkmalwert`, `Attributname`."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Columns of one number.

    Attributes:
        name, value: have what the attribute is called and what it is.
        unit: has the value's unit, where there is such a column.
        beside: what else the platform says of the attribute, no attribute itself.
        has_several: whether the name of the column with values says that there are several.
    """

    name: str
    value: str
    unit: str | None
    beside: tuple[str, ...]
    has_several: bool


def numbered_as_named(rows: Rows) -> Rows:
    """Rows with attributes called what their numbered columns say."""
    known: dict[frozenset[str], tuple[Numbered, ...]] = {}
    for row in rows:
        if not isinstance(row, Row):
            yield row
            continue
        names = frozenset(row.cells)
        if names not in known:
            known[names] = _numbered(tuple(row.cells))
        yield _named(row, known[names]) if known[names] else row


def _named(row: Row, groups: tuple[Numbered, ...]) -> Row:
    gone = {name for one in groups for name in (one.name, one.value, one.unit, *one.beside)}
    cells = {name: value for name, value in row.cells.items() if name not in gone}
    for one in groups:
        called = first_text(row.cells.get(one.name))
        value = row.cells.get(one.value)
        value = _HUE.sub("", value) if isinstance(value, str) else value
        several = _listed(value) if one.has_several and isinstance(value, str) else None
        unit = first_text(row.cells.get(one.unit)) if one.unit else ""
        if clean_name(called):
            put(cells, called, f"{first_text(value)} {unit}" if unit and value is not None else several or value)
    return Row(row.line, cells)


@lru_cache(maxsize=1024)
def _numbered(names: tuple[str, ...]) -> tuple[Numbered, ...]:
    """The groups of columns that name an attribute and have its value; of a row without values none."""
    parts = [(name, found) for name in names if (found := _parts(clean_name(spaced(name)))) is not None]
    columns = {(stem, number, what): name for name, (stem, number, what) in reversed(parts)}
    groups: list[Numbered] = []
    for (stem, number, what), value in columns.items():
        name = columns.get((stem, number, "name")) or columns.get((stem, number, ""))
        if name is None and not stem:  # `attribute_key_1` and `value_1`
            name = next((one for (_, at, of), one in columns.items() if (at, of) == (number, "name")), None)
        if what == "value" and name is not None:
            beside = [
                column
                for (other, at, of), column in columns.items()
                if at == number and not of and other.startswith(f"{stem}_")
            ]
            has_several = not _SEVERAL.isdisjoint(_WORD.findall(clean_name(spaced(value))))
            groups.append(Numbered(name, value, columns.get((stem, number, "unit")), tuple(beside), has_several))
    return tuple(groups[::-1])


def _listed(text: str) -> list[str]:
    """The values in one text; what has a digit on both sides of a comma may be a number."""
    sign = next((sign for sign in ("|", ";", ",") if sign in text), None)
    if sign is None or (sign == "," and _DECIMAL.search(text)):
        return [text]
    return [part for part in map(str.strip, text.split(sign)) if part]


def _parts(plain: str) -> tuple[str, str, str] | None:
    """What is numbered, the number, and whether a column has its `name`, its `value` or its `unit`."""
    words = [_NUMBERS.get(word, word) for word in _WORD.findall(plain)]
    numbers = [word for word in words if word.isdecimal()]
    if len(numbers) != 1 or len(numbers[0]) > MAX_DIGITS:
        return None
    words = [word for word in words if not word.isdecimal()]
    compound = _COMPOUND.fullmatch(words[0]) if words else None
    if compound is not None:
        words = [compound[1], compound[2], *words[1:]]
    what = next((what for what, known in _WHAT.items() if not known.isdisjoint(words)), "")
    if words[:2] == ["option", "for"]:  # `Option for Variation 1` beside `Variation Name 1`
        what, words = "value", words[2:]
    if not what and not _TITLED.isdisjoint(words):
        what = next((what for what, word in (("name", "title"), ("value", "description")) if word in words), "")
        words = [word for word in words if word not in ("title", "description")]
    said = _WHAT.get(what, frozenset())
    return "_".join(word for word in words if word not in said and word not in _BETWEEN), numbers[0], what
