"""The assignment of units to the arms of an experiment: a deterministic, documented hash, the same in the service and
in every simulated test.

A unit (a user, a session) stands at `place(experiment, ..., unit_id)` in [0, 1): the first 53 bits of BLAKE2b with an
8-byte digest (RFC 7693) over the parts in UTF-8, each preceded by its length in 4 bytes, big-endian, divided by 2^53.
Exposure and arm use two independent places, so that raising the exposure of an experiment adds units to it and never
moves one from one arm to another. `docs/evaluation.md` prints golden vectors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from trimtab.core.errors import BadParameter
from trimtab.core.seeds import seed_of

SHARE_TOLERANCE = 1e-9


def place(*parts: object) -> float:
    """[0, 1), uniform over different parts, equal for equal parts on every machine."""
    # No more bits than a double holds: none rounds up to 1.
    return (seed_of(*parts) >> 10) / 2.0**53


def arm_of(experiment: str, unit_id: str, shares: Mapping[str, float], *, exposure: float = 1.0) -> str | None:
    """The arm that a unit is assigned to.

    Args:
        experiment: the experiment's key; two experiments split the same people independently.
        unit_id: the user or session to assign.
        shares: arm -> share of the exposed, in a fixed order, summing to 1.
        exposure: share of all units that take part, 0 to 1; raising it keeps everyone where they are.

    Returns:
        None for a unit that does not take part.

    Raises:
        BadParameter: shares that are negative or do not sum to 1, an exposure outside 0..1.
    """
    if not 0 <= exposure <= 1:
        raise BadParameter("exposure", f"{exposure} is not a share", "0 to 1")
    if not shares or min(shares.values()) < 0 or abs(math.fsum(shares.values()) - 1) > SHARE_TOLERANCE:
        raise BadParameter("shares", f"{dict(shares)} is not a split", "shares of 0 or more that sum to 1")
    if place(experiment, "exposure", unit_id) >= exposure:
        return None
    # The word is part of the published hash: another one would move every user to another arm.
    at = place(experiment, "variant", unit_id)
    edge = 0.0
    chosen = None
    for arm, share in shares.items():
        if share > 0:
            chosen = arm
        edge += share
        if at < edge:
            break
    return chosen
