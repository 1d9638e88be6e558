"""Items as the products of the Universal Commerce Protocol (`product.json`, `variant.json` of 2026-08-25)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from trimtab.catalog.attributes.definition import label_of as in_words

NO_CURRENCY = "XXX"
"""What ISO 4217 calls the currency of a catalogue that names none."""

MAX_AMOUNT = 2**53 - 1
"""The largest amount of money that the protocol knows, in minor units."""

Shown = Mapping[str, Any]
"""An item as `trimtab.catalog.store.ItemStore.display` shows it, with its `description` where there is one."""

_ADDRESS = TypeAdapter(AnyHttpUrl)


class Products:
    """Makes products of shown items."""

    def __init__(self, currency: str | None, decimals: int) -> None:
        """
        Args:
            decimals: how many digits the currency's minor unit has.
        """
        self._currency = currency or NO_CURRENCY
        self._unit: int = 10**decimals

    def product(self, items: Sequence[Shown]) -> dict[str, Any]:
        """The product of items that are variants of each other; the first is shown first.

        An item without a price has the price 0 and is not available: the protocol has no product without one.
        """
        first = items[0]
        prices = [self._amount(one) for one in items if one["price"] is not None] or [0]
        options = options_of(items)
        found = {
            "id": first["item_id"],
            "title": first["title"],
            "description": {"plain": _description(first)},
            "price_range": {"min": self._price(min(prices)), "max": self._price(max(prices))},
            "variants": [self.variant(one, options) for one in items],
            "metadata": {"attributes": first.get("attributes", {})},
        }
        if first.get("brand"):
            found["brand"] = first["brand"]
        if first.get("category"):
            found["categories"] = [{"value": first["category"], "taxonomy": "merchant"}]
        if len(items) > 1 and options:
            found["options"] = [
                {"name": name, "values": [{"label": label} for label in labels]} for name, labels in options.items()
            ]
        return {**found, **_addresses(first)}

    def variant(self, item: Shown, options: Iterable[str] = ()) -> dict[str, Any]:
        """One item that can be bought.

        Args:
            options: the attributes in which it differs from other variants.
        """
        is_there = is_available(item)
        chosen = [{"name": name, "label": label} for name in options if (label := label_of(item, name)) is not None]
        return {
            "id": item["item_id"],
            "sku": item["item_id"],
            "title": item["title"],
            "description": {"plain": _description(item)},
            "price": self._price(self._amount(item)),
            "availability": {"available": is_there, "status": "in_stock" if is_there else "out_of_stock"},
            **({"options": chosen} if chosen else {}),
            **_addresses(item),
        }

    def _amount(self, item: Shown) -> int:
        price: float = item["price"] or 0.0
        return min(round(price * self._unit), MAX_AMOUNT)

    def _price(self, amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": self._currency}


def options_of(items: Sequence[Shown]) -> dict[str, list[str]]:
    """The attributes by which one of these items is chosen, each with its values in the order of the items.

    Those are the ones in which they differ; of numbers, which rather follow from what is chosen (a weight), those
    alone that tell items apart which are the same in words.
    """
    names = dict.fromkeys(name for item in items for name in item.get("attributes", {}))
    labels = {name: [label_of(item, name) for item in items] for name in names}
    differ = [name for name, some in labels.items() if len({label for label in some if label is not None}) > 1]
    found = [name for name in differ if not all(_is_number(item, name) for item in items)]

    def n_told_apart(by: Sequence[str]) -> int:
        return len(set(zip(*(labels[name] for name in by), strict=True))) if by else 1

    for name in (name for name in differ if name not in found):
        if n_told_apart([*found, name]) > n_told_apart(found):
            found.append(name)
    return {
        name: list(dict.fromkeys(label for label in labels[name] if label is not None))
        for name in names
        if name in found
    }


def _is_number(item: Shown, name: str) -> bool:
    value = item.get("attributes", {}).get(name)
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def label_of(item: Shown, name: str) -> str | None:
    """An item's value of an attribute, in words; None where it has none."""
    value = item.get("attributes", {}).get(name)
    if value is None or value == []:
        return None
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def is_available(item: Shown) -> bool:
    """Whether it can be bought."""
    return bool(item["in_stock"]) and item["price"] is not None


def has_selected(item: Shown, selected: Mapping[str, str]) -> bool:
    """Whether an item has all of what was selected.

    Args:
        selected: label by attribute.
    """
    return all((label_of(item, name) or "").casefold() == label.casefold() for name, label in selected.items())


def options_beside(items: Sequence[Shown], selected: Mapping[str, str]) -> list[dict[str, Any]]:
    """The options of a product, each value with whether there is such a variant, and one that can be bought.

    Args:
        selected: label by attribute: what else the variant has.
    """

    def value(name: str, label: str) -> dict[str, Any]:
        such = [item for item in items if has_selected(item, {**selected, name: label})]
        return {"label": label, "available": any(map(is_available, such)), "exists": bool(such)}

    return [
        {"name": name, "values": [value(name, label) for label in labels]} for name, labels in options_of(items).items()
    ]


def best_variant(items: Sequence[Shown], selected: Mapping[str, str], preferences: Sequence[str]) -> int:
    """The place of the item that has the most of what was selected, what matters more before what matters less.

    Args:
        selected: label by attribute.
        preferences: attributes by what matters most; those not named matter least.
    """
    order = [name for name in preferences if name in selected]
    order += [name for name in selected if name not in order]

    def kept(place: int) -> tuple[bool, ...]:
        return tuple(has_selected(items[place], {name: selected[name]}) for name in order)

    return max(range(len(items)), key=lambda place: (kept(place), bool(items[place]["in_stock"]), -place))


def _description(item: Shown) -> str:
    """The catalogue's own words for an item, or else its title and its attributes."""
    if item.get("description"):
        return str(item["description"])
    named = [
        f"{in_words(name)}: {label_of(item, name)}"
        for name in item.get("attributes", {})
        if label_of(item, name) is not None
    ]
    return ". ".join([item["title"], *named])


def is_whole_address(text: str | None) -> bool:
    """Whether a text is a URL by itself; one that a page completes is none elsewhere."""
    try:
        _ADDRESS.validate_python(text)
    except ValidationError:
        return False
    return True


def _addresses(item: Shown) -> dict[str, Any]:
    """Where an item's page and picture are, as far as the catalogue says so to somebody who is not on a page of it."""
    found: dict[str, Any] = {}
    if is_whole_address(item.get("url")):
        found["url"] = item["url"]
    if is_whole_address(item.get("image")):
        found["media"] = [{"type": "image", "url": item["image"], "alt_text": item["title"]}]
    return found
