"""Places on the earth: as feeds and requests write them, and the distances between them."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_RADIUS = {"km": 6371.0088, "mi": 3958.7613}
"""The mean radius of the earth in each unit of distances."""
DECIMALS = 3
"""Places of shoppers are kept to that many decimals of a degree, about 100 m: a log need not know a house."""

_NUMBER = r"([+-]?\d{1,3}(?:\.\d+)?)"
_PAIR = re.compile(rf"(?:geo:|[(\[])?\s*{_NUMBER}\s*[,;\s]\s*{_NUMBER}\s*(?:[,;].*|[)\]])?", re.IGNORECASE)
"""Latitude first; behind them what a `geo:` address says of height and precision."""
_POINT = re.compile(rf"(?:srid=\d+;)?point\s*\(\s*{_NUMBER}\s+{_NUMBER}\s*\)", re.IGNORECASE)
"""Well-known text has the longitude first."""
_WITH_COMMAS = re.compile(r"[+-]?\d{1,3},\d+\s*[;\s]\s*[+-]?\d{1,3},\d+")


class Place(NamedTuple):
    """Degrees north and east."""

    latitude: float
    longitude: float

    @property
    def is_on_earth(self) -> bool:
        """Whether there is such a place."""
        return abs(self.latitude) <= 90 and abs(self.longitude) <= 180

    def __str__(self) -> str:
        return f"{self.latitude:g},{self.longitude:g}"

    def rounded(self) -> Place:
        """The place to `DECIMALS`, as somebody's whereabouts are kept."""
        return Place(round(self.latitude, DECIMALS), round(self.longitude, DECIMALS))


def parse_place(text: str) -> Place | None:
    """The place that a pair of numbers means, latitude first, of `POINT(...)` longitude first; None for other texts."""
    plain = text.strip()
    if _WITH_COMMAS.fullmatch(plain):
        plain = plain.replace(",", ".")
    if found := _POINT.fullmatch(plain):
        place = Place(float(found[2]), float(found[1]))
    elif found := _PAIR.fullmatch(plain):
        place = Place(float(found[1]), float(found[2]))
    else:
        return None
    return place if place.is_on_earth else None


def distances(near: Place | tuple[Floats, Floats], latitudes: Floats, longitudes: Floats, unit: str = "km") -> Floats:
    """[n] great-circle distances from a place, or from [n] of them; nan where a place is not known."""
    here, there = np.radians(near[0]), np.radians(latitudes)
    up, along = (there - here) / 2, (np.radians(longitudes) - np.radians(near[1])) / 2
    chord = np.sin(up) ** 2 + np.cos(here) * np.cos(there) * np.sin(along) ** 2
    return np.asarray(2 * EARTH_RADIUS[unit] * np.arcsin(np.sqrt(np.clip(chord, 0, 1))))
