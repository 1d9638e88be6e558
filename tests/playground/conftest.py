"""The real service behind a real browser, whose console must stay silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.catalogues import read_catalogue
from tests.support.chromium import running_chromium
from tests.support.redis_servers import RedisProcess, running_redis
from tests.support.services import serving
from tests.support.waiting import PATIENCE_SECONDS
from trimtab.engine.build.build import build_bundle
from trimtab.service.settings import Settings
from trimtab.webpages.parse.rendered.render import chromium_path

REBOUND = "rebound.example"
"""A name of somebody else that leads to this machine, as one does that is rebound while a page of it is open."""
PRESET = {"weights": {"relevance": 0.4, "revenue": 0.6}, "max_relevance_loss": 0.05}
MARKUP = '<img src=x onerror="document.title=1"> & "quoted" towel'


# Playwright keeps an event loop running in this thread: it must be gone before other packages run theirs.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip("Chromium is not here; on Debian: apt-get install chromium-headless-shell")
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with running_chromium(f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1") as chromium:
        yield chromium


@pytest.fixture(scope="package")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


def settings_for(bundle: Path, data_folder: Path, redis: RedisProcess) -> Settings:
    return Settings(
        bundle=bundle, data_folder=data_folder, redis_url=redis.url, redis_timeout_seconds=2.0, admin_key="sesame"
    )


@pytest.fixture(scope="package")
def address(
    browser: Browser, small_bundle: Path, redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The service of the grocery bundle, which has a profile."""
    with serving(settings_for(small_bundle, tmp_path_factory.mktemp("data"), redis)) as client:
        key = {"Authorization": "Bearer sesame"}
        client.put("/profiles/margin", json=PRESET, headers=key).raise_for_status()
        yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="package")
def towels(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle without prices, with a title that would like to be markup."""
    folder = tmp_path_factory.mktemp("towels")
    titles = ["towel", *(f"{colour} bath towel" for colour in ("red", "blue", "green", "white", "grey"))]
    pl.DataFrame({"item_id": [str(n) for n in range(len(titles))], "title": titles}).write_csv(folder / "towels.csv")
    items, _ = read_catalogue(folder / "towels.csv")  # markup in a feed becomes text, so it is put in behind that
    items = items.with_columns(title=pl.col("title").replace("towel", MARKUP))
    build_bundle(items, folder / "bundle", source="towels.csv", encoder="wordllama")
    return folder / "bundle"


@pytest.fixture
def expected() -> set[str]:
    """Parts of what the browser's console may say; a test that provokes an error adds its words."""
    return set()


@pytest.fixture(scope="package")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """One window for all tests, as a new one costs three times what a tab of it does. Its first tab holds it open."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1440, "height": 1000})
    context.new_page()
    yield context
    context.close()


@pytest.fixture
def page(window: BrowserContext, expected: set[str]) -> Iterator[Page]:
    """A fresh tab of a browser without cookies, in whose console nothing else may be said until it is closed."""
    complaints: list[str] = []
    page = window.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    for tab in window.pages[1:]:
        tab.close()
    window.clear_cookies()
    assert [one for one in complaints if not any(words in one for words in expected)] == []
