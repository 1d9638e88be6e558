"""Which attributes are prices, and which begin and end a sale, by what a shop says of its price lists and stores."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.shop import Shop


def price_attributes(shop: Shop) -> Mapping[str, str | None]:
    """Attributes whose numbers somebody pays, and their currency; None for the catalogue's."""
    found: dict[str, str | None] = {"sale_price": None}
    for one in shop.prices.values():
        found |= {clean_name(name): one.currency for name in (one.column, one.sale_price) if name}
    found |= {clean_name(store.price): None for store in shop.stores.values() if store.price}
    found.pop("price", None)
    return found


def sale_starts(shop: Shop) -> frozenset[str]:
    """Attributes that say from when on a lower price holds."""
    return frozenset({"sale_start", *(clean_name(one.sale_start) for one in shop.prices.values() if one.sale_start)})


def sale_ends(shop: Shop) -> frozenset[str]:
    """Attributes that say until when a lower price holds: a date is all of its day."""
    return frozenset({"sale_end", *(clean_name(one.sale_end) for one in shop.prices.values() if one.sale_end)})
