"""Cells with several attributes: JSON, Magento's `a=b,c=d`, PrestaShop's `Name:Value:Position`, `Name: Value` lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import orjson

from trimtab.catalog.feeds.platforms.platform import put
from trimtab.catalog.feeds.rows import Row, Rows, Value, cells_of, clean_name, first_text
from trimtab.catalog.html_text import text_of_html

_HOLDERS = re.compile(
    r"(?:additional|product|custom|extra)?_?(?:attributes?|features?|specs?|specifications?|properties|parameters|params|options|custom_?fields|relationship_?details|variation_?(?:details|specifics)|propert(?:y|ie)_?ids?|option_?ids?|"
    r"[a-z]{2}_variant|옵션_?입력|option_?input|merkmale|eigenschaften|caract[eé]ristiques?|caracter[ií]sticas|caratteristiche|cechy|parametry)(?:_name_value.*)?"
)
"""Columns that may hold them."""
_NAME = r"[^\W\d][^=:,;|\n]{0,40}?"
_POSITION = re.compile(rf"({_NAME}):([^:]+?)(?::\d+){{1,2}}(?:,|$)")
"""PrestaShop: the position, and whether a value is of the item alone."""
_EQUALS = re.compile(rf"({_NAME})=(\"(?:[^\"]|\"\")*\"|.*?)(?:,(?={_NAME}=)|$)", re.DOTALL)
_NEXT = re.compile(rf";\s*{_NAME}=")
_LINES = re.compile(rf"\s*\"?({_NAME})\s*[:=]\s*([^;|\n]+?)\"?\s*(?:[;|\n]+|$)")
_TYPED = re.compile(r"[A-Z]\[(.*)\]")
"""CS-Cart: the kind of a feature before its values, `S[Red///Blue]`."""
_BRACED = re.compile(rf"({_NAME})\{{([^{{}}]*)\}}(?://|$)")
"""Cafe24: `색상{레드|블루}//사이즈{S|M}`."""
_QUOTED = re.compile(rf'"({_NAME}):\s*([^"]*)"(?:,\s*|$)')
"""Lightspeed: `"Colour: Red","Size: S"`."""
_FORMS = (_BRACED, _QUOTED, _POSITION, _EQUALS, _LINES)
_BY_BAR = (_BRACED, _EQUALS)
"""Forms in which a bar stands between the values of one name."""
MAX_PAIRS = 200


def unpacked(rows: Rows) -> Rows:
    """Rows with the attributes that their cells hold as columns; what cannot be read so stays as it is."""
    for row in rows:
        yield _unpacked(row) if isinstance(row, Row) else row


def _unpacked(row: Row) -> Row:
    maybe = [name for name, value in row.cells.items() if isinstance(value, str) and value[-1:] in _CLOSING]
    objects = {name: found for name in maybe if (found := json_in(row.cells[name])) is not None}
    if objects:
        cells = {key: one for name, value in row.cells.items() for key, one in _opened(name, value, objects).items()}
        row = Row(row.line, cells)
    combination = _combination_among(tuple(row.cells))
    if combination is not None:
        row = _with_combination(row, *combination)
    held = [(name, pairs) for name in _holders_among(tuple(row.cells)) if (pairs := pairs_in(row.cells[name]))]
    if not held:
        return row
    cells = {name: value for name, value in row.cells.items() if name not in dict(held)}
    for _, pairs in held:
        for name, values in pairs.items():
            put(cells, name, values)
    return Row(row.line, cells)


@lru_cache(maxsize=4096)
def _combination_among(columns: tuple[str, ...]) -> tuple[str, str] | None:
    """The column that PrestaShop names attributes in, and the one that it gives their values in."""
    names = next((name for name in columns if _NAMES_OF.match(name)), None)
    values = next((name for name in columns if _VALUES_OF.match(name)), None)
    return None if names is None or values is None else (names, values)


def _with_combination(row: Row, names: str, values: str) -> Row:
    """The row with the attributes that one cell names and another gives the values of."""
    called, given = (first_text(row.cells[name]).split(",") for name in (names, values))
    if len(called) != len(given):
        return row
    cells = {name: value for name, value in row.cells.items() if name not in (names, values)}
    for name, value in zip(called, given, strict=True):
        put(cells, clean_name(name.partition(":")[0]), _PLACE.sub("", value).strip())
    return Row(row.line, cells)


_NAMES_OF = re.compile(r"attribut\w* *\((?:name|nom|nombre|nome|name)\b", re.IGNORECASE)
_VALUES_OF = re.compile(r"\w+ *\((?:value|valeur|valor|valore|wert)\b", re.IGNORECASE)
"""`Attribute (Name:Type:Position)*` and `Value (Value:Position)*`."""
_PLACE = re.compile(r":\d+\s*$")


def json_in(value: Value) -> object | None:
    """The object or list of JSON that a cell is; None where it is anything else."""
    if not isinstance(value, str) or value[:1] not in _OPENING or value[-1:] not in _CLOSING:
        return None
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict | list) else None


def _opened(name: str, value: Value, objects: Mapping[str, object]) -> dict[str, Value]:
    """A cell as the cells that its JSON has: members by their path, or by their own names where a column holds them."""
    if name not in objects:
        return {name: value}
    found, is_holder = objects[name], _is_holder(name)
    return cells_of(found if is_holder and isinstance(found, dict) else {name: found})


_OPENING, _CLOSING = ("{", "["), ("}", "]")


def pairs_in(value: Value) -> dict[str, list[str]]:
    """The names and values of a cell; none where not all of it reads so."""
    if not isinstance(value, str):
        return {}
    for form in _FORMS:
        pairs: dict[str, list[str]] = {}
        end = 0
        for n_found, found in enumerate(form.finditer(value)):
            if found.start() != end or n_found == MAX_PAIRS:
                break
            end = found.end()
            plain = text_of_html(found[2].strip().strip('"').replace('""', '"'))
            typed = _TYPED.fullmatch(plain)
            sign = "///" if typed is not None else "|" if form in _BY_BAR else None
            plain = plain if typed is None else typed[1]
            parts = [plain] if sign is None else [part.strip() for part in plain.split(sign)]
            if (len(parts) > 1 and all("=" in part for part in parts[1:])) or (form is _EQUALS and _NEXT.search(plain)):
                break  # the bar, or a semicolon, stands between pairs
            pairs.setdefault(clean_name(found[1]), []).extend(part for part in parts if part)
            if end == len(value):
                return {name: values for name, values in pairs.items() if name}
    return {}


@lru_cache(maxsize=4096)
def _holders_among(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(_is_holder, columns))


@lru_cache(maxsize=4096)
def _is_holder(name: str) -> bool:
    return _HOLDERS.fullmatch(clean_name(name)) is not None
