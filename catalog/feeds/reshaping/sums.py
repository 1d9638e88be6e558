"""Rows with the sums of a table, as spreadsheets have them below it: they are no items."""

from __future__ import annotations

from itertools import chain, islice
from statistics import median

from trimtab.catalog.feeds.columns.names import role_named
from trimtab.catalog.feeds.rows import Row, Rows, first_text, split_words
from trimtab.catalog.rejections import Omission

N_LOOKED_AT = 200
MOST_CELLS = 0.6
"""The share of the usual number of cells that a row of sums has at the most."""
_SUMS = frozenset(
    split_words(
        "total totals grand_total subtotal sum summe gesamt gesamtsumme zwischensumme total_général total_general "
        "sous_total somme totale totaal som suma razem summa totalt i_alt yhteensä celkem spolu összesen ukupno skupaj "
        "toplam итого всего разом 合計 小計 总计 合计 합계 총계 المجموع الإجمالي סהכ σύνολο tổng tổng_cộng jumlah รวม"
    )
)


def without_sums(rows: Rows) -> Rows:
    """The rows but for those of sums: of few cells, without an id, and a word for a sum in one of them."""
    first = list(islice(rows, N_LOOKED_AT))
    usual = median([len(row.cells) for row in first if isinstance(row, Row)] or [0])
    for row in chain(first, rows):
        is_sum = isinstance(row, Row) and len(row.cells) <= MOST_CELLS * usual and _says_sum(row)
        yield Omission(row.line, "it has sums") if is_sum else row


def _says_sum(row: Row) -> bool:
    has_id = any(role_named(name) == "item_id" for name in row.cells)
    said = (first_text(value).strip(" :.*").casefold().replace(" ", "_") for value in row.cells.values())
    return not has_id and any(one in _SUMS for one in said)
