"""`shop.toml` written from its model, for a person to edit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from trimtab.catalog.shop import Shop
from trimtab.core.weights import loss_parameter

HEAD = """# What trimtab took the columns of {source} for. Change what is wrong and build again:
#   trimtab build {source} --shop shop.toml --out BUNDLE
# A column without a section is taken for what it looks like; one whose search, filter, facet and sort are all false
# is left out, unless an objective reads it.
"""


MARGIN = """
# What an item earns, as an objective that searches can be steered by (w_margin):
# [objectives.margin]
# head = "purchase"
# value = "price - {cost}"
"""


def shop_text(shop: Shop, source: str = "", costs: Sequence[str] = ()) -> str:
    """The file that reads as `shop`; what a section leaves at its default is left out.

    Args:
        source: the feed it was inferred from, named in a comment.
        costs: what the shop pays for an item, by the names of the attributes: a comment has an objective made of one.
    """
    head = HEAD.format(source=source) if source else ""
    cost = next((one if one.isidentifier() else json.dumps(json.dumps(one))[1:-1] for one in costs), None)
    tail = "" if cost is None or shop.objectives else MARGIN.format(cost=cost)
    return head + "\n".join(_lines(shop)).strip() + "\n" + tail


def _lines(shop: Shop) -> Iterator[str]:
    for section, model in shop:
        values = _values(model)
        if section == "catalogue":
            values = {**{key: one for key, one in values.items() if key != "columns"}, **shop.catalogue.columns}
        if section == "defaults":
            losses = {loss_parameter(name): share for name, share in shop.defaults.max_losses.items()}
            values = {**{key: one for key, one in values.items() if key != "max_losses"}, **losses}
        if isinstance(model, Mapping):
            for name, one in model.items():
                yield from _table(f"{section}.{_key(name)}", _values(one))
        elif values:
            yield from _table(section, values)


def _values(model: Any) -> dict[str, Any]:
    return model.model_dump(exclude_defaults=True) if isinstance(model, BaseModel) else {}


def _table(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n[{name}]"
    for key, value in values.items():
        if value is not None:
            yield f"{_key(key)} = {_value(value)}"


def _key(name: str) -> str:
    return (
        name
        if name.isascii() and name.replace("_", "").replace("-", "").isalnum()
        else json.dumps(name, ensure_ascii=False)
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
