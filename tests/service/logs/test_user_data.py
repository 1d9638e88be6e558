"""One user's data: exported whole, and erased from logs, events, the feed and what is known of the last days."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.support.redis_servers import RedisProcess
from tests.support.services import serving
from tests.support.waiting import eventually
from trimtab.core.errors import NotFound
from trimtab.engine import Engine
from trimtab.engine.log.impressions import read_log
from trimtab.engine.log.interactions import read_interactions
from trimtab.service.logs.erasures import Erasures
from trimtab.service.logs.user_data import UserData
from trimtab.service.settings import Settings

ADMIN = {"Authorization": "Bearer sesame"}


def everything_kept(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def exported(client: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/users/ann-the-shopper/export", headers=ADMIN).json()
    return answer


def erased(client: httpx.Client, user_id: str) -> dict[str, Any]:
    """What became of an erasure that is asked for."""
    asked = client.delete(f"/users/{user_id}", headers=ADMIN)
    assert asked.status_code == 202, asked.text
    state: dict[str, Any] = {}

    def is_done() -> bool:
        state.update(client.get(asked.headers["Location"], headers=ADMIN).raise_for_status().json())
        return state["state"] == "done"

    eventually(is_done)
    return state


@pytest.mark.parametrize("salt", [None, pytest.param("a salt that nobody knows", marks=pytest.mark.slow)])
def test_a_user_is_exported_and_erased(
    shared: Settings, redis_server: RedisProcess, engine: Engine, salt: str | None
) -> None:
    settings = shared.model_copy(update={"id_salt": None if salt is None else SecretStr(salt)})
    in_bundle = engine.user_ids[0]
    for name in ("early", "late"):  # the rows of the first are sealed, those of the second being written
        with serving(settings) as client, redis_server.client() as redis:
            for user_id in ("ann-the-shopper", "bob-the-shopper", in_bundle):
                answer = client.get("/search", params={"q": "soup", "user_id": user_id}).raise_for_status().json()
                shown = {"query_id": answer["decision_id"], "item_id": answer["hits"][0]["item_id"]}
                event = {"event_id": f"{name}-{user_id}", "action_name": "click", "user_id": user_id, **shown}
                client.post("/events", json=event).raise_for_status()
            if name == "early":
                continue
            eventually(lambda redis=redis: redis.xlen("trimtab:events") == 6)
            eventually(lambda client=client: len(exported(client)["impressions"]) == 2)
            assert client.get("/users/ann-the-shopper/export").status_code == 401
            assert client.get("/users/%0Aann%2Fof-two%0A/export", headers=ADMIN).json()["impressions"] == []
            found = exported(client)
            assert len(found["interactions"]) + len(found["unmatched"]) == 2
            assert len(found["recent_events"]) == 2
            assert found["bundles"] == []

            assert client.get("/users/ann-the-shopper/erasure", headers=ADMIN).status_code == 404
            assert erased(client, "ann-the-shopper")["erased"] == {
                "impressions": 1,
                "interactions": 1,
                "unmatched": 0,
                "recent_events": 1,
                "feed": 2,
            }
            assert erased(client, in_bundle)["bundles"] == [shared.bundle.name]
            assert exported(client)["recent_events"] == []
            assert redis.xlen("trimtab:events") == 2
    with serving(settings) as client:
        assert exported(client) == {
            "impressions": [],
            "interactions": [],
            "unmatched": [],
            "recent_events": [],
            "bundles": [],
        }
        assert len(client.get("/users/bob-the-shopper/export", headers=ADMIN).json()["impressions"]) == 2
    assert sum(len(frame) for frame in read_log(shared.data_folder)) == len(read_interactions(shared.data_folder)) == 2
    assert b"ann-the-shopper" not in everything_kept(shared.data_folder)


def test_an_erasure_is_done_by_whoever_serves_next(tmp_path: Path) -> None:
    """What was asked for is not forgotten with the process, and a disk that refuses is asked again."""
    users = UsersOfADisk()
    asked = Erasures(tmp_path, users)
    asked.ask("ann/the shopper")
    assert asked.of("ann/the shopper").state == "running"

    next_one = Erasures(tmp_path, users)
    next_one.start()
    eventually(lambda: asked.of("ann/the shopper").problem is not None)
    users.refuses = False
    next_one.ask("bob")  # which has it look again
    eventually(lambda: asked.of("ann/the shopper").state == asked.of("bob").state == "done")
    next_one.stop()
    assert asked.of("bob").erased == {"impressions": 1}
    assert b"ann/the shopper" not in everything_kept(tmp_path)
    with pytest.raises(NotFound):
        asked.of("carl")


class UsersOfADisk(UserData):
    """Users whose data lie on a disk that refuses at first."""

    def __init__(self) -> None:
        self.refuses = True

    def erase(self, user_id: str) -> dict[str, int]:
        if self.refuses:
            raise OSError(errno.ENOSPC, "No space left on device")
        return {"impressions": 1}
