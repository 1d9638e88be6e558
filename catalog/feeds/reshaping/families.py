"""Rows that name another row as their parent: variants, which take from it what they lack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from trimtab.catalog.feeds.columns.names import is_code_name, role_named
from trimtab.catalog.feeds.rows import Row, Rows, Value, clean_name, first_text, names_of

N_LOOKED_AT = 200
MAX_PARENTS = 2_000_000
MAX_COLUMNS = 3
"""Columns called parents that are looked through."""
ENOUGH = 0.9
"""The share of named parents that have to be rows of the feed."""
RARELY = 0.1
"""The share of variants that at most fill a column which they take from their parents."""
_PARENT = re.compile(
    "parent|übergeordnet|eltern|vater|master|padre|père|genitore|nadrz|rodzic|ouder|förälder|forælder|üst_ürün|"
    "родител|父|상위"
)
"""What columns that name a parent are called."""
_OWN = ("item_id", "stock", "in_stock", "group_id")
"""Roles that no variant takes from its parent."""


@dataclass(frozen=True)
class Family:
    """What ties the rows of a feed together.

    Attributes:
        column: names the parent; `key` is the column by which it is named.
        parents: values of `key` that rows name.
        are_templates: whether parents say what their variants share, and are no items by themselves.
    """

    column: str
    key: str
    parents: frozenset[str]
    are_templates: bool

    def rows(self, rows: Rows) -> Rows:
        """The rows, variants whole; one before its parent waits for it."""
        known: dict[str, Row] = {}
        early: dict[str, list[Row]] = {}
        for row in rows:
            if not isinstance(row, Row):
                yield row
                continue
            parent = _reference(row.cells.get(self.column))
            own = first_text(row.cells.get(self.key))
            if own in self.parents and parent in ("", own):
                known[own] = row
                if not self.are_templates:
                    yield self._variant(row, own, known)
                yield from (self._variant(one, own, known) for one in early.pop(own, ()))
            elif not parent or parent in known:
                yield self._variant(row, parent, known)
            else:
                early.setdefault(parent, []).append(row)
        for parent, waiting in early.items():
            yield from (self._variant(one, parent, known) for one in waiting)

    def _variant(self, row: Row, parent: str, known: Mapping[str, Row]) -> Row:
        cells = {name: value for name, value in row.cells.items() if name != self.column}
        if not parent:
            return Row(row.line, cells)
        shared = known[parent].cells if parent in known else {}
        taken = {name: value for name, value in shared.items() if name not in cells and is_shared(name)}
        return Row(row.line, {**cells, **taken, "group_id": parent})


def family_of(again: Callable[[], Rows]) -> Family | None:
    """What ties the rows of a feed together by a column that names parents; None where there is no such column.

    Args:
        again: reads the feed from its beginning; all of it for each column that could name parents.
    """
    columns = [name for name in sorted(names_of(islice(again(), N_LOOKED_AT))) if _PARENT.search(clean_name(name))]
    found = (_family(again(), column) for column in columns[:MAX_COLUMNS])
    return next((one for one in found if one is not None), None)


def _family(rows: Rows, column: str) -> Family | None:
    """What the rows of a feed show; None where a column does not name rows of it."""
    named: set[str] = set()
    keys: dict[str, set[str]] = {}
    filled: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    n_variants = n_others = 0
    for row in rows:
        if not isinstance(row, Row):
            continue
        parent = _reference(row.cells.get(column))
        filled[bool(parent)].update(row.cells.keys())
        if parent:
            n_variants += 1
            named.add(parent)
            continue
        n_others += 1
        for name, value in row.cells.items():
            if role_named(name) == "item_id":
                keys.setdefault(name, set()).add(first_text(value))
        if len(named) > MAX_PARENTS:
            return None
    best = max(keys, key=lambda name: len(named & keys[name]), default=None)
    if best is None or not named or len(named & keys[best]) < ENOUGH * len(named):
        return None
    taken = [name for name, n in filled[False].items() if n >= ENOUGH * n_others and is_shared(name)]
    are_templates = any(filled[True][name] <= RARELY * n_variants for name in taken) or any(
        n >= ENOUGH * n_variants and filled[False][name] <= RARELY * n_others and _is_offer(name)
        for name, n in filled[True].items()
    )
    return Family(column, best, frozenset(named & keys[best]), are_templates)


def _is_offer(name: str) -> bool:
    return role_named(name) in ("price", "stock")


def _reference(value: Value | None) -> str:
    """The parent that a cell names; WooCommerce writes `id:12` where it has no SKU."""
    return first_text(value).removeprefix("id:")


def is_shared(name: str) -> bool:
    """Whether a variant takes what it lacks in a column from its product."""
    return role_named(name) not in _OWN and not is_code_name(clean_name(name))
