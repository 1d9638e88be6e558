"""Any table of one row an impression, read through a mapping file (TOML):

    separator = "|"                 # of lists that are text; JSON lists are read as they are

    [columns]                       # ours = theirs
    decision_id = "request"
    timestamp = "shown_at"
    query = "term"
    item_ids = "results"
    propensities = "chances"
    slate_propensity = "chance"     # optional: the product of propensities is checked against it

    [constants]                     # what is the same in every row
    bundle = "4f1c..."
    temperature = 0.1

The columns of our log are in `core.log`; what is neither mapped nor constant is as of a sorted slate that nobody
clicked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.abtest.importers.foreign import (
    Read,
    Rejected,
    accepted,
    column_of,
    do_not_multiply,
    rows_of,
    value_of,
)
from trimtab.core.errors import BadFile
from trimtab.core.log import COLUMNS, Column

SLATE_PROPENSITY = "slate_propensity"
NEEDED = ("decision_id", "timestamp", "query", "item_ids")
OF_SLATE = Column("chance of the whole slate", name=SLATE_PROPENSITY, kind="float", required=False)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping file.

    Attributes:
        columns: our column -> theirs.
        constants: our column -> value of every row.
        separator: of lists that are text.
    """

    columns: Mapping[str, str]
    constants: Mapping[str, Any]
    separator: str


def read_mapping(path: Path) -> Mapped:
    """Read a mapping file.

    Raises:
        BadFile: the file is not TOML, names a column that a log does not have, or leaves out one that is needed.
    """
    try:
        raw = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(path, f"cannot be read as a mapping ({error})") from None
    columns, constants = raw.get("columns", {}), raw.get("constants", {})
    for name in (*columns, *constants):
        if name != SLATE_PROPENSITY and column_of(name) is None:
            known = ", ".join((*COLUMNS, SLATE_PROPENSITY))
            raise BadFile(path, f"{name!r} is not a column of a log; allowed: {known}")
    for name in NEEDED:
        if name not in columns:
            raise BadFile(path, f"[columns] does not say which column is {name}")
    return Mapped(columns, constants, raw.get("separator", ","))


def read(source: Path, mapped: Mapped) -> Iterator[Read]:
    """Rows of a file, or of all tables of a folder.

    Raises:
        BadFile: a file cannot be read or has none of the mapped columns.
    """
    paths = sorted(path for path in source.iterdir() if path.is_file()) if source.is_dir() else [source]
    for path in paths:
        for where, raw in rows_of(path):
            yield _read(raw, mapped, where)


def _read(raw: Mapping[str, Any] | None, mapped: Mapped, where: str) -> Read:
    if raw is None:
        return Rejected("has another number of cells than the header, or is not a JSON object", where)
    found = {(column_of(name) or OF_SLATE).name: value for name, value in mapped.constants.items()}
    for ours, theirs in mapped.columns.items():
        column = column_of(ours) or OF_SLATE
        if theirs not in raw:
            if column.required:
                return Rejected(f"{theirs} is missing", where)
            continue
        try:
            found[column.name] = value_of(column, raw[theirs], mapped.separator)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return Rejected(f"{theirs} cannot be read as {column.kind}", where)
    of_slate = found.pop(SLATE_PROPENSITY, None)
    if of_slate is not None and do_not_multiply(found.get("propensities", []), of_slate):
        return Rejected(f"{mapped.columns.get('propensities')} do not multiply to the slate's", where)
    return accepted(found, where)
