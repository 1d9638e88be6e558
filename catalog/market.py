"""Where and by which price list somebody buys, and when: the catalogue as it is there, as a store of its own.

A price list has prices in its own currency, and an item that is not in it has no price. A sale price holds in its
period. A store of the shop's has its own stock (an item that it does not name is not there), and prices of its own.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.catalog.attributes.definition import DISTANCE
from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.places import Places
from trimtab.catalog.shop import PriceList, Shop
from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.core.places import Place
from trimtab.core.records import Query

SALE = PriceList(column="price", sale_price="sale_price", sale_start="sale_start", sale_end="sale_end")
"""The price list of who names none: the roles of the schema."""
NO_PLACES = "shop.toml names them: [catalogue] latitude and longitude, or those of [stores.NAME]"
MOST_KEPT = 32
"""The number of markets of one state of a catalogue that are kept."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Market:
    """What changes prices and stock.

    Attributes:
        price_list, store: names in `shop.toml`; None is the catalogue's own.
        period: how many sales have begun or ended; the catalogue is the same within one.
        near: where somebody is, where distances are known.
    """

    price_list: str | None = None
    store: str | None = None
    period: int = 0
    near: Place | None = None

    @property
    def is_priced(self) -> bool:
        """Whether prices or stock are those of a list or a store."""
        return self.price_list is not None or self.store is not None


class Markets:
    """The markets of one state of a catalogue."""

    def __init__(self, base: ItemStore, shop: Shop) -> None:
        self._base, self._shop = base, shop
        self._at = lru_cache(MOST_KEPT)(self._made)
        self._changes_of = lru_cache(MOST_KEPT)(self._read_changes)

    def market(self, query: Query) -> Market:
        """The market that a query is asked in; the moment is now where it has none.

        Raises:
            BadParameter: there is no such price list or store, or no distance.
        """
        _require("price_list", query.price_list, self._shop.prices)
        _require("store", query.store, self._shop.stores)
        moment = time.time() if query.moment is None else query.moment
        period = bisect_right(self._changes_of(query.price_list), moment)
        return Market(query.price_list, query.store, period, self._near(query))

    def _near(self, query: Query) -> Place | None:
        """Where somebody is: as they say, or at the store that they chose where the items are elsewhere."""
        places = self._places
        if not places.are_known:
            if query.near is not None:
                raise BadParameter("near", "this catalogue has no places", NO_PLACES)
            return None
        near = places.of_store(query.store) if query.near is None and places.of_items else query.near
        asked = {query.sort.field} if query.sort else set()
        asked |= {*query.facets, *(condition.field for condition in query.filters)}
        if near is None and DISTANCE in asked:
            raise BadParameter("near", "is missing, and there is no distance without it", "LATITUDE,LONGITUDE")
        return near

    def at(self, market: Market) -> ItemStore:
        """The catalogue as it is in a market."""
        return self._at(market)

    @cached_property
    def changes(self) -> Floats:
        """The moments at which a sale of any price list begins or ends, ascending."""
        return np.unique(np.concatenate([self._changes_of(name) for name in (None, *self._shop.prices)]))

    def has_sales(self, price_list: str | None) -> bool:
        """Whether its prices change with the time alone."""
        return len(self._changes_of(price_list)) > 0

    def _made(self, market: Market) -> ItemStore:
        prices, discounts = self._prices(market)
        numbers: dict[str, NDArray[Any]] = {"price": prices}
        if discounts is not None:
            numbers["discount"] = discounts
        if market.store is not None and (stock := self._shop.stores[market.store].stock) is not None:
            numbers["in_stock"] = np.nan_to_num(self._column(stock)) > 0
        own = self._base.numbers("price")
        near = market.near
        return self._base.with_numbers(
            {**numbers, "price": numbers["price"].astype(own.dtype)},
            {} if near is None else {DISTANCE: self._places.distances(near, market.store)},
            currency=self._list(market.price_list).currency,
        )

    def typical(self, price_list: str | None = None) -> ItemStore:
        """The catalogue as a shopper may have it, by which ranges are frozen: with distances where there are places."""
        store = self._base if price_list is None else self.at(Market(price_list))
        return store.with_numbers({}, {DISTANCE: self._places.typical()}) if self._places.are_known else store

    @cached_property
    def _places(self) -> Places:
        return Places(self._base, self._shop, self._column)

    def _prices(self, market: Market) -> tuple[Floats, NDArray[Any] | None]:
        """What items cost now, and their discounts where sales that hold now change them."""
        section = self._list(market.price_list)
        prices = self._paid(section.column)
        if market.price_list is None and market.store is not None:
            there = self._paid(self._shop.stores[market.store].price)
            prices = np.where(np.isnan(there), prices, there)
        if section.sale_price is None:
            return prices, None
        # Any moment within the period says the same of all sales.
        changes = self._changes_of(market.price_list)
        moment = -np.inf if market.period == 0 else changes[market.period - 1]
        start, end = self._column(section.sale_start), self._column(section.sale_end)
        sale = self._paid(section.sale_price)
        is_on = ~np.isnan(sale) & ~(start > moment) & ~(end <= moment)
        known = self._base.numbers("discount")
        with np.errstate(invalid="ignore"):
            discounts = np.where(is_on & (sale < prices), 1 - sale / prices, known).astype(known.dtype)
        return np.where(is_on, np.fmin(sale, prices), prices), discounts

    def _read_changes(self, price_list: str | None) -> Floats:
        """The moments at which a sale begins or ends, ascending."""
        section = self._list(price_list)
        if section.sale_price is None:
            return np.empty(0)
        has_sale = ~np.isnan(self._column(section.sale_price))
        moments = [self._column(name)[has_sale] for name in (section.sale_start, section.sale_end)]
        known = np.concatenate(moments)
        return np.unique(known[np.isfinite(known)])

    def _list(self, price_list: str | None) -> PriceList:
        return SALE if price_list is None else self._shop.prices[price_list]

    def _paid(self, name: str | None) -> Floats:
        """The prices of a column, nan where there is none that can be paid."""
        prices = self._column(name)
        return np.where(prices > 0, prices, np.nan)

    def _column(self, name: str | None) -> Floats:
        """The numbers of a column by its name in the feed, nan where there is none."""
        base = self._base
        if name is None:
            return np.full(len(base), np.nan)
        if name == "price":
            return np.asarray(base.numbers("price"), dtype=np.float64)
        for known in (name, clean_name(name)):
            if known in base.attributes and base.attributes[known].attribute.kind in ("number", "flag", "date"):
                return base.attributes[known].numbers
        return np.full(len(base), np.nan)


def _require(parameter: str, name: str | None, known: Mapping[str, object]) -> None:
    if name is not None and name not in known:
        listed: Iterable[str] = known or ["shop.toml defines none"]
        raise BadParameter(parameter, f"there is none called {name!r}{did_you_mean(name, known)}", ", ".join(listed))
