"""What of a catalogue a report of searches needs."""

from __future__ import annotations

import polars as pl

from trimtab.catalog.store import ItemStore


def categories_of(store: ItemStore) -> pl.DataFrame:
    """item_id and category of the items that have one."""
    codes, names = store.coded("category")
    items = pl.DataFrame({"item_id": store.texts("item_id"), "code": codes}, schema_overrides={"code": pl.Int32})
    named = pl.DataFrame(
        {"code": range(len(names)), "category": names}, schema={"code": pl.Int32, "category": pl.String}
    )
    return items.join(named, on="code").select("item_id", "category")
