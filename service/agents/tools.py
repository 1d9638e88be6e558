"""The three tools of an agent: each a function from its arguments to the object that the protocol answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from trimtab.catalog.store import ItemStore
from trimtab.core.errors import BadParameter, NotFound
from trimtab.core.records import Query
from trimtab.retrieval.filters import filter_mask, parse_filter
from trimtab.service.agents.arguments import (
    MAX_LIMIT,
    Catalog,
    GetProduct,
    LookupArguments,
    LookupCatalog,
    ProductArguments,
    SearchArguments,
    Steering,
    conditions,
    means_other_currency,
    steering_problem,
)
from trimtab.service.agents.products import Products, best_variant, has_selected, label_of, options_beside, options_of
from trimtab.service.search.records import Caller
from trimtab.service.search.request import from_object
from trimtab.service.search.search_service import SearchService
from trimtab.text.amounts.currencies import decimals_of

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
            "filter": conditions(catalog, currency),
            "k": limit,
            "offset": offset,
            "session_id": f"agent-{visit}",
            **catalog.steering.parameters(),
        }
        given = {name: value for name, value in asked.items() if value not in ("", [])}
        caller = Caller("agent", arguments.meta.ucp_agent.profile)
        try:
            request = from_object(given, self._known())
            answer = orjson.loads(self._service.answer(request, arrived=arrived, caller=caller))
        except BadParameter as error:
            raise steering_problem(error, self._known()) from None
        store = self._service.engine.store
        hits = [[hit, *(_whole(hit, one) for one in hit["variants"] or ())] for hit in answer["hits"]]
        shown = [[_described(store, item) for item in items] for items in hits]
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
            **_messages(_ignored(catalog, currency)),
            "steering": {"decision_id": answer["decision_id"], **{name: answer[name] for name in OURS}},
        }

    def lookup_catalog(self, arguments: LookupArguments) -> dict[str, Any]:
        """The products of these ids, each once with the variants that were asked for; an unknown id is in a message.

        Raises:
            BadParameter: a filter cannot be read.
        """
        catalog = arguments.catalog
        store, products = self._store(catalog.steering)
        passes = self._filter(store, catalog)
        asked: dict[int, list[int]] = {}  # rows by those of their whole product
        messages = _ignored(catalog, self._currency(catalog.steering))
        for item_id in dict.fromkeys(catalog.ids):
            try:
                row = store.row_of(item_id)
            except NotFound:
                messages.append({"type": "info", "code": "not_found", "content": item_id})
                continue
            if passes(row):
                asked.setdefault(min(self._rows_of_product(row)), []).append(row)
        found = []
        for rows in asked.values():
            others = [row for row in self._rows_of_product(rows[0]) if row not in rows]
            product = products.product([_described(store, store.display(row)) for row in (*rows, *others)])
            product["variants"] = [
                {**variant, "inputs": [{"id": variant["id"], "match": "exact"}]}
                for variant in product["variants"][: len(rows)]
            ]
            found.append(product)
        return {"ucp": _metadata(LOOKUP), "products": found, **_messages(messages)}

    def get_product(self, arguments: ProductArguments) -> dict[str, Any]:
        """One product with the variants that have what was selected, or all; an unknown id is the protocol's error.

        Where no variant has all of it, what matters least is given up; the answer says what holds.

        Raises:
            BadParameter: a filter cannot be read.
        """
        catalog = arguments.catalog
        store, products = self._store(catalog.steering)
        passes = self._filter(store, catalog)
        try:
            rows = [row for row in self._rows_of_product(store.row_of(catalog.id)) if passes(row)]
            if not rows:
                raise NotFound(f"no variant of {catalog.id!r} meets the filters")
        except NotFound as error:
            problem = {"type": "error", "code": "not_found", "content": str(error), "severity": "unrecoverable"}
            return {"ucp": {**_metadata(LOOKUP), "status": "error"}, "messages": [problem]}
        items = [_described(store, store.display(row)) for row in rows]
        asked = {option.name: option.label for option in catalog.selected}
        items.insert(0, items.pop(best_variant(items, asked, catalog.preferences)))
        selected = {name: label for name, label in asked.items() if has_selected(items[0], {name: label})}
        if not asked:
            selected = {name: label for name in options_of(items) if (label := label_of(items[0], name)) is not None}
        product = products.product(items)
        if asked:
            having = [place for place, item in enumerate(items) if has_selected(item, selected)]
            product["variants"] = [product["variants"][place] for place in having]
        if options := options_beside(items, selected):
            product["options"] = options
        product["selected"] = [{"name": name, "label": label} for name, label in selected.items()]
        ignored = _ignored(catalog, self._currency(catalog.steering))
        return {"ucp": _metadata(LOOKUP), "product": product, **_messages(ignored)}

    def _rows_of_product(self, row: int) -> list[int]:
        """An item, then the other variants of its product."""
        groups = self._service.engine.pipeline.groups
        return [row] if groups is None else [row, *groups.others(row).tolist()]

    def _filter(self, store: ItemStore, catalog: LookupCatalog | GetProduct) -> Callable[[int], bool]:
        """Whether the item of a row meets the conditions of a request."""
        asked = conditions(catalog, self._currency(catalog.steering))
        mask = filter_mask(store, map(parse_filter, asked))
        return (lambda _: True) if mask is None else (lambda row: bool(mask[row]))

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


def _described(store: ItemStore, item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with the catalogue's description of it, as far as the catalogue still has the item."""
    try:
        row = store.row_of(item["item_id"])
    except NotFound:
        return dict(item)
    return {**item, "description": store.texts("description", [row])[0]}


def _whole(hit: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    """A variant of a hit with what it has in common with the hit."""
    return {**hit, **variant, "attributes": {**hit["attributes"], **variant["attributes"]}}


def _ignored(catalog: Catalog, currency: str | None) -> list[dict[str, Any]]:
    """A warning where bounds of the price do not hold, because they are in another currency than the prices."""
    if not means_other_currency(catalog, currency):
        return []
    problem = f"filters.price is in {catalog.context.currency} and was ignored: the prices are in {currency}"
    return [{"type": "warning", "code": "price_filter_ignored", "content": problem}]


def _messages(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {"messages": messages} if messages else {}


def _metadata(*capabilities: str) -> dict[str, Any]:
    return {"version": VERSION, "capabilities": {name: [{"version": VERSION}] for name in capabilities}}
