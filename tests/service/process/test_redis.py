"""Redis comes and goes; search stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess
from tests.support.services import metric, serving, taken
from tests.support.waiting import eventually
from trimtab.core.errors import Unavailable
from trimtab.service.redis.server import PrivateRedis, redis_for
from trimtab.service.search.candidate_cache import STORED
from trimtab.service.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
KILLED_SERVICE = """
import os, pathlib, signal, sys
from redis import Redis
from trimtab.service.redis.server import PrivateRedis
server = PrivateRedis(pathlib.Path(sys.argv[1]))
server.start()
Redis.from_url(server.url).set("kept", "1")
os.kill(os.getpid(), signal.SIGKILL)
"""
KEY = {"Authorization": "Bearer sesame"}


def degraded(client: httpx.Client) -> list[str]:
    response = client.get("/search", params={"q": "soup"})
    assert response.status_code == 200, response.text
    assert response.json()["hits"]
    reasons: list[str] = response.json()["degraded"]
    return reasons


def asked_twice(client: httpx.Client, query: str) -> list[dict]:
    """Scored candidates are shared when they are used again."""
    client.get("/search", params={"q": query}).raise_for_status()
    hits: list[dict] = client.get("/search", params={"q": query}).json()["hits"]
    return hits


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path, redis_server: RedisProcess) -> Settings:
    return Settings(
        bundle=small_bundle,
        data_folder=tmp_path,
        redis_url=redis_server.url,
        redis_poll_seconds=0.05,
        admin_key="sesame",
    )


def test_redis_is_killed_while_serving_and_started_again(settings: Settings, redis_server: RedisProcess) -> None:
    profile = {"weights": {"revenue": 1.0}, "max_relevance_loss": None, "note": None}
    with serving(settings) as client:
        client.put("/profiles/margin", json=profile, headers=KEY).raise_for_status()
        eventually(lambda: degraded(client) == [])

        redis_server.kill()
        eventually(lambda: degraded(client) == ["redis"])
        assert client.get("/readyz").json()["redis"] == "down"
        assert metric(client, "trimtab_redis_up") == 0
        assert metric(client, "trimtab_searches_degraded_total", reason="redis") >= 1
        # The profile as last read still serves; changing one has to wait.
        assert client.get("/search", params={"q": "soup", "profile": "margin"}).json()["weights"]["revenue"] == 1
        refused = client.put("/profiles/other", json=profile, headers=KEY)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        event = {"event_id": "while-down", "action_name": "click", "query_id": "d", "item_id": "i"}
        assert taken(client.post("/events", json=event)) == (1, 0)

        redis_server.start()
        eventually(lambda: degraded(client) == [])
        assert client.get("/readyz").json()["redis"] == "up"
        assert client.get("/profiles").json() == {"margin": profile}
        client.put("/profiles/other", json=profile, headers=KEY).raise_for_status()


def test_a_redis_that_does_not_answer_is_waited_for_once(settings: Settings, redis_server: RedisProcess) -> None:
    with serving(settings) as client:
        redis_server.signal(signal.SIGSTOP)
        try:
            first = client.get("/search", params={"q": "frozen peas", "user_id": "83"})  # what she did lately is asked
            assert first.status_code == 200
            assert first.json()["degraded"] == ["live_features", "redis"]
            for query in ("soup", "pasta", "coffee"):
                assert client.get("/search", params={"q": query}).json()["degraded"] == ["redis"]
        finally:
            redis_server.signal(signal.SIGCONT)
        eventually(lambda: degraded(client) == [])


def test_without_any_redis(small_bundle: Path, tmp_path: Path) -> None:
    with serving(Settings(bundle=small_bundle, data_folder=tmp_path, redis_url=None)) as client:
        assert degraded(client) == ["redis"]
        assert client.get("/readyz").status_code == 200


def test_workers_share_scored_candidates_and_profiles(
    settings: Settings, redis_server: RedisProcess, tmp_path: Path
) -> None:
    patient = settings.model_copy(update={"redis_timeout_seconds": PATIENT_REDIS_SECONDS})
    other = patient.model_copy(update={"data_folder": tmp_path / "other"})
    with serving(patient) as one, serving(other) as two, redis_server.client() as redis:
        hits = asked_twice(one, "tomato soup")
        eventually(lambda: redis.xlen(STORED) == 1)
        for name in ("margin", "clearance"):  # when the second is there, a whole poll has been made since
            one.put(f"/profiles/{name}", json={"weights": {"revenue": 1}}, headers=KEY).raise_for_status()
            eventually(lambda name=name: name in two.get("/profiles").json())
        answer = two.get("/search", params={"q": "tomato soup"}).json()
        assert answer["hits"] == hits
        assert "retrieve" not in answer["took_ms"]
        assert metric(two, "trimtab_candidate_cache_total", result="redis") == 1


def test_nobody_waits_for_candidates_that_are_not_there(settings: Settings, redis_server: RedisProcess) -> None:
    with serving(settings) as client, redis_server.client() as redis, redis.monitor() as monitor:
        for query in ("soup", "pasta", "coffee"):
            client.get("/search", params={"q": query}).raise_for_status()
        redis.echo("the end")
        asked = list(takewhile(lambda command: "the end" not in command, (one["command"] for one in monitor.listen())))
    assert not [command for command in asked if "trimtab:candidates:" in command]


def test_garbage_in_the_cache_is_a_miss(settings: Settings, redis_server: RedisProcess, tmp_path: Path) -> None:
    patient = settings.model_copy(update={"redis_timeout_seconds": PATIENT_REDIS_SECONDS})
    other = patient.model_copy(update={"data_folder": tmp_path / "other"})
    with serving(patient) as one, redis_server.client() as redis:
        hits = asked_twice(one, "tomato soup")
        eventually(lambda: any(redis.scan_iter("trimtab:candidates:*")))
        for key in redis.scan_iter("trimtab:candidates:*"):
            redis.set(key, b"\x80\x04garbage")
        redis.hset("trimtab:profiles", "broken", b"{not json")
        with serving(other) as two:
            assert two.get("/search", params={"q": "tomato soup"}).json()["hits"] == hits
            assert metric(two, "trimtab_candidate_cache_total", result="miss") == 1
            assert two.get("/profiles").json() == {}


class TestPrivateServer:
    def test_it_lives_as_long_as_the_service_and_keeps_what_it_was_told(self, tmp_path: Path) -> None:
        with redis_for(None, tmp_path) as url, Redis.from_url(url) as redis:
            redis.hset("trimtab:profiles", "margin", "{}")
        with redis_for(None, tmp_path) as url, Redis.from_url(url) as redis:
            assert redis.hget("trimtab:profiles", "margin") == b"{}"
        with Redis.from_url(url, retry=Retry(NoBackoff(), 0)) as redis, pytest.raises(RedisConnectionError):
            redis.ping()

    def test_it_is_started_again_when_it_dies(self, tmp_path: Path) -> None:
        server = PrivateRedis(tmp_path)
        server.start()
        try:
            first = server.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            eventually(lambda: server.pid != first)
            with Redis.from_url(server.url) as redis:
                assert redis.ping()
        finally:
            server.stop()

    def test_one_data_folder_has_one_server(self, tmp_path: Path) -> None:
        with redis_for(None, tmp_path), pytest.raises(Unavailable, match="in use"), redis_for(None, tmp_path):
            pass

    def test_a_server_whose_service_was_killed_makes_way(self, tmp_path: Path) -> None:
        killed = subprocess.run([sys.executable, "-c", KILLED_SERVICE, tmp_path], cwd=ROOT, check=False)
        assert killed.returncode == -signal.SIGKILL
        successor = PrivateRedis(tmp_path)
        with Redis.from_url(successor.url) as redis:
            assert redis.get("kept") == b"1", "the orphan is gone already"
        successor.start()
        try:
            with Redis.from_url(successor.url) as redis:
                assert redis.info("server")["process_id"] == successor.pid
                assert redis.get("kept") == b"1"
        finally:
            successor.stop()

    def test_a_given_server_is_left_alone(self, tmp_path: Path, redis_server: RedisProcess) -> None:
        with redis_for(redis_server.url, tmp_path) as url:
            assert url == redis_server.url
        with redis_server.client() as redis:
            assert redis.ping()
        assert not any(tmp_path.iterdir())
