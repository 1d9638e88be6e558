"""Features as one table: each name beside the function that gives its value, so that neither can be changed alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Facts = TypeVar("Facts")


def table_rows(table: Mapping[str, Callable[[Facts], float]], facts: Sequence[Facts]) -> NDArray[np.float32]:
    """[n, len(table)] the value of every feature, in the order of the table, for each of `facts`."""
    functions = tuple(table.values())
    rows = [[function(one) for function in functions] for one in facts]
    return np.asarray(rows, dtype=np.float32).reshape(len(facts), len(functions))
