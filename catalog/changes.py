"""Changes to a catalogue that serves: what an item is now, read by the rules of catalogue files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan
from typing import Any

import numpy as np
import polars as pl

from trimtab.catalog.cells import ATTRIBUTE_PREFIX, parsed_cells, squeeze
from trimtab.catalog.readers import cell_text
from trimtab.catalog.schema import COLUMNS
from trimtab.core.errors import BadParameter, did_you_mean

Item = Mapping[str, Any]
"""Values by column of the schema, as many as were given; an unknown price is None."""


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


def read_items(objects: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
    """JSON objects as items with the columns they give; null is what an empty cell is in a file.

    Raises:
        BadParameter: the first value that cannot be used; nothing is taken of the others.
    """
    _refuse_wrong_names(objects)
    header = [name for name in COLUMNS if any(name in one for one in objects) and name != "attributes"]
    named = [pl.Series(name, [_cell(one, name) for one in objects], pl.String) for name in header]
    cells = pl.DataFrame([*named, pl.Series("attributes", _attribute_texts(objects), pl.String)])
    parsed, problems = parsed_cells(cells)
    items: list[dict[str, Any]] = []
    first_of: dict[str, int] = {}
    for position, (given, row, problem) in enumerate(zip(objects, parsed.to_dicts(), problems, strict=True)):
        place = f"items[{position}]." if len(objects) > 1 else ""
        if problem is not None:
            raise _refusal(place, problem)
        item_id = row["item_id"]
        if first_of.setdefault(item_id, position) != position:
            raise BadParameter(f"{place}item_id", f"repeats items[{first_of[item_id]}]", "each item once")
        columns = [name for name in COLUMNS if name in given or (name == "attributes" and _has_attributes(given))]
        items.append({name: _plain(name, row[name]) for name in columns})
    return items


def _cell(given: Mapping[str, object], name: str) -> str | None:
    """The cell as text; a placeholder for a title that is not given, which may stay as it is."""
    return cell_text(given[name]) if name in given else "(as it is)" if name == "title" else None


def _attribute_texts(objects: Sequence[Mapping[str, object]]) -> list[str | None]:
    """What each object says in `attributes` and `attr_*`, the first given anywhere first, as one text.

    Only what is given takes room: a thousand objects may have as many names each, all different.
    """
    order: dict[str, int] = {"attributes": 0}
    for one in objects:
        for name in one:
            if name.startswith(ATTRIBUTE_PREFIX):
                order.setdefault(name, len(order))
    names = [sorted(one.keys() & order.keys(), key=order.__getitem__) for one in objects]
    given = [cell_text(one[name]) for one, its_names in zip(objects, names, strict=True) for name in its_names]
    squeezed = iter(pl.select(squeeze(pl.lit(pl.Series(given, dtype=pl.String)))).to_series().to_list())
    return [", ".join(filter(None, [next(squeezed) for _ in its_names])) for its_names in names]


def _refuse_wrong_names(objects: Sequence[Mapping[str, object]]) -> None:
    for position, one in enumerate(objects):
        place = f"items[{position}]." if len(objects) > 1 else ""
        for name in one:
            if name not in COLUMNS and not name.startswith(ATTRIBUTE_PREFIX):
                raise BadParameter(
                    f"{place}{name}",
                    "is not a column of an item" + did_you_mean(name, COLUMNS),
                    f"{', '.join(COLUMNS)}, attr_*",
                )
        if "item_id" not in one:
            raise BadParameter(f"{place}item_id", "is missing", COLUMNS["item_id"].meaning)


def _refusal(place: str, problem: str) -> BadParameter:
    """The error for a sentence of `trimtab.catalog.cells`, which begins with the column it is about."""
    name, _, rest = problem.partition(" ")
    says, _, allowed = rest.partition("; allowed: ")
    return BadParameter(f"{place}{name}", says, allowed or COLUMNS[name].meaning)


def _has_attributes(given: Mapping[str, object]) -> bool:
    return any(name.startswith(ATTRIBUTE_PREFIX) for name in given)


def plain(value: float) -> float | None:
    """A number of 32 bits as the shortest one that is the same there (3.99, not 3.990000009536743); NaN is None."""
    return None if isnan(value) else float(str(np.float32(value)))


def _plain(name: str, value: Any) -> Any:
    if value is None:
        value = COLUMNS[name].default
    return plain(value) if isinstance(value, float) else value
