"""A product page as an item of the catalogue.

The same product found twice is one item: by GTIN, else by SKU on the same host, else by canonical address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from trimtab.catalog.schema import MAX_TEXT_BYTES
from trimtab.webpages.counters import site_of
from trimtab.webpages.page import Page

NAMELESS = "no name or address"
ANOTHER_SHOPS = "another shop's"
_OUT = frozenset({"OutOfStock", "SoldOut", "Discontinued"})


def canonical_url(url: str) -> str:
    """The address without fragment, query and trailing slash, its host in lower case."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def item_id_of(page: Page) -> str | None:
    """`gtin:...`, else `sku:host:...`, else `page:...` with a digest of the canonical address; None where nothing names
    the product."""
    gtin, sku, host = page.elements.get("gtin"), page.elements.get("sku"), site_of(page.url)
    if gtin is not None:
        return f"gtin:{gtin.value.zfill(14)}"
    if sku is not None and host:
        return f"sku:{host}:{sku.value}"
    if page.url:
        return f"page:{hashlib.blake2b(canonical_url(page.url).encode(), digest_size=8).hexdigest()}"
    return None


def item_of(page: Page, *, currency: str | None = None) -> dict[str, Any] | None:
    """A catalogue item in the columns of `trimtab.catalog.schema`; None where it is not a product page with a name.

    Args:
        currency: the currency of the catalogue; a price in another one is left unknown. None takes any.
    """
    name = page.elements.get("name")
    item_id = item_id_of(page)
    if page.kind != "product" or name is None or item_id is None:
        return None

    def text(element: str) -> str:
        found = page.elements.get(element)
        return found.value.encode()[:MAX_TEXT_BYTES].decode(errors="ignore") if found is not None else ""

    item: dict[str, Any] = {
        "item_id": item_id,
        "title": name.value,
        "description": text("description"),
        "brand": text("brand"),
        "category": text("category"),
        "in_stock": text("availability") not in _OUT,
        "image": text("image"),
        "url": page.url or "",
        "attributes": " ".join(filter(None, (text("sku"), text("gtin")))),
    }
    price = page.elements.get("price")
    if price is not None and (currency is None or price.currency in (None, currency)):
        item["price"] = float(price.value)
    return item


def provenance_of(page: Page, item_id: str, source: str) -> dict[str, Any]:
    """Where each value of an item was read, with its confidence and evidence."""
    return {
        "item_id": item_id,
        "source": source,
        "url": page.url,
        "elements": {name: element.as_dict() for name, element in page.elements.items() if name != "description"},
    }


def may_change(known: Mapping[str, Any], site: str, own_hosts: Collection[str]) -> bool:
    """Whether a page of a site may change an item: a page may claim any other shop's GTIN.

    Args:
        known: the item as it is; empty where it is new.
        own_hosts: the hosts of which it must be one; where none are named, the one that the item was read from.
    """
    if own_hosts:
        return site in {site_of(f"//{host}") for host in own_hosts}
    return not known or site == site_of(known.get("url"))


def merged(known: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """An item found again: it keeps its values and takes the newer price, stock and anything that was missing."""
    fresh = {
        name: value
        for name, value in item.items()
        if value != "" and (name in ("price", "in_stock") or not known.get(name))
    }
    return {**known, **fresh}


class PageItem(NamedTuple):
    """The item of a page, on its way into a catalogue.

    Attributes:
        item: None where the page is left out.
        provenance: where each value was read.
        left_out: why: `NAMELESS`, `ANOTHER_SHOPS`, or the page's kind where that is not `product`.
    """

    item: dict[str, Any] | None
    provenance: dict[str, Any] | None
    left_out: str | None

    @classmethod
    def of(cls, page: Page, source: str, *, currency: str | None = None) -> PageItem:
        """What the page says by itself; `currency` as in `item_of`."""
        item = item_of(page, currency=currency)
        if item is None:
            return cls(None, None, NAMELESS if page.kind == "product" else page.kind)
        return cls(item, provenance_of(page, str(item["item_id"]), source), None)

    def taken(
        self, known_of: Callable[[str], Mapping[str, Any]], site: str, own_hosts: Collection[str] = ()
    ) -> PageItem:
        """The item as the catalogue has it afterwards.

        Args:
            known_of: the item of an id; empty where it is new.
            site, own_hosts: as in `may_change`.
        """
        if self.item is None:
            return self
        known = known_of(self.item["item_id"])
        if not may_change(known, site, own_hosts):
            return self._replace(item=None, left_out=ANOTHER_SHOPS)
        return self._replace(item=merged(known, self.item))
