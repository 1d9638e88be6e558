"""Categories in a column for each level: `Kategorie Ebene 1`, `category_l2`, `Level 3 category`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice, pairwise

from trimtab.catalog.feeds.columns.names import role_named, spaced_names
from trimtab.catalog.feeds.rows import Row, Rows, first_text, names_of, split_words

N_LOOKED_AT = 200
CATEGORY = "category"
_WORD = re.compile(r"\d+|[^\W\d_]+")
_CHINESE = {"一级": "1 ", "二级": "2 ", "三级": "3 ", "四级": "4 "}
"""Levels in Chinese names: `二级类目`."""
_PATH_OF = re.compile(r"^\s*(?:[/>|\\\\]|::)\s*(?=\S)")
_LEVEL = frozenset(
    split_words(
        "level lvl l ebene stufe niveau nivel nível livello poziom nivå nivo taso úroveň szint seviye уровень レベル 级"
    )
)


def with_levels(rows: Rows) -> Rows:
    """Rows in which the levels of categories are one list, in the place of their columns."""
    first = list(islice(rows, N_LOOKED_AT))
    levels = _levels_in(names_of(first))
    return chain(first, rows) if len(levels) < 2 else _together(chain(first, rows), levels)


def _together(rows: Rows, levels: Sequence[str]) -> Rows:
    for row in rows:
        if not isinstance(row, Row):
            yield row
            continue
        steps = _below_each_other([text for name in levels if (text := first_text(row.cells.get(name)))])
        cells = {name: value for name, value in row.cells.items() if name not in levels}
        yield Row(row.line, {**cells, CATEGORY: [*steps]} if steps else cells)


def _below_each_other(steps: list[str]) -> list[str]:
    """The steps, each without those above it where it repeats them: `Kitchen`, `Kitchen / Pans`."""
    return steps[:1] + [_PATH_OF.sub("", below.removeprefix(above)) for above, below in pairwise(steps)]


def _levels_in(names: Iterable[str]) -> list[str]:
    """The columns of categories by level, the coarsest first; none where a column has whole categories."""
    found: dict[int, str] = {}
    for name in sorted(names):
        number = _level_of(spaced_names(name)[1])
        if number is not None:
            found.setdefault(number, name)
        elif role_named(name) == CATEGORY:
            return []
    numbers = sorted(found)
    are_in_a_row = all(after == before + 1 for before, after in pairwise(numbers))
    return [found[number] for number in numbers] if are_in_a_row else []


def _level_of(plain: str) -> int | None:
    for level, number in _CHINESE.items():
        plain = plain.replace(level, number)
    words = _WORD.findall(plain)
    numbers = [word for word in words if word.isdecimal()]
    rest = "_".join(word for word in words if not word.isdecimal() and word not in _LEVEL)
    is_level = len(numbers) == 1 and len(numbers[0]) == 1 and role_named(rest) == CATEGORY
    return int(numbers[0]) if is_level else None
