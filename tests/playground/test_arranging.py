"""Pin and bury: an admin arranges a slate by drag or by keyboard, and shoppers see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.playground.conftest import settings_for
from tests.playground.reading import cards, item_ids, serious_violations, settled
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.service.settings import Settings

ADMIN = {"Authorization": "Bearer sesame"}
QUERY = "/?q=vanilla+yogurt&w_relevance=0.6&w_revenue=0.4&w_diversity=0"


@pytest.fixture
def shop(address: str) -> Iterator[httpx.Client]:
    """The service as a shopper meets it, without rules before and after."""
    with httpx.Client(base_url=address, headers=ADMIN) as client:
        yield client
        for name in client.get("/rules").json():
            client.delete(f"/rules/{name}").raise_for_status()


def shoppers_see(shop: httpx.Client) -> list[str]:
    asked = {"q": "Vanilla  yogurt", "w_relevance": 0.6, "w_revenue": 0.4, "k": 10}
    return [hit["item_id"] for hit in shop.get("/search", params=asked).raise_for_status().json()["hits"]]


def unlock(page: Page, key: str = "sesame") -> None:
    settled(page)
    page.get_by_role("button", name="Pin and bury").click()
    use(page, "Admin key", key)


def use(page: Page, label: str, key: str) -> None:
    page.get_by_label(label).fill(key)
    page.get_by_role("button", name="Use this key").click()


def rules(page: Page) -> Locator:
    return page.get_by_role("list", name="Rules for this search").get_by_role("listitem")


def test_what_is_dragged_stays_until_it_is_taken_back(page: Page, address: str, shop: httpx.Client) -> None:
    page.goto(address + QUERY)
    before = item_ids(page)
    unlock(page)
    expect(page.get_by_text("Drop here to bury")).to_be_visible()
    settled(page)  # The key draws the cards anew, and one that goes while it is gripped is not dragged.
    expect(cards(page).nth(4)).to_have_attribute("draggable", "true")

    cards(page).nth(4).drag_to(cards(page).nth(1))
    expect(rules(page)).to_have_count(1)
    expect(rules(page).first).to_contain_text("Pinned to rank 2:")
    expect(cards(page).nth(1)).to_have_attribute("data-item", before[4])
    expect(cards(page).nth(1).locator(".why")).to_have_text("pinned")
    expected = [before[0], before[4], *(item for item in before[1:] if item != before[4])]
    assert item_ids(page) == expected
    assert shoppers_see(shop) == expected

    settled(page)
    cards(page).nth(0).drag_to(page.get_by_text("Drop here to bury"))
    expect(rules(page)).to_have_count(2)
    expect(page.locator(f'#candidate-slate [data-item="{before[0]}"]')).to_have_count(0)
    assert before[0] not in shoppers_see(shop)

    for left in (1, 0):
        page.get_by_role("button", name="Undo").click()
        expect(rules(page)).to_have_count(left)
    expect(cards(page).nth(0)).to_have_attribute("data-item", before[0])
    assert item_ids(page) == before
    assert shoppers_see(shop) == before
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert page.url == address + QUERY, "no address has the key or the rules"


def test_the_keyboard_does_all_that_a_drag_does(page: Page, address: str, shop: httpx.Client) -> None:
    page.goto(address + QUERY)
    before = item_ids(page)
    unlock(page)
    cards(page).nth(0).get_by_role("button", name="Pin to rank 2").press("Enter")
    expect(rules(page).first).to_contain_text("Pinned to rank 2:")
    expect(cards(page).nth(1)).to_have_attribute("data-item", before[0])
    third = item_ids(page)[2]
    cards(page).nth(2).get_by_role("button", name="Pin to rank 2").press("Enter")
    expect(rules(page)).to_have_count(2)
    expect(cards(page).nth(1)).to_have_attribute("data-item", third)
    expect(rules(page).filter(has_text="Pinned to rank 3:")).to_have_count(1)
    settled(page)
    assert page.evaluate("document.activeElement.closest('li')?.dataset.item") == third, "the focus moved with the card"

    cards(page).nth(1).get_by_role("button", name="Unpin").press("Enter")
    expect(rules(page)).to_have_count(1)
    cards(page).nth(0).get_by_role("button", name="Bury").press("Enter")
    expect(rules(page).filter(has_text="Buried:")).to_have_count(1)
    expect(page.locator("#arranged")).to_contain_text("is buried")
    for left in (1, 0):
        page.get_by_role("button", name="Remove the rule").first.press("Enter")
        expect(rules(page)).to_have_count(left)
    eventually(lambda: shoppers_see(shop) == before)


def test_a_rule_of_somebody_else_is_shown_and_survives(page: Page, address: str, shop: httpx.Client) -> None:
    items = shoppers_see(shop)
    theirs = {"action": "pin", "item_ids": items[3:5], "position": 0}
    shop.put("/rules/autumn", json=theirs).raise_for_status()
    page.goto(address + QUERY)
    unlock(page)
    expect(rules(page).first).to_contain_text("Pinned to rank 1, every search:")
    assert item_ids(page)[:2] == items[3:5]
    page.get_by_role("button", name="Pin to rank 1").first.click()
    expect(rules(page)).to_have_count(2)
    assert shop.get("/rules").json()["autumn"]["item_ids"] == theirs["item_ids"]


def test_who_may_not_is_told_so(page: Page, address: str, expected: set[str]) -> None:
    expected.add("401")
    page.goto(address + QUERY)
    unlock(page, "open")
    expect(page.get_by_role("alert")).to_have_text("The service does not know this key.")
    expect(page.get_by_text("Drop here to bury")).to_have_count(0)
    assert serious_violations(page) == []
    use(page, "Admin key", "sesame")
    expect(page.get_by_text("Drop here to bury")).to_be_visible()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_label("Admin key")).to_be_visible()
    assert page.evaluate("Object.values(sessionStorage)") == []


def test_rules_that_cannot_be_kept_are_told(page: Page, towels: Path, tmp_path: Path, expected: set[str]) -> None:
    """Nobody may without Redis; and without an admin key nobody may, whatever the key."""
    expected.update(("503", "403"))
    with serving(Settings(bundle=towels, data_folder=tmp_path / "a", admin_key="sesame")) as client:
        page.goto(f"{client.base_url}?q=towel")
        unlock(page)
        cards(page).first.get_by_role("button", name="Bury").click()
        expect(page.get_by_role("alert")).to_have_text("rules cannot be changed while Redis does not answer")
        expect(rules(page)).to_have_count(0)
    with serving(Settings(bundle=towels, data_folder=tmp_path / "b")) as client:
        page.goto(f"{client.base_url}?q=towel")
        unlock(page)
        expect(page.get_by_role("alert")).to_contain_text("start the service with TRIMTAB_ADMIN_KEY")


def test_at_the_port_of_shoppers_an_admin_is_sent_to_the_other(
    page: Page, towels: Path, tmp_path: Path, expected: set[str]
) -> None:
    expected.add("404")
    settings = Settings(bundle=towels, data_folder=tmp_path, admin_key="sesame", admin_port=1)
    with serving(settings) as client:
        page.goto(f"{client.base_url}?q=towel")
        unlock(page)
        expect(page.get_by_role("alert")).to_contain_text("has an admin port, open this page there")


def test_where_keys_are_required_the_page_asks_for_one(
    page: Page, towels: Path, redis: RedisProcess, tmp_path: Path, expected: set[str]
) -> None:
    expected.add("401")
    settings = settings_for(towels, tmp_path, redis).model_copy(update={"require_keys": True})
    with serving(settings) as client:
        page.goto(f"{client.base_url}?q=towel")
        expect(page.get_by_role("alert")).to_contain_text("The service asks here for a key")
        use(page, "Key", "sesame")
        expect(cards(page)).to_have_count(6)
        expect(page.get_by_role("alert")).to_be_hidden()
        page.reload()
        expect(cards(page)).to_have_count(6)
        page.get_by_role("button", name="Pin and bury").click()
        expect(page.get_by_text("Drop here to bury")).to_be_visible()
