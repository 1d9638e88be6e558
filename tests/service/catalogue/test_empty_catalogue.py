"""A shop that deletes all of its items while it is open, and one that puts a first item again."""

from __future__ import annotations

import httpx

from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.engine import Engine
from trimtab.service.settings import Settings

KEY = {"Authorization": "Bearer sesame"}
ASKED = ({"q": "soup"}, {"q": "*", "sort": "price", "facets": "brand"}, {"q": "soup", "filter": "price:1..", "k": 200})


def test_a_catalogue_without_an_item_is_answered_and_goes_on(shared: Settings, engine: Engine) -> None:
    item_ids = list(engine.store.item_ids(range(len(engine.store))))
    with serving(shared.model_copy(update={"rebuild_after_items": 1})) as client:
        client.headers.update(KEY)
        for first in range(0, len(item_ids), 1000):
            gone = client.post("/items/delete", json={"item_ids": item_ids[first : first + 1000]})
            assert gone.status_code == 200, gone.text
        for asked in ASKED:
            answer = client.get("/search", params=asked).raise_for_status().json()
            assert (answer["hits"], answer["n_matches"]) == ([], 0)
        assert client.get("/frontier", params={"q": "soup"}).status_code == 200
        assert client.get("/suggest", params={"q": "so"}).status_code == 200
        assert client.get(f"/items/{item_ids[0]}/similar").status_code == 404
        assert client.get("/").status_code == client.get("/readyz").status_code == 200
        eventually(lambda: has_failed(client))  # nothing can be built of nothing: what serves goes on
        client.put("/items", json={"item_id": "first", "title": "Quince soup", "price": 3}).raise_for_status()
        assert [hit["item_id"] for hit in client.get("/search", params={"q": "soup"}).json()["hits"]] == ["first"]


def has_failed(client: httpx.Client) -> bool:
    return 'outcome="failed"} 1' in client.get("/metrics").text
