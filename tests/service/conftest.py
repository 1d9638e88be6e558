"""A service that the tests of a file share, and the settings of workers that are started beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess, running_redis
from tests.support.services import serving
from trimtab.service.settings import Settings


@pytest.fixture(scope="module")
def module_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def module_settings(
    small_bundle: Path, module_redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings of the one service that the tests of a module share."""
    return Settings(
        bundle=small_bundle,
        data_folder=tmp_path_factory.mktemp("data"),
        redis_url=module_redis.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        admin_key="sesame",
    )


@pytest.fixture(scope="module")
def data_folder(module_settings: Settings) -> Path:
    """Where that service writes."""
    return module_settings.data_folder


@pytest.fixture(scope="module")
def service(module_settings: Settings) -> Iterator[httpx.Client]:
    """One service for the tests of a module that leave it as it was."""
    with serving(module_settings) as client:
        yield client


@pytest.fixture
def shared(small_bundle: Path, redis_server: RedisProcess, tmp_path: Path) -> Settings:
    """Settings of workers that share a Redis and hear of changes soon; `beside` makes those of another one."""
    return Settings(
        bundle=small_bundle,
        data_folder=tmp_path / "data",
        redis_url=redis_server.url,
        redis_timeout_seconds=PATIENT_REDIS_SECONDS,
        redis_poll_seconds=0.05,
        admin_key="sesame",
    )
