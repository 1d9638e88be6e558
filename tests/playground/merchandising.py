"""What a merchandiser does about a query that finds nothing, step by step; and a recording of it.

    python -m tests.playground.merchandising --bundle bundles/grocery --out docs/img

writes a picture of each step (`merchandiser-1-no-results.png`...); with `--trace FILE.zip` all of it, for
`playwright show-trace FILE.zip`.
"""

from __future__ import annotations

import argparse
import itertools
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.support.chromium import running_chromium
from tests.support.services import serving
from tests.support.waiting import PATIENCE_SECONDS, eventually
from trimtab.service.redis.server import redis_for
from trimtab.service.settings import Settings

PASSWORD = "correct horse battery"
QUERY, FINDS = "popsicle", "ice cream"
N_USERS = 6

Step = Callable[[str], object]
"""Called with the name of what the page shows now."""


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


YEARS = itertools.count(1000)


def is_logged(client: httpx.Client, query: str) -> bool:
    """Whether the log has a query that found nothing; each time it is another question, which nobody remembers."""
    asked = {"of": "no_results", "since": f"{next(YEARS)}-01-01T00:00:00Z"}
    return query in {row["query"] for row in client.get("/analytics/queries", params=asked).json()["rows"]}


def record(address: str, folder: Path, trace: Path | None) -> None:
    """Do it, with a picture of each step and a trace of all."""
    with running_chromium() as browser:
        context = browser.new_context(viewport={"width": 1200, "height": 1000}, reduced_motion="reduce")
        context.tracing.start(screenshots=True, snapshots=True)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1000)

        def shows(name: str) -> None:
            page.screenshot(path=folder / f"merchandiser-{name}.png")

        page.goto(f"{address}/views/analytics?days=1")
        settled(page)
        log_in(page, "mia")
        add_a_synonym(page, QUERY, FINDS, shows)
        page.goto(f"{address}/?q={QUERY}")
        expect(page.locator("#candidate-slate > li").first).to_be_visible()
        shows("5-found")
        context.tracing.stop(path=trace)
        context.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bundle", type=Path, default=Path("bundles/grocery"))
    arguments.add_argument("--out", type=Path, default=Path("docs/img"))
    arguments.add_argument("--trace", type=Path)
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, redis_for(None, Path(folder)) as url:
        settings = Settings(
            bundle=given.bundle, data_folder=Path(folder), redis_url=url, admin_key="sesame", require_keys=True
        )
        with serving(settings) as client:
            client.headers["Authorization"] = "Bearer sesame"
            account = {"role": "merchandiser", "password": PASSWORD}
            client.put("/accounts/mia", json=account).raise_for_status()
            for user in range(N_USERS):
                client.get("/search", params={"q": QUERY, "user_id": str(user), "exact": True}).raise_for_status()
            eventually(lambda: is_logged(client, QUERY))
            record(str(client.base_url).rstrip("/"), given.out, given.trace)


if __name__ == "__main__":
    main()
