"""What a user does is known to the user's next search, in the features the ranker was trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.service.search.test_deadlines import decision
from tests.support.redis_servers import RedisProcess
from tests.support.services import metric, serving, settings_of
from tests.support.waiting import eventually
from trimtab.engine import Engine
from trimtab.ranker.features import FEATURES

BOUGHT = FEATURES.index("user_bought")


def search(service: httpx.Client, user_id: str, **more: Any) -> dict[str, Any]:
    answer = service.get("/search", params={"q": "ice cream", "user_id": user_id, "explain": True, **more})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def features_of(answer: dict[str, Any], item_id: str) -> dict[str, float]:
    features: dict[str, float] = next(hit["features"] for hit in answer["hits"] if hit["item_id"] == item_id)
    return features


def send(service: httpx.Client, user_id: str, item_id: str, action: str) -> None:
    """One event of a user who sends one."""
    event = {"event_id": user_id, "action_name": action, "query_id": "d", "item_id": item_id, "user_id": user_id}
    service.post("/events", json=event).raise_for_status()


def test_a_purchase_is_known_to_the_next_search_and_the_decision_is_made_again(service: httpx.Client) -> None:
    before = search(service, "newcomer", k=200)
    item_id = before["hits"][7]["item_id"]
    assert features_of(before, item_id)["user_known"] == 0

    send(service, "newcomer", item_id, "purchase")
    eventually(lambda: features_of(search(service, "newcomer", k=200), item_id)["user_bought"] > 0)
    after = search(service, "newcomer", k=200)
    assert features_of(after, item_id)["user_known"] == 1
    assert after["hits"] != before["hits"]
    assert features_of(search(service, "somebody else", k=200), item_id)["user_known"] == 0

    again = decision(service, after["decision_id"])
    assert again["reproduced"], again["differences"]
    assert [hit["item_id"] for hit in again["hits"]] == [hit["item_id"] for hit in after["hits"]]
    assert features_of(again, item_id) == features_of(after, item_id)


def test_a_view_counts_less_than_a_cart_and_a_cart_less_than_a_purchase(service: httpx.Client) -> None:
    item_id = search(service, "click")["hits"][0]["item_id"]
    bought = []
    for user_id in ("click", "cart", "purchase"):
        send(service, user_id, item_id, user_id)
        eventually(lambda user=user_id: features_of(search(service, user, k=200), item_id)["user_bought"] > 0)
        bought.append(features_of(search(service, user_id, k=200), item_id)["user_bought"])
    assert bought[0] < bought[1] < bought[2]


def test_events_and_training_make_the_same_features(engine: Engine) -> None:
    """A history is a history, whether the bundle tells it or the events do."""
    pipeline, user_id = engine.pipeline, engine.user_ids[0]
    known = pipeline.history(user_id)
    assert known is not None
    candidates = pipeline.retrieve("ice cream")
    sent = tuple(
        f"purchase:{item_id}"
        for item_id, units in zip(engine.store.item_ids(known.rows), known.units, strict=True)
        for _ in range(int(units))
    )
    of_bundle = pipeline.featurise("ice cream", candidates, user_id)
    of_events = pipeline.featurise("ice cream", candidates, None, sent[::-1])
    assert of_bundle[:, BOUGHT].any() or of_bundle[:, FEATURES.index("user_known")].all()
    assert (of_bundle == of_events).all()


def test_what_makes_no_sense_counts_as_nothing(engine: Engine) -> None:
    assert engine.pipeline.history(None, ("", "purchase:gone", "laugh:1", "purchase")) is None


def test_without_redis_it_is_left_out_and_said(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> None:
    settings = settings_of(small_bundle, tmp_path, redis_server, redis_poll_seconds=0.05)
    with serving(settings) as client:
        eventually(lambda: search(client, "1")["degraded"] == [])
        redis_server.kill()
        eventually(lambda: search(client, "1")["degraded"] == ["live_features", "redis"])
        assert metric(client, "trimtab_searches_degraded_total", reason="live_features") >= 1
        assert client.get("/search", params={"q": "soup"}).json()["degraded"] == ["redis"]
        redis_server.start()
        eventually(lambda: search(client, "1")["degraded"] == [])
