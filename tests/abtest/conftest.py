"""A world and a log that the tests of this package share."""

from __future__ import annotations

from pathlib import Path

import pytest

from abtest.simulate import simulate
from abtest.world import World, world_of
from engine import Engine


@pytest.fixture(scope="session")
def world(engine: Engine) -> World:
    return world_of(engine)


@pytest.fixture(scope="session")
def log(engine: Engine, world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 explored impressions of the small grocery shop at the bundle's default weights. Not to be written to."""
    out = tmp_path_factory.mktemp("logs") / "log"
    simulate(engine, 3000, out, seed=1, world=world)
    return out
