"""Memory is tidied up now and then, and not whenever a large request has made objects."""

from __future__ import annotations

import gc
import weakref

from trimtab.service.tidying import freeze, tidy


class Ring:
    """An object that leads to itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_has_lived_for_a_while_is_looked_at_by_tidying_alone() -> None:
    before = gc.get_threshold()
    try:
        freeze()
        ring = Ring()
        known = weakref.ref(ring)
        gc.collect(1)
        gc.collect(1)
        del ring
        made = [[number] for number in range(100_000)]
        assert known() is not None
        del made
        tidy()
        assert known() is None
        young = weakref.ref(Ring())
        gc.collect(1)
        assert young() is None, "what has not lived long is found as before"
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
