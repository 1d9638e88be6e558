"""How far a request is trusted: its name for this service, where it comes from, and what it may see of others."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx
import pytest

from tests.support.services import serving
from trimtab.service.settings import Settings

EVENT = {"event_id": "e", "action_name": "click", "query_id": "d", "item_id": "i"}
ADMIN = {"Authorization": "Bearer sesame"}
SOUP = {"q": "soup", "k": 1}


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:8000", "127.0.0.1.rebound.example", "10.0.0.1"])
def test_another_name_for_loopback_is_refused(service: httpx.Client, host: str) -> None:
    for path in ("/", "/search?q=soup", "/openapi.json", "/nowhere"):
        refused = service.get(path, headers={"Host": host})
        assert refused.status_code == 421
        assert f"'{host.removesuffix(':8000')}'" in refused.json()["detail"]
        assert "TRIMTAB_ALLOWED_HOSTS" in refused.json()["detail"]
    assert service.put("/keys/a", json={"scopes": ["admin"]}, headers={"Host": host, **ADMIN}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.1.2.3:80", "[::1]:8000", "[::1]"])
def test_names_of_loopback_are_answered(service: httpx.Client, host: str) -> None:
    assert service.get("/search", params=SOUP, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("settings", "name", "answers"),
    [
        ({"host": "0.0.0.0"}, "any.example", True),
        ({"host": "0.0.0.0", "allowed_hosts": "shop.example"}, "any.example", False),
        ({"allowed_hosts": "shop.example, localhost"}, "Shop.Example", True),
        ({"allowed_hosts": "shop.example"}, "localhost", False),
        ({"allowed_hosts": "*"}, "any.example", True),
        ({"host": "::1"}, "::1", True),
    ],
)
def test_which_names_are_answered(settings: dict[str, str], name: str, answers: bool) -> None:
    assert Settings(**settings).answers_to(name) == answers


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Via": "1.1 proxy"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_what_a_proxy_or_another_site_sends_needs_a_key(service: httpx.Client, header: dict[str, str]) -> None:
    assert service.get("/search", params=SOUP, headers=header).status_code == 401
    assert service.post("/events", json=EVENT, headers=header).status_code == 401
    assert service.get("/metrics", headers=header).status_code == 401
    assert service.get("/profiles", headers=header).status_code == 401
    assert service.get("/search", params=SOUP, headers=header | ADMIN).status_code == 200
    own = {"Sec-Fetch-Site": "same-origin"}
    assert service.get("/search", params=SOUP, headers=own).status_code == 200


def test_who_asks_for_open_searches_gets_them_behind_a_proxy_too(small_bundle: Path, tmp_path: Path) -> None:
    settings = Settings(bundle=small_bundle, data_folder=tmp_path, require_keys=False)
    with serving(settings) as client:
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        assert client.get("/search", params=SOUP, headers=forwarded).status_code == 200


def test_what_a_user_bought_is_for_admins(service: httpx.Client, small_bundle: Path) -> None:
    key = service.put("/keys/front", json={"scopes": ["search"]}, headers=ADMIN).json()["key"]
    asked = SOUP | {"user_id": "1", "explain": "true"}
    behind = {"X-Forwarded-For": "203.0.113.7"}
    for path in ("/search", "/playground/search"):
        shown = service.get(path, params=asked, headers=behind | {"Authorization": f"Bearer {key}"})
        features = shown.json()["hits"][0]["features"]
        assert "title_coverage" in features
        assert not [name for name in features if name.startswith("user_")]
        for headers in (ADMIN, {}):
            full = service.get(path, params=asked, headers=headers).json()["hits"][0]["features"]
            assert {"user_known", "user_bought"} <= set(full)


def test_metrics_need_a_key_where_keys_are_required(service: httpx.Client, shared: Settings) -> None:
    with serving(shared.model_copy(update={"require_keys": True})) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=ADMIN).status_code == 200
        for scope, status in (("metrics", 200), ("search", 403), ("admin", 200)):
            key = client.put("/keys/scraper", json={"scopes": [scope]}, headers=ADMIN).json()["key"]
            assert client.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code == status
            assert client.get("/search", params=SOUP, headers={"Authorization": f"Bearer {key}"}).status_code == (
                403 if scope == "metrics" else 200
            )


def test_pages_of_the_shops_own_origins_may_search_and_send_events(small_bundle: Path, tmp_path: Path) -> None:
    settings = Settings(
        bundle=small_bundle, data_folder=tmp_path, allowed_origins="https://shop.example, https://b.example/"
    )
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, authorization"}
    with serving(settings) as client:
        ours, theirs = {"Origin": "https://shop.example"}, {"Origin": "https://evil.example"}
        allowed = client.options("/events", headers={**ours, **asks})
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
        assert client.options("/events", headers={"Origin": "https://b.example", **asks}).status_code == 200
        assert client.get("/search", params=SOUP, headers=ours).headers["access-control-allow-origin"] == ours["Origin"]
        assert client.options("/events", headers={**theirs, **asks}).status_code == 400
        for path in ("/search?q=soup", "/items/a", "/profiles"):
            origin = ours if path != "/search?q=soup" else theirs
            assert "access-control-allow-origin" not in client.get(path, headers=origin).headers


def test_no_other_origin_may_read_unless_the_operator_says_so(service: httpx.Client) -> None:
    asked = service.get("/search", params=SOUP, headers={"Origin": "https://shop.example"})
    assert "access-control-allow-origin" not in asked.headers


def test_the_playground_answers_a_head_request(service: httpx.Client) -> None:
    answer = service.head("/")
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize("sent", ["s", "sesame", "sesamf", "x" * 10_000, "\u00e9"])
def test_what_is_compared_with_the_admin_key_has_one_length(
    service: httpx.Client, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    """So that the time which it takes says nothing of the key, and nothing of where it differs."""
    compared: list[tuple[bytes, bytes]] = []
    compare = secrets.compare_digest
    monkeypatch.setattr(
        secrets, "compare_digest", lambda one, other: compared.append((one, other)) or compare(one, other)
    )
    answer = service.get("/keys", headers={"Authorization": f"Bearer {sent}".encode()})
    assert answer.status_code == (200 if sent == "sesame" else 401)
    assert [{len(one), len(other)} for one, other in compared] == [{32}]
    assert not any(b"sesame" in one for pair in compared for one in pair)
