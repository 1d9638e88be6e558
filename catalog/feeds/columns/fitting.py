"""Whether a `shop.toml` fits a feed: every column that it names is there, and what its objectives read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from keyword import iskeyword
from pathlib import Path
from unicodedata import normalize

from trimtab.catalog.attributes.definition import DISTANCE
from trimtab.catalog.attributes.roles import ROLES
from trimtab.catalog.feeds.columns.evidence import ColumnEvidence
from trimtab.catalog.feeds.columns.layout import Layout
from trimtab.catalog.feeds.columns.names import role_of
from trimtab.catalog.feeds.columns.roles.offers import bears_out, says_stock
from trimtab.catalog.feeds.columns.survey import Survey
from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.places import PLACE
from trimtab.catalog.schema import COLUMNS
from trimtab.catalog.shop import FILE, SIZE_FAMILY, Shop, line_of
from trimtab.core.errors import BadFile, did_you_mean

CALCULATED = (DISTANCE, *PLACE, SIZE_FAMILY, "sale_price", "sale_start", "sale_end")
"""Attributes that are no columns by themselves."""


def refuse_unfit(shop: Shop, survey: Survey, path: Path | None) -> None:
    """Check that the feed has what the shop names.

    Args:
        path: of the `shop.toml`, whose line an error names.

    Raises:
        BadFile: the first column that the feed does not have.
    """
    known = {clean_name(name): name for name in (*survey.names, *survey.columns)}
    for keys, column in _named(shop):
        role = role_of(column)
        if clean_name(column) not in known and (role is None or role[0] not in survey.columns):
            nearest = did_you_mean(clean_name(column), known)
            raise _unfit(path, keys, f"the feed has no column {column!r}{nearest}")
        why = _misfit(keys, survey.columns.get(known.get(clean_name(column), "")))
        if keys[0] == "attributes" and _stands_in(keys[1], column, shop):
            why = f"would stand in the place of {keys[1]}, which all items have: choose another name"
        if why:
            raise _unfit(path, keys, f"the column {column!r} {why}")


def refuse_unreadable(shop: Shop, layout: Layout, path: Path | None) -> None:
    """Check that the feed has the attributes that objectives are made of, long before items are indexed.

    Args:
        path: of the `shop.toml`, whose line an error names.

    Raises:
        BadFile: the first attribute that the feed does not have.
    """
    readable = {*COLUMNS, *CALCULATED, *(one.attribute.name for one in layout.attributes)}
    plain = {normalize("NFKC", name) for name in readable}
    survey = layout.survey
    empty = {clean_name(name) for name in survey.names if name not in survey.columns} if survey else set()
    for objective, section in shop.objectives.items():
        for name in sorted(section.names):
            if normalize("NFKC", name) not in plain and not iskeyword(name):
                nearest = did_you_mean(name, (*layout.costs, *sorted(readable)))
                problem = (
                    f"the column {name!r} is empty" if name in empty else f"the feed has no attribute {name!r}{nearest}"
                )
                raise _unfit(path, ("objectives", objective, "value"), problem)


def _stands_in(name: str, column: str, shop: Shop) -> bool:
    """Whether an attribute is named as a number that every catalogue has, and is another column than that."""
    return (
        name in ROLES
        and ROLES[name].kind != "text"
        and clean_name(column) != clean_name(shop.catalogue.columns.get(name, name))
    )


def _unfit(path: Path | None, keys: tuple[str, ...], problem: str) -> BadFile:
    text = path.read_text(encoding="utf-8-sig") if path is not None else ""
    line = max(line_of(text, *keys), line_of(text, keys[0], "id") if keys[1] == "item_id" else 1)
    return BadFile(path or FILE, f"line {line}: {'.'.join(keys)}: {problem}")


def _misfit(keys: tuple[str, ...], column: ColumnEvidence | None) -> str:
    """Why a column cannot be what the shop says; empty where it can."""
    section, _, what = (*keys, "")[:3]
    if column is None or not column.n_values:
        return ""
    shown = ", ".join(repr(value) for value in list(column.distinct)[:N_SHOWN])
    if what in _PRICES.get(section, ()) and not bears_out("price", column):
        return f"has no prices: {shown}"
    if (section, what) == ("stores", "stock") and not says_stock(column):
        return f"does not say what is in stock: {shown}"
    return ""


_PRICES: Mapping[str, tuple[str, ...]] = {"prices": ("column", "sale_price"), "stores": ("price",)}
N_SHOWN = 3
"""Values of a column that an error shows."""


def _named(shop: Shop) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each column that a shop names, and where."""
    for role, column in shop.catalogue.columns.items():
        yield ("catalogue", role), column
    for name, section in shop.attributes.items():
        if name not in CALCULATED and (section.column or name not in ROLES):
            yield ("attributes", name, "column"), section.column or name
    if shop.variants.group_by:
        yield ("variants", "group_by"), shop.variants.group_by
    for name, prices in shop.prices.items():
        for key in ("column", "sale_price", "sale_start", "sale_end"):
            column = getattr(prices, key)
            if column:
                yield ("prices", name, key), column
    for name, store in shop.stores.items():
        for key in ("stock", "price"):
            column = getattr(store, key)
            if column:
                yield ("stores", name, key), column
