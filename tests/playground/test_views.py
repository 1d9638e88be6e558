"""Pages that report: what they draw is what the JSON says, to those who may see it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest
from playwright.sync_api import Page, expect

from tests.playground.conftest import settings_for
from tests.playground.merchandising import search_is_logged
from tests.playground.reading import open_view, serious_violations
from tests.playground.screenshots import product_page
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.abtest.ope.replay import replay
from trimtab.engine import Engine
from trimtab.service.experiments.definition import Experiment, totals_key
from trimtab.service.experiments.ramp_controller import history_key
from trimtab.service.settings import Settings

ADMIN = {"Authorization": "Bearer sesame"}
POLICY = "costl<b>ier"
N_IMPRESSIONS = 600
"""Replayed: enough for a report with every chart."""


@pytest.fixture(scope="module")
def reports(engine: Engine, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A replay's report, one that is damaged, and a link that leads out of the folder."""
    folder, few = tmp_path_factory.mktemp("reports"), tmp_path_factory.mktemp("few") / "impressions.parquet"
    pl.scan_parquet(log / "**/*.parquet").head(N_IMPRESSIONS).sink_parquet(few)
    replay(few, engine, {"same": engine.default_weights, POLICY: {"relevance": 0.7, "revenue": 0.3}}, folder / "spring")
    (folder / "broken").mkdir()
    (folder / "broken" / "report.json").write_text("[1, 2")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "report.json").write_text('{"policies": {}, "log": {}, "differences": {}}')
    (folder / "elsewhere").symlink_to(outside)
    return folder


@pytest.fixture(scope="module")
def views(
    small_bundle: Path, reports: Path, redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    settings = settings_for(small_bundle, tmp_path_factory.mktemp("data"), redis)
    with serving(settings.model_copy(update={"report_folder": reports})) as client:
        client.headers.update(ADMIN)
        yield client


def test_a_replay_is_found_and_looked_at(page: Page, views: httpx.Client, reports: Path) -> None:
    page.goto(str(views.base_url))
    page.get_by_role("link", name="Replays").click()
    expect(page.get_by_text("is not a report that can be read")).to_be_visible()
    page.get_by_role("link", name="spring").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("spring")

    report = json.loads((reports / "spring" / "report.json").read_text())
    expect(page.locator(".sentence")).to_have_text(report["verdicts"])
    change = report["differences"][f"{POLICY} - logged"]["revenue"]["value"] / report["log"]["revenue"]["value"]
    revenue = page.get_by_role("list", name="Change of revenue").get_by_role("listitem").filter(has_text=POLICY)
    said = f"{abs(change):.1%}"[:-1]
    expect(revenue).to_contain_text("unchanged" if said == "0.0" else said)
    ess = f"{report['policies'][POLICY]['relevance']['ess']:,.0f}"
    expect(page.get_by_role("region", name="Policies").get_by_role("row", name=POLICY)).to_contain_text(ess)
    expect(page.get_by_role("img", name=re.compile("Effective share of the log"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("revenue against relevance"))).to_be_visible()


def test_reports_are_read_from_their_folder_alone(views: httpx.Client) -> None:
    assert views.get("/replays").json().keys() == {"spring", "broken"}
    assert views.get("/replays/spring").json()["policies"].keys() == {"same", POLICY}
    for name in ("elsewhere", "broken", "nothing", "%2e%2e", "..%2Foutside", ".hidden", "spring%00"):
        answer = views.get(f"/replays/{name}")
        assert answer.status_code in (404, 422), name
        assert "outside" not in answer.json()["detail"].replace(name, "")


def test_the_bundle_that_serves(page: Page, views: httpx.Client, engine: Engine) -> None:
    open_view(page, views, "/views/bundle")
    measured = engine.manifest["training"]["test"]
    rows = page.get_by_role("region", name="Figures on held-out data").get_by_role("row")
    row = rows.filter(has=page.get_by_text("ndcg@10", exact=True))
    expect(row).to_contain_text(f"{measured['ndcg@10']['value']:.3f}")
    for head, bins in measured["calibration_curve"].items():
        drawn = page.get_by_role("img", name=re.compile(f"Calibration of {head} in {len(bins)} bins"))
        expect(drawn).to_be_visible()
    expect(page.get_by_text("recall of the first 100 against exact search")).to_be_visible()


def test_an_experiment_its_split_and_what_it_brought(page: Page, views: httpx.Client, redis: RedisProcess) -> None:
    open_view(page, views, "/views/experiments")
    expect(page.get_by_text("No experiment runs.")).to_be_visible()
    defined = {"arms": {"control": {"share": 0.5}, "bold": {"share": 0.5}}, "ramp": {"control": "control"}}
    views.put("/experiments/bolder", json=defined).raise_for_status()
    try:
        open_view(page, views, "/views/experiments")
        expect(page.get_by_role("heading", name="bolder")).to_be_visible()
        expect(page.get_by_role("list", name="Arms").get_by_role("listitem")).to_have_count(2)
        expect(page.get_by_text("Nobody has been seen yet.")).to_be_visible()
        expect(page.get_by_text("step 1 of 5")).to_be_visible()
        expect(page.get_by_text("Intervals begin with 100 searches of each arm.")).to_be_visible()

        experiment = Experiment.model_validate(views.get("/experiments").json()["bolder"])
        with redis.client() as written:
            for minute in range(1, 4):
                arms = {"control": sums(1000 * minute, 1.0), "bold": sums(1000 * minute, 1.2)}
                look = {"at": 1_800_000_000 + 60 * minute, "arms": arms, "units": {}}
                written.rpush(history_key("bolder", experiment), json.dumps(look))
            for arm, totals in arms.items():
                written.hset(totals_key("bolder", experiment, arm), mapping=totals)
        open_view(page, views, "/views/experiments")
        revenue = page.get_by_role("list", name="Change of revenue").get_by_role("listitem")
        expect(revenue).to_contain_text("+20.0")
        expect(
            page.get_by_role("img", name=re.compile("Difference of revenue to control over . looks"))
        ).to_be_visible()
        expect(page.get_by_role("region", name="Sums by arm").get_by_role("row", name="bold")).to_contain_text("3,000")
        assert serious_violations(page) == []
    finally:
        views.delete("/experiments/bolder").raise_for_status()


def sums(n_searches: int, revenue: float) -> dict[str, float]:
    counts = {"searches": n_searches, "errors": 0, "slow": 5, "empty": 3}
    return {**counts, "revenue": revenue * n_searches, "revenue_squares": 2 * revenue**2 * n_searches}


def test_a_followed_page_and_the_course_of_its_price(page: Page, views: httpx.Client) -> None:
    open_view(page, views, "/views/prices")
    expect(page.get_by_text("No page is followed yet.")).to_be_visible()
    address = "https://shop.example/kettle?q=<b>"
    for price in ("24.90", "24.90", "19.99"):
        views.post("/tracked", json={"url": address, "html": product_page(price)}).raise_for_status()
    open_view(page, views, "/views/prices")
    expect(page.get_by_role("heading", name=address)).to_be_visible()
    expect(page.get_by_role("img", name="Price over 3 visits, from 24.90 EUR to 19.99 EUR")).to_be_visible()
    last = page.get_by_role("region", name="Last visits").get_by_role("row").nth(1)
    expect(last).to_contain_text("19.99 EUR")
    expect(last).to_contain_text("from 24.90 EUR")


@pytest.mark.parametrize(
    "path",
    ["/views/replays", "/views/replays/spring", "/views/experiments", "/views/bundle", "/views/pages", "/views/prices"],
)
def test_everybody_can_read_them(page: Page, views: httpx.Client, path: str) -> None:
    for width, scheme in ((360, "dark"), (1440, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        open_view(page, views, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_violations(page) == []


def test_who_has_no_key_is_asked_for_one(page: Page, towels: Path, tmp_path: Path, expected: set[str]) -> None:
    expected.update(("401", "404"))  # no key; no other bundles behind this port
    settings = Settings(bundle=towels, data_folder=tmp_path, admin_key="sesame", require_keys=True)
    with serving(settings) as client:
        open_view(page, client, "/views/replays")
        expect(page.get_by_role("alert")).to_contain_text("The service asks here for a key")
        assert serious_violations(page) == []
        page.get_by_label("Admin key").fill("sesame")
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_text("No replay has been reported yet.")).to_be_visible()
        open_view(page, client, "/views/bundle")
        expect(page.get_by_text("This bundle kept no calibration curve.")).to_be_visible()
        assert client.get("/views/nothing").status_code == 404
        assert client.get("/views/nothing").headers["content-type"] == "application/problem+json"
        visited = client.get("/workbnech", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (visited.status_code, "There is nothing here" in visited.text) == (404, True)
        assert client.get("/workbench").headers["location"] == "/workbench/synonyms"


def test_a_merchandiser_finds_what_finds_nothing_and_what_can_be_done(page: Page, views: httpx.Client) -> None:
    asked = {"q": "zzyzx", "exact": True}
    for user in range(6):
        views.get("/search", params={"q": "soup", "user_id": f"u{user}"}).raise_for_status()
        last = views.get("/search", params={**asked, "user_id": f"u{user}"}).raise_for_status()
    eventually(lambda: search_is_logged(views, last))
    open_view(page, views, "/views/analytics?days=1")
    row = page.get_by_role("region", name="Found nothing").get_by_role("row", name="zzyzx")
    expect(row).to_contain_text("6")
    expect(page.get_by_role("region", name="Searched most").get_by_role("link", name="soup")).to_have_attribute(
        "href", "/?q=soup"
    )
    assert serious_violations(page) == []
    expect(row.get_by_role("link", name="add a synonym")).to_have_attribute("href", "/workbench/synonyms?for=zzyzx")
    expect(row.get_by_role("link", name="make a rule")).to_have_attribute("href", "/workbench/rules?for=zzyzx")

    open_view(page, views, "/views/analytics?days=30&channel=agent")
    expect(page.get_by_text("Nothing was searched by agents in the last month.")).to_be_visible()
    open_view(page, views, "/views/analytics?days=all&at=2020-01-01T00:00")
    expect(page.get_by_role("region", name="Before and after").get_by_role("row", name="after")).to_be_visible()
