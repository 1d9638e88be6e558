"""When memory is tidied up: once a minute, and not in the middle of whatever has just taken some.

The collector of cycles looks at all objects that are not frozen, which holds every thread up for tens of milliseconds
where the catalogue has thousands of new items; left to itself it does so after every large request. Cycles that live
for seconds only are found by its other two generations as before; replaced states of the catalogue, which are large, by
who replaces them (`trimtab.engine.live.states`).
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

from trimtab.core.work.collector import USUAL

EVERY_SECONDS = 60.0
NEVER = 2**31 - 1


def freeze() -> None:
    """Leave what is there out of what the collector looks at, and have it look at everything in `tidy` alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*USUAL[:2], NEVER)


def tidy() -> None:
    """Collect all cycles, and give pages back that nothing is left on: glibc keeps those that large requests took."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
