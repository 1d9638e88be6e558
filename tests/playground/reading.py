"""What a test does with the playground's page, and what it reads there."""

from __future__ import annotations

import re

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect


def settled(page: Page) -> None:
    """Wait until the page shows the answers to all it has asked for; it asks as soon as it is acted on."""
    expect(page.locator("#slates")).not_to_have_attribute("aria-busy", re.compile("."))


def open_view(page: Page, client: httpx.Client, path: str) -> None:
    """Open a view or a page of the workbench, and wait until it is there."""
    page.goto(str(client.base_url).rstrip("/") + path)
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", re.compile("."))


def cards(page: Page, slate: str = "candidate") -> Locator:
    return page.locator(f"#{slate}-slate > li")


def item_ids(page: Page, slate: str = "candidate") -> list[str]:
    settled(page)
    ids: list[str] = cards(page, slate).evaluate_all("cards => cards.map(card => card.dataset.item)")
    return ids


def slide(page: Page, name: str, value: float) -> None:
    page.get_by_role("slider", name=name, exact=True).fill(str(value))
    settled(page)


def serious_violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds and calls serious or critical: the rule, and the elements that break it."""
    return [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
