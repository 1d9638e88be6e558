"""Changes to a catalogue that serves: what an item is now, read by the rules of catalogue files."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from math import isnan
from typing import Any

import numpy as np
import polars as pl

from trimtab.catalog.attributes.columns import attribute_of_value
from trimtab.catalog.attributes.definition import PREFIX, Attribute, is_built_in
from trimtab.catalog.attributes.values import Unreadable, flattened, plain_values, read_values
from trimtab.catalog.cells import NO_RULES, CellRules, coarsest, read_columns
from trimtab.catalog.feeds.attribute_cells import prepared
from trimtab.catalog.feeds.columns.attributes.attribute_layout import AttributeLayout
from trimtab.catalog.feeds.rows import clean_name
from trimtab.catalog.schema import COLUMNS, DTYPES, MAX_TEXT_BYTES
from trimtab.catalog.shop import Shop
from trimtab.core.courtesy import politely
from trimtab.core.errors import BadParameter, did_you_mean
from trimtab.text.numbers import UNDECIDED

Item = Mapping[str, Any]
"""Values by column of the schema and `attr_*`, as many as were given; an unknown price is None, and so is an attribute
that is taken away. Those of attributes are as JSON has them."""

NO_ATTRIBUTES: Mapping[str, Attribute] = {}
MAX_NAME = 200
"""Characters of an attribute's name."""
MAX_NEW_NAMES = 1000
"""Attributes that changes may bring to a catalogue that was not built with them: each takes time at every change."""
MAX_SHOWN = 60
"""Characters of a value that an error shows."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one request changed: all of it or nothing.

    Attributes:
        version: 1 for the first change of a catalogue, then one more each.
        timestamp: later than that of the change before.
        put: items to be made or changed; columns that are not given stay as they are.
        delete: item_ids to be taken away.
    """

    version: int
    timestamp: datetime
    put: Sequence[Item] = field(default=())
    delete: Sequence[str] = field(default=())


def read_items(
    objects: Sequence[Mapping[str, object]],
    attributes: Mapping[str, Attribute] = NO_ATTRIBUTES,
    rules: CellRules = NO_RULES,
) -> list[dict[str, Any]]:
    """JSON objects as items with what they give; null is what an empty cell is in a file.

    An attribute is named as it is or as `attr_NAME`, a member of an object in it by its path (`size.width`).

    Args:
        attributes: of the catalogue; one that is not there is new, and needs the longer name.
        rules: by which the catalogue's feed was read.

    Raises:
        BadParameter: the first value that cannot be used; nothing is taken of the others.
    """
    named = [dict(_flat(one, attributes)) for one in politely(objects)]
    _refuse_wrong_names(named, attributes)
    refuse_many_new_names(chain.from_iterable(named), attributes)
    header = [name for name in COLUMNS if any(name in one for one in named)]
    parsed, problems = read_columns({name: [_cell(one, name) for one in named] for name in header}, rules)
    items: list[dict[str, Any]] = []
    first_of: dict[str, int] = {}
    for position, (given, row, problem) in enumerate(
        politely(zip(named, pl.DataFrame(parsed).to_dicts(), problems, strict=True))
    ):
        place = f"items[{position}]." if len(objects) > 1 else ""
        if problem is not None:
            raise _refusal(place, problem)
        item_id = row["item_id"]
        if first_of.setdefault(item_id, position) != position:
            raise BadParameter(f"{place}item_id", f"repeats items[{first_of[item_id]}]", "each item once")
        columns = {name: plain_cell(name, row[name]) for name in COLUMNS if name in given}
        items.append({**columns, **_attribute_values(place, given, attributes, rules)})
    return items


def with_known_names(
    objects: Iterable[Mapping[str, object]], shop: Shop, attributes: Mapping[str, Attribute]
) -> list[dict[str, object]]:
    """Objects whose members may be called as the shop's feed calls its columns, by the catalogue's names."""
    known = {*COLUMNS, *attributes}
    names = {clean_name(one.column): name for name, one in shop.attributes.items() if one.column and name in known}
    names |= {clean_name(column): role for role, column in shop.catalogue.columns.items() if role in known}
    return [dict(sorted(_renamed(one, names, known), key=lambda pair: pair[0] in one)) for one in objects]


def _renamed(
    given: Mapping[str, object], names: Mapping[str, str], known: Collection[str]
) -> Iterable[tuple[str, object]]:
    for name, value in given.items():
        is_plain = name in known or name.startswith(PREFIX)
        yield name if is_plain else names.get(clean_name(name), name), value


def _flat(given: Mapping[str, object], attributes: Mapping[str, Attribute]) -> Iterable[tuple[str, object]]:
    """What an object gives, attributes as `attr_*`; `attributes` may be a text, or an object with several of them.

    The paths of categories are an attribute, and the first step of the first one is the column, whichever is given.
    """
    paths = PREFIX + "category"
    for name, value in given.items():
        if name == "attributes" and isinstance(value, Mapping):
            yield from _flat({PREFIX + path: one for path, one in flattened("", value)}, attributes)
        elif name in ("category", paths) and "category" in attributes:
            if name == paths or paths not in given:
                yield paths, value
                yield "category", coarsest(value)
        elif name in COLUMNS:
            yield name, value
        else:
            is_attribute = name.startswith(PREFIX) or name in attributes
            for path, one in flattened(name, value):
                is_known = is_attribute or path in attributes
                yield (PREFIX + path.removeprefix(PREFIX) if is_known else path), one


def _attribute_values(
    place: str, given: Mapping[str, object], attributes: Mapping[str, Attribute], rules: CellRules
) -> dict[str, Any]:
    """The attributes that an object gives, as JSON has them; read by the rules of the cells of a feed."""
    number_format = rules.formats.get("price", UNDECIDED)
    values: dict[str, Any] = {}
    for column, value in given.items():
        if not column.startswith(PREFIX):
            continue
        name = column.removeprefix(PREFIX)
        attribute = attributes.get(name) or attribute_of_value(name, value)
        try:
            layout = AttributeLayout(name, attribute, number_format)
            parts = value if isinstance(value, list | tuple) else [value]
            several = [prepared(layout, part, rules) for part in parts if part is not None]
            values[column] = plain_values(attribute, read_values(attribute, several))
        except Unreadable as error:
            raise BadParameter(f"{place}{column}", f"is {_shown(value)}", str(error)) from None
        if len(str(value).encode()) > MAX_TEXT_BYTES:
            raise BadParameter(f"{place}{column}", "is too long", f"up to {MAX_TEXT_BYTES:,} bytes of text")
    return values


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _cell(given: Mapping[str, object], name: str) -> object:
    """What is given; a placeholder for a title that is not, which may stay as it is."""
    return given.get(name, "(as it is)" if name == "title" else None)


def _refuse_wrong_names(objects: Sequence[Mapping[str, object]], attributes: Mapping[str, Attribute]) -> None:
    for position, one in enumerate(politely(objects)):
        place = f"items[{position}]." if len(objects) > 1 else ""
        for name in one:
            if len(name) > MAX_NAME:
                raise BadParameter(f"{place}{_shown(name)}", "has too long a name", f"up to {MAX_NAME} characters")
            if name not in COLUMNS and not name.removeprefix(PREFIX).strip():
                raise BadParameter(f"{place}{name}", "names no attribute", "attr_NAME")
            if name not in COLUMNS and not name.startswith(PREFIX):
                raise BadParameter(
                    f"{place}{name}",
                    "is not a column of an item" + did_you_mean(name, (*COLUMNS, *attributes)),
                    f"{', '.join(COLUMNS)}, attr_*",
                )
            if is_built_in(name, attributes):
                plain = name.removeprefix(PREFIX)
                raise BadParameter(
                    f"{place}{name}",
                    "would stand in the place of a column that all items have",
                    f"{plain} by itself, or an attribute of another name" if plain in COLUMNS else "another name",
                )
        if "item_id" not in one:
            raise BadParameter(f"{place}item_id", "is missing", COLUMNS["item_id"].meaning)


def refuse_many_new_names(columns: Iterable[str], known: Container[str], n_beside: int = 0) -> None:
    """Check that a change brings no more attributes than a catalogue may get without being built.

    Args:
        columns: the names of columns and `attr_*` that are given, as often as they are.
        known: the attributes that there are.
        n_beside: how many of these the catalogue was not built with.

    Raises:
        BadParameter: there are too many.
    """
    names = (column.removeprefix(PREFIX) for column in set(columns) if column.startswith(PREFIX))
    n_new = sum(name not in known for name in names)
    if n_new and n_beside + n_new > MAX_NEW_NAMES:
        raise BadParameter(
            "items",
            f"name {n_new:,} attributes that the catalogue does not have"
            + (f", beside {n_beside:,} that it was not built with" if n_beside else ""),
            f"{MAX_NEW_NAMES:,} new ones until it is built again (trimtab build)",
        )


def _refusal(place: str, problem: str) -> BadParameter:
    """The error for a sentence of `trimtab.catalog.cells`, which begins with the column it is about."""
    name, _, rest = problem.partition(" ")
    says, _, allowed = rest.partition("; allowed: ")
    return BadParameter(f"{place}{name}", says, allowed or COLUMNS[name].meaning)


def plain(value: Any) -> Any:
    """A value of a column of numbers as JSON has it; NaN is None.

    A number of 32 bits is the shortest one that is the same there (3.99, not 3.990000009536743).
    """
    if isinstance(value, np.float32):
        value = float(str(value))
    elif isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and isnan(value) else value


def plain_cell(name: str, value: Any) -> Any:
    """The value of a column of the schema as JSON has it; its default where there is none."""
    column = COLUMNS[name]
    if value is None:
        value = column.default
    return plain(np.float32(value)) if DTYPES[column.kind] is pl.Float32 else plain(value)
