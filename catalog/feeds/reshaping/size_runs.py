"""Size runs: a column for each size with how many there are of it, as shops write orders for the season."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from trimtab.catalog.cells import read_number
from trimtab.catalog.feeds.columns.names import roles_of
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, names_in_order
from trimtab.catalog.rejections import Rejection

N_LOOKED_AT = 200
SIZE = "size"
FEWEST, FEWEST_NUMBERS = 3, 4
"""Columns called sizes from which on they are a run; numbers could be anything else."""
_LETTERS = re.compile(r"(?:x{1,4}s|s|m|l|x{1,5}l|[2-6]xl|xs/s|s/m|m/l|l/xl|one ?size|os)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:(?:eu|uk|us|fr|it|de)[ -]?)?(\d{1,2})(?:[.,]5| ?½| 1/2| 1/3| 2/3)?", re.IGNORECASE)
HIGHEST = 64
"""The largest number that is a size of what is worn."""


def with_size_runs(rows: Rows) -> Rows:
    """The rows with one for each size of an item in the place of its columns of sizes."""
    first = list(islice(rows, N_LOOKED_AT))
    looked_at = [row for row in first if isinstance(row, Row)]
    names = names_in_order(looked_at)
    sizes = _sizes_in(names)
    if not sizes or not all(_counts(row.cells.get(size)) for row in looked_at for size in sizes):
        return chain(first, rows)
    named = roles_of(names)
    key = next(iter(named.get("item_id", [])), None)
    return _by_size(chain(first, rows), sizes, key, is_grouped="group_id" in named)


def _by_size(
    rows: Iterable[Row | Rejection], sizes: Sequence[str], key: str | None, *, is_grouped: bool
) -> Iterator[Row | Rejection]:
    """
    Args:
        key: the column with the item's id; None where ids are made later.
        is_grouped: whether a column says which product an item is a variant of.
    """
    for row in rows:
        counted = {size: row.cells[size] for size in sizes if size in row.cells} if isinstance(row, Row) else {}
        if not isinstance(row, Row) or not counted:
            yield row
            continue
        shared = {name: value for name, value in row.cells.items() if name not in counted}
        own = first_text(shared.get(key)) if key is not None else ""
        for size, n in counted.items():
            cells: dict[str, Value] = {**shared, SIZE: size, "stock": n}
            if own:
                cells["item_id"] = f"{own}-{size}"
            if own and not is_grouped:
                cells["group_id"] = own
            yield Row(row.line, cells)


def _sizes_in(names: Sequence[str]) -> list[str]:
    """The columns called sizes; none where they are few, or something else says a size."""
    letters = [name for name in names if _LETTERS.fullmatch(name.strip())]
    found = ((name, _NUMBER.fullmatch(name.strip())) for name in names)
    numbers = [name for name, number in found if number is not None and int(number[1]) <= HIGHEST]
    sizes = letters if len(letters) >= FEWEST else numbers if len(numbers) >= FEWEST_NUMBERS else []
    return [] if SIZE in (name.strip().lower() for name in names) else sizes


def _counts(value: Value | None) -> bool:
    number = None if value is None else read_number(value)
    return value is None or (number is not None and number >= 0 and number == int(number))
