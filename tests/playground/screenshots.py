"""Pictures of the pages for docs/img: `python -m tests.playground.screenshots --bundle bundles/grocery`.

The playground shows a shop as Shopify exports it, with attributes, variants and two objectives of its own; the report
views show groceries, whose shoppers are known: a simulated log and its replay, an experiment with some sessions, a page
followed over a few visits. Then three people are recorded at their work: an engineer, a merchandiser, a scientist;
with `--trace FOLDER` all that they do, for `playwright show-trace FOLDER/merchandiser.zip`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import polars as pl
from playwright.sync_api import Page, expect
from redis import Redis

import trimtab
from tests.feeds.platform_feeds import shopify_csv
from tests.playground.engineering import EXPORT, serve_an_export, show_products
from tests.playground.merchandising import help_a_query
from tests.playground.reading import cards, settled
from tests.playground.science import judge_a_log
from tests.playground.terminals import Step, Terminals
from tests.support.chromium import running_chromium
from tests.support.processes import free_port
from tests.support.services import serving
from tests.support.waiting import PATIENCE_SECONDS
from trimtab.abtest.ope.replay import replay
from trimtab.abtest.simulation.simulate import simulate
from trimtab.catalog.feeds.columns.summary.inference import shop_of
from trimtab.catalog.feeds.reading import inferred_layout
from trimtab.catalog.shop_text import shop_text
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.service.experiments import ramp_controller
from trimtab.service.redis.server import redis_for
from trimtab.service.settings import Settings

ADMIN_KEY = "sesame"
OBJECTIVES = """
[objectives.margin]
head = "purchase"
value = "price - cost_per_item"
unit = "EUR"

[objectives.clearance]
head = "relevance"
value = "if(stock > 0, discount, 0)"
"""
STEERED = "/?q=black+leather+boot&w_relevance=0.4&w_margin=0.5&w_clearance=0.1&max_relevance_loss=0.1"
SHOP, PAGES, PEOPLE = "shop", "pages", ("engineer", "merchandiser", "scientist")
N_IMPRESSIONS = 5_000
N_SESSIONS = 1_000
N_PRODUCTS = 400
N_SEARCHES = 3_000
POLICIES = {
    "bold": {"relevance": 0.6, "revenue": 0.35, "diversity": 0.05},
    "safe": {"relevance": 1.0},
    "varied": {"relevance": 0.7, "revenue": 0.15, "diversity": 0.15},
}
EXPERIMENT = {
    "unit": "session",
    "arms": {"as-before": {"share": 0.5}, "bold": {"share": 0.5, "profile": "bold"}},
    "ramp": {"control": "as-before", "steps": [1.0]},
}
PRICES = ("24.90", "24.90", "22.50", "22.50", "19.99", "21.50", "21.50")
FOLLOWED = "https://shop.example/kettle"


def open_suggestions(page: Page) -> None:
    page.get_by_role("combobox", name="Search the catalogue").press_sequentially("rain")
    page.get_by_role("option").first.wait_for()


def arrange(page: Page) -> None:
    page.get_by_role("button", name="Pin and bury").click()
    page.get_by_label("Admin key").fill(ADMIN_KEY)
    page.get_by_role("button", name="Use this key").click()
    page.get_by_role("button", name="Pin to rank 1").first.click()
    expect(page.get_by_role("list", name="Rules for this search").get_by_role("listitem")).to_have_count(1)
    settled(page)


def open_variants(page: Page) -> None:
    """The variants of a hit, the facets beside them, and the frontier of an objective of the shop's own."""
    page.get_by_role("button", name="margin", exact=True).click()
    cards(page).locator("details.variants summary").first.click()
    settled(page)


Pictures = Mapping[str, tuple[str, int, int, str, Callable[[Page], None] | None]]
"""Address, width, height, colour scheme, and what is done first."""

OF_SHOP: Pictures = {
    "playground-light": (STEERED, 1440, 1000, "light", None),
    "playground-dark": (STEERED, 1440, 1000, "dark", None),
    "playground-narrow": (STEERED, 360, 1400, "light", None),
    "playground-start": ("/", 1440, 700, "light", open_suggestions),
    "playground-variants": (STEERED, 1440, 1250, "light", open_variants),
    "playground-arrange": (STEERED, 1440, 1000, "light", arrange),
}
"""The last leaves a rule behind."""

OF_VIEWS: Pictures = {
    "view-replay": ("/views/replays/summer", 1440, 1100, "light", None),
    "view-experiments": ("/views/experiments", 1440, 1100, "dark", None),
    "view-bundle": ("/views/bundle", 1440, 1100, "light", None),
    "view-analytics": ("/views/analytics?days=1", 1200, 1400, "light", None),
    "view-prices": ("/views/prices", 1440, 900, "light", None),
}


def take(pictures: Pictures, address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with running_chromium() as browser:
        for name, (path, width, height, scheme, prepare) in pictures.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            show_products(page)
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            if prepare is not None:
                prepare(page)
            page.screenshot(path=folder / f"{name}.png")
            page.close()


def record(names: Sequence[str], bundle: Path, folder: Path, traces: Path | None) -> None:
    """What these people do from the first step to the last, a picture of each step."""

    def engineer(page: Page, work: Path, shows: Step) -> Terminals:
        return serve_an_export(work, free_port(), page, n_products=N_PRODUCTS, shows=shows)

    def merchandiser(page: Page, _: Path, shows: Step) -> None:
        help_a_query(bundle, page, shows)

    def scientist(page: Page, work: Path, shows: Step) -> Terminals:
        return judge_a_log(work, bundle.resolve(), free_port(), page, n_searches=N_SEARCHES, shows=shows)

    people: dict[str, Callable[[Page, Path, Step], Terminals | None]] = {
        "engineer": engineer,
        "merchandiser": merchandiser,
        "scientist": scientist,
    }
    with running_chromium() as browser:
        for name in names:
            began = time.perf_counter()
            context = browser.new_context(viewport={"width": 1200, "height": 1000}, reduced_motion="reduce")
            context.tracing.start(screenshots=True, snapshots=True)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_SECONDS * 1000)

            def shows(step: str, page: Page = page, name: str = name) -> None:
                page.screenshot(path=folder / f"{name}-{step}.png")

            with tempfile.TemporaryDirectory() as work:
                terminals = people[name](page, Path(work), shows)
            seconds = time.perf_counter() - began
            if terminals is not None:
                heading = f"{len(terminals.commands)} commands, {seconds:.0f} seconds"
                sys.stdout.write(f"{name}: {heading}\n")
                terminals.picture(page, folder / f"{name}-terminal.png", heading)
            context.tracing.stop(path=None if traces is None else traces / f"{name}.zip")
            context.close()


def report(bundle: Path, data: Path) -> None:
    """A replay of simulated shoppers, where the service looks for reports."""
    engine = Engine.load(bundle)
    simulate(engine, N_IMPRESSIONS, data / "simulated", seed=1)
    (data / "reports").mkdir()
    replay(data / "simulated", engine, POLICIES, data / "reports" / "summer")


def use(client: httpx.Client, data: Path, redis_url: str) -> None:
    """An experiment that has seen the searches of the simulated log, and a page that was visited day by day."""
    client.headers["Authorization"] = f"Bearer {ADMIN_KEY}"
    client.put("/profiles/bold", json={"weights": POLICIES["bold"]}).raise_for_status()
    client.put("/experiments/bold", json=EXPERIMENT).raise_for_status()
    rows = pl.concat(read_log(data / "simulated")).select("query", "user_id").head(N_SESSIONS).rows()
    for number, (query, user_id) in enumerate(rows):
        asked = {"q": query, "user_id": user_id, "session_id": f"session-{number}"}
        answer = client.get("/search", params=asked).raise_for_status().json()
        if number % 3 == 0 and answer["hits"]:
            bought = {"item_id": answer["hits"][0]["item_id"], "value": answer["hits"][0]["price"] or 1.0}
            event = {"event_id": str(number), "query_id": answer["decision_id"], "action_name": "purchase", **bought}
            client.post("/events", json=event).raise_for_status()
    for price in PRICES:
        client.post("/tracked", json={"url": FOLLOWED, "html": product_page(price)}).raise_for_status()
    with Redis.from_url(redis_url) as redis:
        for key in redis.keys("trimtab:tracked:visits:*"):
            for ago in range(redis.llen(key)):
                visit = json.loads(redis.lindex(key, ago))
                visit["timestamp"] = (datetime.now(UTC) - timedelta(days=ago)).isoformat()
                redis.lset(key, ago, json.dumps(visit))


def product_page(price: str) -> str:
    stated = f'{{"@type": "Product", "name": "Kettle", "offers": {{"price": "{price}", "priceCurrency": "EUR"}}}}'
    return (
        f'<html><head><title>Kettle</title><script type="application/ld+json">{stated}</script></head><body>'
        f'<h1>Kettle</h1><div class="buy"><span class="price">{price} EUR</span><button>Add to cart</button></div>'
        "</body></html>"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--bundle", type=Path, default=Path("bundles/grocery"))
    arguments.add_argument("--out", type=Path, default=Path("docs/img"))
    arguments.add_argument("--trace", type=Path, help="folder of the recordings")
    arguments.add_argument("--only", choices=[SHOP, PAGES, *PEOPLE], help="the shop, the views, or one of the people")
    given = arguments.parse_args()
    if given.only in (None, SHOP):
        take_shop(given.out)
    if given.only in (None, PAGES):
        take_pages(given.bundle, given.out)
    record([name for name in PEOPLE if given.only in (None, name)], given.bundle, given.out, given.trace)


def take_pages(bundle: Path, out: Path) -> None:
    """Pictures of the pages of a service that has been used a little."""
    ramp_controller.SNAPSHOT_SECONDS = 1.0  # a picture does not wait for minutes
    with tempfile.TemporaryDirectory() as folder, redis_for(None, Path(folder)) as url:
        data = Path(folder)
        report(bundle, data)
        settings = Settings(bundle=bundle, data_folder=data, redis_url=url, admin_key=ADMIN_KEY)
        with serving(settings) as client:
            use(client, data, url)
            take(OF_VIEWS, str(client.base_url).rstrip("/"), out)


def take_shop(out: Path) -> None:
    """Pictures of the playground of a shop from its export."""
    with tempfile.TemporaryDirectory() as folder, redis_for(None, Path(folder)) as url:
        data = Path(folder)
        export, toml = data / EXPORT, data / "shop.toml"
        shopify_csv(export, N_PRODUCTS)
        known, layout = inferred_layout(export)
        catalogue = known.catalogue.model_copy(update={"currency": "EUR"})
        toml.write_text(shop_text(shop_of(layout, known.model_copy(update={"catalogue": catalogue}))) + OBJECTIVES)
        trimtab.build(export, data / "bundle", shop=toml, encoder="wordllama")
        settings = Settings(bundle=data / "bundle", data_folder=data, redis_url=url, admin_key=ADMIN_KEY)
        with serving(settings) as client:
            take(OF_SHOP, str(client.base_url).rstrip("/"), out)


if __name__ == "__main__":
    main()
