"""The JavaScript client and the example page, in a real browser on an origin of their own, against the real service."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from playwright.sync_api import Page, Route, expect

from tests.playground.conftest import settings_for
from tests.playground.reading import serious_violations
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.engine.log.interactions import read_interactions
from trimtab.service.settings import Settings

ROOT = Path(__file__).parents[2]
SECRET = "a secret of the shop's server, and of the service"
ADMIN = {"Authorization": "Bearer sesame"}


class Files(SimpleHTTPRequestHandler):
    """The repository as a web server gives it away."""

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # what browsers ask for by themselves
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def front() -> Iterator[str]:
    """The origin of the shop's pages: another site than the service, by its name."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def settings(small_bundle: Path, redis: RedisProcess, front: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    asked = settings_for(small_bundle, tmp_path_factory.mktemp("data"), redis).model_dump()
    return Settings(**{**asked, "require_keys": True, "allowed_origins": front, "user_token_secret": SECRET})


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[httpx.Client]:
    with serving(settings) as client:
        yield client


@pytest.fixture(scope="module")
def key(service: httpx.Client) -> str:
    grant = {"scopes": ["search", "ingest"], "browser": True}
    made: str = service.put("/keys/front", json=grant, headers=ADMIN).raise_for_status().json()["key"]
    return made


@pytest.fixture
def shop(page: Page, front: str, service: httpx.Client, key: str) -> Page:
    """A page of the shop with a client in `shop`, whose first retry comes at once."""
    page.goto(f"{front}/clients/js/package.json")
    make_shop(page, service, key)
    return page


def make_shop(page: Page, service: httpx.Client, key: str, options: str = "") -> None:
    page.evaluate(
        f"""async ([url, key]) => {{
            const {{ Trimtab }} = await import(location.origin + "/clients/js/src/index.js");
            window.givenUp = [];
            const onError = (error, event) => window.givenUp.push([error.status, event.item_id]);
            window.shop = new Trimtab({{ url, key, retryMs: 1, onError, {options} }});
        }}""",
        [str(service.base_url), key],
    )


def logged(settings: Settings, decision_id: str) -> list[dict[str, Any]]:
    """The events on a search, which are on the disk when they are acknowledged."""
    events = read_interactions(settings.data_folder)
    return [event for event in events.iter_rows(named=True) if event["decision_id"] == decision_id]


def test_a_shopper_looks_chooses_and_leaves(
    page: Page, front: str, service: httpx.Client, key: str, settings: Settings
) -> None:
    answers: list[dict[str, Any]] = []
    page.on("response", lambda response: "/search?" in response.url and answers.append(response.json()))
    page.goto(f"{front}/examples/shop-front/?url={service.base_url}&key={key}")
    expect(page.locator("article").first).to_be_visible()
    box = page.get_by_role("combobox", name="Search the shop")
    box.press_sequentially("ice cr")
    expect(page.get_by_role("option").first).to_be_visible()
    assert serious_violations(page) == []
    box.fill("ice cream")
    box.press("Enter")
    expect(page.locator("#said")).to_contain_text("found")
    page.wait_for_url("**q=ice+cream**")
    page.locator("fieldset input").first.check()
    page.wait_for_url("**filter=**")
    expect(page.locator("#hits")).not_to_have_class("is-waiting")
    assert serious_violations(page) == []

    card = page.locator("article").nth(1)
    item = card.get_attribute("data-item")
    card.get_by_role("button").click()
    card.get_by_role("link").click()
    page.goto("about:blank")  # at once: what was done goes with the page

    last = answers[-1]
    assert last["hits"][1]["item_id"] == item
    eventually(lambda: len(logged(settings, last["decision_id"])) == 2)
    assert {(one["action"], one["item_id"], one["position"]) for one in logged(settings, last["decision_id"])} == {
        ("cart", item, 1),
        ("click", item, 1),
    }


def test_a_purchase_pages_later_belongs_to_the_search(
    shop: Page, front: str, service: httpx.Client, key: str, settings: Settings
) -> None:
    answer = shop.evaluate(
        "async () => { const a = await shop.search({q: 'soup', k: 3}); shop.click(a.hits[2]); return a; }"
    )
    session = shop.evaluate("shop.sessionId")
    shop.goto(f"{front}/examples/shop-front/shop.css")
    make_shop(shop, service, key)
    assert shop.evaluate("shop.sessionId") == session
    item = answer["hits"][2]
    sent = shop.evaluate(
        "async (id) => { const e = shop.purchase(id, {quantity: 2}); await shop.events.flush(); return e; }",
        item["item_id"],
    )
    assert (sent["query_id"], sent["position"]) == (answer["decision_id"], 2)
    assert shop.evaluate("shop.purchase('never shown')") is None
    eventually(lambda: len(logged(settings, answer["decision_id"])) == 2)
    bought = next(one for one in logged(settings, answer["decision_id"]) if one["action"] == "purchase")
    assert bought["value"] == pytest.approx(2 * item["price"])


def test_what_is_not_taken_is_sent_again_and_counts_once(shop: Page, settings: Settings, expected: set[str]) -> None:
    expected |= {"503", "Failed to load", "ERR_FAILED"}
    ways = iter(["refuse", "lose the answer", "break"])

    def unreliable(route: Route) -> None:
        way = next(ways, None)
        if way == "refuse":
            route.fulfill(status=503, json={"detail": "later"}, headers={"Access-Control-Allow-Origin": "*"})
        elif way == "lose the answer":
            route.fetch()  # it arrives, and nobody knows
            route.abort()
        elif way == "break":
            route.abort()
        else:
            route.continue_()

    shop.route("**/events", unreliable)
    decision = shop.evaluate(
        "async () => { const a = await shop.search({q: 'soup'}); shop.click(a.hits[0]); return a.decision_id; }"
    )
    shop.wait_for_function("shop.events.length === 0")
    assert next(ways, "none is left") == "none is left"
    assert len(logged(settings, decision)) == 1
    assert shop.evaluate("[window.givenUp, sessionStorage.length]") == [[], 2], "the visit, and what was touched"


def test_tries_are_bounded_and_one_that_is_refused_refuses_no_other(
    shop: Page, settings: Settings, expected: set[str]
) -> None:
    expected |= {"503", "422"}
    tries: list[str] = []
    refused = {"status": 503, "json": {}, "headers": {"Access-Control-Allow-Origin": "*"}}
    shop.route("**/events", lambda route: (tries.append(route.request.method), route.fulfill(**refused)))
    shop.evaluate("async () => { const a = await shop.search({q: 'soup'}); shop.click(a.hits[0]); }")
    shop.wait_for_function("window.givenUp.length === 1")
    assert tries.count("POST") == 6
    shop.unroute("**/events")

    decision = shop.evaluate(
        """async () => {
            const answer = await shop.search({ q: "soup" });
            shop.click(answer.hits[0]);
            shop.cart(answer.hits[1], { quantity: -1 });
            shop.click(answer.hits[2]);
            await shop.events.flush();
            return answer.decision_id;
        }"""
    )
    assert [one["position"] for one in logged(settings, decision)] == [0, 2]
    assert [status for status, _ in shop.evaluate("window.givenUp")] == [503, 422]


def test_a_browser_says_who_it_is_by_a_token_alone(
    page: Page, front: str, service: httpx.Client, key: str, settings: Settings, expected: set[str]
) -> None:
    ours, until = {"Authorization": f"Bearer {key}"}, int(time.time())
    asked = {"q": "soup", "user_id": "ann"}
    assert "user_token" in service.get("/search", params=asked, headers=ours).json()["detail"]
    event = {"event_id": "e", "action_name": "click", "query_id": "d", "item_id": "i", "user_id": "ann"}
    assert service.post("/events", json=event, headers=ours).status_code == 422
    assert service.get("/suggest", params=asked, headers=ours).status_code == 422
    for wrong in (
        "none",
        jwt.encode({"sub": "ann", "exp": until + 60}, SECRET[::-1]),
        jwt.encode({"sub": "ann"}, SECRET),
        *(jwt.encode({"sub": nobody, "exp": until + 60}, SECRET) for nobody in ("", " ", "a" * 129, "\ud800")),
    ):
        assert service.get("/search", params={"q": "soup", "user_token": wrong}, headers=ours).status_code == 401
    for scope in ("admin", "metrics"):
        grant = {"scopes": ["search", scope], "browser": True}
        assert service.put("/keys/wide", json=grant, headers=ADMIN).status_code == 422

    expected |= {"401"}
    old, new = (jwt.encode({"sub": "ann", "exp": until + seconds}, SECRET) for seconds in (-3600, 3600))
    page.goto(f"{front}/clients/js/package.json")
    page.evaluate("([old, now]) => { window.tokens = [old, now]; window.asked = 0; }", [old, new])
    make_shop(page, service, key, "userToken: async () => window.tokens[Math.min(window.asked++, 1)]")
    decision = page.evaluate(
        """async () => {
            const answer = await shop.search({ q: "soup" });
            shop.click(answer.hits[0]);
            await shop.events.flush();
            return answer.decision_id;
        }"""
    )
    assert [one["user_id"] for one in logged(settings, decision)] == ["ann"]
    assert page.evaluate("window.asked") == 2, "one that has expired is asked for again, once"
