"""The workbench in a browser: what a merchandiser and an admin do there, and that nothing of it needs curl."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.playground import merchandising
from tests.playground.conftest import settings_for
from tests.playground.merchandising import PASSWORD, add_a_synonym, search_is_logged
from tests.playground.reading import open_view, serious_violations
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually

ADMIN = {"Authorization": "Bearer sesame"}


@pytest.fixture(scope="module")
def bench(small_bundle: Path, redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service that asks for who it is, and an account of a merchandiser and of an admin."""
    settings = settings_for(small_bundle, tmp_path_factory.mktemp("data"), redis)
    with serving(settings.model_copy(update={"require_keys": True, "analytics_min_users": 1})) as client:
        client.headers.update(ADMIN)
        for name, role in (("mia", "merchandiser"), ("ada", "admin")):
            client.put(f"/accounts/{name}", json={"role": role, "password": PASSWORD}).raise_for_status()
        yield client


@cache
def session_of(url: httpx.URL, name: str) -> Mapping[str, str]:
    """The cookies of somebody who has logged in, once for all tests: a password may be tried ten times a minute."""
    answer = httpx.post(url.join("/session"), json={"name": name, "password": PASSWORD})
    return dict(answer.raise_for_status().cookies)


def give_session(page: Page, client: httpx.Client, name: str) -> None:
    """Let the browser have the session of somebody who has logged in."""
    url = str(client.base_url)
    cookies = session_of(client.base_url, name)
    page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])


def open_as(page: Page, client: httpx.Client, name: str, path: str) -> None:
    """Open a page of the workbench as somebody."""
    give_session(page, client, name)
    open_view(page, client, path)


def test_an_admin_lets_a_colleague_in(page: Page, bench: httpx.Client, expected: set[str]) -> None:
    expected.add("401")  # the first look is refused, and then the form is there
    open_view(page, bench, "/workbench/access")
    merchandising.log_in(page, "ada")
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
    assert httpx.get(
        bench.base_url.join("/search?q=soup&k=1"), headers={"Authorization": f"Bearer {issued}"}
    ).is_success

    page.get_by_role("button", name="Show the list again").click()
    merchandising.settled(page)
    page.get_by_role("row", name="vera").get_by_label("Remove vera").click()
    page.get_by_role("row", name="vera").get_by_role("button", name="Remove it").click()
    expect(page.locator("#said")).to_have_text("vera is removed.")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("alert")).to_contain_text("logged in")


def test_a_merchandiser_finds_a_query_without_results_and_helps_it(page: Page, bench: httpx.Client) -> None:
    asked = [{"q": "zzfrzn yzm", "user_id": f"p{person}", "exact": True} for person in range(3)]
    answers = [bench.get("/search", params=params).raise_for_status() for params in asked]
    eventually(lambda: search_is_logged(bench, answers[-1]))
    open_as(page, bench, "mia", "/views/analytics?days=all")
    seen: list[str] = []

    def look(step: str) -> None:
        seen.append(step)
        assert serious_violations(page) == []
        if step == "3-preview":
            expect(page.get_by_role("article")).to_contain_text("By @mia")
            assert bench.get("/synonyms").json() == {}
            page.set_viewport_size({"width": 360, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            page.set_viewport_size({"width": 1440, "height": 1000})

    add_a_synonym(page, "zzfrzn yzm", "ice cream", look)
    assert seen == ["1-no-results", "2-draft", "3-preview", "4-published"]
    assert [one["also_find"] for one in bench.get("/synonyms").json().values()] == [["ice cream"]]
    found = bench.get("/search", params={"q": "zzfrzn yzm"}).json()
    assert found["understood"]["synonyms"] == [{"from": "zzfrzn yzm", "to": "ice cream"}]
    assert found["hits"]

    page.get_by_role("button", name="Undo the change of").first.click()
    expect(page.locator("#said")).to_contain_text("is as it was before")
    assert bench.get("/synonyms").json() == {}


def test_a_rule_is_drafted_and_shown_beside_what_is_live(page: Page, bench: httpx.Client) -> None:
    hits = bench.get("/playground/search", params={"q": "soup", "k": 10}).json()["hits"]
    open_as(page, bench, "mia", "/workbench/rules?for=soup")
    form = page.get_by_role("form", name="A rule")
    form.get_by_label("Find items by words").fill("soup")
    form.get_by_role("button", name="Find", exact=True).click()
    form.get_by_role("button", name="Add").nth(4).click()
    expect(form.get_by_label("Items by their ids")).to_have_value(hits[4]["item_id"])
    form.get_by_role("button", name="Save the draft").click()
    draft = page.get_by_role("article")
    titled = f"pin {hits[4]['title']} #{hits[4]['item_id']} to rank 1 where the search is “soup”"
    expect(draft).to_contain_text(titled)
    draft.get_by_role("button", name="Preview").click()
    first = draft.locator(".sides .side-of").nth(1).locator("li").first
    expect(first).to_have_attribute("data-item", hits[4]["item_id"])
    expect(first).to_contain_text("▲")
    draft.get_by_role("button", name="Discard").click()
    expect(page.locator("#said")).to_contain_text("is discarded")
    assert bench.get("/drafts").json() == []
    assert bench.get("/rules").json() == {}

    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    later = {"action": "banner", "banner": "Soup weeks", "query": "soup", "starts": tomorrow}
    bench.put("/drafts/rules/later", json={"definition": later, "note": ""}).raise_for_status()
    open_view(page, bench, "/workbench/rules")
    page.get_by_role("article").get_by_role("button", name="Publish").click()
    expect(page.locator("#said")).to_contain_text("later is scheduled: it begins")
    expect(page.get_by_role("region", name="Live rules")).to_contain_text("scheduled: from")
    bench.delete("/rules/later").raise_for_status()


def test_a_viewer_looks_and_changes_nothing(page: Page, bench: httpx.Client, expected: set[str]) -> None:
    bench.put("/accounts/vic", json={"role": "viewer", "password": PASSWORD}).raise_for_status()
    open_as(page, bench, "vic", "/workbench/rules")
    expect(page.get_by_text("log in as a merchandiser")).to_be_visible()
    expect(page.get_by_role("form", name="A rule")).to_have_count(0)
    expected.add("403")
    open_view(page, bench, "/workbench/access")
    expect(page.get_by_text("Accounts and keys are for admins.")).to_be_visible()


def test_a_query_set_is_compared_and_judged_by_keyboard(page: Page, bench: httpx.Client) -> None:
    bench.put("/profiles/margin", json={"weights": {"relevance": 0.2, "revenue": 0.8}}).raise_for_status()
    open_as(page, bench, "mia", "/workbench/queries")
    form = page.get_by_role("form", name="A set by hand")
    form.get_by_label("Name").fill("spring")
    form.get_by_label("Queries, one a line").fill("soup\nice cream\n?!")
    form.get_by_role("button", name="Keep them").click()
    expect(page.get_by_role("heading", name="spring")).to_be_visible()

    page.get_by_role("group", name="Other").get_by_label("Weights").select_option("margin")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text(re.compile("of 3 queries changes?\\."))).to_be_visible()
    queries = page.get_by_role("region", name="Queries, those that change most first")
    expect(queries.get_by_role("row", name="?!")).to_contain_text("cannot be searched")
    queries.get_by_role("button", name="soup").click()
    expect(page.get_by_role("heading", name="soup", exact=True)).to_be_visible()
    assert serious_violations(page) == []

    page.get_by_role("button", name="Begin judging").click()
    judged = page.locator(".judged li")
    expect(judged.first.locator("input").first).to_be_focused()
    n_items = judged.count()
    for number in range(n_items):
        page.keyboard.press(str(number % 4))
    expect(page.get_by_role("button", name="Next query")).to_be_focused()
    expect(page.get_by_text(f"{n_items} of {n_items} graded and saved.")).to_be_visible()
    said = bench.get("/query-sets/spring/judgments").json()["judges"]["@mia"]["soup"]
    assert sorted(said.values()) == sorted(number % 4 for number in range(n_items)), "saved before one goes on"
    page.keyboard.press("Enter")
    expect(page.get_by_text("Query 2 of 3; you have judged 1.")).to_be_visible()
    assert serious_violations(page) == []

    open_view(page, bench, "/workbench/queries?set=spring")
    expect(page.get_by_role("button", name="Go on judging")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("too few queries differ to say more")).to_be_visible()
    expect(page.locator(".facts").filter(has_text="ndcg@10 of those judged")).to_contain_text("(1)")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the judgments").click()
    assert download.value.path().read_text().splitlines()[0] == "query,item_id,grade"
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_admin_starts_an_experiment_and_stops_it(page: Page, bench: httpx.Client) -> None:
    bench.put("/profiles/margin", json={"weights": {"relevance": 0.2, "revenue": 0.8}}).raise_for_status()
    open_as(page, bench, "ada", "/workbench/experiments")
    form = page.get_by_role("form", name="An experiment")
    form.get_by_label("Name").fill("bolder")
    form.get_by_label("Treatment", exact=True).select_option("profile margin")
    form.get_by_label("Who takes part").select_option("share")
    form.get_by_label("Percent of those who search").fill("20")
    form.get_by_label("Why").fill("more margin")
    form.get_by_role("button", name="Save the draft").click()
    draft = page.get_by_role("article", name="Draft bolder")
    expect(draft).to_contain_text("50\u00a0% treatment (profile margin); who takes part: 20\u00a0%")
    assert bench.get("/experiments").json() == {}
    draft.get_by_label("Queries, one a line").fill("soup\ncoffee")
    draft.get_by_role("button", name="Preview").click()
    expect(draft.get_by_role("heading", name="Treatment")).to_have_count(2)
    assert serious_violations(page) == []
    draft.get_by_role("button", name="Start").click()
    expect(page.locator("#said")).to_have_text("bolder runs.")
    defined = bench.get("/experiments").json()["bolder"]
    assert (defined["exposure"], defined["arms"]["treatment"]["profile"]) == (0.2, "margin")
    page.get_by_label("Percent of those who search in bolder").fill("50")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#said")).to_have_text("50 % take part in bolder.")
    assert bench.get("/experiments").json()["bolder"]["exposure"] == 0.5
    expect(page.get_by_role("region", name="Sums by arm").get_by_role("row", name="treatment")).to_be_visible()
    page.get_by_role("button", name="change bolder").click()
    expect(form.get_by_label("Treatment", exact=True)).to_have_value("profile margin")
    expect(form.get_by_label("Percent of those who search")).to_have_value("50")
    assert serious_violations(page) == []
    page.get_by_label("Stop bolder").click()
    page.get_by_role("button", name="Stop it").click()
    expect(page.locator("#said")).to_contain_text("bolder has ended")
    assert bench.get("/experiments").json() == {}


def test_an_admin_loads_a_bundle_tries_it_and_goes_back(
    page: Page, bundle_folder: Path, redis_server: RedisProcess, tmp_path: Path
) -> None:
    golden = tmp_path / "golden.txt"
    golden.write_text("soup\n")
    settings = settings_for(bundle_folder / "small", tmp_path / "data", redis_server)
    with serving(settings.model_copy(update={"golden_queries": golden})) as client:
        client.headers.update(ADMIN)
        page.add_init_script("sessionStorage.setItem('trimtab-key', 'sesame')")
        open_view(page, client, "/workbench/bundles")
        rules = page.get_by_role("region", name="rules", exact=True)
        rules.get_by_role("button", name="Load and check").click()
        expect(rules.get_by_role("progressbar")).to_be_visible()
        expect(page.locator("#said")).to_contain_text("rules is loaded", timeout=120_000)
        rules.get_by_role("button", name="Canary").click()
        expect(page.locator("#said")).to_have_text("rules answers 5 % of the traffic.")
        assert client.get("/bundles").json()["plan"]["canary"] == {"bundle": "rules", "share": 0.05}
        rules.get_by_role("button", name="Activate").click()
        expect(page.locator("#said")).to_have_text("rules serves.")
        assert serious_violations(page) == []
        page.get_by_role("button", name="Go back to small").click()
        expect(page.locator("#said")).to_have_text("The last step is taken back.")
        assert client.get("/bundles").json()["plan"]["active"] == "small"


def test_a_merchandiser_changes_an_item(page: Page, bench: httpx.Client) -> None:
    hit = bench.get("/playground/search", params={"q": "soup", "k": 20}).json()["hits"][0]
    open_as(page, bench, "mia", "/workbench/items?q=soup")
    page.get_by_role("list", name="Items found").get_by_role("button").first.click()
    form = page.get_by_role("form", name=f"Item {hit['item_id']}")
    form.get_by_label("price", exact=True).fill("123.5")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#said")).to_have_text(f"price of {hit['item_id']} is changed; searches see it.")
    assert bench.get(f"/items/{hit['item_id']}").json()["price"] == 123.5
    assert serious_violations(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_admin_looks_at_a_profile_before_it_is_live(page: Page, bench: httpx.Client) -> None:
    open_as(page, bench, "ada", "/workbench/profiles")
    form = page.get_by_role("form", name="A profile")
    form.get_by_label("Name").fill("bold")
    form.get_by_label("Weight of relevance").fill("0.1")
    form.get_by_label("Weight of revenue").fill("0.9")
    form.get_by_label("Weight of diversity").fill("0")
    form.get_by_label("Percent of relevance").fill("100")
    form.get_by_role("button", name="Save the draft").click()
    draft = page.get_by_role("article", name="Draft bold")
    expect(draft).to_contain_text("relevance 10 %, revenue 90 %; at most 100.0 % of relevance given up")
    draft.get_by_label("Queries, one a line").fill("soup\ncoffee")
    draft.get_by_role("button", name="Preview").click()
    expect(draft.get_by_text("2 of 2 queries change.")).to_be_visible()
    assert "bold" not in bench.get("/profiles").json()
    assert serious_violations(page) == []
    draft.get_by_role("button", name="Publish").click()
    expect(page.locator("#said")).to_have_text("bold is live.")
    assert bench.get("/profiles").json()["bold"]["weights"] == {"relevance": 0.1, "revenue": 0.9}
    bench.delete("/profiles/bold").raise_for_status()


def test_who_is_logged_in_pins_without_a_key(page: Page, bench: httpx.Client) -> None:
    give_session(page, bench, "mia")
    page.goto(str(bench.base_url).rstrip("/") + "/?q=vanilla+yogurt")
    expect(page.locator("#candidate-slate > li")).to_have_count(10)
    page.get_by_role("button", name="Pin and bury").click()
    expect(page.get_by_text("Drop here to bury")).to_be_visible()
    page.get_by_role("button", name="Pin to rank 2").first.click()
    expect(page.get_by_role("list", name="Rules for this search").get_by_role("listitem")).to_have_count(1)
    for name in bench.get("/rules").json():
        bench.delete(f"/rules/{name}").raise_for_status()


@pytest.mark.parametrize(
    "name", ["synonyms", "rules", "profiles", "queries", "experiments", "bundles", "items", "access"]
)
def test_everybody_can_read_the_pages(page: Page, bench: httpx.Client, name: str) -> None:
    open_as(page, bench, "ada", f"/workbench/{name}")
    for width, scheme in ((360, "dark"), (1440, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_violations(page) == []


def test_the_documentation_is_dark_where_the_reader_is(page: Page, bench: httpx.Client) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(str(bench.base_url.join("/docs")))
    expect(page.get_by_text("search", exact=True).first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(28, 32, 34)"
    page.emulate_media(color_scheme="light")
    expect(page.locator("html:not(.dark-mode)")).to_be_visible()
    assert bench.head("/").status_code == 200
