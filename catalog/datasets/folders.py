"""The public catalogues that are read from a folder of files, by the name that `trimtab build` knows them by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from trimtab.catalog.attributes.columns import attribute_of_type
from trimtab.catalog.attributes.definition import PREFIX
from trimtab.catalog.datasets import bestbuy, esci, icecat
from trimtab.catalog.shop import AttributeSection, Shop

PATHS = ("category",)
"""Attributes that are paths."""


FACET_SHARE = 0.02
"""The least share of the items that have an attribute which is a facet and is shown."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A public catalogue.

    Attributes:
        file: what the folder holds.
        load: the items in schema columns, of which `attributes` is the text that is searched.
        attributes: their attributes, `attr_*`.
    """

    file: str
    load: Callable[[Path], pl.DataFrame]
    attributes: Callable[[Path], pl.DataFrame]

    def read(self, data: Path) -> tuple[pl.DataFrame, Shop]:
        """The items with their attributes, and what these are.

        Raises:
            BadFile: the file is missing or damaged.
        """
        attributes = self.attributes(data)
        return self.load(data).hstack(attributes), _shop_of(attributes)


DATA_SETS = {
    "icecat": DataSet(icecat.FILE, icecat.load_icecat, icecat.icecat_attributes),
    "bestbuy": DataSet(bestbuy.FILE, bestbuy.load_bestbuy, bestbuy.bestbuy_attributes),
    "esci": DataSet(esci.FILE, esci.load_esci, esci.esci_attributes),
}


def _shop_of(attributes: pl.DataFrame) -> Shop:
    sections = {}
    for series in attributes.iter_columns():
        name = series.name.removeprefix(PREFIX)
        kind = "path" if name in PATHS else attribute_of_type(name, series.dtype).kind
        is_frequent = series.count() >= FACET_SHARE * len(series)
        sections[name] = AttributeSection(type=kind, search=False, facet=None if is_frequent else False)
    return Shop(attributes=sections)
