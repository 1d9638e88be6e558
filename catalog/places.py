"""Where items can be had: at places of their own, or in the shop's stores; and how far that is from somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from trimtab.catalog.attributes.definition import DISTANCE, PREFIX, Attribute
from trimtab.catalog.shop import AttributeSection, Shop, Store
from trimtab.catalog.store import ItemStore
from trimtab.core.places import EARTH_RADIUS, Floats, Place, distances

PLACE = ("latitude", "longitude")
"""The attributes of an item's own place."""
KILOMETRES = "km"
NEARBY = 20.0
"""How far shoppers are taken to be from stores, where nobody has said so yet."""


def has_places(items: pl.DataFrame, shop: Shop) -> bool:
    """Whether anything is known of where the items of a catalogue are."""
    return all(PREFIX + name in items.columns for name in PLACE) or bool(_stores(shop))


def with_distance(items: pl.DataFrame, shop: Shop) -> pl.DataFrame:
    """A catalogue frame with the attribute `distance`, still without values, where it has places."""
    if not has_places(items, shop):
        return items
    return items.with_columns(pl.lit(None, pl.Float64).alias(PREFIX + DISTANCE))


def calculated_attributes(items: pl.DataFrame, shop: Shop) -> tuple[Attribute, ...]:
    """`distance`, in kilometres or in miles where `shop.toml` says so, where the catalogue has places."""
    if not has_places(items, shop):
        return ()
    section = shop.attributes.get(DISTANCE, AttributeSection())
    unit = section.unit if section.unit in EARTH_RADIUS else KILOMETRES
    said = Attribute.of_section(DISTANCE, section)
    return (replace(said, kind="number", multi=False, unit=unit, search=False, sort=True),)


class Places:
    """The places of one state of a catalogue.

    Attributes:
        of_items: whether items have places of their own.
    """

    def __init__(self, base: ItemStore, shop: Shop, column: Callable[[str], Floats]) -> None:
        """
        Args:
            column: the numbers of a column of the feed, by its name.
        """
        self._base, self._column, self._stores = base, column, _stores(shop)
        known = base.own_attributes
        self.of_items = all(name in known for name in PLACE)
        self._unit = known[DISTANCE].attribute.unit or KILOMETRES if DISTANCE in known else KILOMETRES

    @property
    def are_known(self) -> bool:
        """Whether there is a distance to anything."""
        return DISTANCE in self._base.own_attributes and (self.of_items or bool(self._stores))

    def of_store(self, name: str | None) -> Place | None:
        """Where a store is."""
        return self._stores[name][1] if name in self._stores else None

    def distances(self, near: Place, store: str | None) -> Floats:
        """[n_items] from somewhere to each item: to its own place, else to the nearest store that has it.

        Args:
            store: the only one that counts.
        """
        nearest = np.full(len(self._base), np.nan)
        for name, (there, place) in self._stores.items():
            if store in (None, name):
                away = distances(near, np.array([place.latitude]), np.array([place.longitude]), self._unit)
                has_it = np.ones(len(nearest), dtype=bool) if there.stock is None else self._column(there.stock) > 0
                nearest[has_it] = np.fmin(nearest[has_it], away)
        if self.of_items:
            own = distances(near, *self._own, self._unit)
            nearest = np.where(np.isnan(own), nearest, own)
        return nearest

    def typical(self) -> Floats:
        """[n_items] distances as shoppers may have them, by which the ranges of objectives are frozen.

        Each item's from where another one can be had; to stores any within `NEARBY`.
        """
        chance = np.random.default_rng(0)
        if not self.of_items:
            return chance.uniform(0, NEARBY, len(self._base))
        others = chance.permutation(len(self._base))
        latitudes, longitudes = self._own
        return distances((latitudes[others], longitudes[others]), latitudes, longitudes, self._unit)

    @property
    def _own(self) -> tuple[Floats, Floats]:
        known = self._base.own_attributes
        return known[PLACE[0]].numbers, known[PLACE[1]].numbers


def _stores(shop: Shop) -> dict[str, tuple[Store, Place]]:
    """The stores whose place is known, and where they are."""
    return {
        name: (store, Place(store.latitude, store.longitude))
        for name, store in shop.stores.items()
        if store.latitude is not None and store.longitude is not None
    }
