"""An engineer's way from a Shopify export to a shop that is served and fed, command by command."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.feeds.platform_feeds import shopify_csv
from tests.playground.reading import cards, settled
from tests.playground.terminals import Step, Terminals

EXPORT = "products_export.csv"
BUNDLE = f"bundles/{Path(EXPORT).stem}"
KEY = "sesame"
MOST_COMMANDS = 12
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="#d9cdb8"/>'
    '<circle cx="4" cy="4" r="2" fill="#8a7a60"/></svg>'
)
"""What the shop's pictures are, which are elsewhere."""


def show_products(page: Page) -> None:
    """Show pictures of the shop's products, none of which is anywhere."""
    page.route("https://shop.example/**", lambda route: route.fulfill(content_type="image/svg+xml", body=PICTURE))


def serve_an_export(folder: Path, port: int, page: Page, *, n_products: int, shows: Step = lambda _: None) -> Terminals:
    """From the export to a shop whose pages search, and which follows tomorrow's export."""
    shopify_csv(folder / EXPORT, n_products)
    terminals = Terminals(folder, TRIMTAB_ADMIN_KEY=KEY)
    address = f"http://127.0.0.1:{port}"
    show_products(page)
    with terminals.serving(f"trimtab init {EXPORT} --yes --no-browser --port {port}", port):
        page.goto(f"{address}/?q=hiking+boot")
        settled(page)
        expect(cards(page).first.locator(".amount")).to_be_visible()
        shows("1-playground")

        issue = '{"scopes": ["search"], "browser": true}'
        terminals.run(
            f"curl -sf -X PUT {address}/keys/front -H 'Authorization: Bearer {KEY}' "
            f"-H 'Content-Type: application/json' -d '{issue}' > key.json"
        )
        found = json.loads(terminals.run(f"curl -sf '{address}/search?q=rain+jacket&k=1&session_id=ann'"))
        hit = found["hits"][0]
        assert "jacket" in hit["title"].lower()
        event = {"event_id": "1", "action_name": "click", "query_id": found["decision_id"], "item_id": hit["item_id"]}
        said = terminals.run(f"curl -sf {address}/events -H 'Content-Type: application/json' -d '{json.dumps(event)}'")
        assert json.loads(said)["accepted"] == 1
        assert json.loads(terminals.run(f"curl -sf '{address}/suggest?q=hik'"))["suggestions"]

        tomorrow = (folder / EXPORT).read_text().replace(f",{hit['price']:.2f},", ",9.99,")
        (folder / "tomorrow.csv").write_text(tomorrow)
        assert "to change" in terminals.run(f"trimtab feed {BUNDLE} tomorrow.csv --dry-run")
        terminals.run(f"trimtab feed {BUNDLE} tomorrow.csv")
        page.goto(f"{address}/?q=rain+jacket&filter=price:9..10")
        settled(page)
        expect(cards(page).first.locator(".amount")).to_contain_text("9.99")
        shows("2-fed")
    return terminals
