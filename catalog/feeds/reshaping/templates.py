"""What marketplaces put around the columns of their templates: a name before every column's, rows that explain them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile

from trimtab.catalog.feeds.columns.names import role_named
from trimtab.catalog.feeds.rows import Row, Rows, clean_name, first_text, names_of, split_words
from trimtab.catalog.rejections import Omission, Rejection

N_LOOKED_AT = 200
MIN_COLUMNS = 4
_SIGNS = "_.:- "
MIN_NUMBERS, MIN_BELOW = 2, 5
"""Columns of numbers in which a first row has words, and rows below it that have the numbers."""
_WORD = re.compile(r"[^\W\d_]{4,}")
_DEMANDS = frozenset(
    split_words(
        "required mandatory optional recommended conditional pflichtfeld pflicht erforderlich empfohlen obligatoire "
        "facultatif recommandé optionnel obligatorio opcional requerido obbligatorio facoltativo opzionale obrigatório "
        "verplicht optioneel wymagane opcjonalne povinné nepovinné kötelező opcionális zorunlu isteğe обязательно "
        "необязательно рекомендуется обязательное обов'язково wajib opsional 必填 选填 必須 任意 필수 선택"
    )
)
ALIKE = 0.5
"""The share of a row's cells that say what their columns are called."""


def without_template(rows: Rows) -> Rows:
    """The rows with their columns by their own names, without what explains them in the first row."""
    first = list(islice(rows, N_LOOKED_AT))
    start = _start_of_all(names_of(first))
    named = [_without_start(row, start) for row in first] if start else first
    rest = (_without_start(row, start) for row in rows) if start else rows
    return chain(_without_remark(named), rest)


def _start_of_all(names: Iterable[str]) -> str:
    """What all names begin with, where no name says a title with it and one does without."""
    names = list(names)
    first, last = min(names, default=""), max(names, default="")
    shared = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    start = shared[: max(map(shared.rfind, _SIGNS)) + 1]
    if not start or len(names) < MIN_COLUMNS or any(role_named(name) == "title" for name in names):
        return ""
    return start if any(role_named(name.removeprefix(start)) == "title" for name in names) else ""


def _without_start(row: Row | Rejection, start: str) -> Row | Rejection:
    if not isinstance(row, Row):
        return row
    return Row(row.line, {name.removeprefix(start): value for name, value in row.cells.items()})


def _without_remark(rows: Sequence[Row | Rejection]) -> Iterator[Row | Rejection]:
    """The first rows, without one that explains the columns and stands before the others."""
    for place, row in enumerate(rows):
        is_remark = place == 0 and isinstance(row, Row) and (_is_remark(row) or _is_beside_numbers(row, rows[1:]))
        yield Omission(row.line, "it explains the columns") if is_remark else row


def _is_beside_numbers(row: Row, rest: Sequence[Row | Rejection]) -> bool:
    """Whether a row has words alone in several columns that have numbers alone in the rows below."""
    below = [one.cells for one in rest if isinstance(one, Row)]
    numbered = [name for name in row.cells if _are_numbers([first_text(one[name]) for one in below if name in one])]
    return len(numbered) >= MIN_NUMBERS and not any(_has_digit(first_text(row.cells[name])) for name in numbered)


def _are_numbers(texts: Sequence[str]) -> bool:
    return len(texts) >= MIN_BELOW and all(map(_has_digit, texts)) and not any(map(_WORD.search, texts))


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_remark(row: Row) -> bool:
    """Whether a row names its columns again, or says which of them are required."""
    cells = {clean_name(name): first_text(value) for name, value in row.cells.items()}
    n_named = sum(clean_name(text) == name for name, text in cells.items())
    is_demand = all(text.strip(" *.()").casefold() in _DEMANDS for text in cells.values())
    return len(cells) > 1 and (is_demand or (len(cells) > 2 and n_named >= ALIKE * len(cells)))
