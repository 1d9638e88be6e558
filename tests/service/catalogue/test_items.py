"""The catalogue changes while it serves: from what a shop sends to what a shopper finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.services import metric, serving
from tests.support.waiting import eventually
from trimtab.catalog.schema import MAX_ID_BYTES
from trimtab.service.search import suggesting
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}


@pytest.fixture(scope="module")
def shop(module_settings: Settings) -> Iterator[httpx.Client]:
    with pytest.MonkeyPatch.context() as patch, serving(module_settings) as client:
        patch.setattr(suggesting, "PAUSE_RATIO", 0.0)  # tests are not to wait for it
        client.headers.update(KEY)
        yield client


def search(shop: httpx.Client, q: str, **parameters: Any) -> dict[str, Any]:
    response = shop.get("/search", params={"q": q, **parameters})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def found(shop: httpx.Client, q: str, **parameters: Any) -> list[str]:
    return [hit["item_id"] for hit in search(shop, q, k=100, **parameters)["hits"]]


def put(shop: httpx.Client, *items: dict[str, Any]) -> int:
    response = shop.put("/items", json=items[0] if len(items) == 1 else {"items": items})
    assert response.status_code == 200, response.text
    assert response.json()["items"] == len(items)
    version: int = response.json()["version"]
    return version


def test_prices_and_stock_are_those_of_now(shop: httpx.Client) -> None:
    first = search(shop, "yogurt", filter="in_stock:true")["hits"][0]
    version = put(shop, {"item_id": first["item_id"], "price": 123.45, "in_stock": False})
    assert first["item_id"] not in found(shop, "yogurt", filter="in_stock:true")
    assert found(shop, "yogurt", filter="price:123..124") == [first["item_id"]]
    hit = search(shop, "yogurt", filter="price:123..")["hits"][0]
    assert (hit["price"], hit["in_stock"], hit["title"]) == (123.45, False, first["title"])
    assert search(shop, "yogurt", filter="price:123..")["hits"][0]["price"] == 123.45  # from the cache
    assert put(shop, {"item_id": first["item_id"], "price": first["price"], "in_stock": True}) == version + 1
    assert found(shop, "yogurt", filter="price:123..124") == []


def test_a_change_of_one_attribute_leaves_the_others(shop: httpx.Client) -> None:
    put(shop, {"item_id": "okapi", "title": "Okapi shirt", "attr_color": "red", "attr_size": "large"})
    before = search(shop, "okapi large")["hits"][0]
    assert (before["item_id"], before["attributes"]) == ("okapi", {"color": "red", "size": "large"})
    put(shop, {"item_id": "okapi", "attr_color": "crimson"})
    item = shop.get("/items/okapi").json()
    assert (item["attr_color"], item["attr_size"], item["attributes"]) == ("crimson", "large", "crimson, large")
    assert search(shop, "okapi crimson")["hits"][0]["attributes"] == {"color": "crimson", "size": "large"}
    version = put(shop, item)
    assert put(shop, item) == version, "what was given out can be put back and changes nothing"
    assert shop.delete("/items/okapi").status_code == 200


def test_new_items_are_found_and_taken_away_again(shop: httpx.Client) -> None:
    new = [
        {"item_id": f"quince/{number}", "title": f"Quince sorbet {number}", "brand": "Orchard", "price": 3.0 + number}
        for number in range(3)
    ]
    put(shop, *new)
    names = {item["item_id"] for item in new}
    assert set(found(shop, "quince sorbet")[:3]) == names
    assert search(shop, "quince sorbet", facets="brand")["facets"]["brand"] == {"Orchard": 3}
    assert set(found(shop, "sorbet", filter="brand:orchard")) == names
    pages = [search(shop, "sorbet", filter="brand:orchard", k=1, offset=n)["hits"][0]["item_id"] for n in range(3)]
    assert set(pages) == names
    assert shop.get("/frontier", params={"q": "quince sorbet"}).json()["n_candidates"] == 3
    assert shop.get("/items/quince/1").json() == {
        **new[1],
        "description": "",
        "category": "",
        "product_type": "",
        "in_stock": True,
        "popularity": 0.0,
        "discount": 0.0,
        "purchase_rate": 0.0,
        "image": "",
        "url": "",
        "attributes": "",
    }

    def suggested() -> list[tuple[str, str]]:
        found = shop.get("/suggest", params={"q": "orch"}).json()["suggestions"]
        return [(one["kind"], one["text"].lower()) for one in found]

    eventually(lambda: suggested() == [("brand", "orchard")])

    put(shop, {"item_id": "quince/0", "title": "Medlar jam"})
    assert found(shop, "medlar jam")[0] == "quince/0"
    assert shop.delete("/items/quince/0").status_code == 200
    assert shop.post("/items/delete", json={"item_ids": ["quince/1", "quince/2"]}).json()["items"] == 2
    assert not names & {*found(shop, "quince sorbet"), *found(shop, "medlar jam")}
    assert shop.get("/items/quince/0").status_code == shop.delete("/items/quince/0").status_code == 404


def test_words_of_an_item_that_was_built_change(shop: httpx.Client) -> None:
    item_id = found(shop, "coffee")[0]
    before = shop.get(f"/items/{item_id}").json()
    put(shop, {"item_id": item_id, "title": "Roasted chicory"})
    assert found(shop, "roasted chicory")[0] == item_id
    after = shop.get(f"/items/{item_id}").json()
    assert after == {**before, "title": "Roasted chicory"}
    shop.delete(f"/items/{item_id}").raise_for_status()
    assert item_id not in found(shop, "coffee")
    put(shop, before)
    assert shop.get(f"/items/{item_id}").json() == before
    assert item_id in found(shop, "coffee")


def test_rules_may_name_live_items_and_only_those_that_are_there(shop: httpx.Client) -> None:
    rule = {"action": "pin", "item_ids": ["live-1"], "query": "soup"}
    assert shop.put("/rules/live", json=rule).status_code == 422
    put(shop, {"item_id": "live-1", "title": "Rose petals"})
    shop.put("/rules/live", json=rule).raise_for_status()
    assert found(shop, "soup")[0] == "live-1"
    shop.delete("/items/live-1").raise_for_status()
    assert "live-1" not in found(shop, "soup")
    shop.delete("/rules/live").raise_for_status()


def test_a_decision_is_replayed_over_the_catalogue_as_it_was(shop: httpx.Client) -> None:
    cheapest = search(shop, "pasta")["hits"][0]["item_id"]
    put(shop, {"item_id": "penne", "title": "Penne pasta", "price": 1.0}, {"item_id": cheapest, "price": 77.0})
    answer = search(shop, "pasta", w_revenue=1, explore=True, session_id="s")
    shop.post("/items/delete", json={"item_ids": ["penne", cheapest]}).raise_for_status()
    path = f"/decisions/{answer['decision_id']}"
    eventually(lambda: shop.get(path).status_code == 200)
    again = shop.get(path).json()
    assert again["reproduced"], again["differences"]
    assert [hit["price"] for hit in again["hits"]] == [hit["price"] for hit in answer["hits"]]


BAD = {
    "a new item without title": ({"item_id": "nobody", "price": 1}, "title", "no such item yet"),
    "a negative price": ({"item_id": "a", "title": "A", "price": -3}, "price", "a number above 0"),
    "no id": ({"title": "A"}, "item_id", "is missing"),
    "an unknown field": ({"item_id": "a", "colour": "red"}, "colour", "not a column"),
    "no items": ({"items": []}, "items", "1 to 1000"),
    "too many": ({"items": [{"item_id": str(n), "title": "A"} for n in range(1001)]}, "items", "1 to 1000"),
    "items that are none": ({"items": [7]}, "items[0]", "is not an object"),
    "one of two": ({"items": [{"item_id": "a", "title": "A"}, {"item_id": "b"}]}, "items[1].title", "no such item yet"),
}


@pytest.mark.parametrize(("body", "parameter", "says"), BAD.values(), ids=BAD)
def test_bad_items_are_refused_with_one_sentence(
    shop: httpx.Client, body: dict[str, Any], parameter: str, says: str
) -> None:
    response = shop.put("/items", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == parameter
    assert says in response.json()["detail"]
    assert shop.get("/items/a").status_code == 404


def test_who_may_change_items(shop: httpx.Client) -> None:
    assert (
        shop.put("/items", content=b"x" * 10_000_000, headers={"Content-Type": "application/json"}).status_code == 413
    )
    nobody = {"Authorization": ""}
    assert shop.put("/items", json={"item_id": "a", "title": "A"}, headers=nobody).status_code == 401
    assert shop.delete("/items/a", headers=nobody).status_code == 401
    assert shop.post("/items/delete", json={"item_ids": ["a"]}, headers=nobody).status_code == 401
    shop.put("/keys/feed", json={"scopes": ["ingest"]}).raise_for_status()
    shop.put("/keys/front", json={"scopes": ["search"]}).raise_for_status()


def test_another_worker_sees_a_change_soon_and_a_restart_keeps_it(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    settings = Settings(bundle=small_bundle, data_folder=tmp_path, redis_url=redis_server.url, admin_key="sesame")
    with serving(settings) as one, serving(settings) as other:
        for client in (one, other):
            client.headers.update(KEY)
        redis_server.kill()  # it has no part in this
        put(one, {"item_id": "quince", "title": "Quince sorbet"})
        eventually(lambda: "quince" in found(other, "quince sorbet"))
        put(other, {"item_id": "quince", "price": 4.5})
        eventually(lambda: search(one, "quince sorbet")["hits"][0]["price"] == 4.5)
        assert metric(other, "trimtab_catalogue_version") == 2
    redis_server.start()
    with serving(settings) as again:
        assert search(again, "quince sorbet")["hits"][0]["price"] == 4.5


def test_a_disk_that_refuses_is_said_and_nothing_has_changed(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    (tmp_path / "catalogue").write_text("no folder can be made here")
    settings = Settings(bundle=small_bundle, data_folder=tmp_path, redis_url=redis_server.url, admin_key="sesame")
    with serving(settings) as client:
        client.headers.update(KEY)
        response = client.put("/items", json={"item_id": "quince", "title": "Quince sorbet"})
        assert response.status_code == 503
        assert "Retry-After" in response.headers
        assert client.get("/items/quince").status_code == 404
        assert found(client, "yogurt")
        assert metric(client, "trimtab_log_lines_total", log="catalogue", outcome="refused") >= 1


def serves_another(shop: httpx.Client, bundle: str) -> bool:
    return bool(search(shop, "quince sorbet")["bundle"] != bundle)


def compacting(shared: Settings, bundles: Path, *, after: int) -> Settings:
    return shared.model_copy(update={"bundle_folder": bundles, "rebuild_after_items": after})


def test_many_changes_are_built_into_a_bundle_that_serves_then(shared: Settings, tmp_path: Path) -> None:
    settings = compacting(shared, tmp_path / "bundles", after=3)
    (tmp_path / "bundles").mkdir()
    with serving(settings) as client:
        client.headers.update(KEY)
        first = search(client, "quince sorbet")["bundle"]
        put(client, *({"item_id": f"quince-{n}", "title": f"Quince sorbet {n}", "price": 2.0 + n} for n in range(3)))
        eventually(lambda: serves_another(client, first), seconds=200)
        eventually(lambda: metric(client, "trimtab_catalogue_compactions_total", outcome="served") == 1)
        assert set(found(client, "quince sorbet")[:3]) == {"quince-0", "quince-1", "quince-2"}
        put(client, {"item_id": "quince-3", "title": "Quince sorbet 3"}, {"item_id": "quince-1", "price": 99.0})
        assert "quince-3" in found(client, "quince sorbet")
        assert client.get("/items/quince-1").json()["price"] == 99.0
    with serving(settings) as again:
        assert "quince-3" in found(again, "quince sorbet")
        assert search(again, "quince sorbet")["bundle"] != first


def test_changes_that_cannot_be_built_into_a_bundle_are_served_beside_it(shared: Settings, tmp_path: Path) -> None:
    (tmp_path / "bundles").write_text("no bundle can be written here")
    settings = compacting(shared, tmp_path / "bundles", after=1)
    with serving(settings) as client:
        client.headers.update(KEY)
        put(client, {"item_id": "quince", "title": "Quince sorbet"})
        eventually(lambda: has_failed(client), seconds=200)
        assert found(client, "quince sorbet")[0] == "quince"


def has_failed(shop: httpx.Client) -> bool:
    return metric(shop, "trimtab_catalogue_compactions_total", outcome="failed") > 0


def test_a_log_of_changes_at_its_limit_takes_no_more(shared: Settings) -> None:
    with serving(shared.model_copy(update={"catalogue_max_bytes": 100, "rebuild_after_items": 0})) as client:
        client.headers.update(KEY)
        item = {"item_id": "quince", "title": "Quince sorbet", "description": "q" * 200}
        put(client, item)
        refused = client.put("/items", json={**item, "price": 3.0})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        assert found(client, "quince sorbet")[0] == "quince"


def test_an_upgrade_to_websocket_is_an_ordinary_request(shop: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13", "sec-websocket-key": "a"}
    with caplog.at_level("INFO"):
        answer = shop.get("/search", params={"q": "yogurt", "user_id": "somebody"}, headers=headers)
    assert answer.status_code == 200
    said = [record.getMessage() for record in caplog.records if record.name == "uvicorn.error"]
    assert not any("somebody" in line for line in said)


def test_long_texts_are_cut_where_an_answer_would_be_large(shop: httpx.Client) -> None:
    long = {"image": "https://i.example/" + "i" * 18_000, "url": "https://u.example/" + "u" * 18_000}
    for first in range(0, 80, 20):
        put(shop, *({"item_id": f"okapi-{first + n}", "title": "okapi", **long} for n in range(20)))
    put(shop, {"item_id": "okapi-80", "title": "okapi", "url": "https://u.example/1"})
    answer = shop.get("/search", params={"q": "okapi", "k": 200})
    assert len(answer.content) < 1_000_000
    hits = {hit["item_id"]: hit for hit in answer.json()["hits"]}
    assert hits["okapi-80"]["url"] == "https://u.example/1"
    assert (hits["okapi-0"]["title"], hits["okapi-0"]["url"]) == ("okapi", "")
    # A few fit as they are.
    assert search(shop, "okapi", k=10, filter="in_stock:true")["hits"][0]["image"].startswith("https://i.")
    assert shop.post("/items/delete", json={"item_ids": [f"okapi-{n}" for n in range(81)]}).status_code == 200


def test_what_can_be_put_can_be_deleted(shop: httpx.Client) -> None:
    longest = "x" * MAX_ID_BYTES
    put(shop, {"item_id": longest, "title": "Longest"})
    assert shop.delete(f"/items/{longest}").status_code == 200
    assert shop.put("/items", json={"item_id": longest + "x", "title": "Longer"}).status_code == 422
