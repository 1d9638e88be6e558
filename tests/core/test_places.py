"""Places and distances: forms of writing, refusals, and distances that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.places import Place, distances, parse_place

PARIS, LYON = Place(48.857, 2.352), Place(45.764, 4.836)


@pytest.mark.parametrize(
    "text",
    [
        "48.857,2.352", " 48.857 , 2.352 ", "48.857 2.352", "48.857;2.352", "(48.857, 2.352)", "[48.857,2.352]",
        "geo:48.857,2.352", "geo:48.857,2.352;u=35", "geo:48.857,2.352,35", "POINT(2.352 48.857)",
        "SRID=4326;POINT (2.352 48.857)", "48,857 2,352", "48,857; 2,352",
    ],
)  # fmt: skip
def test_a_pair_of_degrees_is_read_however_it_is_written(text: str) -> None:
    assert parse_place(text) == PARIS


@pytest.mark.parametrize("text", ["", "Paris", "48.857", "91,2", "48,181", "48.857,2.352 Paris", "1e5,2", "nan,nan"])
def test_what_is_no_place_is_none(text: str) -> None:
    assert parse_place(text) is None


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_place_reads_as_it_is_written(latitude: float, longitude: float) -> None:
    place = Place(latitude, longitude).rounded()
    assert parse_place(str(place)) == place


def test_distances_are_those_of_the_map() -> None:
    away = distances(PARIS, *np.array([PARIS, LYON, (np.nan, 2), (-48.857, 2.352 - 180)]).T)
    assert away[:2] == pytest.approx([0, 392], abs=1)
    assert np.isnan(away[2])
    assert away[3] == pytest.approx(np.pi * 6371, rel=1e-3)  # the other side of the earth
    assert distances(PARIS, *np.array([LYON]).T, "mi")[0] == pytest.approx(away[1] / 1.609344, rel=1e-4)
