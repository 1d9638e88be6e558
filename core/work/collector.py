"""Work that makes many objects and hardly a cycle, without the collector of cycles looking at all of them between."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

USUAL = gc.get_threshold()
"""After how many new objects each generation is looked at in a process that says nothing of it."""

SELDOM = 10_000
"""After how many the first one is, in one that is about to import a lot."""


@contextmanager
def collector_seldom() -> Iterator[None]:
    """Have the collector of cycles look less often: a command imports some hundred thousand objects, and they stay."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector of cycles in this process."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
