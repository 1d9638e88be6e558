"""The audit log: what admins did and who was refused, with what it was before and after, and never a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.services import serving, settings_of
from trimtab.service.logs import audit_log
from trimtab.service.logs.audit_log import AuditLog

ADMIN = {"Authorization": "Bearer sesame"}
PROFILE = {"weights": {"revenue": 1.0}, "max_relevance_loss": None, "note": None}


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("audit/*.jsonl")) for line in path.read_text().splitlines()]


def test_admins_and_the_refused_are_written_down(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    settings = settings_of(small_bundle, tmp_path, redis_server, admin_key="sesame", require_keys=True)
    with serving(settings) as client:
        ops = client.put("/keys/ops", json={"scopes": ["admin"]}, headers=ADMIN).json()["key"]
        headers = {"Authorization": f"Bearer {ops}"}
        client.put("/profiles/margin", json=PROFILE, headers=headers).raise_for_status()
        client.get("/profiles", headers=headers).raise_for_status()
        client.get("/search", params={"q": "peculiar soup"}, headers=headers).raise_for_status()
        assert client.put("/profiles/margin", json={"weights": {}}, headers=headers).status_code == 422
        client.delete("/profiles/margin", headers=headers).raise_for_status()
        assert client.post("/bundles/rollback", headers=headers).status_code == 409
        client.delete("/keys/ops", headers=ADMIN).raise_for_status()
        assert client.delete("/profiles/margin", headers=headers).status_code == 401
        assert client.get("/search", params={"q": "peculiar soup"}).status_code == 401
    kept = [(one["who"], one["did"], one["status"], one.get("before"), one.get("after")) for one in lines(tmp_path)]
    grant = {"scopes": ["admin"], "per_minute": None, "priority": "shopper", "browser": False}
    plan = kept[4][3]
    assert plan["active"] == small_bundle.name
    assert kept == [
        ("admin key", "PUT /keys/ops", 200, None, grant),
        ("ops", "PUT /profiles/margin", 200, None, PROFILE),
        ("ops", "PUT /profiles/margin", 422, None, None),
        ("ops", "DELETE /profiles/margin", 204, PROFILE, None),
        ("ops", "POST /bundles/rollback", 409, plan, plan),
        ("admin key", "DELETE /keys/ops", 204, grant, None),
        (None, "DELETE /profiles/margin", 401, None, None),
        (None, "GET /search", 401, None, None),
    ]
    written = "".join(path.read_text() for path in tmp_path.glob("audit/*"))
    assert not [secret for secret in ("sesame", ops, "peculiar") if secret in written]


def test_nobody_fills_the_disk_by_being_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "FILE_BYTES", 2_000)
    monkeypatch.setattr(audit_log, "N_FILES", 2)
    log = AuditLog(tmp_path)
    for _ in range(1000):
        log.refuse(None, "GET /" + "x" * 60_000, 401)
    assert len(list(tmp_path.glob("audit/*.jsonl"))) == 3
    assert sum(path.stat().st_size for path in tmp_path.glob("audit/*.jsonl")) < 8_000
    for number in range(20):
        log.record("ops", f"PUT /profiles/{number}", 200, after={"weights": {"revenue": 1}})
    assert lines(tmp_path)[-1]["did"] == "PUT /profiles/19"
