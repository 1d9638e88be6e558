"""Redis refuses, is emptied or holds what is not ours: keys keep their limits and end when they are revoked."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from redis import Redis
from safetensors.numpy import load, save

from tests.support.redis_servers import RedisProcess
from tests.support.services import beside, metric, serving, settings_of
from tests.support.waiting import eventually
from trimtab.core.records import ScoredCandidates
from trimtab.engine import Engine
from trimtab.service.redis.server import CONFIGURATION, PrivateRedis, find_redis_server
from trimtab.service.settings import Settings

ADMIN = {"Authorization": "Bearer sesame"}
PROFILE = {"weights": {"revenue": 1.0}, "max_relevance_loss": None}


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> Settings:
    return settings_of(
        small_bundle, tmp_path, redis_server, redis_poll_seconds=0.05, admin_key="sesame", require_keys=True
    )


def issue(client: httpx.Client, name: str, **grant: object) -> dict[str, str]:
    answer = client.put(f"/keys/{name}", json={"scopes": ["search"], **grant}, headers=ADMIN).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['key']}"}


def search(client: httpx.Client, headers: dict[str, str], **sent: str) -> httpx.Response:
    return client.get("/search", params={"q": "soup", "k": 1, **sent}, headers=headers)


def statuses(client: httpx.Client, headers: dict[str, str], n: int) -> list[int]:
    return [search(client, headers).status_code for _ in range(n)]


@contextmanager
def refusing(redis: Redis, how: str) -> Iterator[None]:
    """A Redis that answers, and takes no writes."""
    match how:
        case "OOM":
            redis.config_set("maxmemory", 1)
            yield
            redis.config_set("maxmemory", 0)
        case "READONLY":
            redis.replicaof("127.0.0.1", 1)
            yield
            redis.replicaof("NO", "ONE")
        case "MISCONF":
            # A folder stands where the snapshot is to be: newer servers do not let their own be changed.
            obstacle = Path(redis.config_get("dir")["dir"]) / redis.config_get("dbfilename")["dbfilename"]
            (obstacle / "file").mkdir(parents=True)
            redis.config_set("save", "3600 1")
            redis.bgsave()
            eventually(lambda: redis.info("persistence")["rdb_last_bgsave_status"] == "err")
            yield
            redis.config_set("save", "")
        case "NOAUTH":
            redis.config_set("requirepass", "secret")
            redis.client_kill_filter(_type="normal", skipme=True)
            yield
            redis.config_set("requirepass", "")


@pytest.mark.parametrize("how", ["OOM", "READONLY", "MISCONF", "NOAUTH"])
def test_a_redis_that_refuses_writes_leaves_limits_and_revocations_standing(
    settings: Settings, redis_server: RedisProcess, how: str
) -> None:
    with serving(settings) as client, redis_server.client() as redis:
        limited, revoked = issue(client, "limited", per_minute=5), issue(client, "revoked")
        with refusing(redis, how):
            answered = statuses(client, limited, 12)
            # A minute may end among them; then twice as many are let through.
            assert answered[:5] == [200] * 5
            assert answered.count(200) <= 10
            assert 429 in answered
            if how != "NOAUTH":
                assert client.get("/search", params={"q": "soup"}, headers=ADMIN).json()["degraded"] == []
                assert client.get("/readyz").json()["redis"] == "up"
                assert client.put("/profiles/x", json=PROFILE, headers=ADMIN).status_code == 503
            assert client.delete("/keys/revoked", headers=ADMIN).status_code == 204
            assert search(client, revoked).status_code == 401
            assert client.delete("/keys/revoked", headers=ADMIN).status_code == 404
        eventually(lambda: client.get("/readyz").json()["redis"] == "up")
        eventually(lambda: client.put("/profiles/x", json=PROFILE, headers=ADMIN).status_code == 200)
        eventually(lambda: redis.hget("trimtab:keys", "revoked") is None)
        assert search(client, revoked).status_code == 401


def test_a_key_that_was_revoked_while_redis_was_lost_is_not_valid_after_a_restart(
    settings: Settings, redis_server: RedisProcess
) -> None:
    with serving(settings) as client:
        limited, revoked = issue(client, "limited", per_minute=5), issue(client, "revoked")
        assert search(client, revoked).status_code == 200
        redis_server.kill()
        assert client.delete("/keys/revoked", headers=ADMIN).status_code == 204
        assert search(client, revoked).status_code == 401
    with serving(settings) as client:  # what is known is in the data folder
        assert search(client, revoked).status_code == 401
        answered = statuses(client, limited, 8)
        assert answered[:5] == [200] * 5
        assert answered.count(200) <= 10
        redis_server.start()
        eventually(lambda: client.get("/readyz").json()["redis"] == "up")
        assert search(client, revoked).status_code == 401
        assert "revoked" not in client.get("/keys", headers=ADMIN).json()


def test_an_emptied_redis_gets_its_definitions_back_and_no_revoked_key(
    settings: Settings, redis_server: RedisProcess
) -> None:
    experiment = {"arms": {"control": {"share": 0.5}, "margin": {"share": 0.5, "profile": "margin"}}}
    with serving(settings) as client, redis_server.client() as redis:
        item_id = client.get("/search", params={"q": "soup"}, headers=ADMIN).json()["hits"][0]["item_id"]
        rule = {"action": "hide", "item_ids": [item_id]}
        kept, revoked = issue(client, "kept"), issue(client, "revoked")
        changes = {
            "profiles/margin": PROFILE,
            "profiles/gone": PROFILE,
            "rules/hide": rule,
            "experiments/e": experiment,
        }
        for path, definition in changes.items():
            client.put(f"/{path}", json=definition, headers=ADMIN).raise_for_status()
        earlier = redis.hgetall("trimtab:keys")
        for path in ("profiles/gone", "keys/revoked"):
            client.delete(f"/{path}", headers=ADMIN).raise_for_status()
        redis.flushall()
        redis.hset("trimtab:keys", mapping=earlier)  # as from a snapshot that is older than the revocation
        redis.hdel("trimtab:keys", "")
        eventually(lambda: redis.hexists("trimtab:profiles", "margin") and not redis.hexists("trimtab:keys", "revoked"))
        for kind, names in {"profiles": {"margin"}, "rules": {"hide"}, "experiments": {"e"}, "keys": {"kept"}}.items():
            assert client.get(f"/{kind}", headers=ADMIN).json().keys() == names
        assert search(client, kept).status_code == 200
        assert search(client, revoked).status_code == 401
    with redis_server.client() as redis:
        redis.flushall()
    with serving(settings) as client, redis_server.client() as redis:  # emptied while nobody served
        assert client.get("/profiles", headers=ADMIN).json().keys() == {"margin"}
        assert search(client, kept).status_code == 200
        assert search(client, revoked).status_code == 401
        client.delete("/profiles/margin", headers=ADMIN).raise_for_status()
        assert client.get("/profiles", headers=ADMIN).json() == {}, "the last one may be deleted"
    with serving(settings) as client:
        assert client.get("/profiles", headers=ADMIN).json() == {}


def test_what_is_not_ours_in_redis_keeps_nobody_from_starting(settings: Settings, redis_server: RedisProcess) -> None:
    with redis_server.client() as redis:
        redis.hset(
            "trimtab:profiles", mapping={b"\xff\xfe": b"{}", b"bad": b"\xff", b"good": b'{"weights": {"revenue": 1}}'}
        )
        redis.hset("trimtab:ramps", mapping={b"\xff": b"{}", b"bad": b"{not json"})
        redis.set("trimtab:rules", "not a hash")
        redis.set("trimtab:stored-candidates:1", "not a stream")
        redis.set("trimtab:recent:ann", "not a list")
        redis.hset("trimtab:bundle_reports", "x", b"\xff")
        with serving(settings) as client:
            assert client.get("/profiles", headers=ADMIN).json().keys() == {"good"}
            for _ in range(3):
                answer = search(client, ADMIN, user_id="ann").json()
                assert answer["degraded"] == ["live_features"], "her list alone cannot be read"
                assert search(client, ADMIN, user_id="bob").json()["degraded"] == []
            assert metric(client, "trimtab_redis_up", headers=ADMIN) == 1


def test_candidates_that_cannot_be_of_this_catalogue_are_a_miss(
    settings: Settings, redis_server: RedisProcess, engine: Engine
) -> None:
    with serving(settings) as one, redis_server.client() as redis:
        search(one, ADMIN)
        hits = search(one, ADMIN).json()["hits"]
        eventually(lambda: any(redis.scan_iter("trimtab:candidates:*")))
        (key,) = redis.scan_iter("trimtab:candidates:*")
        arrays = load(redis.get(key))
        redis.set(key, save({**arrays, "rows": arrays["rows"] + 10**6}))
        with serving(beside(settings)) as two:
            assert search(two, ADMIN).json()["hits"] == hits
            assert metric(two, "trimtab_candidate_cache_total", headers=ADMIN, result="miss") == 1
    assert engine.scoring.fits(ScoredCandidates(**arrays))
    rows, gains, features = arrays["rows"], arrays["gains"], arrays["features"]
    for changed in (
        {"rows": -rows},
        {"rows": rows * 0},
        {"rows": rows[:3]},
        {"rows": rows.astype(float)},
        {"gains": gains * np.inf},
        {"gains": np.array(1.0)},
        {"features": features[:, :3]},
        {"aspects": arrays["aspects"] + 10**6},
    ):
        assert not engine.scoring.fits(ScoredCandidates(**{**arrays, **changed}))


def test_the_private_server_appends_and_takes_over_an_earlier_snapshot(tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    earlier = subprocess.Popen(
        [find_redis_server(), "--port", "0", "--unixsocket", tmp_path / "s", "--dir", folder, "--save", "60 1"],
        stdout=subprocess.DEVNULL,
    )
    with Redis(unix_socket_path=str(tmp_path / "s")) as redis:
        eventually((tmp_path / "s").exists)
        redis.set("kept", "1")
        redis.shutdown(save=True)
    earlier.wait()
    assert "appendonly" in CONFIGURATION
    for _ in range(2):
        server = PrivateRedis(folder)
        server.start()
        with Redis.from_url(server.url) as redis:
            assert redis.get("kept") == b"1"
            assert redis.config_get("appendonly") == {"appendonly": "yes"}
            eventually(lambda redis=redis: not redis.info("persistence")["aof_rewrite_in_progress"])
        server.stop()
