"""Objective weights: read from text, divided by their sum, written as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from trimtab.core.errors import BadParameter, BadWeight, did_you_mean

RELEVANCE = "relevance"
"""The objective that every bundle has and receipts compare with."""

DIVERSITY = "diversity"
"""The one objective that is a property of the slate and not of an item; every bundle has it."""

PREFIX = "w_"
"""Before the name of an objective, the parameter of its weight over HTTP and in policies."""


def loss_parameter(objective: str) -> str:
    """The parameter that bounds how much of an objective may be given up."""
    return f"max_{objective}_loss"


def objective_of_loss(parameter: str) -> str | None:
    """The objective that such a parameter bounds; None where it is not one."""
    name = parameter.removeprefix("max_").removesuffix("_loss")
    return name if parameter == loss_parameter(name) else None


def require_bounds(bounded: Iterable[str], objectives: Sequence[str]) -> None:
    """Check that what may be lost is lost of objectives.

    Raises:
        BadParameter: one of those that are bounded is not one.
    """
    for name in bounded:
        if name not in objectives:
            known = ", ".join(map(loss_parameter, objectives))
            raise BadParameter(loss_parameter(name), f"no such objective{did_you_mean(name, objectives)}", known)


def normalise(weights: Mapping[str, float], known: Iterable[str]) -> dict[str, float]:
    """Divide non-negative weights by their sum.

    Args:
        weights: raw weight by objective; objectives left out count as 0.
        known: every objective of the bundle, `diversity` among them.

    Returns:
        A weight for every known objective, in the order of `known`, summing to 1.

    Raises:
        BadWeight: an unknown objective, a weight that is negative or not finite, or all zero.
    """
    known = tuple(known)
    for name, value in weights.items():
        if name not in known:
            raise BadWeight(name, "no such objective in this bundle", objectives=known)
        if not math.isfinite(value) or value < 0:
            raise BadWeight(name, f"{value} cannot be a weight", "a finite number of 0 or more")
    if math.isclose(sum(weights.values()), 1, rel_tol=1e-12):
        # Another division would move the last digit: what was normalised and logged must come back as it was.
        return {name: float(weights.get(name, 0.0)) for name in known}
    largest = max((weights.get(name, 0.0) for name in known), default=0.0)
    if largest <= 0:
        raise BadWeight(None, "all are 0", "at least one above 0 of ", known)
    # Dividing by the largest first keeps the sum finite for weights near the end of the float range.
    scaled = {name: weights.get(name, 0.0) / largest for name in known}
    total = math.fsum(scaled.values())
    return {name: value / total for name, value in scaled.items()}


def parse_policy(text: str) -> tuple[str, dict[str, float]]:
    """Read `NAME=w_relevance:0.7,w_revenue:0.3` into a name and its raw weights.

    Raises:
        BadParameter: the text does not have that form.
    """
    allowed = "NAME=w_relevance:0.7,w_revenue:0.3"
    name, equals, body = text.partition("=")
    if not equals or not name.strip() or not body.strip():
        raise BadParameter("--policy", f"cannot read {text!r}", allowed)
    weights: dict[str, float] = {}
    for part in body.split(","):
        key, colon, value = part.strip().partition(":")
        if not colon or not key.startswith(PREFIX):
            raise BadParameter("--policy", f"cannot read {part!r} in {text!r}", allowed)
        try:
            weights[key.removeprefix(PREFIX)] = float(value)
        except ValueError:
            raise BadParameter("--policy", f"{value!r} in {text!r} is not a number", allowed) from None
    return name.strip(), weights


def format_weights(weights: Mapping[str, float]) -> str:
    """The inverse of the right-hand side of `parse_policy`, for logs and tables."""
    return ",".join(f"{PREFIX}{name}:{value:g}" for name, value in weights.items())
