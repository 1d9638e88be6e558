"""Cells with several attributes: Magento's `a=b,c=d`, PrestaShop's `Name:Value:Position`, lists of `Name: Value`."""

from __future__ import annotations

import re
from functools import lru_cache

from trimtab.catalog.feeds.platforms.platform import put
from trimtab.catalog.feeds.rows import Row, Rows, Value, clean_name
from trimtab.catalog.html_text import text_of_html

_HOLDERS = re.compile(
    r"(?:additional|product|custom|extra)?_?(?:attributes?|features?|specs?|specifications?|properties|parameters|params|options|custom_?fields|relationship_?details|variation_?(?:details|specifics)|propert(?:y|ie)_?ids?|option_?ids?|"
    r"merkmale|eigenschaften|caract[eé]ristiques?|caracter[ií]sticas|caratteristiche|cechy|parametry)(?:_name_value.*)?"
)
"""Columns that may hold them."""
_NAME = r"[^\W\d][^=:,;|\n]{0,40}?"
_POSITION = re.compile(rf"({_NAME}):([^:]+?)(?::\d+){{1,2}}(?:,|$)")
"""PrestaShop: the position, and whether a value is of the item alone."""
_EQUALS = re.compile(rf"({_NAME})=(\"(?:[^\"]|\"\")*\"|.*?)(?:,(?={_NAME}=)|$)", re.DOTALL)
_LINES = re.compile(rf"\s*\"?({_NAME})\s*[:=]\s*([^;|\n]+?)\"?\s*(?:[;|\n]+|$)")
_FORMS = (_POSITION, _EQUALS, _LINES)
MAX_PAIRS = 200


def unpacked(rows: Rows) -> Rows:
    """Rows with the attributes that their cells hold as columns; what cannot be read so stays as it is."""
    for row in rows:
        yield _unpacked(row) if isinstance(row, Row) else row


def _unpacked(row: Row) -> Row:
    held = [(name, pairs) for name, value in row.cells.items() if _is_holder(name) and (pairs := pairs_in(value))]
    if not held:
        return row
    cells = {name: value for name, value in row.cells.items() if name not in dict(held)}
    for _, pairs in held:
        for name, values in pairs.items():
            put(cells, name, values)
    return Row(row.line, cells)


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
            parts = [part.strip() for part in plain.split("|")] if form is _EQUALS else [plain]
            if len(parts) > 1 and all("=" in part for part in parts[1:]):
                break  # the bar stands between pairs
            pairs.setdefault(clean_name(found[1]), []).extend(part for part in parts if part)
            if end == len(value):
                return {name: values for name, values in pairs.items() if name}
    return {}


@lru_cache(maxsize=4096)
def _is_holder(name: str) -> bool:
    return _HOLDERS.fullmatch(clean_name(name)) is not None
