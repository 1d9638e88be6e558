"""Every page at the widths and in the colours that people have: `python -m tests.playground.every_page --out FOLDER`.

A shop from two exports, as two bundles of one service, is used a little by shoppers and by those who operate it; then
each page is taken whole, to be looked at. What each page says to the browser's console is printed, and how much wider
than the window it is where it is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

import trimtab
from tests.feeds.platform_feeds import shopify_csv
from tests.playground.engineering import show_products
from tests.playground.screenshots import ADMIN_KEY, FOLLOWED, OBJECTIVES, PRICES, product_page
from tests.support.chromium import running_chromium
from tests.support.services import load_bundle, serving
from tests.support.waiting import PATIENCE_SECONDS
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.simulation.simulate import simulate
from trimtab.catalog.feeds.columns.summary.inference import shop_of
from trimtab.catalog.feeds.reading import inferred_layout
from trimtab.catalog.shop_text import shop_text
from trimtab.engine import Engine
from trimtab.service.experiments import ramp_controller
from trimtab.service.playground.templates import VIEWS, WORKBENCH
from trimtab.service.redis.server import redis_for
from trimtab.service.settings import Settings

WIDTHS, SCHEMES = (1280, 360), ("light", "dark")
BUNDLES: Mapping[str, int] = {"spring": 60, "summer": 80}
"""Products by bundle; the first serves."""
BOLD = {"relevance": 0.4, "margin": 0.6}
N_IMPRESSIONS, N_SHOPPERS = 1_000, 60
QUERIES = ("rain jacket", "hiking boot", "backpack", "merino shirt", "zzfrzn", "blck boot")
STEERED = "/?q=black+leather+boot&w_relevance=0.4&w_margin=0.5&w_clearance=0.1&max_relevance_loss=0.1"


def build_bundles(folder: Path) -> None:
    """The bundles, beside one another."""
    for name, n_products in BUNDLES.items():
        export, toml = folder / f"{name}.csv", folder / f"{name}.toml"
        shopify_csv(export, n_products)
        known, layout = inferred_layout(export)
        catalogue = known.catalogue.model_copy(update={"currency": "EUR"})
        toml.write_text(shop_text(shop_of(layout, known.model_copy(update={"catalogue": catalogue}))) + OBJECTIVES)
        trimtab.build(export, folder / "bundles" / name, shop=toml, encoder="wordllama")


@contextmanager
def used_service(folder: Path, **settings: object) -> Iterator[httpx.Client]:
    """A service of the bundles that shoppers and operators have used."""
    first = folder / "bundles" / next(iter(BUNDLES))
    ramp_controller.SNAPSHOT_SECONDS = 1.0  # a picture does not wait for minutes
    data = folder / "data"
    data.mkdir()
    with redis_for(None, data) as url:
        report(first, data)
        known = Settings(
            bundle=first, data_folder=data, redis_url=url, admin_key=ADMIN_KEY, analytics_min_users=2, **settings
        )
        with serving(known) as client:
            client.headers["Authorization"] = f"Bearer {ADMIN_KEY}"
            operate(client)
            shop(client)
            yield client


def report(bundle: Path, data: Path) -> None:
    """A replay of simulated shoppers, where the service looks for reports."""
    engine = Engine.load(bundle)
    simulate(engine, N_IMPRESSIONS, data / "simulated", seed=1)
    (data / "reports").mkdir()
    replay(data / "simulated", engine, {"bold": BOLD, "safe": {"relevance": 1.0}}, data / "reports" / "summer")


def operate(client: httpx.Client) -> None:
    """What a workbench has to show: of each kind something that is live and something that is drafted."""
    item = client.get("/search", params={"q": QUERIES[0]}).json()["hits"][3]["item_id"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    synonym = {"words": ["popsicle"], "also_find": ["ice cream", "sorbet"], "note": "nobody found it"}
    definitions: Mapping[str, object] = {
        "/profiles/bold": {"weights": BOLD, "max_relevance_loss": 0.1},
        "/rules/best-jacket": {"action": "pin", "item_ids": [item], "query": QUERIES[0]},
        "/rules/sale-weeks": {"action": "banner", "banner": "Sale weeks", "query": QUERIES[1], "starts": tomorrow},
        "/synonyms/popsicle": synonym,
        "/drafts/synonyms/rucksack": {"definition": {"words": ["rucksack", "backpack"]}, "note": "asked for by mail"},
        "/drafts/rules/hidden": {"definition": {"action": "hide", "item_ids": [item], "query": QUERIES[1]}},
        "/drafts/profiles/careful": {"definition": {"weights": {"relevance": 0.9, "margin": 0.1}}},
        "/experiments/bold": {
            "unit": "session",
            "arms": {"as-before": {"share": 0.5}, "bold": {"share": 0.5, "profile": "bold"}},
            "ramp": {"control": "as-before", "steps": [1.0]},
        },
        "/query-sets/spring": {"queries": list(QUERIES), "note": "what the front page links to"},
        "/accounts/vera": {"role": "viewer", "password": "correct horse battery"},
        "/accounts/mia": {"role": "merchandiser", "password": "correct horse battery"},
        "/keys/front": {"scopes": ["search"], "browser": True},
    }
    for path, definition in definitions.items():
        client.put(path, json=definition).raise_for_status()
    load_bundle(client, list(BUNDLES)[1])
    for price in PRICES:
        client.post("/tracked", json={"url": FOLLOWED, "html": product_page(price)}).raise_for_status()


def shop(client: httpx.Client) -> None:
    """Searches, clicks and purchases of some people."""
    for person in range(N_SHOPPERS):
        asked = {"q": QUERIES[person % len(QUERIES)], "user_id": f"u{person // 2}", "session_id": f"s{person}"}
        answer = client.get("/search", params=asked).raise_for_status().json()
        for place, hit in enumerate(answer["hits"][: person % 3]):
            of = {"query_id": answer["decision_id"], "item_id": hit["item_id"], "position": place}
            for action in ("click", "purchase"):
                said = {"event_id": f"{action}-{person}-{place}", "action_name": action, **of}
                client.post("/events", json=said).raise_for_status()


def pages() -> Mapping[str, str]:
    """The address of each page by what its picture is called."""
    more = {
        "play": STEERED,
        "play-start": "/",
        "play-nothing": "/?q=zzfrzn",
        "play-corrected": "/?q=blck+boot",
        "replay": "/views/replays/summer",
        "missing": "/views/nosuch",
        "docs": "/docs",
        "bench-query-set": "/workbench/queries?set=spring",
        "bench-items-found": "/workbench/items?q=boot",
    }
    views = {f"view-{name}": f"/views/{name}" for name in VIEWS}
    return {**more, **views, **{f"bench-{name}": f"/workbench/{name}" for name in WORKBENCH}}


def take(browser: Browser, address: str, out: Path) -> None:
    """A picture of each page, and what it says on the way."""
    out.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        for scheme in SCHEMES:
            page = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page.add_init_script(f"sessionStorage.setItem('trimtab-key', '{ADMIN_KEY}')")
            show_products(page)
            for name, path in pages().items():
                look(page, address + path, out / f"{name}-{width}-{scheme}.png")
            page.close()


def look(page: Page, address: str, picture: Path) -> None:
    """One picture of one page."""
    said: list[str] = []

    def says(words: str) -> None:
        said.append(words)

    heard: Mapping[str, Callable[..., None]] = {
        "console": lambda message: says(message.text) if message.type == "error" else None,
        "pageerror": lambda error: says(str(error)),
    }
    for event, listener in heard.items():
        page.on(event, listener)  # type: ignore[call-overload]  # one of two names
    page.goto(address)
    page.wait_for_load_state("networkidle", timeout=PATIENCE_SECONDS * 1000)
    beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.screenshot(path=picture, full_page=True)
    for event, listener in heard.items():
        page.remove_listener(event, listener)
    for words in [*said, *([f"{beyond} pixels too wide"] if beyond > 0 else [])]:
        sys.stdout.write(f"{picture.stem}: {words}\n")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("every-page"))
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        build_bundles(Path(work))
        with used_service(Path(work)) as client, running_chromium() as browser:
            take(browser, str(client.base_url).rstrip("/"), given.out)


if __name__ == "__main__":
    main()
