"""The parts of a search whose time is measured are functions that are there."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter

import pytest

from benchmarks.serving.parts import PARTS


@pytest.mark.parametrize("part", PARTS)
def test_what_is_timed_exists(part: str) -> None:
    module, _, name = part.partition(":")
    assert callable(attrgetter(name)(import_module(f"trimtab.{module}")))
