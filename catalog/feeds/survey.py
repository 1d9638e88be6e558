"""One look at all rows of a feed: what its columns show, before anything is made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from trimtab.catalog.feeds.columns import role_of
from trimtab.catalog.feeds.detection import platform_of, raw_rows
from trimtab.catalog.feeds.evidence import ColumnEvidence, Steps
from trimtab.catalog.feeds.families import with_families
from trimtab.catalog.feeds.platform import Platform, renamed
from trimtab.catalog.feeds.price_names import price_kind
from trimtab.catalog.feeds.rows import Row, Rows, Value, clean_name, filled, first_text, texts
from trimtab.catalog.feeds.titles import title_column
from trimtab.catalog.rejections import Rejection
from trimtab.catalog.shop import Shop

N_GROUPS = 20_000
"""Values of a column whose titles are compared; a column with more of them has shown what it is."""
N_FIRST = 1_000
"""Rows by which the column with the titles is found."""
MAX_IDS = 5_000_000
"""Values of a column that are looked at for repeats."""

_WORD = re.compile(r"\w+")


@dataclass
class Groups:
    """Items with one value of a column, and whether their titles share a stem.

    Attributes:
        n_items: value -> items.
        words: value -> words that all its titles have, and words of the shortest title.
    """

    n_items: dict[str, int] = field(default_factory=dict)
    words: dict[str, tuple[frozenset[str], int]] = field(default_factory=dict)

    def add(self, value: str, title: frozenset[str]) -> None:
        known = self.words.get(value)
        if known is None:
            if len(self.words) < N_GROUPS:
                self.words[value], self.n_items[value] = (title, len(title)), 1
            return
        self.words[value] = known[0] & title, min(known[1], len(title))
        self.n_items[value] += 1

    @property
    def repeated(self) -> list[str]:
        """Values of several items."""
        return [value for value, n in self.n_items.items() if n > 1]

    @property
    def share_of_own_stems(self) -> float:
        """The share of those values whose titles have other words in common than those of each other value.

        Items that share a colour or a seller are not one product: what their titles share, all titles do.
        """
        stems = Counter(self.words[value][0] for value in self.repeated)
        return sum(n == 1 for n in stems.values()) / stems.total() if stems else 0.0

    @property
    def share_of_a_stem(self) -> float:
        """The share of those values whose titles share most of their words."""
        repeated = self.repeated
        alike = sum(len(shared) >= 0.6 * shortest > 0 for shared, shortest in map(self.words.__getitem__, repeated))
        return alike / len(repeated) if repeated else 0.0


@dataclass
class Survey:
    """What all rows of a feed show.

    Attributes:
        platform: its format.
        n_rows: rows that could be read as such.
        columns: by name.
        repeats: column -> rows whose value an earlier row has, of columns that could be the item's id.
        groups: of columns that could tie variants together, by the column `title`.
        steps: of lists of categories.
        names: the feed's own columns, before the platform's names were read.
    """

    platform: Platform
    title: str | None = None
    n_rows: int = 0
    columns: dict[str, ColumnEvidence] = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)
    groups: dict[str, Groups] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    _seen: dict[str, set[int]] = field(default_factory=dict)

    def add(self, cells: Mapping[str, Value]) -> None:
        """Count a row."""
        self.n_rows += 1
        words = frozenset(_WORD.findall(first_text(cells.get(self.title or "")).casefold()))
        for name, value in cells.items():
            column = self.columns.get(name)
            if column is None:
                column = self.columns[name] = ColumnEvidence()
            column.add(value, is_price=is_price_name(name))
            if isinstance(value, list) and _role(name) == "category":
                self.steps.add(texts(value))
            self._group(name, value, words)

    def _group(self, name: str, value: Value, words: frozenset[str]) -> None:
        role = _role(name)
        text = first_text(value)
        if role == "item_id":
            seen = self._seen.setdefault(name, set())
            key = hash(text)
            self.repeats[name] = self.repeats.get(name, 0) + (key in seen)
            if len(seen) < MAX_IDS:
                seen.add(key)
        if role in (None, "item_id", "group_id") and len(text) <= 64 and not isinstance(value, float | list):
            self.groups.setdefault(name, Groups()).add(text, words)

    def distinct_of(self, name: str | None) -> Counter[str]:
        """The different values of a column that are remembered; none where there is no such column."""
        return self.columns[name].distinct if name in self.columns else Counter()

    def forget(self) -> None:
        """Let go of what was only needed while counting."""
        self._seen.clear()


def survey_of(path: Path, shop: Shop) -> Survey:
    """Look at all rows of a feed."""
    names: dict[str, None] = {}
    platform, rows = adapted(path, shop, names)
    first = list(islice(rows, N_FIRST))
    start = Survey(platform)
    for row in first:
        if isinstance(row, Row):
            start.add(row.cells)
    survey = Survey(platform, title_column(start.columns, start.n_rows), names=names)
    for row in chain(first, rows):
        if isinstance(row, Row):
            survey.add(row.cells)
    survey.forget()
    return survey


def adapted(path: Path, shop: Shop, names: dict[str, None] | None = None) -> tuple[Platform, Rows]:
    """The format of a feed, and its rows with roles and attributes for columns, as `shop` and the format name them.

    Args:
        names: takes the columns that the feed has.
    """
    platform, rows = platform_of(raw_rows(path))
    roles = {column: role for role, column in shop.catalogue.columns.items()}
    seen = {} if names is None else names

    def again() -> Rows:
        return platform.rows(_renamed_first(_filled(raw_rows(path), seen), roles))

    if platform.is_of_the_shop:
        return platform, with_families(again)
    return platform, platform.rows(_renamed_first(_filled(rows, seen), roles))


def _renamed_first(rows: Iterable[Row | Rejection], roles: Mapping[str, str]) -> Rows:
    """Rows in which what the shop names has its role's name; spelling of a column's name is taken as it is meant."""
    if not roles:
        yield from rows
        return
    plain = {clean_name(column): role for column, role in roles.items()}
    for row in rows:
        if isinstance(row, Row):
            named = {name: plain[clean_name(name)] for name in row.cells if clean_name(name) in plain}
            yield from renamed(iter((row,)), named)
        else:
            yield row


def _filled(rows: Iterable[Row | Rejection], names: dict[str, None]) -> Rows:
    for row in rows:
        if isinstance(row, Row):
            names.update(dict.fromkeys(row.cells))
            yield filled(row)
        else:
            yield row


@lru_cache(maxsize=65_536)
def is_price_name(name: str) -> bool:
    """Whether a column's name says that it has prices."""
    return _role(name) in ("price", "sale_price") or price_kind(name) is not None


def _role(name: str) -> str | None:
    found = role_of(name)
    return found[0] if found else None
