"""What a merchandiser does about a query that finds nothing, step by step."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.playground.terminals import Step
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.service.redis.server import redis_for
from trimtab.service.settings import Settings

PASSWORD = "correct horse battery"
QUERY, FINDS = "popsicle", "ice cream"
N_USERS = 6


def log_in(page: Page, name: str) -> None:
    """Log in where a page has refused to show what it is for."""
    form = page.locator("#trouble")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Log in").click()
    expect(form).to_be_hidden()
    settled(page)


def settled(page: Page) -> None:
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", re.compile("."))


def add_a_synonym(page: Page, query: str, finds: str, shows: Step = lambda _: None) -> None:
    """From the analytics page to a synonym that is live, and what it finds."""
    row = page.get_by_role("region", name="Found nothing").get_by_role("row", name=query)
    row.scroll_into_view_if_needed()
    shows("1-no-results")
    row.get_by_role("link", name="add a synonym").click()
    form = page.get_by_role("form", name="A synonym")
    expect(form.get_by_label("Words that are searched")).to_have_value(query)
    form.get_by_label("Which others").fill(finds)
    form.get_by_label("Why").fill("nobody found it")
    shows("2-draft")
    form.get_by_role("button", name="Save the draft").click()
    expect(page.locator("#said")).to_contain_text("Nothing that shoppers see has changed yet.")

    draft = page.get_by_role("article")
    draft.get_by_role("button", name="Preview").click()
    expect(draft.get_by_role("heading", name=query, exact=True)).to_be_visible()
    expect(draft.get_by_text(f"{query} finds {finds} too")).to_be_visible()
    expect(draft.locator(".sides .side-of").nth(1).locator("li").first).to_contain_text("new")
    shows("3-preview")
    draft.get_by_role("button", name="Publish").click()
    expect(page.locator("#said")).to_contain_text("is live")
    shows("4-published")


def search_is_logged(client: httpx.Client, answer: httpx.Response) -> bool:
    """Whether the log has a search, and so those before it."""
    return client.get(f"/decisions/{answer.raise_for_status().json()['decision_id']}").status_code == 200


def help_a_query(bundle: Path, page: Page, shows: Step) -> None:
    """All of it against a service of its own, up to what the query finds when the synonym is live."""
    with tempfile.TemporaryDirectory() as folder, redis_for(None, Path(folder)) as url:
        settings = Settings(
            bundle=bundle, data_folder=Path(folder), redis_url=url, admin_key="sesame", require_keys=True
        )
        with serving(settings) as client:
            client.headers["Authorization"] = "Bearer sesame"
            account = {"role": "merchandiser", "password": PASSWORD}
            client.put("/accounts/mia", json=account).raise_for_status()
            asked = [{"q": QUERY, "user_id": str(user), "exact": True} for user in range(N_USERS)]
            answers = [client.get("/search", params=params).raise_for_status() for params in asked]
            eventually(lambda: search_is_logged(client, answers[-1]))
            address = str(client.base_url).rstrip("/")
            page.goto(f"{address}/views/analytics?days=1")
            settled(page)
            log_in(page, "mia")
            add_a_synonym(page, QUERY, FINDS, shows)
            page.goto(f"{address}/?q={QUERY}")
            expect(page.locator("#candidate-slate > li").first).to_be_visible()
            shows("5-found")
