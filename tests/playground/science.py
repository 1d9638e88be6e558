"""A scientist's way from a service's own log to a verdict: it explores, shoppers come, the log is replayed."""

from __future__ import annotations

import random
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.playground.terminals import Step, Terminals

POLICIES = {"bold": "w_relevance:0.5,w_revenue:0.5", "safe": "w_relevance:1"}
BUNDLE = "bundles/grocery"
REPORT = "week"
CHANCE = 0.5
"""The chance of a click at the first rank on the item that is expected to be the most relevant, and of its purchase."""


def judge_a_log(
    folder: Path, bundle: Path, port: int, page: Page, *, n_searches: int, shows: Step = lambda _: None
) -> Terminals:
    """From a service that explores to the page with what other weights would have brought."""
    terminals = Terminals(folder)
    (folder / BUNDLE).parent.mkdir()
    (folder / BUNDLE).symlink_to(bundle)
    with terminals.serving(f"trimtab serve {BUNDLE} --explore 1% --port {port}", port) as client:
        shop(client, n_searches)
        policies = " ".join(f"--policy {name}={weights}" for name, weights in POLICIES.items())
        terminals.run(f"trimtab replay data --bundle {BUNDLE} {policies} --out data/reports/{REPORT}")
        page.goto(f"http://127.0.0.1:{port}/views/replays")
        page.get_by_role("link", name=REPORT).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(REPORT)
        expect(page.locator(".sentence")).to_have_count(len(POLICIES))
        shows("1-verdict")
    return terminals


def shop(client: httpx.Client, n_searches: int, seed: int = 0) -> None:
    """Shoppers who search for kinds of things, click what suits them the sooner the higher it stands, and buy some."""
    chance = random.Random(seed)
    asked = {"q": "*", "k": 1, "facets": "category", "facet_limit": 50}
    queries = [name.rpartition(" > ")[2] for name in client.get("/search", params=asked).json()["facets"]["category"]]
    for number in range(n_searches):
        session = f"session-{number}"
        found = client.get("/search", params={"q": chance.choice(queries), "session_id": session}).json()
        best = max((hit["objectives"]["relevance"] for hit in found["hits"]), default=0.0)
        events = []
        for hit in found["hits"]:
            suits = hit["objectives"]["relevance"] / best if best > 0 else 0.0
            if chance.random() > CHANCE * suits / (1 + hit["position"]):
                continue
            actions = ["click", "purchase"] if chance.random() < CHANCE else ["click"]
            events += [
                {
                    "event_id": f"{number}-{hit['position']}-{action}", "action_name": action,
                    "query_id": found["decision_id"], "item_id": hit["item_id"], "position": hit["position"],
                }
                for action in actions
            ]  # fmt: skip
        if events:
            client.post("/events", json={"events": events}).raise_for_status()
