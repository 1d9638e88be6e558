"""Which column of a feed has the titles: the one called so, else one that looks like it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice

from trimtab.catalog.feeds.columns.evidence import ColumnEvidence
from trimtab.catalog.feeds.columns.names import roles_of, roles_within, spaced_names
from trimtab.catalog.feeds.rows import Row, Rows, first_text, names_in_order, split_words

TITLE = "title"
"""The role, and what a column of titles that are made is called."""
N_LOOKED_AT = 200
OWN, SHARED = 0.7, 0.1
"""The share of rows that have another title, where nothing calls it one, and where a word of the name does."""
_MODELS = frozenset(
    split_words(
        "pattern profil profile model model_name modell modelo modèle modele modello modelo_do_produto модель 型号 "
        "型番 機種 cuvée cuvee"
    )
)
_VERSIONS = frozenset(
    split_words(
        "dimension dimensions reifengröße version variant variante "
        "ausführung versión versione versão trim trim_level derivative motorisierung wersja "
        "millésime jahrgang vintage annata añada"
    )
)


def title_column(columns: Mapping[str, ColumnEvidence], n_rows: int) -> str | None:
    """The column with the titles; None where no column could have them."""
    named = with_words_first(roles_of(columns).get(TITLE, []), columns)
    within = (
        name
        for name, column in columns.items()
        if TITLE in roles_within(name) and looks_like_titles(column, n_rows, least_different=SHARED)
    )
    return next(chain(named, within, titles_by_looks(columns, n_rows, ("item_id",))), None)


def with_words_first(named: Sequence[str], columns: Mapping[str, ColumnEvidence]) -> list[str]:
    """Columns that are called titles, those with words before those with codes: `Display Name` before `Name`."""
    return sorted(named, key=lambda name: _are_codes(columns[name]))


def _are_codes(column: ColumnEvidence) -> bool:
    """Whether nearly all values are single words with a digit."""
    n_codes = sum(" " not in value and any(map(str.isdecimal, value)) for value in column.distinct)
    return n_codes > OWN * len(column.distinct)


def with_titles(rows: Rows) -> Rows:
    """Rows with a title made of brand, model and version where they have a model and no title (cars, appliances)."""
    first = list(islice(rows, N_LOOKED_AT))
    names = names_in_order(first)
    named = roles_of(names)
    models = [name for name in names if _MODELS & set(spaced_names(name))]
    others = (name for name in names if not (_MODELS | _VERSIONS) & set(spaced_names(name)))
    if TITLE in named or not models or any(TITLE in roles_within(name) for name in others):
        return chain(first, rows)
    versions = [name for name in names if _VERSIONS & set(spaced_names(name))]
    parts = list(dict.fromkeys([*named.get("brand", [])[:1], models[0], *versions[:1]]))
    return (_titled(row, parts) if isinstance(row, Row) else row for row in chain(first, rows))


def _titled(row: Row, parts: Collection[str]) -> Row:
    title = " ".join(filter(None, (first_text(row.cells.get(name)) for name in parts)))
    return Row(row.line, {**row.cells, TITLE: title}) if title else row


def titles_by_looks(columns: Mapping[str, ColumnEvidence], n_rows: int, taken: Collection[str] = ()) -> Iterator[str]:
    """Columns of short texts of several words, another one in most rows; in the feed's order."""
    return (name for name, column in columns.items() if name not in taken and looks_like_titles(column, n_rows))


def looks_like_titles(column: ColumnEvidence, n_rows: int, *, least_different: float = OWN) -> bool:
    """Whether nearly all rows have a short text of several words.

    Args:
        least_different: the share of rows that have another one; variants of a product may share theirs.
    """
    is_own = column.fills(n_rows) and column.n_distinct >= least_different * n_rows
    with_words = sum(" " in value for value in column.distinct) >= 0.5 * len(column.distinct)
    is_other = any(column.share(what) >= 0.5 for what in ("is_address", "unit", "is_date", "is_price", "is_number"))
    return is_own and with_words and 5 <= column.mean_characters <= 150 and not is_other
