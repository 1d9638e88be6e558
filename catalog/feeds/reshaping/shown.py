"""Rows that a shop says are not on show: drafts, what is switched off; they are left out, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import islice

from trimtab.catalog.availability import YES_LETTERS, in_stock_of
from trimtab.catalog.feeds.columns.names import spaced_names
from trimtab.catalog.feeds.rows import Row, Rows, Value, first_text, split_words
from trimtab.catalog.rejections import Omission

N_LOOKED_AT = 1_000
MOST = 0.5
"""The share of rows that have to be on show."""
_FLAGS = frozenset(
    split_words(
        "oxactive online_flag product_visibility visibility "
        "visible is_visible published is_published published_on_online_store active is_active enabled "
        "is_enabled aktiv aktiviert online veröffentlicht sichtbar opublikowano aktywny publié actif "
        "visible_en_ligne publicado activo ativo pubblicato attivo gepubliceerd actief publicerad aktivní yayında "
        "aktif опубликовано for_sale can_be_sold sale_ok 진열상태 판매상태"
    )
)
_HIDING = frozenset(split_words("inactive is_inactive isinactive hidden is_hidden disabled is_disabled"))
"""Flags that say the opposite."""
_YES, _NO = frozenset({*YES_LETTERS, "visible"}), frozenset({"hidden", "invisible"})
"""Oui, sí, sim, ja; and what visibility is called."""
_STATES = frozenset(
    split_words("status product_status state listing_status publication_status status_produktu status_oferty p_status")
)
_SHOWN_STATES = frozenset(
    split_words(
        "true 1 active aktiv aktif actif activo ativo attivo aktywny aktywna published publish live enabled "
        "visible online"
    )
)
_HIDDEN_STATES = frozenset(
    split_words(
        "false 0 inactive inaktiv nonaktif inactif inactivo inativo inattivo nieaktywny pasif draft entwurf archived "
        "unlisted unpublished hidden disabled deleted private pending trash offline suppressed incomplete "
        "ended beendet zakończona"
    )
)


def columns_of_state(rows: Rows, kept: Collection[str] = ()) -> list[str]:
    """Columns that say of each row whether it is on show.

    Args:
        rows: of which the first are looked at.
        kept: plain names of columns that the shop speaks of: they are attributes.
    """
    seen: dict[str, Counter[bool | None]] = {}
    for row in islice(rows, N_LOOKED_AT):
        for name, value in row.cells.items() if isinstance(row, Row) else ():
            if _names_of(name) & (_FLAGS | _HIDING | _STATES) and not _names_of(name) & set(kept):
                seen.setdefault(name, Counter())[is_on_show(name, value)] += 1
    return [name for name, said in seen.items() if not said[None] and said[True] > MOST * said.total()]


def only_shown(rows: Rows, deciding: Collection[str]) -> Rows:
    """The rows that are on show, without the columns that say so."""
    for row in rows:
        if not isinstance(row, Row):
            yield row
            continue
        hidden = next((name for name in deciding if is_on_show(name, row.cells.get(name)) is False), None)
        if hidden is not None:
            yield Omission(row.line, f"{hidden} is {first_text(row.cells[hidden])}")
        else:
            yield Row(row.line, {name: value for name, value in row.cells.items() if name not in deciding})


def is_on_show(name: str, value: Value | None) -> bool | None:
    """What a column of flags or states says; None where it says something else, or nothing."""
    text = first_text(value).casefold()
    if _names_of(name) & _STATES:
        return True if text in _SHOWN_STATES else False if text in _HIDDEN_STATES else None
    said = True if text in _YES else False if text in _NO else in_stock_of(text)
    return not said if said is not None and _names_of(name) & _HIDING else said


def _names_of(name: str) -> set[str]:
    return set(spaced_names(name))
