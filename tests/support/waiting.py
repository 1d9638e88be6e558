"""Waiting for what another thread or process does in its own time: for a condition, with a bound, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120
PAUSE_SECONDS = 0.02
"""Between two questions, so that the processor is left to what is waited for."""


def eventually(condition: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come true"
        time.sleep(PAUSE_SECONDS)
