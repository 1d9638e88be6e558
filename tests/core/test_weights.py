from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import BadParameter, BadWeight
from trimtab.core.weights import format_weights, normalise, parse_policy

KNOWN = ("relevance", "revenue", "diversity")
positive = st.floats(1e-6, 1.7e308)


@given(st.dictionaries(st.sampled_from(KNOWN), positive, min_size=1))
def test_normalised_weights_are_a_point_on_the_simplex_of_all_objectives(raw: dict[str, float]) -> None:
    weights = normalise(raw, KNOWN)
    assert tuple(weights) == KNOWN
    assert math.fsum(weights.values()) == pytest.approx(1)
    assert all(weights[name] == 0 for name in KNOWN if name not in raw)
    assert normalise(weights, KNOWN) == weights


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"revenue": -0.1}, "revenue"),
        ({"revenue": math.nan}, "revenue"),
        ({"revenue": math.inf}, "revenue"),
        ({"relevance": 0.0}, "weights"),
        ({}, "weights"),
        ({"margin": 1.0}, "margin"),
    ],
)
def test_what_is_no_weight_is_named_with_what_is_allowed(raw: dict[str, float], named: str) -> None:
    with pytest.raises(BadWeight) as caught:
        normalise(raw, KNOWN)
    assert caught.value.name == named
    assert caught.value.allowed
    spelt = "weights" if named == "weights" else f"w_{named}"
    assert caught.value.spelt("w_").name == spelt


def test_an_unknown_objective_is_named_as_its_caller_spells_it() -> None:
    with pytest.raises(BadWeight) as caught:
        normalise({"revenu": 1.0}, KNOWN)
    assert str(caught.value).startswith("revenu: no such objective in this bundle (did you mean 'revenue'?); allowed: ")
    over_http = str(caught.value.spelt("w_"))
    assert over_http.startswith("w_revenu: no such objective in this bundle (did you mean 'w_revenue'?); allowed: w_")


def test_a_policy_is_read_and_written() -> None:
    name, weights = parse_policy("expensive=w_relevance:0.7,w_revenue:0.3")
    assert name == "expensive"
    assert parse_policy(f"x={format_weights(weights)}") == ("x", weights)


@pytest.mark.parametrize("text", ["", "a", "a=", "=w_x:1", "a=x:1", "a=w_x:one", "a=w_x"])
def test_a_policy_that_cannot_be_read_shows_the_form(text: str) -> None:
    with pytest.raises(BadParameter, match="NAME=w_relevance"):
        parse_policy(text)
