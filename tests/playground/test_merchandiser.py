"""What a merchandiser sees of results and of the trade-offs behind them, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import polars as pl
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.playground.conftest import settings_for
from tests.playground.reading import cards, item_ids, serious_violations, settled
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from trimtab.library import build

COFFEE = "/?q=coffee&w_relevance=0.2&w_revenue=0.8&w_diversity=0"
ASKED = re.compile("/playground/search|/frontier")
LONG = "Handwoven merino and alpaca blend with recycled polyamide lining"


@pytest.fixture(scope="module")
def shop(browser: Browser, redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A shop with pictures, links, a currency, variants, twenty colours and a material of 64 characters."""
    folder = tmp_path_factory.mktemp("shop")
    rows = [
        {
            "item_id": f"{style}-{colour}",
            "title": f"Winter {kind} {style} in colour {colour}",
            "brand": "Norrland",
            "category": f"Clothing > {kind}",
            "price": 1299.5 + 10 * style + colour,
            "currency": "SEK",
            "image": "https://shop.example/a.jpg" if colour else "",
            "url": f"https://shop.example/{style}-{colour}",
            "group_id": f"style-{style}",
            "colour": f"colour {colour}",
            "material": LONG if style % 2 else "cotton",
        }
        for style, kind in enumerate(["jacket", "coat", "parka", "jacket"])
        for colour in range(20)
    ]
    pl.DataFrame(rows).write_csv(folder / "shop.csv")
    build(folder / "shop.csv", folder / "bundle")
    with serving(settings_for(folder / "bundle", folder / "data", redis)) as client:
        yield str(client.base_url).rstrip("/")


PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'


def open_shop(page: Page, address: str) -> None:
    """Open a page of the shop, whose pictures are there."""
    page.route("https://shop.example/**", lambda route: route.fulfill(content_type="image/svg+xml", body=PICTURE))
    page.goto(address)
    settled(page)


def test_items_are_shown_as_shoppers_know_them(page: Page, shop: str) -> None:
    open_shop(page, shop + "/?q=jacket+colour+3")
    card = cards(page).first
    expect(card.locator("img")).to_have_attribute("src", "https://shop.example/a.jpg")
    expect(card.get_by_role("link", name=re.compile("Winter jacket"))).to_have_attribute(
        "href", re.compile("https://shop.example/")
    )
    expect(card.locator(".amount")).to_contain_text("SEK")
    expect(card.locator(".meta")).to_contain_text("Norrland")
    expect(card.locator(".meta")).to_contain_text("colour 3")
    card.get_by_text("19 more variants").click()
    expect(card.get_by_text("colour 7").first).to_be_visible()
    title = card.locator(".title")
    assert title.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert serious_violations(page) == []


def test_facets_open_are_searched_and_cleared(page: Page, shop: str) -> None:
    open_shop(page, shop + "/?q=winter")
    colours = page.locator("#facets fieldset", has_text="colour 1").first
    expect(colours.get_by_role("checkbox")).to_have_count(6)
    colours.get_by_role("button", name=re.compile("More")).click()
    expect(colours.get_by_role("checkbox")).to_have_count(20)
    colours.get_by_role("searchbox").press_sequentially("ur 12")
    expect(colours.get_by_role("checkbox")).to_have_count(1)
    colours.get_by_role("checkbox").check()
    expect(page).to_have_url(re.compile("filter=colour"))
    settled(page)
    expect(cards(page).first.locator(".meta")).to_contain_text("colour 12")
    colours.get_by_role("button", name=re.compile("Clear")).click()
    expect(page).not_to_have_url(re.compile("filter="))
    expect(page.get_by_role("button", name="Clear all")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 720])  # 720 is a screen of 1440 at twice the size
def test_long_values_are_whole_and_hits_come_first_where_it_is_narrow(page: Page, shop: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_shop(page, shop + "/?q=winter")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    value = page.locator("#facets .name", has_text=LONG).first
    assert value.evaluate("node => node.scrollWidth <= node.clientWidth")
    first_hit, first_slider = cards(page).first.bounding_box(), page.get_by_role("slider").first.bounding_box()
    assert first_hit is not None
    assert first_slider is not None
    assert first_hit["y"] < first_slider["y"]


def test_nothing_old_stands_under_a_new_query(page: Page, address: str, expected: set[str]) -> None:
    page.goto(address + COFFEE)
    settled(page)
    assert len(item_ids(page)) == 10
    held: list[Route] = []
    page.route(ASKED, lambda route: held.append(route))  # noqa: PLW0108  # playwright marks its handlers
    box = page.get_by_role("combobox", name="Search the catalogue")
    box.fill("yogurt")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(cards(page)).to_have_count(0)
    for part in ("#sentence", "#changes", "#plot", "#verdict"):
        expect(page.locator(part)).to_be_empty()
    expect(page.locator("#slates")).to_have_attribute("aria-busy", "true")

    expected.add("net::ERR_")
    page.route(ASKED, lambda route: route.abort())
    for route in held:
        route.abort()
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    expect(cards(page)).to_have_count(0)
    expect(page.locator("#sentence")).to_be_empty()

    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(cards(page)).to_have_count(10)
    expect(cards(page).first).to_contain_text(re.compile("yogurt", re.IGNORECASE))


def test_a_late_answer_to_an_earlier_query_is_not_shown(page: Page, address: str) -> None:
    held: list[Route] = []
    page.route(re.compile("/playground/search.*q=coffee"), lambda route: held.append(route))  # noqa: PLW0108  # playwright marks its handlers
    page.goto(address + COFFEE)
    box = page.get_by_role("combobox", name="Search the catalogue")
    box.fill("yogurt")
    page.get_by_role("button", name="Search", exact=True).click()
    for route in held:
        route.continue_()
    expect(cards(page).first).to_contain_text(re.compile("yogurt", re.IGNORECASE))
    settled(page)
    assert not any("coffee" in text.lower() for text in cards(page, "control").all_inner_texts())


def test_the_frontier_draws_all_on_demand_and_says_what_a_dot_stands_for(page: Page, address: str) -> None:
    page.goto(address + COFFEE)
    settled(page)
    n_points = len(httpx.get(f"{address}/frontier", params={"q": "coffee", "k": 10}).json()["points"])
    dots = page.locator("#plot circle.dot")
    n_outside = int(re.match(r"\d+", page.locator("#outside").inner_text() or "0")[0])  # type: ignore[index]
    assert dots.count() == n_points - n_outside
    page.get_by_role("button", name="Show all slates").click()
    expect(dots).to_have_count(n_points)
    expect(page.locator("#outside")).to_be_empty()

    front = page.locator("#plot circle.on-front")
    front.first.focus()
    expect(page.locator("#looked-at")).to_contain_text("Relevance 100")
    page.keyboard.press("ArrowRight")
    expect(front.nth(1)).to_be_focused()
    expect(page.locator("#looked-at")).to_contain_text("revenue")
    page.keyboard.press("Enter")
    settled(page)
    expect(page.locator("#walk_shown")).to_contain_text("revenue +")
    assert serious_violations(page) == []


def test_the_receipt_is_against_the_control_that_is_chosen(page: Page, address: str) -> None:
    page.goto(address + COFFEE)
    settled(page)
    expect(page.locator("#sentence")).to_contain_text("against pure relevance")
    page.get_by_label("Control weights").select_option("Bundle default")
    settled(page)
    expect(page.locator("#sentence")).to_contain_text("against the control (Bundle default)")
    weights = {"w_relevance": 0.2, "w_revenue": 0.8}
    candidate = httpx.get(f"{address}/search", params={"q": "coffee", "k": 10, **weights}).json()
    control = page.locator("#changes .objective-revenue .units").text_content()
    assert control is not None
    assert f"{candidate['receipt']['revenue']['expected']:.2f}" in control
    page.get_by_role("button", name="Hold as control").click()
    settled(page)
    expect(page.locator("#sentence")).to_contain_text("The same as the control (as held)")


def test_a_limit_on_another_objective_is_asked_for(page: Page, address: str) -> None:
    page.goto(address + "/?q=coffee&w_relevance=1&w_revenue=0&w_diversity=0")
    page.get_by_text("Limits on other objectives").click()
    page.get_by_label("Limit the revenue given up").check()
    page.locator("#loss_revenue").fill("0.05")
    expect(page).to_have_url(re.compile("max_revenue_loss=0.05"))
    settled(page)
    asked = {"q": "coffee", "k": 10, "w_relevance": 1, "max_revenue_loss": 0.05}
    answer = httpx.get(f"{address}/search", params=asked).json()
    assert item_ids(page) == [hit["item_id"] for hit in answer["hits"]]


@pytest.mark.parametrize("word", ["a guardrail", "a receipt", "the control", "the candidate", "the knee"])
def test_words_are_explained_where_they_stand(page: Page, address: str, word: str) -> None:
    page.goto(address + COFFEE)
    settled(page)
    page.get_by_role("button", name=f"What is {word}?").click()
    meaning = page.locator(".meaning:popover-open")
    expect(meaning).to_be_visible()
    page.keyboard.press("Escape")
    expect(meaning).to_have_count(0)
