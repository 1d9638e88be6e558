"""Who may do what: keys with scopes and limits, hashed at rest, and open only where nobody else can reach it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess
from tests.support.services import serving
from trimtab.core.errors import TooMany
from trimtab.service.http.keys import Key, Keys, digest_of
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.settings import Settings

EVENT = {"event_id": "e", "action_name": "click", "query_id": "d", "item_id": "i"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


ADMIN = bearer("sesame")


@pytest.fixture(scope="module")
def closed(module_settings: Settings) -> Iterator[httpx.Client]:
    """A service as it would face a network."""
    with serving(module_settings.model_copy(update={"host": "0.0.0.0"})) as client:
        yield client


def issue(service: httpx.Client, name: str, **grant: object) -> str:
    response = service.put(f"/keys/{name}", json=grant, headers=ADMIN)
    assert response.status_code == 200, response.text
    return response.json()["key"]


def search(service: httpx.Client, key: str | None) -> httpx.Response:
    return service.get("/search", params={"q": "soup", "k": 1}, headers=bearer(key) if key else {})


def test_a_shop_front_gets_a_key_and_loses_it(closed: httpx.Client, module_redis: RedisProcess) -> None:
    assert search(closed, None).status_code == 401
    key = issue(closed, "front", scopes=["search"])
    assert search(closed, key).status_code == 200
    assert closed.post("/search", json={"q": "soup"}, headers=bearer(key)).status_code == 200
    refused = closed.post("/events", json=EVENT, headers=bearer(key))
    assert refused.status_code == 403
    assert "ingest" in refused.json()["detail"]
    assert closed.get("/rules", headers=bearer(key)).status_code == 403
    assert closed.get("/keys", headers=ADMIN).json()["front"] == {
        "scopes": ["search"],
        "per_minute": None,
        "priority": "shopper",
        "browser": False,
    }
    with module_redis.client() as redis:
        assert key.encode() not in b"".join(redis.hgetall("trimtab:keys").values())

    assert search(closed, issue(closed, "front", scopes=["search"])).status_code == 200
    assert search(closed, key).status_code == 401, "another key has the name now"
    closed.delete("/keys/front", headers=ADMIN).raise_for_status()
    assert closed.delete("/keys/front", headers=ADMIN).status_code == 404


@pytest.mark.parametrize(("scope", "status"), [("ingest", 200), ("admin", 200), ("search", 403)])
def test_events_need_their_scope(closed: httpx.Client, scope: str, status: int) -> None:
    key = issue(closed, "any", scopes=[scope])
    assert closed.post("/events", json=EVENT, headers=bearer(key)).status_code == status


def test_only_admins_change_and_look_inside(closed: httpx.Client) -> None:
    key = issue(closed, "ops", scopes=["admin"])
    for path in ("/keys", "/profiles", "/rules", "/experiments"):
        assert closed.get(path).status_code == 401
        assert closed.get(path, headers=bearer(key)).status_code == 200
    for path in ("/healthz", "/readyz"):
        assert closed.get(path).status_code == 200


def test_a_key_has_its_limit(closed: httpx.Client, module_redis: RedisProcess) -> None:
    key = issue(closed, "batch", scopes=["search"], per_minute=3)
    answers = [search(closed, key) for _ in range(7)]  # a minute may end among them; two minutes allow 6
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 0 < int(refused[0].headers["retry-after"]) <= 60
    assert search(closed, issue(closed, "other", scopes=["search"])).status_code == 200
    with module_redis.client() as redis:
        assert all(redis.ttl(counter) > 0 for counter in redis.keys("trimtab:requests:*")), "no counter stays for ever"


def test_wrong_keys_get_nowhere(closed: httpx.Client) -> None:
    for headers in ({"Authorization": "Basic sesame"}, {"Authorization": "Bearer"}, bearer("sesame2"), bearer("é")):
        raw = {name: value.encode() for name, value in headers.items()}
        assert closed.get("/search", params={"q": "soup"}, headers=raw).status_code == 401
    assert closed.put("/keys/me", json={"scopes": ["everything"]}, headers=ADMIN).status_code == 422


def test_on_loopback_searching_is_open_and_changing_is_not(service: httpx.Client) -> None:
    assert search(service, None).status_code == 200
    assert service.put("/keys/me", json={"scopes": ["admin"]}).status_code == 401


@pytest.mark.parametrize(
    ("host", "required"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("shop", True)],
)
def test_keys_are_required_where_others_reach(host: str, required: bool) -> None:
    assert Settings(host=host).keys_are_required is required
    assert Settings(host=host, require_keys=False).keys_are_required is False


def test_without_any_key_nobody_changes_anything(small_bundle: Path, tmp_path: Path) -> None:
    with serving(Settings(bundle=small_bundle, data_folder=tmp_path)) as client:
        assert client.put("/profiles/x", json={"weights": {"relevance": 1}}).status_code == 403


def test_where_redis_does_not_count_every_worker_has_its_part_of_the_limit(module_redis: RedisProcess) -> None:
    key = Key(scopes=("search",), per_minute=1, digest=digest_of("key"))
    here = RedisGateway(module_redis.url, timeout_seconds=PATIENT_REDIS_SECONDS, poll_seconds=1)
    here.start()
    with pytest.raises(TooMany):
        take_three(Keys(here), key)
    here.stop()
    lost = RedisGateway(None, timeout_seconds=1, poll_seconds=1)
    with pytest.raises(TooMany):
        take_three(Keys(lost), key)
    four = Key(scopes=("search",), per_minute=4, digest=digest_of("key"))
    take_three(Keys(lost), four)
    with pytest.raises(TooMany):
        take_three(Keys(lost, workers=4), four)
    assert lost.run(lambda redis: redis.ping()) is None, "there was nobody to count"


def take_three(keys: Keys, key: Key) -> None:
    """Three requests at once; where a minute ends among them, two of them are still in one minute."""
    for _ in range(3):
        keys.count_request("front", key)


@pytest.mark.parametrize("path", ["/search?q=soup", "/search", "/nothing", "/docs", "/metrics"])
def test_browsers_are_told_to_be_careful(service: httpx.Client, path: str) -> None:
    headers = service.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
