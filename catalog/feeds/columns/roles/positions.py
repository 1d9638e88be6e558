"""Where the items of a feed are: two columns of degrees, or one with pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from trimtab.catalog.cells import read_number
from trimtab.catalog.feeds.columns.evidence import ENOUGH, ColumnEvidence
from trimtab.catalog.feeds.rows import Value, first_text
from trimtab.catalog.places import PLACE
from trimtab.core.places import Place, parse_place
from trimtab.text.numbers import NumberFormat

LOCATION = "location"
HIGHEST = {"latitude": 90.0, "longitude": 180.0}


def without_other_meanings(roles: Mapping[str, str], columns: Mapping[str, ColumnEvidence]) -> dict[str, str]:
    """The roles, without those of a place that the columns' values do not bear out."""
    kept = dict(roles)
    if not all(name in roles and _are_degrees(columns[roles[name]], HIGHEST[name]) for name in PLACE):
        for name in PLACE:
            kept.pop(name, None)
    if LOCATION in roles and not are_pairs(columns[roles[LOCATION]]):
        del kept[LOCATION]
    return kept


def places_in(roles: Mapping[str, str], cells: Mapping[str, Value]) -> Iterator[tuple[str, Place | None]]:
    """What each column that says where a row's item is has; None for what cannot be read."""
    if all(roles.get(name) in cells for name in PLACE):
        degrees = [_degrees(first_text(cells[roles[name]])) for name in PLACE]
        place = None if None in degrees else Place(*(one for one in degrees if one is not None))
        yield roles[PLACE[0]], place if place is not None and place.is_on_earth else None
    if roles.get(LOCATION) in cells:
        yield roles[LOCATION], _pair(cells[roles[LOCATION]])


def _degrees(text: str) -> float | None:
    """A number with a decimal point or comma: degrees have no thousands."""
    return read_number(text.rstrip("° "), NumberFormat("," if "," in text else "."))


def _pair(value: Value) -> Place | None:
    """A text with both, or a list of two numbers, of which GeoJSON has the longitude first."""
    if not isinstance(value, list):
        return parse_place(str(value))
    if len(value) != 2 or not all(isinstance(one, int | float) for one in value):
        return None
    return parse_place(f"{value[1]},{value[0]}")


def _are_degrees(column: ColumnEvidence, highest: float) -> bool:
    return _nearly_all(column, lambda text: (read := _degrees(text)) is not None and abs(read) <= highest)


def are_pairs(column: ColumnEvidence) -> bool:
    """Whether nearly all cells of a column have a latitude and a longitude."""
    if column.n_lists >= ENOUGH * column.n > 0:
        return column.n_typed == column.n_values == 2 * column.n
    return _nearly_all(column, lambda text: parse_place(text) is not None)


def _nearly_all(column: ColumnEvidence, holds: Callable[[str], bool]) -> bool:
    n_held = sum(n for text, n in column.distinct.items() if holds(text))
    return n_held >= ENOUGH * column.distinct.total() > 0
