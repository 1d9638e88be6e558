"""With an admin port, what admins do is found there and nowhere else."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.support.processes import free_port, is_ready, process
from tests.support.waiting import eventually

ADMIN = {"Authorization": "Bearer sesame"}
ADMIN_PATHS = ("/keys", "/rules", "/profiles", "/experiments", "/decisions/0123456789abcdef-0123456789abcdef")


def test_admins_have_a_door_of_their_own(small_bundle: Path, tmp_path: Path) -> None:
    port = free_port()
    given = {"admin_port": port, "admin_key": "sesame"}
    with process(small_bundle, tmp_path, **given) as (_, shoppers):
        eventually(lambda: is_ready(shoppers))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=ADMIN, timeout=30) as admins:
            eventually(lambda: is_ready(admins))
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
