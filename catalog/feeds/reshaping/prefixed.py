"""Attributes whose columns say before their names that they are attributes: `variant:Barva`, `Paraméter: Szín|text`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from trimtab.catalog.feeds.columns.names import role_named
from trimtab.catalog.feeds.rows import Row, Rows
from trimtab.text.kept import kept

_PREFIXED = re.compile(
    r"(?:(?:variant|filter(?:ing)?_?property|property|attribute|option|spec|feature|param[eé]t(?:er|re)|param|parametr|"
    r"merkmal|eigenschaft|vlastnost|tulajdonság|cecha|caract[eé]ristique|caracter[ií]stica|caratteristica)s?\s*:\s*"
    r"|product_variation_option_)([^:|]+)(?:\|\w+)?",
    re.IGNORECASE,
)
"""What says so, the name, and of which kind the values are."""


def without_prefixes(rows: Rows) -> Rows:
    """Rows with such columns by the attributes' own names, unless those are taken or mean something else."""
    for row in rows:
        yield _named(row) if isinstance(row, Row) else row


def _named(row: Row) -> Row:
    own = _own_names(tuple(row.cells))
    return Row(row.line, {own.get(name, name): value for name, value in row.cells.items()}) if own else row


@lru_cache(maxsize=4096)
def _own_names(columns: tuple[str, ...]) -> Mapping[str, str]:
    """Column -> the attribute's own name, of those that have another."""
    return {name: bare for name in columns if (bare := _bare(name)) is not None and bare not in columns}


@kept
def _bare(name: str) -> str | None:
    """The attribute's own name; None where a column's name does not say that it is one."""
    found = _PREFIXED.fullmatch(name.strip())
    return found[1].strip() if found is not None and role_named(found[1]) in ("", "brand") else None
