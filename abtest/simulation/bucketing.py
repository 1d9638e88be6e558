"""The arms that many units are assigned to.

The hash is `trimtab.core.experiments.assignment`'s, so a simulated test and the service put the same user into the
same arm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from trimtab.core.experiments.assignment import arm_of

NOT_EXPOSED = -1


def assign(
    experiment: str, unit_ids: Iterable[str], shares: Mapping[str, float], *, exposure: float = 1.0
) -> NDArray[np.int64]:
    """[n] index of each unit's arm in the order of `shares`; `NOT_EXPOSED` where it takes no part."""
    index = {arm: number for number, arm in enumerate(shares)}
    chosen = (arm_of(experiment, unit, shares, exposure=exposure) for unit in unit_ids)
    return np.fromiter((NOT_EXPOSED if arm is None else index[arm] for arm in chosen), dtype=np.int64)
