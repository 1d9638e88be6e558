"""The type of product that is made of a category: the last step of the first path, as long as nothing else says one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.catalog.attributes.definition import PREFIX, SEPARATOR
from trimtab.catalog.live.changes import Item

CATEGORY = "category"
MADE_OF = frozenset({CATEGORY, PREFIX + CATEGORY, "product_type"})
"""Columns of an item by which its type is seen to be made of its category."""


def product_type_after(known: Item, item: Item) -> Mapping[str, Any]:
    """The column `product_type` of an item whose category changes, where it was made of the category.

    Args:
        known: the item as it is, with `MADE_OF`; empty where it is new.
        item: what is put.
    """
    if "product_type" in item or MADE_OF.isdisjoint(item):
        return {}
    if known.get("product_type", "") != _last_step(known):
        return {}
    return {"product_type": _last_step({**known, **item})}


def _last_step(item: Item) -> str:
    """The last step of an item's first category; empty where that has one step, which is the category."""
    paths = item.get(PREFIX + CATEGORY) or item.get(CATEGORY) or ""
    _, has_steps, last = str(paths[0] if isinstance(paths, list) else paths).rpartition(SEPARATOR)
    return last if has_steps else ""
