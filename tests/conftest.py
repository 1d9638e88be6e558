"""What every test may ask for: the shared data, one small real bundle, and a log of it, made once."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from tests.support.bundles import build_small, some_aisles, three_bundles
from tests.support.made_once import made_once
from tests.support.redis_servers import RedisProcess, running_redis
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World, grocery_world
from trimtab.catalog.datasets.grocery import Grocery, load_grocery
from trimtab.core.work.collector import collector_paused
from trimtab.engine import Engine

# How long an example takes says how busy the machine is.
settings.register_profile("trimtab", deadline=None)
settings.load_profile("trimtab")

FIRST = ("tests/abtest/test_agree.py", "tests/core/", "tests/text/")
"""While one process of those that run the tests builds the bundle of the first file, another has files without one."""

TESTS = Path(__file__).resolve().parent
SHARED_DATA = TESTS.parents[1] / "shared" / "data"


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Nothing that is collected becomes garbage: the collector of cycles need never look at it."""
    with collector_paused():
        _import_from_the_end(session)
        result = yield
    gc.freeze()
    return result


def _import_from_the_end(session: pytest.Session) -> None:
    """One of two processes that collect everything begins at the end, so that each compiles half of it.

    What pytest makes of the assertions of a file is kept, and making it takes longer than all else of collecting it.
    """
    is_everything = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if not is_everything or os.environ.get("PYTEST_XDIST_WORKER") != "gw1":
        return
    for path in sorted(TESTS.rglob("test_*.py"), reverse=True):
        with contextlib.suppress(Exception):  # it is said when the file is collected
            import_module(".".join(path.relative_to(TESTS.parent).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((n for n, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST)))
    if SHARED_DATA.is_dir():
        return
    skip = pytest.mark.skip(reason="the data folder ../shared/data is not here")
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(skip)


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TRIMTAB_") or name == "REDIS_URL"]:
            patch.delenv(name)
        # A machine that is busy with other tests is not a reason to degrade; those about deadlines give theirs.
        patch.setenv("TRIMTAB_TIMEOUT_MS", "10000")
        yield


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """As several files of tests run side by side, networks are trained by one thread here and in processes of ours."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A real redis-server that the test may kill."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data sets beside the repository; use with the marker of the same name."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def grocery() -> Grocery:
    """The whole grocery data, as loaded."""
    return load_grocery()


@pytest.fixture
def grocery_is_loaded(grocery: Grocery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that play shoppers of the groceries do not read them anew."""
    monkeypatch.setattr("trimtab.abtest.simulation.world.load_grocery", lambda: grocery)


@pytest.fixture(scope="session")
def small_grocery(grocery: Grocery) -> Grocery:
    """Some aisles of the shop: a few thousand products and their purchases."""
    return some_aisles(grocery)


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of `small_grocery` with a trained ranker. Not to be written to."""
    folder = made_once(tmp_path_factory, "small-bundle", lambda folder: build_small(folder / "grocery-small"))
    return folder / "grocery-small"


@pytest.fixture(scope="session")
def engine(small_bundle: Path) -> Engine:
    return Engine.load(small_bundle)


@pytest.fixture(scope="session")
def bundle_folder(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three bundles of one catalogue: `small` as trained; `rules` and `same-rules` rank by the same rules."""
    return made_once(tmp_path_factory, "bundle-folder", lambda folder: three_bundles(small_bundle, folder))


@pytest.fixture(scope="session")
def world(engine: Engine, grocery: Grocery) -> World:
    return grocery_world(engine.store, grocery.purchases)


@pytest.fixture(scope="session")
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 explored impressions of the small grocery shop at the bundle's default weights. Not to be written to."""

    def write(folder: Path) -> None:
        engine, world = request.getfixturevalue("engine"), request.getfixturevalue("world")
        simulate(engine, 3000, folder, seed=1, world=world)

    return made_once(tmp_path_factory, "log", write)
