"""Web pages over HTTP: product pages become items that searches find, and prices are followed over visits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import polars as pl
import pytest

from tests.support.catalogues import read_catalogue
from tests.support.redis_servers import RedisProcess
from tests.support.services import metric, serving
from tests.support.waiting import eventually
from tests.webpages.pages_made_here import PRODUCT_URL, product
from trimtab.service.pages.page_worker import PageWorker
from trimtab.service.pages.tracked_pages import to_parquet
from trimtab.service.settings import Settings
from trimtab.webpages.history import HISTORY_SCHEMA

KEY = {"Authorization": "Bearer sesame"}
ARTICLE = "<html><head><title>On lanterns</title></head><body><h1>On lanterns</h1><p>They give light.</p></body></html>"


@pytest.fixture(scope="module")
def shop(module_settings: Settings) -> Iterator[httpx.Client]:
    with serving(module_settings.model_copy(update={"page_seconds": 60})) as client:
        client.headers.update(KEY)
        yield client


def in_dollars(html: str) -> str:
    """The same page with prices in the currency of the catalogue that the tests serve."""
    return html.replace("€", "USD").replace('"EUR"', '"USD"')


def take(shop: httpx.Client, html: str, **body: Any) -> dict[str, Any]:
    response = shop.post("/pages", json={"html": html, "url": PRODUCT_URL, **body})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def visit(shop: httpx.Client, html: str) -> dict[str, Any]:
    response = shop.post("/tracked", json={"html": html, "url": PRODUCT_URL})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_product_page_becomes_an_item_that_is_found(shop: httpx.Client, data_folder: Path) -> None:
    taken = take(shop, in_dollars(product(stated="49.90")))
    item_id = taken["item"]["item_id"]
    assert (item_id, taken["left_out"]) == ("gtin:04006381333931", None)
    hit = shop.get("/search", params={"q": "brass lantern"}).json()["hits"][0]
    assert (hit["item_id"], hit["title"], hit["price"]) == (item_id, "Brass Lantern", 49.9)
    assert taken["provenance"]["elements"]["price"]["evidence"]

    again = take(shop, in_dollars(product("39,90 €", stated="39.90")), url=PRODUCT_URL + "?from=newsletter")
    assert again["version"] == taken["version"] + 1
    assert shop.get(f"/items/{item_id}").json()["price"] == 39.9
    lines = [
        orjson.loads(line)
        for path in (data_folder / "pages").glob("*.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    assert [line["item_id"] for line in lines] == [item_id, item_id]
    assert [line["item"]["price"] for line in lines] == [49.9, 39.9]

    assert metric(shop, "trimtab_pages_total", kind="product") == 2
    assert metric(shop, "trimtab_page_elements_total", element="price", outcome="found") == 2
    assert metric(shop, "trimtab_page_prices_compared_total", site="lantern-shop.example.de") == 2
    assert metric(shop, "trimtab_page_prices_disagreed_total", site="lantern-shop.example.de") == 0


def test_a_page_that_is_no_product_page_makes_no_item(shop: httpx.Client) -> None:
    taken = take(shop, ARTICLE, url="https://lanterns.example/blog")
    assert taken["item"] is taken["version"] is None
    assert taken["left_out"] == "it is not a product page but other"


def test_a_page_that_is_only_looked_at_changes_nothing(shop: httpx.Client, data_folder: Path) -> None:
    kept = {path: path.read_bytes() for path in (data_folder / "pages").glob("*.jsonl")}
    taken = take(shop, product("12,50 €", stated="12.50").replace("BL-4711", "BL-7"), keep=False)
    assert taken["page"]["elements"]["price"]["value"] == "12.50"
    assert (taken["version"], taken["left_out"]) == (None, "it was asked not to be kept")
    assert {path: path.read_bytes() for path in (data_folder / "pages").glob("*.jsonl")} == kept


def test_a_price_in_another_currency_is_not_mixed_in(shop: httpx.Client) -> None:
    url = "https://elsewhere.example/brass-lantern"
    euros = product(stated=None).replace("BL-4711", "BL-1")
    for body in ({}, {"currency": "USD"}):  # the catalogue's own, and the same when it is said
        assert take(shop, euros, url=url, **body)["item"].get("price") is None
    assert take(shop, euros, url=url, currency="EUR", keep=False)["item"]["price"] == 49.9


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"html": ""}, "html"),
        ({"url": "https://shop.example"}, "html"),
        ({"html": "x", "url": "file:///etc/passwd"}, "url"),
        ({"html": "x", "url": "https://"}, "url"),
        ({"html": "x", "currency": "euro"}, "currency"),
        ({"html": "x", "page": 1}, "page"),
    ],
)
def test_bad_pages_are_refused(shop: httpx.Client, body: dict[str, Any], parameter: str) -> None:
    response = shop.post("/pages", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == parameter


def test_who_may_send_pages_and_how_large(shop: httpx.Client) -> None:
    nobody = {"Authorization": ""}
    assert shop.post("/pages", json={"html": "x"}, headers=nobody).status_code == 401
    assert shop.post("/tracked", json={"html": "x", "url": PRODUCT_URL}, headers=nobody).status_code == 401
    assert (
        shop.post("/pages", content=b"x" * 9_000_000, headers={"Content-Type": "application/json"}).status_code == 413
    )


def test_a_page_that_takes_too_long_is_refused_and_searches_go_on(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    settings = Settings(
        bundle=small_bundle, data_folder=tmp_path, redis_url=redis_server.url, admin_key="sesame", page_seconds=0.001
    )
    with serving(settings) as client:
        client.headers.update(KEY)
        response = client.post("/pages", json={"html": product() * 20, "url": PRODUCT_URL})
        assert response.status_code == 422
        assert "takes more than 0.001 seconds" in response.json()["detail"]
        assert client.get("/search", params={"q": "yogurt"}).status_code == 200


def test_a_price_is_followed_over_visits(shop: httpx.Client, data_folder: Path) -> None:
    assert shop.get("/tracked/history", params={"url": PRODUCT_URL}).status_code == 404
    assert visit(shop, product("49,90 €", stated="49.90"))["price"] == "49.90"
    cheaper = visit(shop, product("44,90 €", stated="44.90"))
    assert (cheaper["price"], cheaper["previous"], cheaper["alert"]) == ("44.90", "49.90", True)
    gone = visit(shop, product(block="<p>Ausverkauft</p>"))
    assert (gone["price"], gone["role"]) == (None, "gone")

    (followed,) = shop.get("/tracked").json()
    assert (followed["url"], followed["n_visits"]) == (PRODUCT_URL, 3)
    history = shop.get("/tracked/history", params={"url": PRODUCT_URL}).json()
    assert [seen["price"] for seen in history] == ["49.90", "44.90", None]
    (segment,) = (data_folder / "spool" / "tracked").glob("*.jsonl")
    assert [orjson.loads(line) for line in segment.read_bytes().splitlines()] == history

    assert shop.delete("/tracked", params={"url": PRODUCT_URL}).status_code == 204
    assert shop.get("/tracked").json() == []
    assert shop.delete("/tracked", params={"url": PRODUCT_URL}).status_code == 404


def test_followed_pages_come_back_when_redis_has_lost_them(shared: Settings, redis_server: RedisProcess) -> None:
    settings = shared.model_copy(update={"page_seconds": 60})
    with serving(settings) as client, redis_server.client() as redis:
        client.headers.update(KEY)
        visit(client, product("49,90 €", stated="49.90"))
        eventually(lambda: redis.hexists("trimtab:tracked", ""))
        redis.flushall()
        eventually(lambda: len(client.get("/tracked").json()) == 1)
        cheaper = visit(client, product("44,90 €", stated="44.90"))
        assert (cheaper["price"], cheaper["previous"]) == ("44.90", "49.90"), "it was known what to look for"
        history = client.get("/tracked/history", params={"url": PRODUCT_URL}).json()
        assert [seen["price"] for seen in history] == ["49.90", "44.90"]
        client.delete("/tracked", params={"url": PRODUCT_URL}).raise_for_status()
        redis.flushall()
        visit(client, product("9,90 €", stated="9.90"))
        eventually(lambda: redis.hexists("trimtab:tracked", ""))
        (followed,) = client.get("/tracked").json()
        assert followed["n_visits"] == 1, "what was forgotten stays so"


def test_a_page_without_a_price_is_not_followed(shop: httpx.Client) -> None:
    assert visit(shop, ARTICLE)["price"] is None
    assert shop.get("/tracked").json() == []


def test_sealed_visits_are_parquet_of_the_history(tmp_path: Path) -> None:
    seen = {"url": "u", "site": "s", "timestamp": "t", "price": "1.00", "currency": None, "role": "offer"}
    seen |= {"status": "available", "signals": ["node"], "alert": False, "previous": None}
    segment = tmp_path / "visits.jsonl"
    segment.write_bytes(orjson.dumps(seen) + b"\n" + b'{"url": "half')
    to_parquet(segment, tmp_path / "tracked")
    assert not segment.exists()
    frame = pl.read_parquet(tmp_path / "tracked" / "visits.parquet")
    assert frame.schema == pl.Schema(HISTORY_SCHEMA)
    assert frame.to_dicts() == [seen]


def test_without_redis_visits_are_refused_and_pages_taken(small_bundle: Path, tmp_path: Path) -> None:
    settings = Settings(bundle=small_bundle, data_folder=tmp_path, admin_key="sesame", page_seconds=60)
    with serving(settings) as client:
        client.headers.update(KEY)
        assert client.post("/tracked", json={"html": product(), "url": PRODUCT_URL}).status_code == 503
        assert client.get("/tracked").status_code == 503
        taken = take(client, product(stated="49.90"))
        assert client.get(f"/items/{taken['item']['item_id']}").json()["title"] == "Brass Lantern"


def test_items_made_of_pages_are_a_catalogue(shop: httpx.Client, tmp_path: Path) -> None:
    item = take(shop, product(stated="49.90"))["item"]
    path = tmp_path / "catalogue.jsonl"
    path.write_bytes(orjson.dumps(item))
    frame, rejections = read_catalogue(path)
    assert not rejections.rows
    assert frame["title"].to_list() == ["Brass Lantern"]


def test_a_page_of_another_shop_does_not_change_an_item(shop: httpx.Client) -> None:
    take(shop, in_dollars(product("79,99 €", stated="79.99")))
    stolen = in_dollars(product("0,01 €", stated="0.01"))
    for url in ("https://hostile.example/p/1", None):  # the page itself claims the shop's address
        taken = take(shop, stolen, url=url)
        assert (taken["item"], taken["version"]) == (None, None)
        assert taken["left_out"].startswith("the item is not of this page's host")
    assert shop.get("/items/gtin:04006381333931").json()["price"] == 79.99


def test_the_analysis_has_no_secrets_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_ADMIN_KEY", "sesame")
    monkeypatch.setenv("REDIS_URL", "redis://:sesame@localhost")
    before = analyses()
    worker = PageWorker(seconds=60)
    try:
        task = {"task": "page", "html": product(), "url": PRODUCT_URL, "currency": None}
        assert asyncio.run(worker.ask(task))["item"]["title"] == "Brass Lantern"
        (process,) = analyses() - before
        assert b"sesame" not in (process / "environ").read_bytes()
        limits = {line[:26].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()}
        assert limits["Max data size"] == "512000000"
        assert int(limits["Max cpu time"]) < 120
    finally:
        worker.stop()


def analyses() -> set[Path]:
    """The processes of this one that analyse pages."""
    children = [pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
    found = {Path("/proc") / pid for pid in children}
    return {one for one in found if b"trimtab.webpages.worker" in (one / "cmdline").read_bytes()}
