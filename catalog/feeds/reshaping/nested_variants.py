"""Products of JSON with a list of their variants as items: what all share, and what each has of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from trimtab.catalog.feeds.columns.names import role_named

LISTS = ("variants", "variations", "skus")
"""Members of a product that are its variants."""
_FIRST = ("masterVariant", "master_variant", "defaultVariant", "default_variant")
"""Members that are the first of its variants."""
_ATTRIBUTES = ("attributes", "Attributes")
"""Ends of the names of objects whose members are said of what they stand in."""
_OFFERED = frozenset({"price", "stock", "in_stock"})
_CODES = frozenset({"ean", "gtin", "upc", "barcode"})
"""Members that only what is sold by itself has."""
_MODEL_ID = re.compile(r".*(?:model|style|product|parent)_?id", re.IGNORECASE)
_NO_NAME = ("default title", "default")
_OPTIONS = 5


def items_of(product: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The variants of a product, each whole; the product itself where it has none."""
    product = _flat(product)
    name = next((name for name in LISTS if _are_variants(product.get(name))), None)
    first = next((key for key in _FIRST if _are_variants([product.get(key)])), None)
    if name is None and first is None:
        yield product
        return
    variants = [*([product[first]] if first else []), *(product[name] if name else [])]
    shared = {key: value for key, value in product.items() if key not in (name, first, *LISTS, "options")}
    named = (key for key in ("group_id", "id", "handle", "sku", "styleNumber", "style") if product.get(key))
    called = (key for key, value in product.items() if value and _MODEL_ID.fullmatch(key))
    group = next((str(product[key]) for key in chain(named, called)), None)
    for variant in variants:
        own = {key: value for key, value in variant.items() if value not in (None, "")}
        title = _title(product, own)
        own |= {"title": title} if isinstance(title, str) else {}
        yield {**shared, "group_id": group, **_options(product, own), **own, "id": own.get("sku") or own.get("id")}


def _flat(product: Mapping[str, Any]) -> Mapping[str, Any]:
    """A product whose colours have sizes, each with an id and an offer, with these as its variants."""
    inside = ((name, one) for name, one in product.items() if isinstance(one, Mapping))
    for holder, model in () if set(LISTS) & product.keys() else chain([("", product)], inside):
        key, inner = next(_levels_of(model), ("", ""))
        if key:
            sizes = [
                {"sku": _id_of(size), **_own(one, inner), **_own(size)}
                for one in model[key]
                for size in one.get(inner) or ()
            ]
            around = _own(product, holder) if holder else {}
            return {**around, **_own(model, key), LISTS[0]: sizes}
    return product


def _levels_of(model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The members with colours, and those of colours with sizes that have offers."""
    for key, colours in model.items():
        if isinstance(colours, list) and all(isinstance(one, Mapping) for one in colours):
            yield from ((key, name) for one in colours for name, value in one.items() if _are_offers(value))


def _own(level: Mapping[str, Any], below: str = "") -> dict[str, Any]:
    """What a level of a product says itself, objects called its attributes as its members.

    Args:
        below: the member with what is below it.
    """
    own: dict[str, Any] = {}
    for name, value in level.items():
        if isinstance(value, Mapping) and name.endswith(_ATTRIBUTES):
            own |= value
        elif name != below:
            own[name] = value
    return own


def _are_offers(members: object) -> bool:
    """Whether a list has objects that can be bought: each with an id, and a price, how many there are, or a code."""
    return (
        isinstance(members, list)
        and bool(members)
        and all(isinstance(one, Mapping) and _id_of(one) and _is_offered(_own(one)) for one in members)
    )


def _is_offered(variant: Mapping[str, Any]) -> bool:
    return not _OFFERED.isdisjoint(map(role_named, variant)) or not _CODES.isdisjoint(variant)


def _id_of(variant: Mapping[str, Any]) -> Any:
    return next((value for name, value in _own(variant).items() if value and role_named(name) == "item_id"), None)


def _are_variants(members: object) -> bool:
    return (
        isinstance(members, list)
        and bool(members)
        and all(isinstance(one, Mapping) and not {"sku", "price", "prices"}.isdisjoint(one) for one in members)
    )


def _title(product: Mapping[str, Any], variant: Mapping[str, Any]) -> Any:
    """The product's title with the variant's name behind it."""
    whole = product.get("title") or product.get("name")
    own = variant.get("title") or variant.get("name")
    if not isinstance(whole or "", str) or not isinstance(own or "", str):
        return None  # it is said in several languages
    if not whole or not own or str(own).lower() in _NO_NAME:
        return whole or own
    return own if str(whole) in str(own) else f"{whole} - {own}"


def _options(product: Mapping[str, Any], variant: dict[str, Any]) -> dict[str, Any]:
    """What `option1` to `option5` of a variant are called, by the product's list of options."""
    named = product.get("options")
    names = [str(one.get("name")) for one in named if isinstance(one, Mapping)] if isinstance(named, list) else []
    values = {name: variant.pop(f"option{at}", None) for at, name in enumerate(names[:_OPTIONS], 1)}
    return {name: value for name, value in values.items() if value and str(value).lower() not in _NO_NAME}
