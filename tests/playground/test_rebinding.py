"""Pages of other sites in the browser of somebody who runs the service on this machine."""

from __future__ import annotations

import httpx
from playwright.sync_api import Browser

from tests.playground.conftest import REBOUND
from tests.support.services import metric

READ = "path => fetch(path).then(answer => answer.status, () => 'refused')"
SEND = """path => fetch(path, {method: 'POST', mode: 'no-cors', headers: {'Content-Type': 'text/plain'},
    body: JSON.stringify({event_id: 'rebound', action_name: 'click', query_id: 'd', item_id: 'i'})
    }).then(() => 'sent', () => 'refused')"""


def test_a_name_that_is_made_to_lead_here_reaches_nothing(browser: Browser, address: str) -> None:
    with httpx.Client(base_url=address) as client:
        before = metric(client, "trimtab_events_total", outcome="accepted")
        page = browser.new_page()
        opened = page.goto(f"http://{REBOUND}:{address.rpartition(':')[2]}/")
        assert opened is not None
        assert opened.status == 421
        assert page.evaluate(READ, "/search?q=soup") == 421
        # As a page of another origin it may not read either, and what it sends unread is not taken.
        page.goto("about:blank")
        assert page.evaluate(READ, f"{address}/search?q=soup") == "refused"
        page.evaluate(SEND, f"{address}/events")
        page.close()
        assert metric(client, "trimtab_events_total", outcome="accepted") == before
