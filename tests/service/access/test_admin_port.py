"""With an admin port, what admins do is found there and nowhere else."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.support.processes import free_port
from tests.support.redis_servers import RedisProcess
from tests.support.services import serving, settings_of
from tests.support.waiting import PATIENCE_SECONDS

ADMIN = {"Authorization": "Bearer sesame"}
ADMIN_PATHS = (
    *("/keys", "/rules", "/profiles", "/experiments", "/decisions/0123456789abcdef-0123456789abcdef"),
    *("/accounts", "/session", "/drafts", "/changes", "/query-sets"),
)


def test_admins_have_a_door_of_their_own(small_bundle: Path, redis_server: RedisProcess, tmp_path: Path) -> None:
    port = free_port()
    settings = settings_of(small_bundle, tmp_path, redis_server, admin_port=port, admin_key="sesame")
    with (
        serving(settings) as shoppers,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=ADMIN, timeout=PATIENCE_SECONDS) as admins,
    ):
        for path in ADMIN_PATHS:
            hidden = shoppers.get(path, headers=ADMIN)
            assert hidden.status_code == 404
            assert hidden.json() == shoppers.get("/nothing/there").json()
            assert admins.get(path).status_code == (404 if "decisions" in path else 200)
        assert shoppers.put("/keys/shop", json={"scopes": ["search"]}, headers=ADMIN).status_code == 404
        assert admins.put("/keys/shop", json={"scopes": ["search"]}).status_code == 200
        assert shoppers.get("/metrics").status_code == 404
        assert admins.get("/metrics").status_code == 200
        assert shoppers.get("/search", params={"q": "soup"}).status_code == 200
