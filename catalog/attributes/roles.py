"""The columns of the schema that are filtered on, counted and sorted by as attributes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from trimtab.catalog.attributes.column import AttributeColumn
from trimtab.catalog.attributes.definition import Attribute
from trimtab.catalog.attributes.values import FLAGS

if TYPE_CHECKING:
    from trimtab.catalog.store import ItemStore

ROLES: Mapping[str, Attribute] = {
    **{name: Attribute.usual(name, "text") for name in ("brand", "category", "product_type")},
    **{name: Attribute.usual(name, "number") for name in ("price", "discount", "popularity", "purchase_rate")},
    "in_stock": Attribute.usual("in_stock", "flag"),
}


def role_column(store: ItemStore, name: str) -> AttributeColumn:
    """The column of one of `ROLES`."""
    role = ROLES[name]
    match role.kind:
        case "text":
            return AttributeColumn.of_codes(role, *store.coded(name))
        case "flag":
            return AttributeColumn.of_codes(role, store.numbers(name).astype(np.int32), FLAGS)
        case _:
            return AttributeColumn.of_numbers(role, store.numbers(name))
