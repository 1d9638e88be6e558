"""One look at all rows of a feed: what its columns show, before anything is made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from trimtab.catalog.feeds.columns.evidence import ColumnEvidence, Steps
from trimtab.catalog.feeds.columns.names import role_named, role_of, roles_of
from trimtab.catalog.feeds.columns.price_names import price_kind
from trimtab.catalog.feeds.columns.roles.titles import TITLE, title_column
from trimtab.catalog.feeds.made_ids import columns_of_ids, with_ids
from trimtab.catalog.feeds.platforms.detection import platform_of, raw_rows
from trimtab.catalog.feeds.platforms.platform import ROLES, Platform
from trimtab.catalog.feeds.reshaping.continuing import continued_of
from trimtab.catalog.feeds.reshaping.families import family_of
from trimtab.catalog.feeds.reshaping.repeated import repeated_of
from trimtab.catalog.feeds.reshaping.shown import columns_of_state, only_shown
from trimtab.catalog.feeds.rows import Row, Rows, Value, clean_name, filled, first_text, texts
from trimtab.catalog.rejections import Omission, Rejection
from trimtab.catalog.shop import Shop
from trimtab.core.work.tasks import Tasks, blocks_of
from trimtab.text.kept import kept

N_GROUPS = 20_000
"""Values of a column whose titles are compared; a column with more of them has shown what it is."""
N_FIRST = 1_000
"""Rows by which the column with the titles is found."""
MAX_IDS = 5_000_000
"""Values of a column that are looked at for repeats."""
BLOCK_ROWS = 8_192
"""Rows that are looked at together."""
GROUPING = ("", "item_id", "group_id")
"""Roles of columns that could tie variants together; empty for those that say none."""
MAX_GROUP_CHARACTERS = 64
"""What is longer does not name a group."""

_WORD = re.compile(r"\w+")


@dataclass
class ValueGroups:
    """Items with one value of a column, and whether their titles share a stem.

    Attributes:
        n_items: value -> items.
        words: value -> words that all its titles have, and words of the shortest title.
        brands: value -> the brand of all its items; None where they have several.
    """

    n_items: dict[str, int] = field(default_factory=dict)
    words: dict[str, tuple[frozenset[str], int]] = field(default_factory=dict)
    brands: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Iterable[tuple[str, frozenset[str], str]]) -> ValueGroups:
        """From items by their value, the words of their title and their brand; all values are remembered."""
        found = cls()
        n_items, words, brands = found.n_items, found.words, found.brands
        for value, title, brand in items:
            known = words.get(value)
            n_items[value] = n_items.get(value, 0) + 1
            brands[value] = brand if brands.get(value, brand) == brand else None
            words[value] = (title, len(title)) if known is None else (known[0] & title, min(known[1], len(title)))
        return found

    def merge(self, later: ValueGroups) -> None:
        """Add later items of the values that are known, and of others as far as there is room for them."""
        for value, n in later.n_items.items():
            known, (shared, shortest), brand = self.words.get(value), later.words[value], later.brands[value]
            if known is not None:
                self.brands[value] = brand if self.brands[value] == brand else None
                self.words[value] = known[0] & shared, min(known[1], shortest)
                self.n_items[value] += n
            elif len(self.words) < N_GROUPS:
                self.words[value], self.n_items[value], self.brands[value] = later.words[value], n, brand

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
    def share_of_one_brand(self) -> float:
        """The share of those values whose items are of one brand, as the variants of a product are."""
        repeated = self.repeated
        return sum(self.brands[value] is not None for value in repeated) / len(repeated) if repeated else 0.0

    @property
    def share_of_a_stem(self) -> float:
        """The share of those values whose titles share most of their words."""
        repeated = self.repeated
        alike = sum(len(shared) >= 0.6 * shortest > 0 for shared, shortest in map(self.words.__getitem__, repeated))
        return alike / len(repeated) if repeated else 0.0


@dataclass
class SurveyedRows:
    """What some rows of a feed show, with all of their values.

    Attributes:
        columns, groups, steps: as `Survey` has them.
        ids: column -> its values and how often they occur, of columns that could be the item's id.
    """

    n_rows: int
    columns: dict[str, ColumnEvidence] = field(default_factory=dict)
    groups: dict[str, ValueGroups] = field(default_factory=dict)
    ids: dict[str, Counter[str]] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)


@dataclass
class Survey:
    """What all rows of a feed show.

    Attributes:
        platform: its format.
        title: the column with the titles.
        n_rows: rows that could be read as such.
        columns: by name.
        repeats: column -> rows whose value an earlier row has, of columns that could be the item's id.
        groups: of columns that could tie variants together, by the column with the titles and that with the brands.
        has_made_titles: whether the feed has no titles, and they are made of other columns.
        steps: of lists of categories.
        names: the feed's own columns, before the platform's names were read.
        omitted: why rows are left out, and how many.
    """

    platform: Platform
    title: str | None = None
    n_rows: int = 0
    columns: dict[str, ColumnEvidence] = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)
    groups: dict[str, ValueGroups] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    has_made_titles: bool = False
    steps: Steps = field(default_factory=Steps)
    omitted: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, set[int]] = field(default_factory=dict)

    def add(self, rows: SurveyedRows) -> None:
        """Add what later rows show."""
        self.n_rows += rows.n_rows
        for name, column in rows.columns.items():
            self.columns.setdefault(name, ColumnEvidence()).merge(column)
        for name, groups in rows.groups.items():
            self.groups.setdefault(name, ValueGroups()).merge(groups)
        for name, counts in rows.ids.items():
            self._count_repeats(name, counts)
        self.steps.merge(rows.steps)

    def _count_repeats(self, name: str, counts: Counter[str]) -> None:
        seen = self._seen.setdefault(name, set())
        keys = set(map(hash, counts))
        new = keys - seen
        self.repeats[name] = self.repeats.get(name, 0) + counts.total() - len(new)
        if len(seen) < MAX_IDS:
            seen |= new

    def distinct_of(self, name: str | None) -> Counter[str]:
        """The different values of a column that are remembered; none where there is no such column."""
        return self.columns[name].distinct if name in self.columns else Counter()

    def column_named(self, name: str | None) -> str | None:
        """The column that a shop means by a name: its own, or that of a role as the platform names it."""
        if name is None:
            return None
        role = role_of(name)
        found = next((column for column in self.columns if clean_name(column) == clean_name(name)), None)
        return found or (role[0] if role and role[0] in self.columns else None)

    def forget(self) -> None:
        """Let go of what was only needed while counting."""
        self._seen.clear()


def survey_of(path: Path, shop: Shop, tasks: Tasks) -> Survey:
    """Look at all rows of a feed, a block at a time.

    Args:
        tasks: where blocks are looked at.
    """
    names: dict[str, None] = {}
    platform, rows = adapted(path, shop, names)
    omitted = Counter[str]()
    usable = _usable(rows, omitted)
    first = list(islice(usable, N_FIRST))
    start = surveyed_rows((None, None), first)
    title = title_column(start.columns, start.n_rows)
    brand = next(iter(roles_of(start.columns).get("brand", [])), None)
    given = {*names, *shop.catalogue.columns}
    is_made = platform.is_of_the_shop and title == TITLE and TITLE not in given
    survey = Survey(platform, title, names=names, has_made_titles=is_made, omitted=omitted)
    for rows_of_block in tasks.map(surveyed_rows, (title, brand), blocks_of(chain(first, usable), BLOCK_ROWS)):
        survey.add(rows_of_block)
    survey.forget()
    return survey


def _usable(rows: Rows, omitted: Counter[str]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, Row):
            yield row
        elif isinstance(row, Omission):
            omitted[row.reason] += 1


def surveyed_rows(columns: tuple[str | None, str | None], rows: Sequence[Row]) -> SurveyedRows:
    """What some rows show.

    Args:
        columns: that with the titles and that with the brands.
    """
    found = SurveyedRows(len(rows))
    title, brand = columns
    brands = [first_text(row.cells.get(brand or "")) for row in rows]
    words = [frozenset(_WORD.findall(first_text(row.cells.get(title or "")).casefold())) for row in rows]
    for name, (places, values) in _columns_of(rows).items():
        found.columns[name] = ColumnEvidence.of(values, is_price=is_price_name(name))
        role = role_named(name)
        if role == "category":
            for value in values:
                if isinstance(value, list):
                    found.steps.add(texts(value))
        if role == "item_id":
            found.ids[name] = Counter(map(first_text, values))
        if role in GROUPING and (items := list(_grouped(places, values, words, brands))):
            found.groups[name] = ValueGroups.of(items)
    return found


def _columns_of(rows: Iterable[Row]) -> dict[str, tuple[list[int], list[Value]]]:
    """Column -> the places of the rows that have a value there, and the values."""
    columns: dict[str, tuple[list[int], list[Value]]] = {}
    for place, row in enumerate(rows):
        for name, value in row.cells.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = ([], [])
            column[0].append(place)
            column[1].append(value)
    return columns


def _grouped(
    places: Iterable[int], values: Iterable[Value], words: Sequence[frozenset[str]], brands: Sequence[str]
) -> Iterator[tuple[str, frozenset[str], str]]:
    """The values that could name groups, with the words of their titles and their brands."""
    for place, value in zip(places, values, strict=True):
        if not isinstance(value, float | list) and len(text := first_text(value)) <= MAX_GROUP_CHARACTERS:
            yield text, words[place], brands[place]


def adapted(path: Path, shop: Shop, names: dict[str, None] | None = None) -> tuple[Platform, Rows]:
    """The format of a feed, and its rows with roles and attributes for columns, as `shop` and the format name them.

    Args:
        names: takes the columns that the feed has.
    """
    platform, rows = platform_of(raw_rows(path))
    roles = shop.catalogue.columns
    seen = {} if names is None else names

    def again() -> Rows:
        return _renamed_first(_filled(raw_rows(path), seen), roles)

    if not platform.is_of_the_shop:
        return platform, platform.rows(_renamed_first(_filled(rows, seen), roles))
    spoken_of = {clean_name(section.column or name) for name, section in shop.attributes.items()}
    return platform, platform.rows(_items_of(again, spoken_of))


def _items_of(again: Callable[[], Rows], spoken_of: Collection[str]) -> Rows:
    """The rows of a table that are items on show, variants whole.

    Args:
        again: reads the feed from its beginning.
        spoken_of: plain names of columns that the shop makes attributes.
    """
    family = family_of(again)

    def tied() -> Rows:
        return again() if family is None else family.rows(again())

    continued = continued_of(tied)

    def whole() -> Rows:
        return tied() if continued is None else continued.rows(tied())

    repeated = repeated_of(whole)

    def gathered() -> Rows:
        return whole() if repeated is None else repeated.rows(whole())

    deciding = columns_of_state(gathered(), spoken_of)
    ids = columns_of_ids(gathered)
    shown = only_shown(gathered(), deciding) if deciding else gathered()
    return with_ids(shown, ids) if ids else shown


def _renamed_first(rows: Iterable[Row | Rejection], columns: Mapping[str, str]) -> Rows:
    """Rows in which what the shop names has its role's name; spelling of a column's name is taken as it is meant.

    Args:
        columns: role -> column; several roles may be one column's, as where titles are the ids.
    """
    roles: dict[str, list[str]] = {}
    for role, column in columns.items():
        plain = clean_name(column)
        own = [plain] if plain in ROLES and plain not in columns else []
        roles.setdefault(plain, own).append(role)
    for row in rows:
        yield Row(row.line, _with_roles(row.cells, roles)) if roles and isinstance(row, Row) else row


def _with_roles(cells: Mapping[str, Value], roles: Mapping[str, Sequence[str]]) -> dict[str, Value]:
    """Cells with their roles for names; what is called a role's name without being it makes room."""
    named = {role: value for name, value in cells.items() for role in roles.get(clean_name(name), ())}
    return {
        **named,
        **{name: one for name, one in cells.items() if clean_name(name) not in roles and name not in named},
    }


def _filled(rows: Iterable[Row | Rejection], names: dict[str, None]) -> Rows:
    for row in rows:
        if isinstance(row, Row):
            names.update(dict.fromkeys(row.cells))
            yield filled(row)
        else:
            yield row


@kept
def is_price_name(name: str) -> bool:
    """Whether a column's name says that it has prices."""
    return role_named(name) in ("price", "sale_price") or price_kind(name) is not None
