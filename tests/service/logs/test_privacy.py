"""What is kept of who searched: pseudonyms where there is a salt, and never anything in the process's own log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import polars as pl
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from tests.support.processes import ROOT
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving, settings_of
from tests.support.waiting import eventually
from trimtab.cli.commands import app
from trimtab.core.errors import BadParameter
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.service import app as service_app
from trimtab.service.settings import Settings, read_settings

SALT = "a salt that nobody knows"


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> Settings:
    return settings_of(small_bundle, tmp_path, redis_server, admin_key="sesame", id_salt=SALT)


def search(client: httpx.Client, user_id: str | None, session_id: str) -> httpx.Response:
    sent = {"q": "soup", "session_id": session_id, "explore": True}
    return client.get("/search", params=sent if user_id is None else {**sent, "user_id": user_id})


def everything_kept(data_folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in data_folder.rglob("*") if path.is_file())


def replayed_by_hand(decision_id: str, settings: Settings, **environment: str) -> dict:
    where = [
        "--bundle",
        settings.bundle,
        "--log",
        settings.data_folder,
        "--changes",
        settings.data_folder / "catalogue",
    ]
    command = ["decision", decision_id, "--json", *map(str, where)]
    answer: dict = json.loads(CliRunner().invoke(app, command, env=environment, catch_exceptions=False).stdout)
    return answer


def test_ids_are_hashed_the_same_every_time_and_nothing_else_changes(settings: Settings, engine: Engine) -> None:
    user = engine.user_ids[0]
    with serving(settings) as client:
        answers = [search(client, user, "the-session"), search(client, user, "the-session"), search(client, "x", "s")]
        assert answers[0].json()["hits"] == answers[1].json()["hits"], "one session is one draw"
        unknown = search(client, None, "the-session")
        assert unknown.json()["hits"] != answers[0].json()["hits"], "the user's history counts as ever"
        decision_id = answers[0].json()["decision_id"]
        found = f"/decisions/{decision_id}"
        headers = {"Authorization": "Bearer sesame"}
        eventually(lambda: client.get(found, headers=headers).status_code == 200)
        assert client.get(found, headers=headers).json()["reproduced"]
    assert replayed_by_hand(decision_id, settings, TRIMTAB_ID_SALT=SALT)["reproduced"]
    assert not replayed_by_hand(decision_id, settings)["reproduced"], "without the salt the user has no history"
    log = pl.concat(read_log(settings.data_folder / "impressions"))
    first, second, third, _ = log["user_id"]
    assert first == second != third
    assert len(first) == 32
    assert log["session_id"].n_unique() == 2
    assert b"the-session" not in everything_kept(settings.data_folder)


def test_events_are_known_by_the_same_pseudonym(settings: Settings, redis_server: RedisProcess) -> None:
    with serving(settings) as client, redis_server.client() as redis:
        item_id = search(client, "ann-the-shopper", "s").json()["hits"][0]["item_id"]
        event = {"event_id": "e", "action_name": "purchase", "query_id": "d", "item_id": item_id}
        client.post("/events", json={**event, "user_id": "ann-the-shopper"}).raise_for_status()
        known = {"q": "soup", "user_id": "ann-the-shopper", "k": 200, "explain": "true"}
        eventually(
            lambda: any(hit["features"]["user_bought"] for hit in client.get("/search", params=known).json()["hits"])
        )
        assert not any(b"ann" in key for key in redis.scan_iter())
    assert b"ann-the-shopper" not in everything_kept(settings.data_folder)


def test_another_salt_is_another_pseudonym(settings: Settings, tmp_path: Path) -> None:
    kept = []
    for number, salt in enumerate((SALT, "another salt, as secret")):
        changed = {"id_salt": salt, "data_folder": tmp_path / str(number)}
        with serving(Settings.model_validate({**settings.model_dump(), **changed})) as client:
            search(client, "1", "s").raise_for_status()
        kept += [frame["user_id"][0] for frame in read_log(tmp_path / str(number) / "impressions")]
    assert len(set(kept)) == 2


FAULT = """
from trimtab.service.observability import process_log as logs
import logging, structlog
logs.configure()
def search(query, user_id):
    raise ValueError("no reason")
try:
    search("peculiar soup", "ann")
except ValueError:
    structlog.get_logger().exception("request failed")
    logging.getLogger("uvicorn.error").exception("unexpected")
"""


def test_a_stack_is_written_without_its_variables() -> None:
    done = subprocess.run([sys.executable, "-c", FAULT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.count("no reason") >= 2
    assert "peculiar" not in done.stderr


def test_a_fault_of_ours_tells_the_caller_nothing_of_the_machine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = service_app.create_app

    def create_with_fault(settings: Settings) -> FastAPI:
        app = create(settings)

        @app.get("/fault")
        async def fault() -> None:
            raise RuntimeError(f"cannot open {settings.data_folder}/secret.txt")

        return app

    monkeypatch.setattr("tests.support.services.create_app", create_with_fault)
    with serving(settings) as client:
        answer = client.get("/fault")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        for leak in ("Traceback", "RuntimeError", "secret.txt", str(settings.data_folder), ".py"):
            assert leak not in answer.text


def test_a_salt_that_is_too_short_is_refused() -> None:
    with pytest.raises(BadParameter, match="TRIMTAB_ID_SALT: cannot use it") as refused:
        read_settings(id_salt="peculiar")
    assert "peculiar" not in str(refused.value)
