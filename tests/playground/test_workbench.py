"""The workbench in a browser: what a merchandiser and an admin do there, and that nothing of it needs curl."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.playground.conftest import settings_for
from tests.playground.reading import serious_violations
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving

ADMIN = {"Authorization": "Bearer sesame"}
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def bench(small_bundle: Path, redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service that asks for who it is, and an account of a merchandiser and of an admin."""
    settings = settings_for(small_bundle, tmp_path_factory.mktemp("data"), redis)
    with serving(settings.model_copy(update={"require_keys": True, "analytics_min_users": 1})) as client:
        client.headers.update(ADMIN)
        for name, role in (("mia", "merchandiser"), ("ada", "admin")):
            client.put(f"/accounts/{name}", json={"role": role, "password": PASSWORD}).raise_for_status()
        yield client


def opened(page: Page, client: httpx.Client, path: str) -> None:
    page.goto(str(client.base_url).rstrip("/") + path)
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", re.compile("."))


def log_in(page: Page, client: httpx.Client, name: str, path: str, expected: set[str]) -> None:
    """Open a page of the workbench as somebody; the first look is refused, which the console says."""
    expected.add("401")
    opened(page, client, path)
    form = page.locator("#trouble")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Log in").click()
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", re.compile("."))


def test_an_admin_lets_a_colleague_in(page: Page, bench: httpx.Client, expected: set[str]) -> None:
    log_in(page, bench, "ada", "/workbench/access", expected)
    expect(page.locator("#who")).to_contain_text("ada, admin")
    assert serious_violations(page) == []
    form = page.get_by_role("form", name="An account")
    form.get_by_label("Name").fill("vera")
    form.get_by_label("Role").select_option("viewer")
    form.get_by_label("First password").fill("short")
    form.get_by_role("button", name="Save the account").click()
    assert "vera" not in bench.get("/accounts").json(), "the browser asks for a longer one"
    form.get_by_label("First password").fill(PASSWORD)
    form.get_by_role("button", name="Save the account").click()
    expect(page.locator("#said")).to_have_text("vera may log in as viewer.")
    assert bench.get("/accounts").json()["vera"] == {"role": "viewer"}

    key = page.get_by_role("form", name="A key")
    key.get_by_label("Name").fill("front")
    key.get_by_label("search").check()
    key.get_by_role("button", name="Issue the key").click()
    issued = page.get_by_label("The key", exact=True).inner_text()
    assert httpx.get(f"{bench.base_url}search?q=soup&k=1", headers={"Authorization": f"Bearer {issued}"}).is_success

    page.get_by_role("button", name="Show the list again").click()
    page.get_by_role("row", name="vera").get_by_label("End vera").click()
    page.get_by_role("row", name="vera").get_by_role("button", name="End it").click()
    expect(page.locator("#said")).to_have_text("vera is ended.")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("alert")).to_contain_text("logged in")
