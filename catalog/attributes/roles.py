"""The columns of the schema that are filtered on, counted and sorted by as attributes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.attributes.sorted_file import SortedColumn
from trimtab.catalog.attributes.values import FLAGS
from trimtab.catalog.shop import Shop

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

ROLES: Mapping[str, Attribute] = {
    **{name: Attribute.usual(name, "text") for name in ("brand", "category", "product_type")},
    **{name: Attribute.usual(name, "number") for name in ("price", "discount", "popularity", "purchase_rate")},
    "in_stock": Attribute.usual("in_stock", "flag"),
}


def roles_of(shop: Shop) -> Mapping[str, Attribute]:
    """The same as a `shop.toml` describes them: their labels, and what they may be used for."""
    return {
        name: replace(Attribute.of_section(name, section), kind=role.kind, multi=False)
        if (section := shop.attributes.get(name)) is not None
        else role
        for name, role in ROLES.items()
    }


def role_column(store: ItemStore, name: str, earlier: ItemStore | None = None) -> AttributeColumn:
    """The column of one of `ROLES`.

    Args:
        earlier: a store of which this one is a later state.
    """
    role = store.roles[name]
    built = store.sorted_columns.get(name) if earlier is None else None
    known = None if earlier is None or name not in earlier.role_names else earlier.attributes[name]
    if role.kind == "text":
        codes, names = store.coded(name)
        if known is not None and earlier is not None and codes is earlier.coded(name)[0]:
            return known
        return _with_rows(AttributeColumn.of_codes(role, codes, names, earlier=known), built)
    numbers = store.numbers(name)
    if known is not None and earlier is not None and numbers is earlier.numbers(name):
        return known
    if role.kind == "flag":
        return _with_rows(AttributeColumn.of_codes(role, numbers.astype(np.int32), FLAGS, earlier=known), built)
    if built is not None:
        known_rows = np.flatnonzero(~np.isnan(numbers)).astype(np.int32)
        return AttributeColumn(
            role, len(numbers), known_rows, built.codes, levels=built.levels, by_value_built=built.by_value
        )
    return AttributeColumn.of_numbers(role, numbers, earlier=known)


def _with_rows(column: AttributeColumn, built: SortedColumn | None) -> AttributeColumn:
    return column if built is None else replace(column, by_value_built=built.by_value)
