"""Tuning weights by eye, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.playground.conftest import MARKUP, settings_for
from tests.playground.reading import cards, item_ids, serious_violations, settled, slide
from tests.support.redis_servers import RedisProcess
from tests.support.services import metric, serving

STEERED = "/?q=coffee&w_relevance=0.2&w_revenue=0.8&w_diversity=0"


def served(address: str, **parameters: object) -> dict:
    response = httpx.get(f"{address}/search", params={"k": 10, **parameters})
    return response.raise_for_status().json()


def test_somebody_tunes_a_query(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("Look for something, move a weight")).to_be_visible()

    box = page.get_by_role("combobox", name="Search the catalogue")
    box.press_sequentially("ice cr")
    expect(page.get_by_role("option").first).to_contain_text(re.compile("ice cream", re.IGNORECASE))
    box.press("ArrowDown")
    box.press("Enter")
    expect(cards(page)).to_have_count(10)
    expect(page).to_have_url(re.compile(r"q=.*ice\+cream", re.IGNORECASE))
    expect(page.get_by_role("status").first).to_contain_text("against pure relevance")

    query = box.input_value()
    page.get_by_role("button", name="Pure relevance").click()
    settled(page)
    expect(page.locator("#sentence")).to_have_text("The same as pure relevance.")
    assert item_ids(page) == item_ids(page, "control")

    slide(page, "revenue", 0.5)
    for name in ("relevance", "revenue"):
        expect(page.locator(f"#share_{name}")).to_have_text(re.compile("50"))
        expect(page.get_by_role("slider", name=name, exact=True)).to_have_value("0.5")
    expect(page.locator("#sentence")).to_contain_text(re.compile(r"revenue \+", re.IGNORECASE))
    assert item_ids(page) != item_ids(page, "control")
    answer = served(address, q=query, w_relevance=1, w_revenue=1)
    assert item_ids(page) == [hit["item_id"] for hit in answer["hits"]]
    stayed = set(item_ids(page)) & set(item_ids(page, "control"))
    expect(page.locator("#control-slate .is-out")).to_have_count(10 - len(stayed))
    expect(page.locator("#candidate-slate .is-new")).to_have_count(10 - len(stayed))


def test_each_card_says_how_far_it_moved(page: Page, address: str) -> None:
    page.goto(address + STEERED)
    expect(page.locator("#candidate-slate .move").first).to_be_visible()
    settled(page)
    before = item_ids(page, "control")
    for rank, card in enumerate(cards(page).all()):
        item = card.get_attribute("data-item")
        if item not in before:
            expect(card).to_contain_text("was below rank 10")
        elif before.index(item) != rank:
            way = "up" if before.index(item) > rank else "down"
            expect(card).to_contain_text(f"{way} {abs(before.index(item) - rank)}, from rank {before.index(item) + 1}")


def test_the_guardrail_holds_while_it_is_moved(page: Page, address: str) -> None:
    page.goto(address + STEERED)
    expect(page.locator("#verdict")).to_contain_text("Off")
    unguarded = item_ids(page)
    page.get_by_label("Limit the relevance given up").check()
    for loss in (0.05, 0.01, 0):
        page.locator("#loss_relevance").fill(str(loss))
        settled(page)
        expect(page.locator("#verdict")).to_contain_text(f"of {loss:.1%}"[:-1])
        expect(page.locator("#verdict")).to_contain_text("Holds")
        given_up = re.search(r"([\d.]+).% of", page.locator("#verdict").inner_text())
        assert given_up is not None
        assert float(given_up[1]) <= loss * 100
    assert item_ids(page) != unguarded
    expect(page.locator("#effective_relevance")).to_contain_text("used")


def test_a_bound_of_a_link_is_shown_though_it_is_beyond_the_slider(page: Page, address: str) -> None:
    page.goto(address + STEERED + "&max_relevance_loss=0.3")
    expect(page.locator("#loss_shown_relevance")).to_contain_text("30")
    expect(page.locator("#verdict")).to_contain_text("of 30")


def test_a_point_of_the_frontier_sets_the_weights(page: Page, address: str) -> None:
    page.goto(address + STEERED)
    points = page.locator("#plot circle.dot")
    expect(points.first).to_be_visible()
    page.get_by_role("button", name="Go to the knee").click()
    settled(page)
    frontier = httpx.get(f"{address}/frontier", params={"q": "coffee", "k": 10}).json()
    knee = knee_of(frontier["points"], "relevance", "revenue")
    expect(page).to_have_url(re.compile(rf"w_revenue={round(knee['weights']['revenue'], 4):g}(&|$)"))
    pure = served(address, q="coffee", w_relevance=1)
    change = knee["expected"]["relevance"] / pure["receipt"]["relevance"]["expected"] - 1
    shown = f"{abs(change):.1%}"[:-1]
    expect(page.locator("#changes dd").first).to_contain_text("unchanged" if shown == "0.0" else shown)

    page.get_by_role("slider", name="Walk the front").press("End")
    expect(page.locator("#walk_shown")).to_contain_text("revenue +")
    walked = page.url
    page.locator("#plot circle.on-front").first.dispatch_event("click")
    expect(page).not_to_have_url(walked)

    page.get_by_role("button", name="diversity", exact=True).click()
    expect(page.locator("#plot text.objective-diversity")).to_be_visible()


def test_thumbs_and_shares_agree_wherever_the_sliders_stand(page: Page, address: str) -> None:
    page.goto(address + STEERED)
    names = ("relevance", "revenue", "diversity")
    for moved, value in (("relevance", 0), ("revenue", 0), ("diversity", 0), ("revenue", 1), ("relevance", 0.37)):
        slide(page, moved, value)
        assert len(item_ids(page)) == 10
        thumbs = [float(page.get_by_role("slider", name=name, exact=True).input_value()) for name in names]
        shares = [int(re.sub(r"\D", "", page.locator(f"#share_{name}").inner_text())) for name in names]
        assert thumbs[names.index(moved)] == pytest.approx(value)
        assert sum(thumbs) == pytest.approx(1, abs=0.011)
        assert shares == [pytest.approx(100 * thumb, abs=1) for thumb in thumbs]


def knee_of(points: list[dict], *axes: str) -> dict:
    """The point of the front of two objectives with the largest sum of both, each scaled to 0..1 over the front."""
    values = [tuple(point["expected"][axis] for axis in axes) for point in points]
    front = [one for one in values if not any(a >= one[0] and b >= one[1] and (a, b) != one for a, b in values)]
    low = [min(axis) for axis in zip(*front, strict=True)]
    span = [max(axis) - least for axis, least in zip(zip(*front, strict=True), low, strict=True)]
    best = max(front, key=lambda one: sum((a - b) / c for a, b, c in zip(one, low, span, strict=True)))
    return points[values.index(best)]


def test_the_link_shows_the_same_to_somebody_else(page: Page, address: str) -> None:
    page.goto(address + STEERED)
    expect(cards(page)).to_have_count(10)
    settled(page)
    page.get_by_role("button", name="Hold as control").click()
    page.get_by_role("button", name="margin").click()
    page.locator("#price_high").fill("4")
    page.locator("#price_high").press("Enter")
    expect(page.locator("#loss_shown_relevance")).to_have_text(re.compile("5.0"))
    expect(page).to_have_url(re.compile("price"))
    expect(page.locator("#candidate-slate .amount").first).to_be_visible()
    settled(page)
    seen = (item_ids(page), item_ids(page, "control"), page.locator("#sentence").inner_text())

    other = page.context.new_page()
    other.goto(page.url)
    expect(cards(other)).to_have_count(10)
    expect(other.locator("#sentence")).to_have_text(seen[2])
    assert (item_ids(other), item_ids(other, "control")) == seen[:2]
    settled(other)
    amounts = other.locator("#candidate-slate .amount")
    assert all(float(price.lstrip("$")) <= 4 for price in amounts.all_inner_texts())

    command = other.locator("#curl").inner_text()
    asked = parse_qs(urlsplit(command.removeprefix("curl '").removesuffix("'")).query)
    answer = served(address, **{name: values[0] for name, values in asked.items()})
    assert [hit["item_id"] for hit in answer["hits"]] == seen[0]

    page.get_by_role("combobox", name="Search the catalogue").fill("yogurt")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_url(re.compile("yogurt"))
    page.go_back()
    expect(page.get_by_role("combobox", name="Search the catalogue")).to_have_value("coffee")


def test_what_a_query_was_understood_as_is_told_in_one_line(page: Page, address: str) -> None:
    page.goto(address + "/?q=yogrut+without+nuts")
    line = page.locator("#understood")
    expect(line).to_contain_text("showing “yogurt without nuts”")
    expect(line).to_contain_text("without “nuts”")
    line.get_by_role("button").click()
    expect(page).to_have_url(re.compile("exact=true"))
    expect(line).to_be_hidden()


def test_facets_narrow_both_slates(page: Page, address: str) -> None:
    page.goto(address + "/?q=ice+cream")
    settled(page)
    name = page.locator("#facets fieldset").first.locator(".name").nth(1).inner_text()
    choice = page.locator(f'input[data-filter="category:{name}"]')
    choice.check()
    expect(page).to_have_url(re.compile("filter=category"))
    for slate in ("candidate", "control"):
        expect(cards(page, slate).first.locator(".meta")).to_contain_text(name)
    settled(page)
    choice.uncheck()
    expect(page).not_to_have_url(re.compile("filter="))


def test_nobody_is_logged_as_a_shopper(page: Page, address: str) -> None:
    with httpx.Client(base_url=address) as client:
        before = metric(client, "trimtab_searches_total", outcome="hits")
        page.goto(address + STEERED)
        assert len(item_ids(page)) == 10
        assert metric(client, "trimtab_searches_total", outcome="hits") == before


def test_no_match_and_bad_addresses_are_told_in_words(page: Page, address: str, expected: set[str]) -> None:
    page.goto(address + "/?q=zzzzqqqq")
    expect(page.locator("#nothing")).to_contain_text("Nothing matches “zzzzqqqq”.")
    page.get_by_role("button", name="ice cream", exact=True).click()
    expect(cards(page)).to_have_count(10)

    page.goto(address + "/?q=soup&w_margin=1")
    expect(page.get_by_role("alert")).to_contain_text("margin, which this bundle does not have")

    expected.add("422")  # the browser's own notes of what follows
    page.goto(address + "/?q=" + 10_000 * "a")
    expect(page.get_by_role("alert")).to_contain_text("512")
    page.goto(address + "/?q=soup&filter=colour:red")
    expect(page.get_by_role("alert")).to_contain_text("there is no attribute 'colour'")


def test_titles_are_text_and_a_lost_service_is_told(
    page: Page, towels: Path, redis: RedisProcess, tmp_path: Path, expected: set[str]
) -> None:
    with serving(settings_for(towels, tmp_path, redis)) as client:
        page.goto(f"{client.base_url}?q=towel")
        expect(page.get_by_text(MARKUP).first).to_be_visible()
        page.goto(f"{client.base_url}?q={quote(MARKUP)}&filter=category:none")
        expect(page.locator("#nothing")).to_contain_text(f"Nothing matches “{MARKUP}” with these filters.")
        page.goto(f"{client.base_url}?q=towel")
        expect(page).to_have_title("trimtab playground")
        expect(page.get_by_role("slider", name="revenue")).to_have_count(0)
        slide(page, "diversity", 0.9)
        expect(cards(page)).to_have_count(6)
    expected.add("net::ERR_")
    slide(page, "diversity", 0.1)
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_an_objective_that_vanishes_with_a_bundle_is_told(
    page: Page, small_bundle: Path, towels: Path, redis: RedisProcess, tmp_path: Path, expected: set[str]
) -> None:
    """The page of one bundle stays open while the service starts again with another, which has no prices."""
    with serving(settings_for(small_bundle, tmp_path / "a", redis)) as client:
        page.goto(f"{client.base_url}?q=towel&w_revenue=1")
        settled(page)
        port = client.base_url.port
    expected.update(("net::ERR_", "422"))
    assert port is not None
    with serving(settings_for(towels, tmp_path / "b", redis), port=port):
        slide(page, "relevance", 0.5)
        expect(page.get_by_role("alert")).to_contain_text("revenue")
        page.get_by_role("button", name="Start afresh").click()
        expect(page.get_by_role("slider", name="relevance", exact=True)).to_be_visible()
        expect(page.get_by_role("slider", name="revenue")).to_have_count(0)
        expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_everybody_can_read_it(page: Page, address: str, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.goto(address + STEERED + "&max_relevance_loss=0.02")
    expect(page.locator("#plot circle.dot").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    settled(page)
    assert serious_violations(page) == []


def test_nothing_jumps_while_typing(page: Page, address: str) -> None:
    page.goto(address + STEERED)
    settled(page)
    # What the last answers moved comes with the frame after them, and is none of typing.
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.evaluate(
        """() => { window.shifts = [];
        new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value)))
          .observe({ type: "layout-shift" }); }"""
    )
    box = page.get_by_role("combobox", name="Search the catalogue")
    box.fill("")
    box.press_sequentially("yogurt")
    expect(page.get_by_role("option").first).to_be_visible()
    assert page.evaluate("window.shifts") == []
