"""What marketplaces put around the columns of their templates: a name before every column's, rows that explain them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice, takewhile

from trimtab.catalog.feeds.columns.names import role_named
from trimtab.catalog.feeds.rows import Row, Rows, clean_name, first_text, names_of, split_words
from trimtab.catalog.rejections import Omission, Rejection

N_LOOKED_AT = 200
MIN_COLUMNS = 4
_SIGNS = "_.:- "
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
    named = (_without_start(row, start) for row in chain(first, rows)) if start else chain(first, rows)
    return _without_remark(named)


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


def _without_remark(rows: Iterable[Row | Rejection]) -> Iterator[Row | Rejection]:
    left = iter(rows)
    for row in islice(left, 1):
        yield Omission(row.line, "it explains the columns") if isinstance(row, Row) and _is_remark(row) else row
    yield from left


def _is_remark(row: Row) -> bool:
    """Whether a row names its columns again, or says which of them are required."""
    cells = {clean_name(name): first_text(value) for name, value in row.cells.items()}
    n_named = sum(clean_name(text) == name for name, text in cells.items())
    is_demand = all(text.strip(" *.()").casefold() in _DEMANDS for text in cells.values())
    return len(cells) > 1 and (is_demand or (len(cells) > 2 and n_named >= ALIKE * len(cells)))
