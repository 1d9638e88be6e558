"""`trimtab config` and `trimtab accounts` against a real service: from staging into a folder and on to production."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.support.redis_servers import running_redis
from tests.support.services import serving, settings_of
from trimtab.cli.commands import app
from trimtab.cli.config import KINDS, steps_between
from trimtab.cli.remote import Refused, Service
from trimtab.core.errors import BadFile, BadParameter, TrimtabError, Unavailable

KEY = {"Authorization": "Bearer sesame"}
SYNONYM = {"words": ["sofa", "couch"], "note": "people say both"}


@pytest.fixture(scope="module")
def staging(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        settings = settings_of(small_bundle, tmp_path_factory.mktemp("data"), redis, admin_key="sesame")
        with serving(settings) as client:
            client.headers.update(KEY)
            yield client


def run(client: httpx.Client, *arguments: object) -> Any:
    """What a command prints as JSON; what it raises is raised here."""
    environment = {"TRIMTAB_ADMIN_KEY": "sesame"}
    command = [*map(str, arguments), "--service", str(client.base_url).rstrip("/"), "--json"]
    done = CliRunner().invoke(app, command, env=environment)
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


def test_definitions_go_into_a_folder_and_on_to_another_service(staging: httpx.Client, tmp_path: Path) -> None:
    staging.put("/synonyms/seats", json=SYNONYM).raise_for_status()
    staging.put("/profiles/margin", json={"weights": {"revenue": 1}}).raise_for_status()
    rule = {"action": "banner", "banner": "Soup weeks", "query": "soup"}
    staging.put("/rules/soup", json=rule).raise_for_status()
    assert run(staging, "config", "pull", tmp_path)["rules"] == 1
    assert json.loads((tmp_path / "rules" / "soup.json").read_text()) == rule | {"matches": "exact"}
    assert "[" in (tmp_path / "shop.toml").read_text()
    assert run(staging, "config", "diff", tmp_path) == {"steps": [], "shop_differs": False}

    # Production has another rule, and lacks these.
    staging.delete("/synonyms/seats").raise_for_status()
    staging.put("/rules/soup", json=rule | {"banner": "Old"}).raise_for_status()
    staging.put("/rules/own", json=rule | {"query": "tea"}).raise_for_status()
    steps = run(staging, "config", "diff", tmp_path, "--prune")["steps"]
    assert [(step["does"], step["kind"], step["name"]) for step in steps] == [
        ("add", "synonyms", "seats"),
        ("change", "rules", "soup"),
        ("delete", "rules", "own"),
    ]
    assert run(staging, "config", "apply", tmp_path, "--dry-run")["applied"] == []
    assert len(run(staging, "config", "apply", tmp_path)["applied"]) == 2
    assert sorted(staging.get("/rules").json()) == ["own", "soup"], "nothing is deleted that nobody asked to"
    assert staging.get("/rules").json()["soup"]["banner"] == "Soup weeks"
    assert len(run(staging, "config", "apply", tmp_path, "--prune")["applied"]) == 1
    assert sorted(staging.get("/rules").json()) == ["soup"]
    (tmp_path / "synonyms" / "gone.json").write_text("{}")
    assert run(staging, "config", "pull", tmp_path)["removed"] == 1


def test_what_is_refused_ends_it_and_what_was_done_is_said(staging: httpx.Client, tmp_path: Path) -> None:
    for kind, name, text in (("profiles", "a", {"weights": {"relevance": 1}}), ("rules", "b", {"action": "pin"})):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"{name}.json").write_text(json.dumps(text))
    with pytest.raises(TrimtabError, match=r"PUT /rules/b: item_ids"):
        run(staging, "config", "apply", tmp_path)
    assert "a" in staging.get("/profiles").json()
    (tmp_path / "rules" / "b.json").write_text("[1")
    with pytest.raises(BadFile, match=r"b\.json: is not JSON"):
        run(staging, "config", "diff", tmp_path)
    staging.delete("/profiles/a").raise_for_status()


def test_accounts_are_made_and_ended(staging: httpx.Client) -> None:
    made = run(staging, "accounts", "set", "anna", "--role", "viewer", "--password", "correct horse battery")
    assert made == {"anna": {"role": "viewer"}}
    assert run(staging, "accounts", "list") == {"anna": {"role": "viewer"}}
    assert run(staging, "accounts", "remove", "anna") == {"removed": "anna"}
    with pytest.raises(TrimtabError, match="there is no account 'anna'"):
        run(staging, "accounts", "remove", "anna")


def test_no_key_goes_in_the_clear_over_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_ADMIN_KEY", "sesame")
    for address in ("http://shop.example", "shop.example", "file:///etc/passwd"):
        with pytest.raises(BadParameter, match=re.escape("--service")):
            Service(address)
    with pytest.raises(Unavailable, match="does not answer"):
        Service("http://127.0.0.1:1").get("/rules")


@contextmanager
def answering(answers: Mapping[str, object], *, moved_to: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """A server that is not ours: its address, and what it was asked with which key."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(200 if moved_to is None else 302)
            if moved_to is not None:
                self.send_header("Location", moved_to + self.path)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(self.path, {})).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_the_key_does_not_follow_to_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_ADMIN_KEY", "sesame")
    with answering({}) as (elsewhere, asked), answering({}, moved_to=elsewhere) as (address, _):
        with pytest.raises(Refused, match="answered 302"):
            Service(address).get("/rules")
        assert asked == []


@pytest.mark.parametrize("name", ["../../out", "/etc/out", "a/b", ""])
def test_a_service_writes_no_file_outside_of_the_folder(name: str, tmp_path: Path) -> None:
    with answering({"/rules": {name: {"action": "banner"}}}) as (address, _):
        done = CliRunner().invoke(app, ["config", "pull", str(tmp_path / "in" / "it"), "--service", address])
    assert isinstance(done.exception, Refused)
    assert list(tmp_path.rglob("*")) == []


def test_profiles_come_first_and_deletions_last() -> None:
    here = {("rules", "a"): {"action": "banner"}, ("profiles", "z"): {"weights": {}}}
    there = {("profiles", "old"): {"weights": {}}, ("rules", "a"): {"action": "banner"}}
    assert [step.name for step in steps_between(there, here, prune=KINDS)] == ["z", "old"]
    assert [step.name for step in steps_between(there, here, prune=["rules"])] == ["z"]
    assert [step.name for step in steps_between(there, here, prune=())] == ["z"]


@pytest.mark.parametrize("prune", [(), ("--prune",)])
@pytest.mark.parametrize("command", ["diff", "apply"])
def test_a_folder_that_is_no_configuration_is_refused(command: str, prune: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "search-config" / "profiles").mkdir(parents=True)
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "shop.toml").touch()
    refused = {
        "serch-config": r"does not exist \(did you mean 'search-config'\?\)",
        "a/b": "does not exist",
        "bundles": "has none of profiles/, synonyms/, rules/",
        "bundles/shop.toml": "is not a folder",
    }
    with answering({"/profiles": {"bold": {"weights": {"revenue": 1.0}}}}) as (address, asked):
        for name, problem in refused.items():
            with pytest.raises(BadFile, match=problem):
                CliRunner().invoke(
                    app,
                    ["config", command, str(tmp_path / name), "--service", address, *prune],
                    catch_exceptions=False,
                )
        assert asked == []


def test_nothing_is_deleted_of_kinds_that_a_folder_does_not_have(staging: httpx.Client, tmp_path: Path) -> None:
    run(staging, "config", "pull", tmp_path)
    shutil.rmtree(tmp_path / "synonyms")
    staging.put("/synonyms/seats", json=SYNONYM).raise_for_status()
    assert run(staging, "config", "diff", tmp_path, "--prune")["steps"] == []
    staging.delete("/synonyms/seats").raise_for_status()
    run(staging, "config", "pull", tmp_path)
    staging.put("/profiles/late", json={"weights": {"revenue": 1}}).raise_for_status()
    steps = run(staging, "config", "apply", tmp_path, "--prune")["applied"]
    assert [(step["does"], step["name"]) for step in steps] == [("delete", "late")], "what was pulled empty is none"
    (tmp_path / "rules" / "soup.jsn").write_text("{}")
    with pytest.raises(BadFile, match=r"soup\.jsn: is not named as a definition"):
        run(staging, "config", "diff", tmp_path)
