"""The view of a shop's page: what is recognised is outlined, and whatever the page is, it runs and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.playground.conftest import settings_for
from tests.playground.reading import serious_violations
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.webpages.pages_made_here import CHECKOUT, PRODUCT_URL, product

ELSEWHERE = "https://elsewhere.example"
HOSTILE = f"""<meta http-equiv="refresh" content="0; url={ELSEWHERE}/refresh"><base href="{ELSEWHERE}/">
<link rel="stylesheet" href="{ELSEWHERE}/sheet.css"><link rel="preconnect" href="{ELSEWHERE}">
<style>@import "{ELSEWHERE}/imported.css"; body {{ background: url({ELSEWHERE}/back.png) }}</style>
<script>top.document.title = "taken"; fetch("{ELSEWHERE}/fetched")</script><script src="{ELSEWHERE}/script.js"></script>
<img src="{ELSEWHERE}/picture.png" onerror="top.document.title = 'taken'"><iframe src="{ELSEWHERE}/frame"></iframe>
<svg onload="top.document.title = 'taken'"><image href="{ELSEWHERE}/svg.png" /></svg>
<video src="{ELSEWHERE}/film"></video><a href="{ELSEWHERE}/out" target="_top">a way out</a>
<form action="{ELSEWHERE}/sent"><button>send</button></form>
<div style="background-image: url('{ELSEWHERE}/inline.png')">&lt;/iframe&gt;</div>"""


@pytest.fixture(scope="module")
def service(
    small_bundle: Path, redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with serving(settings_for(small_bundle, tmp_path_factory.mktemp("data"), redis)) as client:
        client.headers["Authorization"] = "Bearer sesame"
        yield client


def recognise(page: Page, service: httpx.Client, html: str, url: str = "") -> None:
    page.goto(f"{service.base_url}".rstrip("/") + "/views/pages")
    page.evaluate("sessionStorage.setItem('trimtab-key', 'sesame')")
    page.get_by_label("The page's HTML").fill(html)
    page.get_by_label("Its address").fill(url)
    page.get_by_role("button", name="Recognise").click()


def test_what_is_on_a_product_page(page: Page, service: httpx.Client) -> None:
    recognise(page, service, product("49,90 €", stated="49.90"), PRODUCT_URL)
    row = page.get_by_role("region", name="Elements").get_by_role("row", name="price")
    expect(row).to_contain_text("49.90 EUR")
    expect(row).to_contain_text("structured")
    shown = page.frame_locator("iframe.picture").locator("[data-trimtab^=price]")
    expect(shown).to_have_text("49,90 €")
    assert shown.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    assert serious_violations(page) == []
    # What is only looked at is not kept.
    assert service.get("/items/gtin:04006381333931").status_code == 404


def test_the_fields_of_a_checkout_from_a_file(page: Page, service: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "checkout.html").write_text(CHECKOUT)
    recognise(page, service, "<p>not yet</p>")
    expect(page.locator("iframe.picture")).to_be_visible()
    page.get_by_label("or a file").set_input_files(tmp_path / "checkout.html")
    expect(page.get_by_label("The page's HTML")).to_have_value(CHECKOUT)
    page.get_by_role("button", name="Recognise").click()
    expect(page.get_by_role("region", name="Fields").get_by_role("row", name="cardNumber")).to_contain_text("payment")
    outlined = page.frame_locator("iframe.picture").locator("input[data-trimtab-kind=field]")
    assert "cardNumber 0." in " ".join(outlined.evaluate_all("all => all.map(node => node.title)"))


def test_a_hostile_page_runs_and_loads_nothing(page: Page, service: httpx.Client, expected: set[str]) -> None:
    expected.update(("Content Security Policy", "sandboxed"))  # what the browser says of what it refuses
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    recognise(page, service, f"<html><head></head><body>{HOSTILE}{product('49,90 €')}</body></html>")
    frame = page.frame_locator("iframe.picture")
    expect(frame.get_by_text("</iframe>")).to_be_visible()
    frame.get_by_text("a way out").click()
    frame.get_by_role("button", name="send").click()
    expect(page).to_have_title("Pages, trimtab")
    assert [url for url in asked if not url.startswith((str(service.base_url), "about:"))] == []
    attributes = "node => [node.getAttribute('sandbox'), node.getAttribute('src')]"
    assert page.locator("iframe.picture").evaluate(attributes) == ["", None]
    assert page.frames[1].evaluate("window.origin") == "null"


def test_who_has_no_key_is_asked_for_one(page: Page, service: httpx.Client, expected: set[str]) -> None:
    expected.add("401")
    page.goto(f"{service.base_url}".rstrip("/") + "/views/pages")
    page.get_by_label("The page's HTML").fill(product("49,90 €"))
    page.get_by_role("button", name="Recognise").click()
    page.get_by_label("Admin key").fill("sesame")
    page.get_by_role("button", name="Use this key").click()
    expect(page.get_by_role("region", name="Elements")).to_be_visible()
