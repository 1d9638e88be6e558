"""People with roles: accounts, logins, sessions in cookies, and what another site's page cannot do with them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess, running_redis
from tests.support.services import serving, settings_of
from tests.support.waiting import eventually
from trimtab.core.errors import Conflict, TooMany, Unauthorised
from trimtab.service.http import accounts as accounts_module
from trimtab.service.http.accounts import Accounts, Place, hashed, matches
from trimtab.service.http.rates import Rates
from trimtab.service.http.sessions import COOKIE, CSRF_HEADER
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.settings import Settings

ADMIN = {"Authorization": "Bearer sesame"}
PASSWORD = "correct horse battery"
SYNONYM = {"words": ["sofa", "couch"]}


@pytest.fixture(scope="module")
def closed(module_settings: Settings) -> Iterator[httpx.Client]:
    with serving(module_settings.model_copy(update={"require_keys": True})) as client:
        yield client


@pytest.fixture(autouse=True)
def nobody_is_logged_in(closed: httpx.Client) -> None:
    closed.cookies.clear()


def log_in(client: httpx.Client, name: str, role: str) -> httpx.Response:
    """Make an account and log in; the client sends the cookie from now on."""
    made = client.put(f"/accounts/{name}", json={"role": role, "password": PASSWORD}, headers=ADMIN)
    assert made.json() == {"role": role}
    answer = client.post("/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer


def with_token(answer: httpx.Response) -> dict[str, str]:
    return {CSRF_HEADER: answer.json()["csrf"]}


def test_a_merchandiser_logs_in_changes_a_synonym_and_logs_out(closed: httpx.Client, data_folder: Path) -> None:
    answer = log_in(closed, "anna", "merchandiser")
    assert answer.json()["name"] == "anna"
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert closed.get("/session").json() == answer.json()
    assert closed.get("/search", params={"q": "soup", "k": 1}).status_code == 200
    assert closed.put("/synonyms/seats", json=SYNONYM, headers=with_token(answer)).status_code == 200
    assert closed.get("/synonyms").json()["seats"]["words"] == ["sofa", "couch"]
    assert closed.put("/keys/mine", json={"scopes": ["admin"]}, headers=with_token(answer)).status_code == 403
    assert closed.get("/accounts").status_code == 403

    assert closed.delete("/session", headers=with_token(answer)).status_code == 204
    assert closed.get("/session").json() is None
    closed.cookies.set(COOKIE, answer.cookies[COOKIE], domain=closed.base_url.host)
    assert closed.get("/synonyms").status_code == 401, "the session itself has ended"

    written = (data_folder / "audit" / "audit.jsonl").read_text()
    kept = [json.loads(line) for line in written.splitlines()]
    assert ("@anna", "PUT /synonyms/seats") in [(one["who"], one["did"]) for one in kept]
    assert ("@anna", "POST /session") in [(one["who"], one["did"]) for one in kept]
    assert PASSWORD not in written
    assert answer.cookies[COOKIE] not in written


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("viewer", {"/rules": 200, "/analytics/overview": 200, "/keys": 403, "/metrics": 403}),
        ("merchandiser", {"/rules": 200, "/analytics/overview": 200, "/keys": 403, "/metrics": 403}),
        ("admin", {"/rules": 200, "/analytics/overview": 200, "/keys": 200, "/metrics": 200}),
    ],
)
def test_what_a_role_may_see_and_change(closed: httpx.Client, role: str, may: dict[str, int]) -> None:
    answer = log_in(closed, role, role)
    assert {path: closed.get(path).status_code for path in may} == may
    changed = closed.put("/synonyms/seats", json=SYNONYM, headers=with_token(answer))
    assert changed.status_code == (403 if role == "viewer" else 200)
    profile = closed.put("/profiles/p", json={"weights": {"relevance": 1}}, headers=with_token(answer))
    assert profile.status_code == (200 if role == "admin" else 403)


def test_what_another_site_makes_a_browser_send_changes_nothing(closed: httpx.Client) -> None:
    answer = log_in(closed, "anna", "admin")
    for headers in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: "0" * 64}, {CSRF_HEADER: answer.cookies[COOKIE]}):
        assert closed.put("/synonyms/forged", json=SYNONYM, headers=headers).status_code == 403
        assert closed.post("/bundles/rollback", headers=headers).status_code == 403
        assert closed.delete("/session", headers=headers).status_code == 403
    assert "forged" not in closed.get("/synonyms").json()
    form = closed.post("/session", content="name=anna", headers={"Content-Type": "text/plain"})
    assert form.status_code == 415, "a form of another site logs nobody in"


def test_a_new_password_or_no_account_ends_sessions(closed: httpx.Client) -> None:
    answer = log_in(closed, "bert", "viewer")
    wrong = {"password": "not this one", "new": "another password"}
    assert closed.put("/session/password", json=wrong, headers=with_token(answer)).status_code == 401
    right = {"password": PASSWORD, "new": "another password"}
    changed = closed.put("/session/password", json=right, headers=with_token(answer))
    assert changed.status_code == 200
    assert closed.get("/rules").status_code == 200, "the session that changed it has gone on as a new one"
    closed.cookies.clear()
    closed.cookies.set(COOKIE, answer.cookies[COOKIE], domain=closed.base_url.host)
    assert closed.get("/rules").status_code == 401
    assert closed.post("/session", json={"name": "bert", "password": PASSWORD}).status_code == 401

    closed.cookies.clear()
    closed.post("/session", json={"name": "bert", "password": "another password"}).raise_for_status()
    closed.delete("/accounts/bert", headers=ADMIN).raise_for_status()
    assert closed.get("/rules").status_code == 401
    assert closed.delete("/accounts/bert", headers=ADMIN).status_code == 404


def test_over_tls_the_cookie_is_for_tls_alone(closed: httpx.Client) -> None:
    log_in(closed, "anna", "viewer")
    sent = {"name": "anna", "password": PASSWORD}
    for said in ("https", "https,http", "HTTPS, http"):
        answer = closed.post("/session", json=sent, headers={"X-Forwarded-Proto": said})
        assert "secure" in answer.headers["set-cookie"].lower()


def test_what_somebody_else_wrote_for_a_session_is_none(closed: httpx.Client, module_redis: RedisProcess) -> None:
    log_in(closed, "anna", "viewer")
    with module_redis.client() as redis:
        for written in ("[]", "{", '{"account": ["anna"], "stamp": 1}', '{"account": "anna", "stamp": null}'):
            for key in redis.scan_iter("trimtab:session:*"):
                redis.set(key, written)
            assert closed.get("/session").json() is None


def test_accounts_are_for_admins_and_no_answer_has_a_password(closed: httpx.Client, module_redis: RedisProcess) -> None:
    closed.put("/accounts/carl", json={"role": "viewer", "password": PASSWORD}, headers=ADMIN).raise_for_status()
    assert closed.get("/accounts", headers=ADMIN).json()["carl"] == {"role": "viewer"}
    for wrong in ("tooshrt", "x" * 129, 12345678901234):
        refused = closed.put("/accounts/carl", json={"role": "viewer", "password": wrong}, headers=ADMIN)
        assert refused.status_code == 422
        assert str(wrong)[:20] not in refused.text
    with module_redis.client() as redis:
        assert PASSWORD.encode() not in b"".join(redis.hgetall("trimtab:accounts").values())


def test_while_redis_is_lost_the_admin_key_goes_on(small_bundle: Path, tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        settings = settings_of(small_bundle, tmp_path / "data", redis, require_keys=True, admin_key="sesame")
        with serving(settings) as client:
            log_in(client, "anna", "viewer")
            redis.kill()
            assert client.get("/rules").status_code == 503
            assert client.post("/session", json={"name": "anna", "password": PASSWORD}).status_code == 503
            assert client.get("/rules", headers=ADMIN).status_code == 200
            redis.start()
            eventually(lambda: client.put("/synonyms/up", json=SYNONYM, headers=ADMIN).status_code == 200)
            assert client.post("/session", json={"name": "anna", "password": PASSWORD}).status_code == 200
            assert client.get("/rules").status_code == 200, "the account came back from the copy on the disk"


def test_passwords_are_not_tried_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "COST", 2)
    redis = RedisGateway(None, timeout_seconds=1, poll_seconds=1)
    accounts = Accounts(redis, rates=Rates(redis))

    def guess(name: str, place: Place) -> type[Exception]:
        with pytest.raises((Unauthorised, TooMany)) as caught:
            asyncio.run(accounts.verified(name, "guess", place))
        return caught.type

    here = Place("192.0.2.1")
    n = 2 * accounts_module.TRIES_PER_MINUTE + 1  # a minute may end among them
    assert TooMany in [guess("nobody", here) for _ in range(n)]
    assert guess("nobody", Place("192.0.2.2")) is Unauthorised, "from elsewhere it goes on"
    assert guess("somebody", here) is Unauthorised, "and so do other accounts"
    assert TooMany in [guess("anna", Place(f"192.0.2.{n}")) for n in range(2 * accounts_module.LOGINS_PER_MINUTE + 1)]
    assert guess("anna", Place("her browser", is_known=True)) is Unauthorised


def test_guesses_keep_nobody_out_who_has_logged_in_before(
    closed: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(closed, "erna", "viewer")
    monkeypatch.setattr(accounts_module, "LOGINS_PER_MINUTE", 1)
    with httpx.Client(base_url=closed.base_url) as elsewhere:
        guesses = [elsewhere.post("/session", json={"name": f"guess-{n}", "password": PASSWORD}) for n in range(3)]
        assert 429 in [one.status_code for one in guesses]  # a minute may end among them
        (refused, *_) = (one for one in guesses if one.status_code == 429)
        assert "logins from new places are taken 1 times a minute" in refused.text
    closed.cookies.delete(COOKIE)
    assert closed.post("/session", json={"name": "erna", "password": PASSWORD}).status_code == 200
    others = [closed.post("/session", json={"name": "anna", "password": PASSWORD}).status_code for _ in range(3)]
    assert 429 in others, "it is known for her account alone"


@pytest.mark.parametrize("meanwhile", ["another role", "ended"])
def test_a_new_password_undoes_nothing_that_an_admin_did_meanwhile(
    meanwhile: str, module_redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "COST", 2)
    redis = RedisGateway(module_redis.url, timeout_seconds=PATIENT_REDIS_SECONDS, poll_seconds=1)
    accounts = Accounts(redis, rates=Rates(redis))
    is_done = threading.Event()

    async def at_the_same_time() -> None:
        await accounts.define("dora", "admin", PASSWORD)
        monkeypatch.setattr(accounts_module, "hashed", lambda new: hashed(new) if is_done.wait(60) else "")
        changing = asyncio.create_task(
            accounts.change_password("dora", PASSWORD, "another password", Place("192.0.2.1"))
        )
        await asyncio.sleep(0)  # it has the account that was there
        if meanwhile == "ended":
            await accounts.delete("dora")
        else:
            await accounts.put("dora", accounts.all()["dora"].model_copy(update={"role": "viewer"}))
        is_done.set()
        with pytest.raises(Conflict, match="was changed at the same time"):
            await changing

    redis.start()
    try:
        asyncio.run(at_the_same_time())
    finally:
        redis.stop()
    left = accounts.all().get("dora")
    assert (None if left is None else left.role) == (None if meanwhile == "ended" else "viewer")


def test_a_password_is_kept_as_what_it_is_checked_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "COST", 2)
    kept = hashed("pässword")
    assert kept != hashed("pässword"), "each has a salt of its own"
    assert matches("pässword", kept)
    assert not matches("password", kept)
