"""The three tools of an agent: each a function from its arguments to the object that the protocol answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.records import Query
from trimtab.service.agents.arguments import (
    MAX_LIMIT,
    LookupArguments,
    ProductArguments,
    SearchArguments,
    Steering,
    conditions,
)
from trimtab.service.agents.products import Products, best_variant, label_of, options_of
from trimtab.service.search.records import Caller
from trimtab.service.search.request import from_object
from trimtab.service.search.search_service import SearchService
from trimtab.text.currencies import decimals_of

VERSION = "2026-08-25"
SEARCH, LOOKUP = "dev.ucp.shopping.catalog.search", "dev.ucp.shopping.catalog.lookup"
STEERING = "dev.trimtab.catalog.steering"
OURS = ("weights", "receipt", "infeasible", "understood", "degraded", "arm")
"""Fields of a search's answer that are passed on as they are."""


class CatalogueTools:
    """Answers agents by the service's own searches."""

    def __init__(self, service: SearchService) -> None:
        self._service = service

    def search_catalog(self, arguments: SearchArguments, *, arrived: float) -> dict[str, Any]:
        """Products for words and conditions, steered, with the receipt; logged as an agent's search.

        Raises:
            BadParameter, RequestValidationError: something does not exist here, or nothing is asked for.
        """
        catalog = arguments.catalog
        if catalog.purpose != "search":
            raise BadParameter("catalog.purpose", f"cannot do {catalog.purpose!r}", "search")
        currency = self._currency(catalog.steering)
        products = Products(currency, decimals_of(currency))
        (offset, visit), limit = catalog.pagination.place, min(catalog.pagination.limit, MAX_LIMIT)
        asked = {
            "q": catalog.query,
            "filter": conditions(catalog, decimals_of(currency)),
            "k": limit,
            "offset": offset,
            "session_id": f"agent-{visit}",
            **catalog.steering.parameters(),
        }
        request = from_object({name: value for name, value in asked.items() if value not in ("", [])}, self._known())
        caller = Caller("agent", arguments.meta.ucp_agent.profile)
        answer = orjson.loads(self._service.answer(request, arrived=arrived, caller=caller))
        shown = [[hit, *(_whole(hit, one) for one in hit["variants"] or ())] for hit in answer["hits"]]
        end, n_matches = offset + len(shown), answer["n_matches"]
        is_last = not shown or (answer["n_matches_exact"] and end >= n_matches)
        return {
            "ucp": _metadata(SEARCH, STEERING),
            "products": [products.product(items) for items in shown],
            "pagination": {
                "has_next_page": not is_last,
                **({} if is_last else {"cursor": f"{end}.{visit}"}),
                **({"total_count": n_matches} if answer["n_matches_exact"] else {}),
            },
            "steering": {"decision_id": answer["decision_id"], **{name: answer[name] for name in OURS}},
        }

    def lookup_catalog(self, arguments: LookupArguments) -> dict[str, Any]:
        """The products of these ids; one that is unknown is named in a message."""
        catalog = arguments.catalog
        store, products = self._store(catalog.steering)
        found, messages = [], []
        for item_id in dict.fromkeys(catalog.ids):
            try:
                product = products.product([store.display(store.row_of(item_id))])
            except NotFound:
                messages.append({"type": "info", "code": "not_found", "content": item_id})
                continue
            product["variants"][0]["inputs"] = [{"id": item_id, "match": "exact"}]
            found.append(product)
        return {"ucp": _metadata(LOOKUP), "products": found, **({"messages": messages} if messages else {})}

    def get_product(self, arguments: ProductArguments) -> dict[str, Any]:
        """One product with its variants, the selected one first; an unknown id is the protocol's error."""
        catalog = arguments.catalog
        store, products = self._store(catalog.steering)
        try:
            row = store.row_of(catalog.id)
        except NotFound as error:
            problem = {"type": "error", "code": "not_found", "content": str(error), "severity": "unrecoverable"}
            return {"ucp": {**_metadata(LOOKUP), "status": "error"}, "messages": [problem]}
        groups = self._service.engine.pipeline.groups
        rows = [row] if groups is None else [row, *groups.others(row).tolist()]
        items = [store.display(one) for one in rows]
        selected = {option.name: option.label for option in catalog.selected}
        best = best_variant(items, selected, catalog.preferences)
        items.insert(0, items.pop(best))
        product = products.product(items)
        options = options_of(items)
        product["selected"] = [
            {"name": name, "label": label} for name in options if (label := label_of(items[0], name)) is not None
        ]
        return {"ucp": _metadata(LOOKUP), "product": product}

    def _known(self) -> tuple[str, ...]:
        return self._service.known_weights

    def _currency(self, steering: Steering) -> str | None:
        shop = self._service.engine.shop
        listed = None if steering.price_list is None else shop.prices.get(steering.price_list)
        return (None if listed is None else listed.currency) or shop.catalogue.currency

    def _store(self, steering: Steering) -> tuple[ItemStore, Products]:
        """The catalogue as it is where and by which prices somebody buys.

        Raises:
            BadParameter: there is no such price list or store.
        """
        query = Query("", price_list=steering.price_list, store=steering.store, moment=time.time())
        currency = self._currency(steering)
        return self._service.engine.in_market(query).store, Products(currency, decimals_of(currency))


def _whole(hit: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    """A variant of a hit with what it has in common with the hit."""
    return {**hit, **variant, "attributes": {**hit["attributes"], **variant["attributes"]}}


def _metadata(*capabilities: str) -> dict[str, Any]:
    return {"version": VERSION, "capabilities": {name: [{"version": VERSION}] for name in capabilities}}
