"""Memory that this process takes while something runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RESET_PEAK = "5"
"""What the kernel takes to forget the highest resident size so far."""


@contextmanager
def peak_memory() -> Iterator[Callable[[], float]]:
    """Measure from here on; gives a function that says by how many MB the process was larger at its largest."""
    before = _status_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    yield lambda: _status_mb("VmHWM") - before


def _status_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024
