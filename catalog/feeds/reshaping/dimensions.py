"""Texts with the sides of a thing (`100 x 45 x 80 cm`) as numbers by themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from trimtab.catalog.attributes.definition import Attribute, label_of
from trimtab.catalog.feeds.columns.attributes.attribute_layout import AttributeLayout
from trimtab.catalog.feeds.columns.evidence import ColumnEvidence
from trimtab.text.numbers import plain_text

SIDES = {
    "length": "l length länge longueur largo longitud lunghezza comprimento lengte længde längd długość délka",
    "width": "w b width breite largeur ancho anchura larghezza largura breedte bredde bredd szerokość šířka",
    "depth": "d t p depth tiefe profondeur profundidad fondo profondità profundidade diepte dybde djup głębokość",
    "height": "h a height höhe hauteur alto altura altezza hoogte højde höjd wysokość výška",
}
"""Side -> its initials and names."""
MOSTLY = 0.9
"""The share of cells that have to be of as many sides."""
_NUMBER = r"\d+(?:[.,]\d+)?"
_MARK = r"(?:\(?[^\W\d_]{1,12}\)?[.:]?)"
_SIDE = rf"(?:{_MARK}\s*)?({_NUMBER})\s*(mm|cm|m|in|inch|inches|ft|\"|''|″)?\s*(?:\([^\W\d_]\)|[^\W\d_])?"
_TEXT = re.compile(rf"{_SIDE}\s*[x×*/]\s*{_SIDE}(?:\s*[x×*/]\s*{_SIDE})?", re.IGNORECASE)
_INITIALS = re.compile(r"(?<![^\W_])([^\W\d_])[ _]*[x×*/]?[ _]*([^\W\d_])(?:[ _]*[x×*/]?[ _]*([^\W\d_]))?(?![^\W_])")


@lru_cache(maxsize=65_536)
def sides_in(text: str) -> tuple[tuple[str, ...], str]:
    """The numbers of a text that is nothing but sides, as they are written, and their unit; none where it is not."""
    found = _TEXT.fullmatch(plain_text(text).strip())
    if found is None:
        return (), ""
    units = {unit for unit in found.group(2, 4, 6) if unit}
    return tuple(filter(None, found.group(1, 3, 5))), units.pop() if len(units) == 1 else ""


def sides_of(text: AttributeLayout, column: ColumnEvidence) -> list[AttributeLayout]:
    """An attribute for each side that nearly all cells of a column of text have in one unit; none for other columns."""
    if text.attribute.kind != "text" or text.attribute.multi:
        return []
    read = [sides_in(value) for value in column.distinct]
    n_sides, unit = max(map(len, (sides for sides, _ in read)), default=0), next((unit for _, unit in read if unit), "")
    alike = sum(len(sides) == n_sides and one == unit for sides, one in read)
    if n_sides < 2 or not unit or alike < MOSTLY * len(read):
        return []
    names = _names(text.source, n_sides)
    return [
        replace(text, attribute=_side(f"{text.attribute.name}.{name}", unit), side=place, separator=None)
        for place, name in enumerate(names)
    ]


def _side(name: str, unit: str) -> Attribute:
    usual = Attribute.usual(name, "number", label=label_of(name.replace(".", " ")))
    return replace(usual, unit=unit, search=False)


def _names(column: str, n_sides: int) -> list[str]:
    """What the sides are called, by initials in the column's name (`Masse (BxHxT)`), else by their place."""
    for found in _INITIALS.finditer(column):
        initials = [letter.lower() for letter in found.groups() if letter]
        names = [next((side for side, known in SIDES.items() if letter in known.split()), "") for letter in initials]
        if len(names) == n_sides and all(names) and len(set(names)) == n_sides:
            return names
    return [str(place + 1) for place in range(n_sides)]
